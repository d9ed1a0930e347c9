"""The masks of one answer, a line each."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget

from ...asking.answer.masks import PlacedMask, extent_words
from ...asking.answer.placing import Grid
from ...imaging import Frame
from ..parts.plain import named


class MaskRow(QWidget):
    """Label, area and image of each mask.

    Parameters
    ----------
    masks
        Those of the answer that have a place.
    frames
        Of the question.
    grids
        Of the source of each frame.
    """

    #: The PlacedMask that was clicked.
    clicked = Signal(object)

    def __init__(
        self, masks: Sequence[PlacedMask], frames: Sequence[Frame], grids: Sequence[Grid]
    ) -> None:
        super().__init__()
        self.buttons: list[QToolButton] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for mask in masks:
            extent = extent_words(mask, frames[mask.frame], grids[mask.frame])
            words = f"◪ {mask.label or 'mask'} · {extent} · image {mask.frame + 1}"
            button = QToolButton()
            button.setAutoRaise(True)
            button.setText(words)
            named(button, words, f"Go to it: slice {mask.index}")
            button.clicked.connect(lambda _=False, m=mask: self.clicked.emit(m))
            column.addWidget(button)
            self.buttons.append(button)

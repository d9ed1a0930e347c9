"""The boxes of one answer, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ...asking.answer.placing import Grid, PlacedBox, size_words
from ..parts.plain import PlainLabel, named, quiet


class BoxRow(QWidget):
    """Label, size and image of each box, and how well it agrees with what the user drew.

    Parameters
    ----------
    boxes
        Those of the answer that have a place.
    grids
        Of the source of each frame of the question.
    """

    #: The PlacedBox that was clicked.
    clicked = Signal(object)

    def __init__(
        self, boxes: Sequence[PlacedBox], grids: Sequence[Grid], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.buttons: list[QToolButton] = []
        self.overlaps: list[PlainLabel] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for box in boxes:
            size = size_words(box, grids[box.frame])
            words = f"▣ {box.label or 'box'} · {size} · image {box.frame + 1}"
            column.addLayout(
                self._line(box, f"{words} · cut to the image" if box.clipped else words)
            )
            # A line of its own, which wraps: a wide button would widen the panel.
            overlap = quiet(PlainLabel())
            overlap.setContentsMargins(18, 0, 0, 0)
            overlap.hide()
            column.addWidget(overlap)
            self.overlaps.append(overlap)

    def show_overlaps(self, words: Mapping[int, str]) -> None:
        """Say what is known of the overlap below each box; a missing one says nothing."""
        for number, label in enumerate(self.overlaps):
            label.show_text(words.get(number, ""))

    def _line(self, box: PlacedBox, words: str) -> QHBoxLayout:
        button = QToolButton()
        button.setAutoRaise(True)
        tip = f"Go to it: slice {box.index}\nAs written: {box.raw}"
        if box.clipped:
            tip += "\nIt left the image and was cut to it"
        button.setText(words)
        named(button, words, tip)
        button.clicked.connect(lambda _=False: self.clicked.emit(box))
        self.buttons.append(button)
        line = QHBoxLayout()
        line.addWidget(button)
        line.addStretch(1)
        return line

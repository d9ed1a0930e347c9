"""The boxes of one answer, a line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from ..asking.placing import Grid, PlacedBox, size_words
from .plain import named


class BoxRow(QWidget):
    """Label, size and image of each box, and how well it agrees with what the user drew.

    Parameters
    ----------
    boxes
        Those of the answer that have a place.
    grid
        Of the source they lie on.
    """

    #: The PlacedBox that was clicked.
    clicked = Signal(object)

    def __init__(
        self, boxes: Sequence[PlacedBox], grid: Grid, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.buttons: list[QToolButton] = []
        self._words: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        for box in boxes:
            words = f"▣ {box.label or 'box'} · {size_words(box, grid)} · image {box.frame + 1}"
            self._words.append(f"{words} · cut to the image" if box.clipped else words)
            column.addLayout(self._line(box))
        self.show_overlaps({})

    def show_overlaps(self, words: Mapping[int, str]) -> None:
        """Add what is known of the overlap to each box; a missing one says nothing."""
        for number, (button, own) in enumerate(zip(self.buttons, self._words, strict=True)):
            said = " · ".join(part for part in (own, words.get(number, "")) if part)
            button.setText(said)
            button.setAccessibleName(said)

    def _line(self, box: PlacedBox) -> QHBoxLayout:
        button = QToolButton()
        button.setAutoRaise(True)
        tip = f"Go to it: slice {box.index}\nAs written: {box.raw}"
        if box.clipped:
            tip += "\nIt left the image and was cut to it"
        named(button, box.label, tip)
        button.clicked.connect(lambda _=False: self.clicked.emit(box))
        self.buttons.append(button)
        line = QHBoxLayout()
        line.addWidget(button)
        line.addStretch(1)
        return line

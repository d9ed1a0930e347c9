"""The line of questions that wait for the answer ahead of them."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ...asking import Exchange
from ...asking.answer.wording import asked_words
from ...asking.ask.line import waiting_words
from ..parts.plain import PlainLabel, named, plain_tip, quiet


class WaitingRow(QWidget):
    """Says what waits, and takes the last one back."""

    #: The exchange that is to be taken back.
    taken_back = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._waiting: tuple[Exchange, ...] = ()
        self.words = quiet(PlainLabel())
        self.words.setAccessibleName("Waiting questions")
        self.back = QPushButton("take back")
        named(
            self.back,
            "Take back",
            "Take the last question out of the line; its words and its slices come back",
        )
        self.back.clicked.connect(self._on_back)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.back)
        self.hide()

    def show_waiting(self, waiting: Sequence[Exchange]) -> None:
        """Show the line; an empty one takes no room."""
        if tuple(waiting) != self._waiting:
            self._waiting = tuple(waiting)
            questions = [asked_words(one.question, one.model) for one in waiting]
            self.words.setText(waiting_words(questions))
            self.words.setToolTip(plain_tip("\n".join(questions)))
        self.setVisible(bool(self._waiting))

    def _on_back(self) -> None:
        for last in self._waiting[-1:]:
            self.taken_back.emit(last)

"""The row of buttons under an answer: copy, ask again, edit, delete."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QHBoxLayout, QToolButton, QWidget

from ...asking.answer.ending import outside_words
from ...asking.talk.exchange import Exchange
from ..parts.plain import named, quiet


class AnswerActions(QWidget):
    """What can be done with one turn; reachable with Tab, named for screen readers."""

    copied = Signal()
    again = Signal()
    edited = Signal()
    deleted = Signal()
    #: Whether the text is to be shown as the model wrote it, tags and all.
    written = Signal(bool)

    def __init__(self, question: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        self.copy = self._button("copy", f"Copy answer {question}", "Copy the answer as plain text")
        self.ask_again = self._button(
            "ask again",
            f"Ask question {question} again",
            "Ask the same with the same images, of the model chosen above; both answers are kept",
        )
        self.edit = self._button(
            "edit",
            f"Edit question {question}",
            "Put its words and its slices back, to ask in other words; both answers are kept",
        )
        self.delete = self._button(
            "delete",
            f"Delete question {question}",
            "Delete this question with its answer and its boxes; this can be undone for a while",
        )
        for button, signal in (
            (self.copy, self.copied),
            (self.ask_again, self.again),
            (self.edit, self.edited),
            (self.delete, self.deleted),
        ):
            button.clicked.connect(signal)
            row.addWidget(button)
        self.as_written = self._button(
            "as written",
            f"Answer {question} as written",
            "Show the whole text as the model wrote it, with its tags, marks and all final answers",
        )
        self.as_written.setCheckable(True)
        self.as_written.toggled.connect(self._on_written)
        row.addWidget(self.as_written)
        row.addStretch(1)

    def follow(self, exchange: Exchange) -> None:
        """Enable what makes sense for the exchange as it is now."""
        self.copy.setEnabled(bool(copied_words(exchange)))
        self.ask_again.setEnabled(exchange.ended)
        self.as_written.setEnabled(exchange.reply is not None)

    def _on_written(self, on: bool) -> None:
        # Themes hardly show that a flat button is down.
        self.as_written.setText("✓ as written" if on else "as written")
        self.written.emit(on)

    def _button(self, words: str, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setAutoRaise(True)
        quiet(button)
        named(button, name, tip)
        return button


def copied_words(exchange: Exchange) -> str:
    """What "copy" copies: the answer as the model wrote it, the reasoning where there is none.

    Words that stand outside of the answer go with it.
    """
    words = exchange.answer.strip() or exchange.reasoning.strip()
    outside = "" if exchange.reply is None else outside_words(exchange.reply)
    return "\n\n".join(part for part in (words, outside) if part)


def copy_answer(exchange: Exchange) -> None:
    """Put the answer on the clipboard, as plain text."""
    QApplication.clipboard().setText(copied_words(exchange))

"""A question of many pages, such as a pasted report: its beginning, and all of it on demand."""

from __future__ import annotations

from qtpy.QtWidgets import QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from ..parts.plain import named, quiet

#: A label lays all of its words out again whenever anything below it changes.
_MOST_CHARACTERS = 1_200
_HEIGHT = 180


def beginning(text: str) -> str:
    """As much of a text as a label shows: whole words, and that there is more."""
    if len(text) <= _MOST_CHARACTERS:
        return text
    head = text[:_MOST_CHARACTERS]
    return f"{head[: head.rfind(' ')] if ' ' in head[-80:] else head} …"


class WholeQuestion(QWidget):
    """A button that unfolds all of a long question; hidden where the label shows all of it."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = text
        self._view: QPlainTextEdit | None = None
        self.button = QToolButton()
        self.button.setAutoRaise(True)
        self.button.setCheckable(True)
        self.button.setText(f"all {len(text):,} characters")
        quiet(self.button)
        named(self.button, "The whole question", "Shows or hides all of what was asked")
        self.button.toggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button)
        self.setVisible(len(text) > _MOST_CHARACTERS)

    def _on_toggled(self, on: bool) -> None:
        if self._view is None:
            # Made when it is asked for; it lays out what is in sight, and once.
            self._view = QPlainTextEdit()
            self._view.setReadOnly(True)
            self._view.setFixedHeight(_HEIGHT)
            self._view.setPlainText(self._text)
            named(self._view, "The whole question", "All of what was asked")
            layout = self.layout()
            assert layout is not None
            layout.addWidget(self._view)
        self._view.setVisible(on)

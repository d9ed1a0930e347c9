"""The field that a question is typed into."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QKeyEvent, QTextCursor
from qtpy.QtWidgets import QTextEdit

from ..keys import asks, stops


class WordsEdit(QTextEdit):
    """Plain words in the theme's own text field.

    Ctrl+Enter and Esc are left to the panel. Up on the first line and Down on the last one ask
    for an earlier and a later question.
    """

    earlier = Signal()
    later = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAcceptRichText(False)
        self.setTabChangesFocus(True)
        self.setFixedHeight(self.fontMetrics().lineSpacing() * 3 + 22)

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Type, unless the key is one of the panel's."""
        if event is not None and (asks(event) or stops(event)):
            event.ignore()
        elif self._leaves(event, Qt.Key.Key_Up, QTextCursor.MoveOperation.Up):
            self.earlier.emit()
        elif self._leaves(event, Qt.Key.Key_Down, QTextCursor.MoveOperation.Down):
            self.later.emit()
        else:
            super().keyPressEvent(event)

    def show_words(self, words: str, *, at_start: bool = False) -> None:
        """Replace what is there, and put the cursor where the same arrow key goes on."""
        self.setPlainText(words)
        if not at_start:
            self.moveCursor(QTextCursor.MoveOperation.End)

    def _leaves(
        self, event: QKeyEvent | None, key: Qt.Key, move: QTextCursor.MoveOperation
    ) -> bool:
        if event is None or event.key() != key:
            return False
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        # A copy: there is no line further up or down, wrapped ones counted.
        cursor = self.textCursor()
        return not cursor.hasSelection() and not cursor.movePosition(move)

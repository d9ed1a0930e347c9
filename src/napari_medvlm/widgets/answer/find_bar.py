"""Finding words in all turns of the conversation (Ctrl+F)."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent, QKeySequence
from qtpy.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QShortcut, QToolButton, QWidget

from ...asking.answer.searching import Hit, search
from ..parts.plain import named, quiet
from .conversation_view import ConversationView


class FindBar(QWidget):
    """A line to type into, the number of hits, and the way from one to the next.

    Parameters
    ----------
    view
        The conversation on the screen.
    parent
        The panel; Ctrl+F opens the bar wherever in it the focus is.
    """

    def __init__(self, view: ConversationView, parent: QWidget) -> None:
        super().__init__(parent)
        self._view = view
        self._hits: tuple[Hit, ...] = ()
        self._at = 0
        self.words = QLineEdit()
        self.words.setPlaceholderText("find in all questions and answers")
        named(
            self.words,
            "Find",
            "Words to find (Ctrl+F); Enter goes on, Shift+Enter back, Esc closes",
        )
        self.count = quiet(QLabel())
        self.before = self._button("↑", "Previous hit", "Previous hit (Shift+Enter)")
        self.after = self._button("↓", "Next hit", "Next hit (Enter)")
        self.shut = self._button("×", "Close the search", "Close the search (Esc)")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        for widget in (self.count, self.before, self.after, self.shut):
            row.addWidget(widget)
        self.words.textChanged.connect(self._on_words)
        self.before.clicked.connect(self._on_before)
        self.after.clicked.connect(self._on_after)
        self.shut.clicked.connect(self.close_bar)
        shortcut = QShortcut(QKeySequence(QKeySequence.StandardKey.Find), parent)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(self.open_bar)
        self.hide()

    def open_bar(self) -> None:
        """Show the bar and put the cursor into it; words of before are looked for anew."""
        self.show()
        self.words.setFocus()
        self.words.selectAll()
        self._on_words()

    def close_bar(self) -> None:
        """Hide the bar; the last hit stays selected."""
        self.hide()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Enter goes on, Shift+Enter back, Esc closes."""
        key = None if event is None else event.key()
        if event is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            back = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
            (self._on_before if back else self._on_after)()
        elif key == Qt.Key.Key_Escape:
            self.close_bar()
        else:
            super().keyPressEvent(event)

    def _button(self, sign: str, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(sign)
        button.setAutoRaise(True)
        named(button, name, tip)
        return button

    def _find(self) -> None:
        # The conversation may have grown, and turns may be gone, since the last look.
        self._hits = search([view.exchange for view in self._view.views], self.words.text())

    def _on_words(self) -> None:
        self._find()
        self._at = 0
        self._show()

    def _on_after(self) -> None:
        self._step(1)

    def _on_before(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        self._find()
        self._at = (self._at + by) % max(len(self._hits), 1)
        self._show()

    def _show(self) -> None:
        count = len(self._hits)
        for button in (self.before, self.after):
            button.setEnabled(count > 1)
        if not count:
            self.count.setText("nothing found" if self.words.text().strip() else "")
            self._view.show_hit(None)
            return
        self._at = min(self._at, count - 1)
        self.count.setText(f"{self._at + 1} of {count}")
        self._view.show_hit(self._hits[self._at])

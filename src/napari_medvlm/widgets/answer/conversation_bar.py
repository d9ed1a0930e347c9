"""The conversation that is shown: what it is about, a new one, and the earlier ones."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPoint, Signal
from qtpy.QtGui import QAction
from qtpy.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from ...asking.talk.belonging import ListedConversation
from ...safe_text import visible
from ..parts.plain import PlainLabel, named, plain_tip, quiet

#: Letters of the scans' names that stand in the line; all of them are in its tip.
_LONGEST_NAME = 36


class ConversationBar(QWidget):
    """One line above the conversation."""

    #: A new conversation is to begin.
    began = Signal()
    #: Number of the earlier conversation that is to be shown.
    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._listed: tuple[ListedConversation, ...] = ()
        self.words = quiet(PlainLabel())
        self.words.setAccessibleName("Conversation")
        self.new = self._button(
            "new",
            "New conversation",
            "Begin a new conversation about these images; this one stays in the list",
        )
        self.earlier = self._button(
            "earlier ▾",
            "Earlier conversations",
            "Conversations about the images that are shown, the newest first",
        )
        self.menu = QMenu(self.earlier)
        self.earlier.clicked.connect(lambda _=False: self._open_menu())
        self.new.clicked.connect(lambda _=False: self.began.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.words, 1)
        row.addWidget(self.new)
        row.addWidget(self.earlier)

    def show_conversation(
        self, names: Sequence[str], current: int, listed: Sequence[ListedConversation]
    ) -> None:
        """Show what the conversation is about, and which others there are.

        Parameters
        ----------
        names
            Of the scans, as they are shown elsewhere.
        current
            Number of the conversation on the screen.
        listed
            Conversations about the same scans that have a question.
        """
        whole = " + ".join(visible(name) for name in names)
        name = whole if len(whole) <= _LONGEST_NAME else f"{whole[: _LONGEST_NAME - 1]}…"
        here = next((one for one in listed if one.number == current), None)
        count = 0 if here is None else here.questions
        said = "no question yet" if not count else f"{count} question{'' if count == 1 else 's'}"
        self.words.setText(f"{name} · {said}" if name else "")
        self.words.setToolTip(plain_tip(whole))
        self.new.setEnabled(count > 0)
        others = [one for one in listed if one.number != current]
        # The style's own arrow would lie over the words.
        self.earlier.setText(f"earlier ({len(others)}) ▾" if others else "earlier ▾")
        self.earlier.setEnabled(bool(others))
        if tuple(listed) != self._listed or self.menu.isEmpty():
            self._listed = tuple(listed)
            self._fill()
        for action in self.menu.actions():
            action.setChecked(action.data() == current)

    def _open_menu(self) -> None:
        # The panel stands at the right of most windows: the list opens towards the image.
        corner = self.earlier.mapToGlobal(self.earlier.rect().bottomRight())
        self.menu.popup(corner - QPoint(self.menu.sizeHint().width(), 0))

    def _fill(self) -> None:
        self.menu.clear()
        for one in self._listed:
            # An ampersand would be taken for the mark of a key.
            action = QAction(visible(one.words).replace("&", "&&"), self.menu)
            action.setCheckable(True)
            action.setData(one.number)
            action.triggered.connect(lambda _=False, number=one.number: self.chosen.emit(number))
            self.menu.addAction(action)

    def _button(self, words: str, name: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(words)
        button.setAutoRaise(True)
        quiet(button)
        named(button, name, tip)
        return button

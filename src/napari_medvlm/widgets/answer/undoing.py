"""Deleting a question, and taking that back for some seconds: a turn is work."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

from ...asking import Exchange, Session
from ..canvas.pointing import Placed, Pointing
from .conversation_view import ConversationView

#: Milliseconds in which a deletion can be taken back.
UNDO_MS = 12_000


class Undoing(QObject):
    """Puts questions aside when they are deleted, and forgets them a little later.

    Parameters
    ----------
    session
        Where they were asked.
    view
        The conversation on the screen.
    pointing
        Knows their images.
    changed
        Called when a question was deleted, or came back.
    parent
        Of the timer.
    """

    def __init__(
        self,
        session: Session,
        view: ConversationView,
        pointing: Pointing,
        changed: Callable[[], None],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._pointing = pointing
        self._changed = changed
        self._marks: tuple[Placed, ...] = ()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(UNDO_MS)
        self._timer.timeout.connect(self.settle)
        view.undone.connect(self.undo)

    def delete(self, exchange: Exchange) -> None:
        """Take a question off the screen, with its marks; what was deleted before is gone."""
        self.settle()
        self._session.put_aside(exchange)
        self._marks = self._pointing.take_off(exchange)
        self._view.put_aside(exchange.number)
        self._timer.start()
        self._changed()

    def undo(self, exchange: Exchange) -> None:
        """Bring a question back, its boxes and masks as they were last."""
        now = self._session.take_back(exchange)
        if now is None:
            return
        self._timer.stop()
        # One that was deleted on its way ended meanwhile: its boxes were never drawn.
        self._pointing.show(now, go=False, marks=self._marks if exchange.ended else None)
        self._view.take_back(now, self._session.conversation.clock())
        self._changed()

    def settle(self) -> None:
        """Forget what was deleted."""
        self._timer.stop()
        for exchange in self._session.conversation.aside:
            self._pointing.forget(exchange)
            self._view.remove(exchange.number)
        self._session.remove_aside()

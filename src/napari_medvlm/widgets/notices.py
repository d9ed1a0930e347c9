"""What stands at the top of the panel when there is something to say: first use, and restart."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ..asking import ModelOffer, Session
from ..errors import MedvlmError
from .model.restart import RestartBar
from .notice import FirstUse, footer
from .preferring import Preferring

__all__ = ["Notices", "footer"]


class Notices(QWidget):
    """Strips above the model; each is there only while it has something to say.

    Parameters
    ----------
    preferring
        The user's settings, and when an idle model is unloaded.
    session
        Whose engine is watched.
    offer
        Gives the model that is chosen, as it is preferred to run.
    """

    #: A line for people.
    said = Signal(str)
    #: The engine has something to do.
    started = Signal()

    def __init__(
        self,
        preferring: Preferring,
        session: Session,
        offer: Callable[[], ModelOffer],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._preferring = preferring
        self._session = session
        self._offer = offer
        self.first_use = FirstUse(preferring.settings)
        self.restart = RestartBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.first_use)
        column.addWidget(self.restart)
        self.restart.pressed.connect(self._on_restart)
        preferring.said.connect(self.said)

    def look(self) -> None:
        """See what the engine does; called now and then."""
        self._preferring.look()
        self.restart.show_state(self._session.thread.state)

    def _on_restart(self) -> None:
        try:
            self._session.thread.load(self._offer().choice)
        except MedvlmError as error:
            self.said.emit(str(error))
        else:
            self.started.emit()

"""What the user prefers, applied to the parts of a panel."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QObject, Signal

from ..asking import LeftOut, ModelOffer, Session
from ..asking.model.idling import Idle
from ..asking.preferences import Preferences
from ..errors import QuestionError
from ..imaging import Frame
from .answer.conversation_view import ConversationView
from .settings import Settings


class Preferring(QObject):
    """Keeps a panel in step with the settings page.

    Parameters
    ----------
    session
        Whose keeper and engine follow the settings.
    view
        The conversation on the screen.
    parent
        The panel.
    """

    #: A line for people.
    said = Signal(str)
    #: What is preferred is another now.
    changed = Signal()

    def __init__(self, session: Session, view: ConversationView, parent: QObject) -> None:
        super().__init__(parent)
        self.settings = Settings(self)
        self._session = session
        self._view = view
        self._idle = Idle()
        self.settings.changed.connect(self._apply)
        self._apply()

    @property
    def now(self) -> Preferences:
        """What is preferred now."""
        return self.settings.now

    def offer(self, offer: ModelOffer | None) -> ModelOffer | None:
        """A model as it is preferred to run."""
        return None if offer is None else self.now.of_model(offer)

    def required(self, offer: ModelOffer | None) -> ModelOffer:
        """The model to be asked, as it is preferred to run.

        Raises
        ------
        QuestionError
            If there is none.
        """
        if offer is None:
            raise QuestionError("No model is at hand.", "Get one under models…")
        return self.now.of_model(offer)

    def notes(self, frames: Sequence[Frame], left_out: Sequence[LeftOut]) -> str:
        """What a user should know of the images before asking; "" where there is nothing."""
        warning = self.now.frames_warning(len(frames))
        return " ".join([*filter(None, [warning]), *(item.reason for item in left_out)])

    def look(self) -> None:
        """Unload a model that nobody asks; called now and then."""
        minutes = self.now.idle_minutes
        state, clock = self._session.thread.state, self._session.conversation.clock
        if self._idle.look(state, clock(), minutes):
            self._session.release()
            count = "1 idle minute" if minutes == 1 else f"{minutes} idle minutes"
            self.said.emit(
                f"The model was unloaded after {count}. The next question loads it again."
            )

    def _apply(self, _now: object = None) -> None:
        now = self.now
        self._view.fold_reasoning = now.fold_reasoning
        self._session.keeper.prefer(
            keep=now.keep, most_bytes=now.megabytes * 1_000_000, beside=now.beside
        )
        self.changed.emit()

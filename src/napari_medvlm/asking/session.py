"""A conversation and the engine that answers it."""

from __future__ import annotations

from ..dialogue import Question
from ..engine import ModelChoice
from ..errors import EngineError
from ..models import sent_text
from ..records import Kept
from .conversation import Conversation
from .exchange import Exchange
from .exporting import Exported
from .holding import Holding
from .keeping import Keeper, exchange_of
from .offers import ModelOffer
from .thread import AskingThread


class Session:
    """Asks, and carries what the engine reports into the conversation.

    Parameters
    ----------
    thread
        The engine. It is closed by whoever made it.
    keeper
        Writes down what is asked and answered; it is closed by whoever made it. None keeps
        nothing.
    """

    def __init__(self, thread: AskingThread, keeper: Keeper | None = None) -> None:
        self.thread = thread
        self.keeper = Keeper(None) if keeper is None else keeper
        self.conversation = Conversation()
        self.holding = Holding(thread)
        self._origins: dict[int, ModelChoice | Kept] = {}

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self.conversation.busy

    def ask(
        self, question: Question, offer: ModelOffer, instead_of: Exchange | None = None
    ) -> Exchange:
        """Send a question to a model.

        Parameters
        ----------
        question, offer
            What is asked, and whom.
        instead_of
            The question that this one asks again, or in other words.

        Raises
        ------
        EngineError
            If the engine was closed.
        QuestionError
            If the model cannot take the question.
        """
        sent = sent_text(question, offer.profile)
        request = self.thread.ask(question, offer.choice)
        exchange = self.conversation.ask(
            request, question, model=offer.label, sent=sent, instead_of=instead_of
        )
        self._origins[exchange.number] = offer.choice
        self.keeper.asked(exchange, offer)
        return exchange

    def bring_back(self, kept: Kept) -> Exchange:
        """Add a question of an earlier sitting, as it ended.

        Raises
        ------
        RecordError
            If one of its frames is missing.
        """
        ended = exchange_of(kept, 0, self.conversation.clock())
        exchange = self.conversation.bring_back(ended)
        self._origins[exchange.number] = kept
        return exchange

    def exported(self) -> tuple[Exported, ...]:
        """All questions with what an export needs, oldest first."""
        now = self.conversation.clock()
        return tuple(
            Exported(exchange, self._origins[exchange.number], now - exchange.asked_at)
            for exchange in self.conversation.exchanges
        )

    def put_aside(self, exchange: Exchange) -> None:
        """Leave an exchange out until it is taken back or removed; one on its way is stopped."""
        if any(one.number == exchange.number for one in self.conversation.active):
            self.thread.stop(exchange.request)
        self.conversation.put_aside(exchange.number)

    def take_back(self, exchange: Exchange) -> Exchange | None:
        """Count an exchange in again; returns it as it is now, None where it was removed."""
        now = self.conversation.take_back(exchange.number)
        if now is not None and not exchange.ended:
            self.keeper.heard([now])  # what came meanwhile was not written down
        return now

    def remove_aside(self) -> None:
        """Forget what was put aside, and what is kept of it."""
        for exchange in self.conversation.aside:
            self.conversation.remove(exchange.number)
            self._origins.pop(exchange.number, None)
            self.keeper.forget(exchange)

    def close(self) -> None:
        """Forget what was put aside, and close what is kept; the engine is others' to close."""
        self.remove_aside()
        self.keeper.close()

    def pump(self) -> tuple[Exchange, ...]:
        """Take what has happened; returns the exchanges that are different now."""
        events = self.thread.drain()
        self.holding.hear(events)
        changed = self.conversation.hear(events)
        self.keeper.heard(changed)
        return changed

    def stop(self) -> None:
        """Stop what is on its way; it ends with what has come so far."""
        for exchange in self.conversation.active:
            self.thread.stop(exchange.request)

    def release(self) -> None:
        """Stop, and free the model's memory; a later question loads it again."""
        self.stop()
        if self.thread.state.status == "empty":
            return
        try:
            self.thread.unload()
        except EngineError:
            # Closed already, as happens when the whole window goes: nothing is held any more.
            return

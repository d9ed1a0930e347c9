"""A conversation and the engine that answers it."""

from __future__ import annotations

from collections.abc import Collection

from ...dialogue import Question, Turn
from ...engine import ModelChoice
from ...errors import EngineError, MedvlmError
from ...models import sent_text
from ...records import Kept
from ..ask.line import Line, Waiting
from ..model.holding import Holding
from ..model.offers import ModelOffer
from .belonging import Belonging, ListedConversation, Scans, listed
from .conversation import Conversation
from .exchange import Exchange
from .exporting import Exported
from .keeping import Keeper, exchange_of
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
        self.belonging = Belonging()
        self._line = Line()
        self._unheard: list[Exchange] = []
        self._origins: dict[int, ModelChoice | Kept] = {}
        self._offers: dict[int, ModelOffer] = {}

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self.conversation.busy

    @property
    def waiting(self) -> tuple[Exchange, ...]:
        """Questions that wait for the answer ahead of them, the next one first."""
        active = {one.number: one for one in self.conversation.active}
        return tuple(active[number] for number in self._line.numbers)

    def ask(
        self,
        question: Question,
        offer: ModelOffer,
        instead_of: Exchange | None = None,
        *,
        follows: bool = False,
    ) -> Exchange:
        """Send a question to a model, or let it wait where an answer is on its way.

        Parameters
        ----------
        question, offer
            What is asked, and whom.
        instead_of
            The question that this one asks again, or in other words.
        follows
            Whether answers that are still to come become part of it: when its turn has come,
            its history is that of its branch, whatever it is now.

        Returns
        -------
        exchange
            With request 0 where it waits.

        Raises
        ------
        EngineError
            If the engine was closed.
        QuestionError
            If the model cannot take the question.
        """
        sent = sent_text(question, offer.profile, offer.choice.path)
        scans = frozenset(frame.source for frame in question.frames)
        if instead_of is not None and instead_of.scans != scans:
            instead_of = None  # other scans: it is no other wording of that question
        number = self.belonging.current(scans) if instead_of is None else instead_of.conversation
        waits = bool(self._running or self._line)
        request = 0 if waits else self.thread.ask(question, offer.choice)
        exchange = self.conversation.ask(
            request,
            question,
            model=offer.label,
            sent=sent,
            instead_of=instead_of,
            conversation=number,
        )
        self._origins[exchange.number] = offer.choice
        self._offers[exchange.number] = offer
        if waits:
            self._line.add(Waiting(exchange.number, question, offer, follows))
            exchange = self.conversation.wait(exchange.number, self._line.words(exchange.number))
        self.keeper.asked(exchange, offer, self.belonging.kept_as(number))
        return exchange

    def bring_back(self, kept: Kept) -> Exchange:
        """Add a question of an earlier sitting, as it ended.

        Raises
        ------
        RecordError
            If one of its frames is missing.
        """
        ended = exchange_of(kept, 0, self.conversation.clock())
        number = self.belonging.of_earlier(ended.scans, kept.conversation)
        exchange = self.conversation.bring_back(ended, number)
        self._origins[exchange.number] = kept
        return exchange

    def history(
        self, scans: Scans, offer: ModelOffer | None, instead_of: Exchange | None = None
    ) -> tuple[Turn, ...]:
        """Earlier turns that a follow-up about these scans sends along.

        Parameters
        ----------
        scans
            That the question will show.
        offer
            The model that will be asked: only its own answers are sent; None sends nothing.
        instead_of
            The question that is asked again, or in other words, where it shows the same scans.
        """
        followed = self._followed(scans, instead_of)
        turns = (one.turn for one in followed if offer and self._answered_by(one, offer))
        return tuple(turn for turn in turns if turn is not None)

    def look_at(self, scans: Scans) -> tuple[int, tuple[ListedConversation, ...]]:
        """The conversation that is shown with these scans, and all that there are about them."""
        all_of_them = (*self.conversation.exchanges, *self.conversation.aside)
        used = {one.conversation for one in all_of_them}
        number = self.belonging.look_at(scans, used)
        fitting = {one for one in used if scans <= self.belonging.about(one)}
        return number, listed(self.conversation.exchanges, fitting)

    def others(
        self, scans: Scans, offer: ModelOffer | None, instead_of: Exchange | None = None
    ) -> int:
        """How many answers of other models a follow-up leaves out; as in `history`."""
        followed = self._followed(scans, instead_of)
        return sum(1 for one in followed if offer and not self._answered_by(one, offer))

    def _followed(self, scans: Scans, instead_of: Exchange | None) -> tuple[Exchange, ...]:
        if instead_of is not None and instead_of.scans == scans:
            return self.conversation.answered(instead_of)
        return self.conversation.answered(conversation=self.belonging.current(scans))

    def _answered_by(self, exchange: Exchange, offer: ModelOffer) -> bool:
        origin = self._origins.get(exchange.number)
        same = not isinstance(origin, ModelChoice) or origin.path == offer.choice.path
        return same and exchange.model == offer.label

    def exported(self, numbers: Collection[int] | None = None) -> tuple[Exported, ...]:
        """Questions with what an export needs, oldest first; all, or those of these numbers."""
        now = self.conversation.clock()
        return tuple(
            Exported(exchange, self._origins[exchange.number], now - exchange.asked_at)
            for exchange in self.conversation.exchanges
            if numbers is None or exchange.number in numbers
        )

    def withdraw(self, exchange: Exchange) -> None:
        """Forget a question that still waits, as if it had never been asked."""
        self._line.remove(exchange.number)
        self._forget(exchange)

    def put_aside(self, exchange: Exchange) -> None:
        """Leave an exchange out until it is taken back or removed; one on its way is stopped."""
        self._line.put_aside(exchange.number)
        if any(one.number == exchange.number for one in self._running):
            self.thread.stop(exchange.request)
        self.conversation.put_aside(exchange.number)

    def take_back(self, exchange: Exchange) -> Exchange | None:
        """Count an exchange in again; returns it as it is now, None where it was removed."""
        self._line.take_back(exchange.number)
        now = self.conversation.take_back(exchange.number)
        if now is not None and not exchange.ended:
            self.keeper.heard([now])  # what came meanwhile was not written down
        return now

    def remove_aside(self) -> None:
        """Forget what was put aside, and what is kept of it."""
        for exchange in self.conversation.aside:
            self._line.remove(exchange.number)
            self._forget(exchange)

    def close(self) -> None:
        """Forget what was put aside, and close what is kept; the engine is others' to close."""
        self.remove_aside()
        self.keeper.close()

    def pump(self) -> tuple[Exchange, ...]:
        """Take what has happened; returns the exchanges that are different now."""
        events = self.thread.drain()
        self.holding.hear(events)
        before = {one.request: one.sent for one in self._running}
        heard = (*self._unheard, *self.conversation.hear(events))
        for exchange in heard:
            if exchange.sent != before.get(exchange.request, exchange.sent):
                self._keep_as_sent(exchange)
        self._unheard.clear()
        changed = {one.number: one for one in heard}
        while self._line and not self._running:
            sent = self._send_next()
            changed[sent.number] = sent
        for exchange in self.waiting:
            words = self._line.words(exchange.number)
            if words != exchange.detail:
                changed[exchange.number] = self.conversation.wait(exchange.number, words)
        self.keeper.heard(changed.values())
        return tuple(changed[number] for number in sorted(changed))

    def stop(self) -> None:
        """Stop the answer on its way; it ends with what has come so far, and the next follows."""
        for exchange in self._running:
            self.thread.stop(exchange.request)

    def release(self) -> None:
        """Stop all, and free the model's memory; a later question loads it again.

        Questions that still wait end without an answer: they can be asked again.
        """
        while (one := self._line.next()) is not None:
            ended = self.conversation.fail(one.number, "It was never sent.", "Ask it again.")
            self._unheard.append(ended)
        self.stop()
        if self.thread.state.status == "empty":
            return
        try:
            self.thread.unload()
        except EngineError:
            # Closed already, as happens when the whole window goes: nothing is held any more.
            return

    def _keep_as_sent(self, exchange: Exchange) -> None:
        """Keep a question with the words that its model got, should others have been expected."""
        if exchange.number in self._offers:
            self.keeper.forget(exchange)
            kept = self.belonging.kept_as(exchange.conversation)
            self.keeper.asked(exchange, self._offers[exchange.number], kept)

    def _forget(self, exchange: Exchange) -> None:
        self.conversation.remove(exchange.number)
        self._origins.pop(exchange.number, None)
        self._offers.pop(exchange.number, None)
        self.keeper.forget(exchange)

    @property
    def _running(self) -> tuple[Exchange, ...]:
        return tuple(one for one in self.conversation.active if one.request)

    def _send_next(self) -> Exchange:
        one = self._line.next()
        assert one is not None  # asked for only where there is one
        exchange = next(x for x in self.conversation.active if x.number == one.number)
        question = one.complete(self.history(exchange.scans, one.offer, exchange))
        try:
            sent = sent_text(question, one.offer.profile, one.offer.choice.path)
            request = self.thread.ask(question, one.offer.choice)
        except MedvlmError as error:
            return self.conversation.fail(one.number, error.message, error.advice)
        after = self.conversation.send(one.number, request, question, sent)
        if question is not one.question:
            # It was kept without what it follows.
            self.keeper.forget(exchange)
            self.keeper.asked(after, one.offer, self.belonging.kept_as(after.conversation))
        return after

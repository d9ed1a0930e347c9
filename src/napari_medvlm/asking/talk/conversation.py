"""The state of a conversation, fed with the engine's events. No screen, no threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from ...dialogue import (
    Event,
    Failed,
    Loaded,
    Loading,
    ParseContext,
    PartSplitter,
    Prefill,
    Question,
    Queued,
    Replied,
    Token,
    Turn,
)
from .exchange import Exchange, Stage


class Conversation:
    """Questions and answers in order; events of other requests are dropped.

    Parameters
    ----------
    clock
        Seconds from any fixed point, never running backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._exchanges: list[Exchange] = []
        self._count = 0
        self._splitters: dict[int, PartSplitter] = {}
        self._aside: set[int] = set()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """All questions, oldest first, without those that were put aside."""
        return tuple(x for x in self._exchanges if x.number not in self._aside)

    @property
    def active(self) -> tuple[Exchange, ...]:
        """Questions that have no end yet."""
        return tuple(exchange for exchange in self.exchanges if not exchange.ended)

    @property
    def busy(self) -> bool:
        """Whether something is still to come."""
        return bool(self.active)

    @property
    def aside(self) -> tuple[Exchange, ...]:
        """Questions that were put aside, oldest first."""
        return tuple(x for x in self._exchanges if x.number in self._aside)

    def put_aside(self, number: int) -> None:
        """Leave an exchange out of everything until it is taken back or removed."""
        self._aside.add(number)

    def take_back(self, number: int) -> Exchange | None:
        """Count an exchange in again; returns it as it is now, None where it was removed."""
        self._aside.discard(number)
        return next((x for x in self._exchanges if x.number == number), None)

    def history(
        self, instead_of: Exchange | None = None, conversation: int = 1
    ) -> tuple[Turn, ...]:
        """Whole answers so far, as a next question carries them; see `answered`."""
        turns = (exchange.turn for exchange in self.answered(instead_of, conversation))
        return tuple(turn for turn in turns if turn is not None)

    def answered(
        self, instead_of: Exchange | None = None, conversation: int = 1
    ) -> tuple[Exchange, ...]:
        """Questions with a whole answer that a next question would follow, oldest first.

        Parameters
        ----------
        instead_of
            A question that is asked again, or in other words: its answer, and what was asked
            after it, are another branch. None goes on where the last answer is.
        conversation
            Number of the conversation that the next question belongs to.
        """
        branch = self._branch(conversation) if instead_of is None else instead_of.earlier
        followed = (exchange for exchange in self.exchanges if exchange.number in branch)
        return tuple(exchange for exchange in followed if exchange.turn is not None)

    def ask(
        self,
        request: int,
        question: Question,
        *,
        model: str = "",
        sent: str = "",
        instead_of: Exchange | None = None,
        conversation: int = 1,
    ) -> Exchange:
        """Begin an exchange.

        Parameters
        ----------
        request
            The engine's number of the question; 0 where it was not sent yet, see `send`.
        question
            What was asked.
        model
            Label of the model.
        sent
            The question's turn as the model gets it.
        instead_of
            The question that this one asks again, or in other words; both are kept.
        conversation
            Number of the conversation that it belongs to.
        """
        self._count += 1
        exchange = Exchange(
            self._count,
            request,
            question,
            model=model,
            sent=sent,
            asked_at=self.clock(),
            earlier=self._branch(conversation) if instead_of is None else instead_of.earlier,
            instead_of=None if instead_of is None else instead_of.number,
            conversation=conversation,
        )
        self._exchanges.append(exchange)
        if request:
            self._splitters[request] = PartSplitter(ParseContext(mode=question.mode))
        return exchange

    def send(self, number: int, request: int, question: Question, sent: str) -> Exchange:
        """Note that a question that had to wait has gone to the engine; its time begins now.

        Parameters
        ----------
        number
            Of the exchange.
        request, question, sent
            As in `ask`; the question now has its whole history.
        """
        place = self._index(number)
        self._exchanges[place] = replace(
            self._exchanges[place],
            request=request,
            question=question,
            sent=sent,
            detail="",
            asked_at=self.clock(),
        )
        self._splitters[request] = PartSplitter(ParseContext(mode=question.mode))
        return self._exchanges[place]

    def wait(self, number: int, words: str) -> Exchange:
        """Say what a question waits for that was not sent yet."""
        place = self._index(number)
        self._exchanges[place] = replace(self._exchanges[place], detail=words)
        return self._exchanges[place]

    def fail(self, number: int, message: str, advice: str = "") -> Exchange:
        """End an exchange without an answer."""
        place = self._index(number)
        self._splitters.pop(self._exchanges[place].request, None)
        self._exchanges[place] = replace(
            self._exchanges[place],
            stage=Stage.FAILED,
            ended_at=self.clock(),
            message=message,
            advice=advice,
        )
        return self._exchanges[place]

    def remove(self, number: int) -> None:
        """Forget an exchange; events of it are dropped, and its number is not used again."""
        for exchange in self._exchanges:
            if exchange.number == number:
                self._splitters.pop(exchange.request, None)
        self._exchanges = [x for x in self._exchanges if x.number != number]
        self._aside.discard(number)

    def _branch(self, conversation: int) -> tuple[int, ...]:
        # A question that failed opens no branch: what was there before it goes on.
        for exchange in reversed(self.exchanges):
            if exchange.conversation != conversation:
                continue
            if exchange.turn is not None or not exchange.ended:
                return (*exchange.earlier, exchange.number)
        return ()

    def hear(self, events: Iterable[Event]) -> tuple[Exchange, ...]:
        """Take what the engine reports.

        Parameters
        ----------
        events
            In the order they happened; several at a time are cheaper than one by one.

        Returns
        -------
        changed
            The exchanges that are different now, each once, in the order of the conversation.
        """
        changed: set[int] = set()
        for event in joined_tokens(events):
            place = self._place(event.request)
            if place is None:
                continue
            before = self._exchanges[place]
            after = self._next(before, event)
            if after is not before:
                self._exchanges[place] = after
                changed.add(place)
            if after.ended:
                self._splitters.pop(after.request, None)
        # What was put aside goes on, and is not told of.
        now = (self._exchanges[place] for place in sorted(changed))
        return tuple(exchange for exchange in now if exchange.number not in self._aside)

    def give_up(self, message: str, advice: str = "") -> tuple[Exchange, ...]:
        """End everything that is still open, because no more events will come."""
        return self.hear(
            [
                Failed(request=exchange.request, kind="crash", message=message, advice=advice)
                for exchange in self.active
            ]
        )

    def bring_back(self, ended: Exchange, conversation: int = 1) -> Exchange:
        """Add a question that ended in an earlier sitting; it gets the next number.

        Parameters
        ----------
        ended
            What it came to; its number does not matter. Its request is one that no engine gives.
        conversation
            Number of the conversation that it belongs to.
        """
        asked = self.ask(
            ended.request,
            ended.question,
            model=ended.model,
            sent=ended.sent,
            conversation=conversation,
        )
        self._splitters.pop(asked.request, None)
        self._exchanges[-1] = replace(
            asked,
            asked_at=ended.asked_at,
            answer_at=ended.answer_at,
            ended_at=ended.ended_at,
            stage=ended.stage,
            reasoning=ended.reasoning,
            answer=ended.answer,
            tokens=ended.tokens,
            reasoning_tokens=ended.reasoning_tokens,
            reply=ended.reply,
            message=ended.message,
            advice=ended.advice,
        )
        return self._exchanges[-1]

    def clear(self) -> None:
        """Begin anew; events of what was open are dropped from now on."""
        self._exchanges.clear()
        self._count = 0
        self._splitters.clear()
        self._aside.clear()

    def _index(self, number: int) -> int:
        return next(n for n, exchange in enumerate(self._exchanges) if exchange.number == number)

    def _place(self, request: int) -> int | None:
        if not request:
            return None
        for place in range(len(self._exchanges) - 1, -1, -1):
            exchange = self._exchanges[place]
            if exchange.request == request:
                return None if exchange.ended else place
        return None

    def _next(self, now: Exchange, event: Event) -> Exchange:
        match event:
            case Queued():
                words = f"{event.ahead} ahead" if event.ahead else ""
                return replace(now, stage=Stage.QUEUED, detail=words)
            case Loading():
                return replace(now, stage=Stage.LOADING, detail=_loading_words(event))
            case Loaded():
                return replace(now, stage=Stage.LOADING, detail="ready")
            case Prefill():
                return self._reading(now, event)
            case Token():
                return self._more(now, event)
            case Replied():
                return self._replied(now, event)
            case Failed():
                return replace(
                    now,
                    stage=Stage.FAILED,
                    ended_at=self.clock(),
                    message=event.message or "There is no answer.",
                    advice=event.advice,
                )
            case _:
                return now

    def _reading(self, now: Exchange, event: Prefill) -> Exchange:
        if event.opens_thought:
            context = ParseContext(mode=now.question.mode, prompt_ends_with_think=True)
            self._splitters[now.request] = PartSplitter(context)
        # What the model was given is what is shown and kept, whatever was reckoned before.
        sent = event.sent or now.sent
        return replace(now, stage=Stage.READING, detail=_prefill_words(now, event), sent=sent)

    def _more(self, now: Exchange, event: Token) -> Exchange:
        time_now = self.clock()
        splitter = self._splitters[now.request]
        splitter.feed(event.text)
        answering = bool(splitter.answer)
        tokens = max(now.tokens, event.count)  # counted from the first
        began = answering and now.answer_at is None
        return replace(
            now,
            stage=Stage.ANSWERING if answering else Stage.THINKING,
            detail="",
            first_token_at=time_now if now.first_token_at is None else now.first_token_at,
            answer_at=time_now if began else now.answer_at,
            reasoning=splitter.reasoning,
            answer=splitter.answer,
            tokens=tokens,
            reasoning_tokens=tokens if began else now.reasoning_tokens,
        )

    def _replied(self, now: Exchange, event: Replied) -> Exchange:
        reply, time_now = event.reply, self.clock()
        stopped = reply.finish_reason == "stopped"
        return replace(
            now,
            stage=Stage.STOPPED if stopped else Stage.DONE,
            detail="",
            ended_at=time_now,
            first_token_at=now.first_token_at,
            answer_at=time_now if now.answer_at is None and reply.answer else now.answer_at,
            reasoning=reply.reasoning,
            answer=reply.answer or reply.partial_answer or "",
            tokens=max(reply.new_tokens, now.tokens),
            reply=reply,
        )


def joined_tokens(events: Iterable[Event]) -> Sequence[Event]:
    """Join neighbouring tokens of one request: their text is sorted once, not piece by piece."""
    out: list[Event] = []
    for event in events:
        last = out[-1] if out else None
        if isinstance(event, Token) and isinstance(last, Token) and last.request == event.request:
            out[-1] = replace(event, text=last.text + event.text)
        else:
            out.append(event)
    return out


def _loading_words(event: Loading) -> str:
    words = [event.stage] if event.stage else []
    if event.fraction is not None:
        words.append(f"{100 * event.fraction:.0f} %")
    return " · ".join(words)


def _prefill_words(now: Exchange, event: Prefill) -> str:
    count = len(now.question.frames)
    noun = "image" if count == 1 else "images"
    words = [f"{count} {noun}"] if count else ["the question"]
    if event.tokens:
        words.append(f"{event.tokens:,} tokens")
    if event.reused:
        words.append(f"{event.reused:,} reused")
    return " · ".join(words)

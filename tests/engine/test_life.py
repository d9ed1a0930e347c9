"""Events of requests that are over, against a model side that says whatever it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest
from engine_support import CHOICE, WAIT, eventually

from napari_medvlm.dialogue.events import Event, Failed, Loaded, Loading, Queued, Replied, Token
from napari_medvlm.dialogue.question import Question
from napari_medvlm.dialogue.reply import Reply
from napari_medvlm.engine import ModelChoice
from napari_medvlm.engine.backend import Ended, News, Prepared, Ready, Sink
from napari_medvlm.engine.life import Job, Life
from napari_medvlm.engine.mailbox import Mailbox


@dataclass
class Puppet:
    """Notes its orders; ``say`` puts words in its mouth."""

    sink: Sink
    orders: list[tuple[str, int]] = field(default_factory=list)
    ended: bool = False
    prepared: list[ModelChoice] = field(default_factory=list)
    slow: bool = False

    def say(self, *news: News) -> None:
        for item in news:
            self.sink(self, item)

    def start(self) -> None:
        self.say(Ready(pid=1))

    def prepare(self, choice: ModelChoice) -> None:
        self.prepared.append(choice)
        if not self.slow:
            self.say(Prepared())

    def load(self, request: int, choice: ModelChoice) -> None:
        self.orders.append(("load", request))

    def ask(self, request: int, question: Question, choice: ModelChoice) -> None:
        if question.text == "unsendable":
            raise TypeError("no such value")
        self.orders.append(("ask", request))

    def stop(self, request: int) -> None:
        self.orders.append(("stop", request))

    def end(self, patience: float = 0.0) -> None:
        self.ended = True

    def kill(self) -> None:
        self.ended = True

    def last_words(self) -> str:
        return ""


class Stage:
    """A Life with puppets, and what it delivered."""

    def __init__(self) -> None:
        self.puppets: list[Puppet] = []
        self.slow = False  # whether processes say by themselves that they are prepared
        self.mailbox = Mailbox()
        self.life = Life(self._make, self.mailbox, grace_seconds=0.1, start_seconds=WAIT)
        self.life.start()

    def _make(self, sink: Sink) -> Puppet:
        self.puppets.append(Puppet(sink, slow=self.slow))
        return self.puppets[-1]

    def ask(self, request: int, text: str = "?") -> None:
        self.mailbox.open(request)
        self.life.submit(Job(request, CHOICE, Question(text=text)))

    def ordered(self, request: int) -> Puppet:
        assert eventually(lambda: any(("ask", request) in p.orders for p in self.puppets))
        return next(p for p in self.puppets if ("ask", request) in p.orders)

    def until_end(self, request: int) -> list[Event]:
        return list(self.mailbox.events(request, WAIT))


@pytest.fixture
def stage() -> Iterator[Stage]:
    made = Stage()
    yield made
    made.life.close()


def replied(request: int, raw: str) -> Replied:
    return Replied(request=request, reply=Reply(raw=raw))


def test_late_events_of_an_answered_question_are_dropped(stage: Stage) -> None:
    stage.ask(1)
    stage.ask(2)
    puppet = stage.ordered(1)
    puppet.say(replied(1, "first"), Token(request=1, text="late"), replied(1, "twice"))
    stage.ordered(2)
    late = Failed(request=1, kind="model", message="late")
    puppet.say(Token(request=1, text="late"), late, replied(2, "second"))
    assert isinstance(stage.until_end(2)[-1], Replied)
    ends = [e for e in stage.mailbox.drain() if isinstance(e, Replied | Failed | Token)]
    assert [(e.request, e.reply.raw) for e in ends if isinstance(e, Replied)] == [
        (1, "first"),
        (2, "second"),
    ]
    assert len(ends) == 2


def test_a_process_that_was_given_up_is_not_heard(stage: Stage) -> None:
    stage.ask(1)
    old = stage.ordered(1)
    old.say(Token(request=1, text="so far"))
    stage.life.stop(1)
    assert isinstance(stage.until_end(1)[-1], Replied)
    assert old.ended
    assert ("stop", 1) in old.orders
    stage.ask(2)
    new = stage.ordered(2)
    assert new is not old
    old.say(replied(2, "of the old one"), Ended("gone"), Loading(request=2))
    new.say(replied(2, "of the new one"))
    last = stage.until_end(2)[-1]
    assert isinstance(last, Replied)
    assert last.reply.raw == "of the new one"


def test_a_question_that_cannot_be_sent_fails_alone(stage: Stage) -> None:
    stage.ask(1, "unsendable")
    failed = stage.until_end(1)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "model"
    assert "TypeError: no such value" in failed.message
    stage.ask(2)
    stage.ordered(2).say(replied(2, "fine"))
    assert isinstance(stage.until_end(2)[-1], Replied)


def test_the_text_so_far_is_read_as_a_model_text(stage: Stage) -> None:
    stage.ask(1)
    puppet = stage.ordered(1)
    puppet.say(*(Token(request=1, text=t) for t in ("<think>It is ", "small.</think>", "Left")))
    stage.life.stop(1)
    last = stage.until_end(1)[-1]
    assert isinstance(last, Replied)
    assert last.reply.raw == "<think>It is small.</think>Left"
    assert last.reply.reasoning == "It is small."
    assert (last.reply.finish_reason, last.reply.complete) == ("stopped", False)


@pytest.mark.parametrize(
    ("news", "status"),
    [
        (Loading(request=1), "loading"),
        (Loaded(request=1, device="cuda", memory_bytes=9), "answering"),
        (Ended("gone"), "dead"),
        (replied(1, "fine"), "empty"),
    ],
)
def test_the_state_follows_what_happens(stage: Stage, news: News, status: str) -> None:
    stage.ask(1)
    stage.ordered(1).say(news)
    assert eventually(lambda: stage.life.state.status == status)


def test_stopping_what_is_not_there_does_nothing(stage: Stage) -> None:
    stop: Callable[[int | None], None] = stage.life.stop
    stop(None)
    stop(7)
    stage.ask(1)
    puppet = stage.ordered(1)
    stop(7)
    puppet.say(replied(1, "fine"))
    assert isinstance(stage.until_end(1)[-1], Replied)
    assert puppet.orders == [("ask", 1)]


def test_a_process_is_prepared_before_anything_is_asked(stage: Stage) -> None:
    stage.life.prepare(CHOICE)
    assert eventually(lambda: bool(stage.puppets and stage.puppets[0].prepared == [CHOICE]))
    assert stage.life.state.status == "empty"
    stage.ask(1)
    assert stage.ordered(1) is stage.puppets[0]
    stage.life.prepare(CHOICE)  # there is one already
    stage.ask(2)
    stage.puppets[0].say(replied(1, "first"))
    assert stage.ordered(2) is stage.puppets[0]
    assert len(stage.puppets) == 1


def test_a_question_that_waits_for_imports_says_so_and_is_stopped_at_once(stage: Stage) -> None:
    stage.slow = True
    stage.ask(1)
    assert eventually(lambda: bool(stage.puppets and stage.puppets[0].prepared))
    seen = stage.mailbox.events(1, WAIT)
    assert [type(next(seen)), next(seen)] == [
        Queued, Loading(request=1, stage="importing torch and transformers")
    ]  # fmt: skip
    stage.life.stop(1)
    assert isinstance(next(seen), Replied)
    assert not stage.puppets[0].ended  # its imports are of use to the next question
    stage.ask(2)
    stage.puppets[0].say(Prepared())
    assert stage.ordered(2) is stage.puppets[0]


def test_a_gpu_is_not_given_to_a_process_of_lower_priority(stage: Stage) -> None:
    stage.ask(1)
    first = stage.ordered(1)
    first.say(Loaded(request=1, device="cpu"), replied(1, "on the CPU"))
    stage.until_end(1)
    stage.mailbox.open(2)
    other = replace(CHOICE, device="cuda")
    stage.life.submit(Job(2, other, Question(text="?")))
    assert stage.ordered(2) is not first
    assert first.ended

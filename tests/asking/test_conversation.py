from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medvlm.asking import Conversation, Exchange, Stage
from napari_medvlm.dialogue import (
    Box,
    Failed,
    Loaded,
    Loading,
    Prefill,
    Question,
    Queued,
    Replied,
    Reply,
    Timings,
    Token,
)

PIXELS = np.zeros((20, 30), np.uint8)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def talk(clock: Clock) -> Conversation:
    conversation = Conversation(clock)
    conversation.ask(7, Question("where?", (PIXELS, PIXELS)), model="demo (toy)")
    return conversation


def _now(talk: Conversation) -> Exchange:
    return talk.exchanges[-1]


def _words(talk: Conversation) -> str:
    return _now(talk).status_words(talk.clock())


def test_each_stage_has_its_words(talk: Conversation, clock: Clock) -> None:
    seen = []
    for event in (
        Queued(request=7, ahead=1),
        Loading(request=7, stage="weights", fraction=0.4),
        Loaded(request=7),
        Prefill(request=7, tokens=1280, reused=64),
        Token(request=7, text="<think>Image 1", count=3),
        Token(request=7, text=" is clear.</think><answer>no", count=9),
    ):
        clock.now += 1
        talk.hear([event])
        seen.append(_words(talk))
    assert seen == [
        "waiting for the model · 1 ahead · 1.0 s",
        "loading the model · weights · 40 % · 2.0 s",
        "loading the model · ready · 3.0 s",
        "reading 2 images · 1,280 tokens · 64 reused · 4.0 s",
        "thinking · 3 tokens · 5.0 s",
        "answering · 9 tokens · 6.0 s",
    ]


def test_reasoning_and_answer_are_told_apart_while_they_stream(talk: Conversation) -> None:
    talk.hear([Token(request=7, text="<think>A round spot.</thi", count=5)])
    assert (_now(talk).reasoning, _now(talk).answer) == ("A round spot.", "")
    assert _now(talk).stage is Stage.THINKING
    talk.hear([Token(request=7, text="nk><answer>Right", count=8)])
    assert (_now(talk).reasoning, _now(talk).answer) == ("A round spot.", "Right")
    assert _now(talk).stage is Stage.ANSWERING


def test_the_reasoning_keeps_its_own_time_and_count(talk: Conversation, clock: Clock) -> None:
    talk.hear([Token(request=7, text="<think>a", count=1)])
    clock.now += 3.2
    talk.hear([Token(request=7, text="</think><answer>b", count=118)])
    clock.now += 10
    talk.hear([Token(request=7, text="c", count=130)])
    assert _now(talk).reasoning_words(clock.now) == "Reasoning · 3.2 s · 118 tokens"


def test_a_reply_ends_it(talk: Conversation, clock: Clock) -> None:
    talk.hear([Token(request=7, text="<answer>x", count=4)])
    clock.now += 2
    reply = Reply(
        raw="<answer>Right</answer>",
        answer="Right",
        reasoning="so",
        boxes=(Box("nodule", (1, 2, 11, 12), frame=1),),
        new_tokens=22,
        prompt_tokens=1276,
        reused_tokens=10,
        timings=Timings(decode=0.5),
    )
    (ended,) = talk.hear([Replied(request=7, reply=reply)])
    assert (ended.stage, ended.answer, talk.busy) == (Stage.DONE, "Right", False)
    assert [box.label for box in ended.boxes] == ["nodule"]
    assert ended.status_words(clock.now + 50) == (
        "finished · 2.0 s · 22 tokens · 42 tok/s · prompt 1,276, 10 of them reused"
    )


def test_a_stopped_answer_keeps_what_has_come(talk: Conversation) -> None:
    reply = Reply(raw="<think>so", reasoning="so", finish_reason="stopped", new_tokens=2)
    (ended,) = talk.hear([Replied(request=7, reply=reply)])
    assert (ended.stage, ended.reasoning) == (Stage.STOPPED, "so")
    assert _words(talk).startswith("stopped · ")
    assert talk.history() == ()


def test_a_failure_is_its_message_and_advice(talk: Conversation) -> None:
    talk.hear(
        [Failed(request=7, kind="memory", message="Out of memory.", advice="Send fewer images.")]
    )
    assert _now(talk).stage is Stage.FAILED
    assert _words(talk) == "Out of memory. Send fewer images."


def test_an_answer_cut_at_the_limit_says_so(talk: Conversation) -> None:
    reply = Reply(raw="a", partial_answer="a lo", finish_reason="length", new_tokens=1)
    talk.hear([Replied(request=7, reply=reply)])
    assert _words(talk).startswith("cut at the token limit")
    assert _now(talk).answer == "a lo"


def test_stale_and_late_events_are_dropped(talk: Conversation) -> None:
    assert talk.hear([Token(request=3, text="other", count=1)]) == ()
    talk.hear([Replied(request=7, reply=Reply(raw="x", answer="x"))])
    assert talk.hear([Token(request=7, text="late", count=9)]) == ()
    assert _now(talk).answer == "x"


def test_events_of_one_look_change_each_exchange_once(talk: Conversation) -> None:
    talk.ask(8, Question("and now?", (PIXELS,)))
    text = "<think>one two three</think><answer>four</answer>"
    tokens = [Token(request=7, text=letter, count=n) for n, letter in enumerate(text, start=1)]
    changed = talk.hear([*tokens, Queued(request=8)])
    assert [exchange.number for exchange in changed] == [1, 2]
    assert (changed[0].reasoning, changed[0].answer) == ("one two three", "four")
    assert changed[0].tokens == len(text)


def test_one_by_one_and_at_once_give_the_same(talk: Conversation) -> None:
    text = "<think>1 < 2</think>\n<answer>a <b> c</answer>"
    tokens = [Token(request=7, text=letter, count=n) for n, letter in enumerate(text, start=1)]
    other = Conversation(talk.clock)
    other.ask(7, Question("where?", (PIXELS, PIXELS)))
    talk.hear(tokens)
    for token in tokens:
        other.hear([token])
    assert (_now(talk).reasoning, _now(talk).answer) == (_now(other).reasoning, _now(other).answer)


def test_giving_up_ends_what_is_open(talk: Conversation) -> None:
    talk.hear([Replied(request=7, reply=Reply(raw="x", answer="x"))])
    talk.ask(8, Question("and now?", (PIXELS,)))
    (ended,) = talk.give_up("The engine is closed.")
    assert (ended.request, ended.stage, talk.busy) == (8, Stage.FAILED, False)


def test_whole_answers_become_history(talk: Conversation) -> None:
    talk.hear([Replied(request=7, reply=Reply(raw="<answer>x</answer>", answer="x"))])
    (turn,) = talk.history()
    assert (turn.text, turn.reply, len(turn.frames)) == ("where?", "<answer>x</answer>", 2)
    talk.clear()
    assert talk.history() == ()
    assert talk.ask(9, Question("again?", (PIXELS,))).number == 1


def test_time_stands_still_after_the_end(talk: Conversation, clock: Clock) -> None:
    clock.now += 125
    talk.hear([Replied(request=7, reply=Reply(raw="x", answer="x"))])
    clock.now += 1000
    assert _words(talk) == "finished · 2 min 05 s"
    ended = replace(_now(talk), tokens=1)
    assert ended.tokens_per_second(clock.now) is None


def _whole(talk: Conversation, request: int, words: str) -> Exchange:
    talk.hear([Replied(request=request, reply=Reply(raw=words, answer=words, reasoning="so"))])
    return _now(talk)


def _answers(talk: Conversation, instead_of: Exchange | None = None) -> list[str]:
    return [turn.reply for turn in talk.history(instead_of)]


def test_a_question_asked_again_is_a_branch_and_both_are_kept(talk: Conversation) -> None:
    first = _whole(talk, 7, "one")
    talk.ask(8, Question("and?"))
    second = _whole(talk, 8, "two")
    assert _answers(talk) == ["one", "two"]
    assert _answers(talk, first) == []
    assert _answers(talk, second) == ["one"]
    again = talk.ask(9, Question("and?"), instead_of=second)
    assert (again.number, again.instead_of) == (3, 2)
    _whole(talk, 9, "three")
    assert [exchange.number for exchange in talk.exchanges] == [1, 2, 3]
    assert _answers(talk) == ["one", "three"]


def test_a_branch_that_failed_leaves_the_old_one_in_place(talk: Conversation) -> None:
    first = _whole(talk, 7, "one")
    talk.ask(8, Question("where?"), instead_of=first)
    talk.hear([Failed(request=8, kind="memory", message="full")])
    assert _answers(talk) == ["one"]


def test_a_removed_exchange_is_no_history_and_hears_nothing_more(talk: Conversation) -> None:
    _whole(talk, 7, "one")
    open_one = talk.ask(8, Question("and?"))
    talk.remove(open_one.number)
    assert not talk.busy
    assert talk.hear([Token(request=8, text="x", count=1)]) == ()
    talk.remove(1)
    assert talk.exchanges == ()
    assert talk.history() == ()
    assert talk.ask(9, Question("new?")).number == 3


def test_what_is_put_aside_is_left_out_until_it_is_taken_back(talk: Conversation) -> None:
    talk.hear([Replied(request=7, reply=Reply(raw="x", answer="x"))])
    other = talk.ask(8, Question("and?", (PIXELS,)))
    talk.put_aside(1)
    talk.put_aside(other.number)
    assert (talk.exchanges, talk.active, talk.busy, talk.history()) == ((), (), False, ())
    assert talk.hear([Token(request=8, text="<think>so", count=1)]) == ()
    assert [x.number for x in talk.aside] == [1, 2]
    now = talk.take_back(2)
    assert now is not None
    assert now.reasoning == "so"
    assert talk.busy
    talk.remove(1)
    assert talk.take_back(1) is None
    assert [x.number for x in talk.exchanges] == [2]

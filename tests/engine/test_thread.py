"""Asking through the model thread, alike for the process and the in-process engine."""

from __future__ import annotations

import time

import pytest
from engine_support import CHOICE, WAIT, MakeThread, answer, eventually, frame_pixels

from napari_medvlm.dialogue.events import (
    Event,
    Failed,
    Loaded,
    Loading,
    Prefill,
    Queued,
    Replied,
    Token,
    Unloaded,
)
from napari_medvlm.dialogue.question import Question, Turn
from napari_medvlm.engine import ModelChoice, ModelThread
from napari_medvlm.errors import EngineError
from napari_medvlm.imaging.frame import Frame

both = pytest.mark.parametrize("engine", ["process", "in-process"])
LONG = " ".join(str(i) for i in range(400))


def wait_for_tokens(thread: ModelThread, request: int, count: int) -> list[Event]:
    seen: list[Event] = []
    for event in thread.events(request, timeout=WAIT):
        seen.append(event)
        if sum(isinstance(e, Token) for e in seen) >= count:
            break
    return seen


@both
def test_events_come_in_order_and_the_model_is_kept(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("fast", engine)
    assert thread.state.status == "empty"
    first = answer(thread, "is it there")
    kinds = [type(event) for event in first]
    assert kinds == [Queued, *[Loading] * 3, Loaded, Prefill, *[Token] * 3, Replied]
    assert {event.request for event in first} == {1}
    assert isinstance(first[-1], Replied)
    assert first[-1].reply.raw == "is it there "
    assert thread.state.status == "ready"
    assert thread.state.choice == CHOICE
    assert eventually(lambda: thread.state.memory_bytes > 0)
    second = answer(thread, "again")
    assert [type(e) for e in second] == [Queued, Prefill, Token, Replied]
    assert {event.request for event in second} == {2}


@both
def test_another_choice_loads_another_model(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("fast", engine)
    answer(thread, "one")
    other = ModelChoice(path="other", dtype="bfloat16")
    loaded = next(e for e in answer(thread, "two", other) if isinstance(e, Loaded))
    assert (loaded.name, loaded.dtype) == ("other", "bfloat16")
    assert thread.state.choice == other


@both
def test_load_alone_ends_in_loaded(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("fast", engine)
    events = list(thread.events(thread.load(CHOICE), timeout=WAIT))
    assert isinstance(events[-1], Loaded)
    assert thread.state.status == "ready"
    again = list(thread.events(thread.load(CHOICE), timeout=WAIT))
    assert [type(e) for e in again] == [Queued, Loaded]


@both
def test_stop_takes_effect_within_two_tokens(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("slow", engine, grace_seconds=30.0)
    request = thread.ask(Question(text=LONG), CHOICE)
    waiting = thread.events(request, timeout=WAIT)
    seen = 0
    for event in waiting:
        seen += isinstance(event, Token)
        if seen == 3:
            thread.stop(request)
        if isinstance(event, Replied):
            break
    assert isinstance(event, Replied)
    assert event.reply.finish_reason == "stopped"
    assert 3 <= event.reply.new_tokens <= 8  # tokens on their way when Stop was pressed
    assert event.reply.new_tokens == seen
    pid = thread.state.pid
    assert isinstance(answer(thread, "next")[-1], Replied)
    assert thread.state.pid == pid  # nothing was restarted


@both
def test_questions_queue_and_a_waiting_one_can_be_taken_off(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("slow", engine)
    running = thread.ask(Question(text=LONG), CHOICE)
    second = thread.ask(Question(text="second"), CHOICE)
    third = thread.ask(Question(text="third"), CHOICE)
    wait_for_tokens(thread, running, 1)
    assert thread.state.queued == 2
    thread.stop(second)
    events = list(thread.events(second, timeout=WAIT))
    assert [type(e) for e in events] == [Queued, Replied]
    assert isinstance(events[0], Queued)
    assert events[0].ahead == 1
    assert isinstance(events[1], Replied)
    assert events[1].reply.finish_reason == "stopped"
    thread.stop()
    last = list(thread.events(third, timeout=WAIT))[-1]
    assert isinstance(last, Replied)
    assert last.reply.raw == "third "
    assert thread.state.queued == 0


@both
def test_a_hanging_model_is_given_up_and_the_next_question_works(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("hanging", engine, grace_seconds=0.3)
    request = thread.ask(Question(text="hang"), CHOICE)
    waiting = thread.events(request, timeout=WAIT)
    seen = []
    for event in waiting:
        seen.append(event)
        if sum(isinstance(e, Token) for e in seen) == 2:
            break
    begun = time.monotonic()
    thread.stop(request)
    last = list(waiting)[-1]
    assert time.monotonic() - begun < 0.3 + 5
    assert isinstance(last, Replied)
    assert (last.reply.raw, last.reply.finish_reason) == ("one two", "stopped")
    assert not last.reply.complete
    assert thread.state.status == "empty"
    reply = answer(thread, "speak")[-1]
    assert isinstance(reply, Replied)
    assert reply.reply.raw == "alive"


def test_a_model_that_talks_on_after_stop_is_ended(make_thread: MakeThread) -> None:
    thread = make_thread("babbling", grace_seconds=0.2)
    request = thread.ask(Question(text="?"), CHOICE)
    wait_for_tokens(thread, request, 3)
    thread.stop()
    assert eventually(lambda: thread.state.status == "empty")
    assert isinstance(thread.drain()[-1], Replied)


def test_nothing_comes_after_the_last_event_of_a_request(make_thread: MakeThread) -> None:
    thread = make_thread("babbling", "in-process", grace_seconds=0.1)
    first = thread.ask(Question(text="?"), CHOICE)
    wait_for_tokens(thread, first, 3)
    thread.stop(first)  # its thread babbles on, left behind
    second = thread.ask(Question(text="?"), CHOICE)
    wait_for_tokens(thread, second, 20)
    events = thread.drain()
    numbers = [event.request for event in events]
    ends = [i for i, event in enumerate(events) if isinstance(event, Replied)]
    assert len(ends) == 1
    assert events[ends[0]].request == first
    assert first not in numbers[ends[0] + 1 :]
    assert numbers[ends[0] + 1 :].count(second) >= 20


@both
def test_a_stopped_load_leaves_no_model(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("slow_to_load", engine, grace_seconds=30.0)
    request = thread.load(CHOICE)
    for event in thread.events(request, timeout=WAIT):
        if isinstance(event, Loading) and event.fraction:
            thread.stop(request)
    assert isinstance(event, Unloaded)
    assert thread.state.status == "empty"


@both
def test_frames_of_all_turns_and_the_volume_arrive_unchanged(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("echo", engine)
    frames = tuple(Frame.from_pixels(frame_pixels(seed)) for seed in (1, 2, 1))
    volume = frame_pixels(3).astype("float32")
    question = Question(
        text="which", frames=frames, volume=volume, history=(Turn("earlier", "reply", frames[:1]),)
    )
    reply = list(thread.events(thread.ask(question, CHOICE), timeout=WAIT))[-1]
    assert isinstance(reply, Replied)
    sent = [frame.digest for frame in (*frames, frames[0])]
    assert reply.reply.raw == f"{' '.join(sent)} {volume.shape} {float(volume.sum())}"
    assert len(reply.reply.masks) == 4
    for mask, frame in zip(reply.reply.masks, (*frames, frames[0]), strict=True):
        assert mask.pixels.dtype == bool
        assert (mask.pixels == (frame.pixels[..., 0] > 127)).all()


@both
@pytest.mark.parametrize(
    ("text", "kind", "words", "advice"),
    [
        ("?", "user", "Expected at least one frame", "Choose slices"),
        ("bug", "model", "KeyError: 'rotary", "log"),
        ("silent", "user", "without an answer", "Ask again"),
    ],
)
def test_an_error_of_the_model_is_one_failed_answer(
    make_thread: MakeThread, engine: str, text: str, kind: str, words: str, advice: str
) -> None:
    thread = make_thread("refusing", engine)
    failed = answer(thread, text)[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == kind
    assert words in failed.message
    assert advice in failed.advice
    assert "\n" not in failed.message
    assert "Traceback" not in failed.message
    assert thread.state.status == "ready"


@both
def test_a_checkpoint_that_cannot_be_opened_fails_the_question(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("incomplete", engine)
    failed = answer(thread, "?")[-1]
    assert isinstance(failed, Failed)
    assert (failed.kind, failed.advice) == ("user", "Download it again.")
    assert thread.state.status == "empty"


@both
def test_a_library_that_exits_costs_one_answer(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("falling", engine)
    failed = answer(thread, "leave")[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "crash"
    assert thread.state.status == "dead"
    assert isinstance(answer(thread, "?")[-1], Replied)


@both
def test_out_of_memory_costs_one_answer(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("no_room", engine)
    events = answer(thread, "host")
    failed = [event for event in events if isinstance(event, Failed)]
    assert [f.kind for f in failed] == ["memory"]
    assert "not enough memory to answer" in failed[0].message
    assert "fewer images" in failed[0].advice
    assert thread.state.status == "ready"


@both
def test_a_model_too_big_to_load_is_ended_and_a_smaller_one_loads(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("too_big", engine)
    failed = answer(thread, "?", ModelChoice("big"))[-1]
    assert isinstance(failed, Failed)
    assert failed.kind == "memory"
    assert "load the model" in failed.message
    assert (thread.state.status, thread.state.pid) == ("empty", None)
    assert isinstance(answer(thread, "?", ModelChoice("small"))[-1], Replied)


@both
def test_subscribers_hear_everything_until_they_leave(make_thread: MakeThread, engine: str) -> None:
    thread = make_thread("fast", engine)
    heard: list[Event] = []

    def deaf(event: Event) -> None:
        raise RuntimeError("a listener's mistake")

    thread.subscribe(deaf)
    leave = thread.subscribe(heard.append)
    events = answer(thread, "one two")
    assert heard == events == thread.drain()
    assert thread.drain() == []
    leave()
    answer(thread, "three")
    assert len(heard) == len(events)


def test_waiting_for_news_has_a_limit(make_thread: MakeThread) -> None:
    thread = make_thread("hanging", "in-process", grace_seconds=0.1)
    request = thread.ask(Question(text="hang"), CHOICE)
    with pytest.raises(TimeoutError, match=f"request {request}"):
        list(thread.events(request, timeout=0.3))
    with pytest.raises(ValueError, match="unknown"):
        thread.events(99)


@both
def test_close_ends_open_requests_and_refuses_new_ones(
    make_thread: MakeThread, engine: str
) -> None:
    thread = make_thread("slow", engine)
    running = thread.ask(Question(text=LONG), CHOICE)
    waiting = thread.ask(Question(text=LONG), CHOICE)
    wait_for_tokens(thread, running, 1)
    thread.close()
    thread.close()
    last = list(thread.events(waiting, timeout=WAIT))[-1]
    assert isinstance(last, Replied)
    assert last.reply.finish_reason == "stopped"
    assert thread.state.status == "empty"
    with pytest.raises(EngineError, match="closed"):
        thread.ask(Question(text="?"), CHOICE)


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="in-process"):
        ModelThread("thread")  # type: ignore[arg-type]


def test_why_there_is_no_model_stays_in_the_state_until_another_load(
    make_thread: MakeThread,
) -> None:
    thread = make_thread("incomplete")
    list(thread.events(thread.load(CHOICE), timeout=WAIT))
    assert thread.state.status == "empty"
    assert thread.state.problem == "No model.safetensors in model."
    assert thread.state.advice == "Download it again."
    thread = make_thread("falling")
    answer(thread, "exit")
    assert thread.state.status == "dead"
    assert "exit code 7" in thread.state.problem
    assert answer(thread, "fine")[-1].reply.raw == "alive"  # type: ignore[union-attr]
    assert (thread.state.status, thread.state.problem) == ("ready", "")

"""A real checkpoint asked through the process answers as it does in this one."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from engine_support import frame_pixels

from napari_medvlm.dialogue.events import Event, Failed, Loaded, Loading, Prefill, Replied, Token
from napari_medvlm.dialogue.question import Generation, Question, Turn
from napari_medvlm.dialogue.reply import Reply
from napari_medvlm.engine import ModelChoice, ModelThread
from napari_medvlm.imaging.frame import Frame

CHECKPOINT = Path(__file__).parent.parent / "oracles" / "chexone" / "checkpoint"
WAIT = 240.0


def reply_of(events: list[Event]) -> Reply:
    last = events[-1]
    assert isinstance(last, Replied), last
    return last.reply


def two_turns(engine: str) -> tuple[list[Event], list[Event]]:
    """The events of a question and of a second one about the same frames."""
    frames = tuple(Frame.from_pixels(frame_pixels(seed, 90, 70)) for seed in (1, 2))
    choice = ModelChoice(str(CHECKPOINT))
    settings = Generation(max_new_tokens=12)
    asked = partial(Question, mode="instruct", generation=settings)
    first = asked(text="Is there an effusion?", frames=frames)
    thread = ModelThread(engine)  # type: ignore[arg-type]
    try:
        events = list(thread.events(thread.ask(first, choice), timeout=WAIT))
        turn = Turn(first.text, reply_of(events).raw, frames)
        second = asked(text="On which side?", history=(turn,))
        return events, list(thread.events(thread.ask(second, choice), timeout=WAIT))
    finally:
        thread.close()


def test_the_process_answers_as_the_same_process_does() -> None:
    outside, inside = two_turns("process"), two_turns("in-process")
    for there, here in zip(outside, inside, strict=True):
        one, other = reply_of(there), reply_of(here)
        assert one.token_ids == other.token_ids
        assert len(one.token_ids) > 0
        assert (one.raw, one.answer) == (other.raw, other.answer)
        assert [type(e) for e in there] == [type(e) for e in here]
        said = "".join(e.text for e in there if isinstance(e, Token))
        assert said == one.raw
    loading = [e for e in outside[0] if isinstance(e, Loading)]
    assert loading[-1].fraction == 1.0
    assert any(isinstance(e, Loaded) and e.memory_bytes > 0 for e in outside[0])
    assert next(e for e in outside[1] if isinstance(e, Prefill)).reused > 0


def test_a_folder_that_is_no_checkpoint_is_the_users_mistake(tmp_path: Path) -> None:
    thread = ModelThread()
    try:
        request = thread.load(ModelChoice(str(tmp_path / "missing")))
        failed = list(thread.events(request, timeout=WAIT))[-1]
    finally:
        thread.close()
    assert isinstance(failed, Failed)
    assert failed.kind == "user"
    assert "missing" in failed.message

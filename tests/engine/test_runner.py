"""The model's side by itself: loading, keeping, forgetting."""

from __future__ import annotations

from pathlib import Path

import pytest
from engine_support import CHOICE

from napari_medvlm.dialogue.events import Event, Failed, Loaded, Loading, Replied
from napari_medvlm.dialogue.question import Question
from napari_medvlm.engine import ModelChoice
from napari_medvlm.engine.runner import Runner

pytestmark = pytest.mark.usefixtures("make_thread")  # puts the fakes on the path


def never() -> bool:
    return False


def runner_of(fake: str) -> tuple[Runner, list[Event]]:
    events: list[Event] = []
    return Runner(f"fake_models:{fake}", events.append), events


@pytest.mark.parametrize("text", ["host", "device"])
def test_what_was_kept_between_questions_is_dropped_when_memory_runs_out(text: str) -> None:
    runner, events = runner_of("no_room")
    runner.load(1, CHOICE, never)
    model = runner._model
    runner.ask(2, Question(text=text), CHOICE, never)
    assert isinstance(events[-1], Failed)
    assert events[-1].kind == "memory"
    assert model is not None
    assert model.forgotten == 1  # type: ignore[attr-defined]
    assert runner._model is model  # still loaded


def test_a_thousand_tensors_are_not_a_thousand_events() -> None:
    runner, events = runner_of("many_tensors")
    runner.load(1, CHOICE, never)
    fractions = [e.fraction for e in events if isinstance(e, Loading)]
    assert fractions[0] is None
    assert fractions[-1] == 1.0
    assert 90 <= len(fractions) <= 102


def test_the_device_is_the_one_the_model_went_to() -> None:
    runner, events = runner_of("placed")
    runner.load(1, CHOICE, never)
    assert isinstance(events[-1], Loaded)
    assert (events[-1].device, events[-1].dtype) == ("cuda:1", "bfloat16")
    assert events[-1].memory_bytes > 0


def test_a_stop_before_the_first_tensor_loads_nothing() -> None:
    runner, events = runner_of("fast")
    runner.ask(1, Question(text="?"), CHOICE, lambda: True)
    assert isinstance(events[-1], Replied)
    assert events[-1].reply.finish_reason == "stopped"
    assert runner._model is None


def test_a_closed_model_is_not_asked_again() -> None:
    runner, events = runner_of("fast")
    runner.ask(1, Question(text="one"), CHOICE, never)
    runner.unload()
    assert runner._model is None
    runner.ask(2, Question(text="two"), CHOICE, never)
    assert isinstance(events[-1], Replied)
    assert sum(isinstance(e, Loaded) for e in events) == 2


def test_files_that_were_replaced_are_loaded_anew(tmp_path: Path) -> None:
    runner, events = runner_of("fast")
    choice = ModelChoice(path=str(tmp_path), name="fake")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"first")
    runner.ask(1, Question(text="?"), choice, never)
    first = runner._model
    (tmp_path / "notes.md").write_text("seen", "utf-8")
    runner.ask(2, Question(text="?"), choice, never)
    assert runner._model is first
    weights.write_bytes(b"second one")
    runner.ask(3, Question(text="?"), choice, never)
    assert runner._model is not first
    assert isinstance(events[-1], Replied)


def test_an_answer_during_which_files_were_replaced_is_not_given_as_theirs(tmp_path: Path) -> None:
    choice = ModelChoice(path=str(tmp_path), name="fake")
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"first")
    events: list[Event] = []

    def replacing(event: Event) -> None:
        events.append(event)
        if isinstance(event, Loaded):
            weights.write_bytes(b"second one")

    Runner("fake_models:fast", replacing).ask(1, Question(text="?"), choice, never)
    assert isinstance(events[-1], Failed)
    assert "changed while it answered" in events[-1].message

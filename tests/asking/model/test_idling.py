from __future__ import annotations

from napari_medvlm.asking.model.idling import Idle
from napari_medvlm.engine import EngineState

READY, ANSWERING = EngineState("ready"), EngineState("answering")


def test_a_ready_model_is_unloaded_after_its_minutes_and_once() -> None:
    idle = Idle()
    assert not idle.look(READY, 100.0, 2)
    assert not idle.look(READY, 219.0, 2)
    assert idle.look(READY, 220.0, 2)
    assert not idle.look(READY, 221.0, 2)


def test_a_question_begins_the_time_anew() -> None:
    idle = Idle()
    assert not idle.look(READY, 0.0, 1)
    assert not idle.look(ANSWERING, 59.0, 1)
    assert not idle.look(READY, 70.0, 1)
    assert not idle.look(READY, 129.0, 1)
    assert idle.look(READY, 130.0, 1)


def test_zero_minutes_keep_it_for_ever_and_nothing_is_unloaded_twice() -> None:
    idle = Idle()
    assert not idle.look(READY, 0.0, 0)
    assert not idle.look(READY, 1e9, 0)
    assert not idle.look(EngineState("empty"), 2e9, 1)
    assert not idle.look(EngineState("empty"), 3e9, 1)

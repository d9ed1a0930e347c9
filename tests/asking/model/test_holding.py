"""Loading and unloading by hand: what is said of it."""

from __future__ import annotations

from napari_medvlm.asking import ModelOffer
from napari_medvlm.asking.model.holding import Holding, freed_words
from napari_medvlm.dialogue import Event, Failed, Loaded, Loading, Unloaded
from napari_medvlm.dialogue.question import Question
from napari_medvlm.engine import EngineState, ModelChoice
from napari_medvlm.models.catalog import PROFILES

CHOICE = ModelChoice("nowhere", "CheXOne", profile="chexone")
OFFER = ModelOffer("CheXOne", CHOICE, PROFILES["chexone"])


class _Thread:
    state = EngineState("loading", CHOICE)
    stopped: int | None = None

    def load(self, choice: ModelChoice) -> int:
        return 7

    def unload(self) -> int:
        return 8

    def stop(self, request: int | None = None) -> None:
        self.stopped = request

    def ask(self, question: Question, choice: ModelChoice) -> int:
        raise AssertionError

    def drain(self) -> list[Event]:
        return []

    def close(self) -> None:
        pass


def test_a_load_tells_how_far_it_is_and_where_it_ended() -> None:
    holding = Holding(_Thread())
    holding.load(OFFER)
    assert holding.words == "CheXOne is being loaded."
    holding.hear([Loading(request=7, stage="weights", fraction=0.432)])
    assert holding.loading == "weights 43 %"
    loaded = Loaded(request=7, device="cuda:1", dtype="int8", memory_bytes=4 * 10**9, seconds=3.21)
    holding.hear([loaded])
    assert holding.loading == ""
    assert holding.words == "CheXOne is loaded on the GPU 1 in int8 (4.0 GB, 3.2 s)."


def test_a_load_that_fails_or_is_stopped_says_so() -> None:
    thread = _Thread()
    holding = Holding(thread)
    holding.load(OFFER)
    holding.hear([Failed(request=7, message="No memory.", advice="Choose int8.")])
    assert holding.words == "No memory. Choose int8."
    holding.load(OFFER)
    holding.stop()
    assert thread.stopped == 7
    holding.hear([Unloaded(request=7)])
    assert "stopped" in holding.words


def test_events_of_questions_do_not_change_the_words() -> None:
    holding = Holding(_Thread())
    holding.hear([Failed(request=3, message="No."), Loaded(request=4)])
    assert holding.words == ""


def test_unloading_tells_what_was_freed() -> None:
    state = EngineState("ready", CHOICE, "cuda:0", "bfloat16", 7_100_000_000)
    assert freed_words(state) == "CheXOne is unloaded: 7.1 GB freed on the GPU 0."
    assert freed_words(EngineState()) == "No model was in memory."

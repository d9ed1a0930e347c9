"""How a model is loaded where nobody says: the toy on the CPU, others on a GPU if there is one."""

from __future__ import annotations

from pathlib import Path

from napari_medvlm.asking import known_models, model_offer

CHECKPOINT = Path(__file__).parents[2] / "oracles" / "chexone" / "checkpoint"


def test_the_toy_stays_where_its_figures_were_measured() -> None:
    choice = model_offer("demo").choice
    assert (choice.device, choice.dtype) == ("cpu", "float32")


def test_other_models_take_a_gpu_where_there_is_one() -> None:
    choice = model_offer(CHECKPOINT).choice
    assert (choice.device, choice.dtype) == ("auto", "auto")


def test_what_is_asked_for_is_kept() -> None:
    choice = model_offer("demo", device="cuda:1", dtype="bfloat16").choice
    assert (choice.device, choice.dtype) == ("cuda:1", "bfloat16")


def test_the_toy_is_always_at_hand_and_says_that_it_is_one() -> None:
    assert any("toy" in offer.label for offer in known_models())

from __future__ import annotations

from dataclasses import replace

from napari_medvlm.asking.ask.generating import differences, of_authors, remark
from napari_medvlm.dialogue import Generation
from napari_medvlm.models import PROFILES

DEMO, R1 = PROFILES["demo"], PROFILES["medvlm-r1"]


def test_the_authors_settings_are_greedy_within_their_bound() -> None:
    assert of_authors(DEMO) == Generation(max_new_tokens=512)
    assert of_authors(None) == Generation()
    assert remark(of_authors(DEMO), DEMO) == ""


def test_what_differs_is_told() -> None:
    own = Generation(64, temperature=0.7, top_p=0.9, repetition_penalty=1.1, seed=5)
    assert differences(own, DEMO) == (
        "at most 64 tokens (theirs: 512)",
        "temperature 0.7 (theirs: 0)",
        "top-p 0.9 (theirs: 1)",
        "seed 5",
        "repetition penalty 1.1 (theirs: as its files say)",
    )
    assert remark(own, DEMO).startswith("Other than its authors run it: at most 64 tokens")


def test_without_a_temperature_top_p_and_seed_change_nothing() -> None:
    assert differences(replace(of_authors(DEMO), top_p=0.5, seed=3), DEMO) == ()


def test_the_authors_own_penalty_written_out_is_no_difference() -> None:
    assert differences(replace(of_authors(R1), repetition_penalty=1.0), R1) == ()
    assert differences(replace(of_authors(R1), repetition_penalty=1.1), R1) == (
        "repetition penalty 1.1 (theirs: 1)",
    )

"""A question's words, to the letter."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Question, Region, Turn
from napari_medvlm.errors import QuestionError
from napari_medvlm.models import PROFILES
from napari_medvlm.models.qwen_vl.resize import PixelLimits
from napari_medvlm.models.qwen_vl.wording import user_text

ORACLES = Path(__file__).resolve().parents[2] / "oracles"
FRAME = np.zeros((100, 200, 3), dtype=np.uint8)


def recorded(model: str, case: str) -> str:
    """Words of the last user turn of a recorded case."""
    facts = json.loads((ORACLES / model / "cases" / case / "case.json").read_text("utf-8"))
    text: str = facts["messages"][-1]["content"][-1]["text"]
    return text


@pytest.mark.parametrize(
    ("case", "question"),
    [
        ("cxr_findings_instruct", {"text": "", "task": "findings", "mode": "instruct"}),
        ("cxr_findings_reasoning", {"text": "", "task": "findings"}),
        ("grounding_reasoning", {"text": "left pleural effusion", "task": "locate"}),
        (
            "vqa_two_views_reasoning",
            {
                "text": "What is the most likely diagnosis based on the chest X-ray images?",
                "choices": (
                    ("A", "Pneumonia"),
                    ("B", "Pulmonary edema"),
                    ("C", "Pneumothorax"),
                    ("D", "None of the above"),
                ),
            },
        ),
    ],
)
def test_chexone_words_are_the_recorded_ones(case: str, question: dict[str, Any]) -> None:
    assert user_text(Question(**question), PROFILES["chexone"]) == recorded("chexone", case)


def test_medvlm_r1_blanks_are_the_recorded_ones() -> None:
    text = "What can be observed in this image?"
    options = ("Chondral abnormality", "Bone density loss", "Synovial cyst formation")
    choices = tuple(zip("ABCD", (*options, "Ligament tear"), strict=True))
    wanted = recorded("medvlm_r1", "mc_single")
    profile = PROFILES["medvlm-r1"]
    assert user_text(Question(text, choices=choices), profile) == wanted
    # Options may stand in the words themselves.
    lines = "\n".join(f"{letter}) {option}" for letter, option in choices)
    assert user_text(Question(f"{text}\n{lines}"), profile) == wanted
    # Words that are the whole template already are left alone.
    assert user_text(Question(wanted), profile) == wanted


def test_medvlm_r1_asks_for_a_letter_only_where_there_are_options() -> None:
    profile = PROFILES["medvlm-r1"]
    reasoned = user_text(Question("Which plane?"), profile)
    assert "single-letter" not in reasoned
    assert reasoned.startswith("\n    Which plane? \n    Your task: \n    1. Think through")
    assert user_text(Question("Which plane?", mode="instruct"), profile) == "Which plane?"
    short = user_text(
        Question("Which?", mode="instruct", choices=(("A", "x"), ("B", "y"))), profile
    )
    assert short == (
        "\n    Which?\nA) x\nB) y \n"
        "    Your task: provide the correct single-letter choice (A, B, C, D,...).\n    "
    )


def test_doubled_braces_are_literal_and_words_may_hold_braces() -> None:
    text = user_text(Question("Is {text} or {0} shown?"), PROFILES["chexone"])
    assert text == (
        "Is {text} or {0} shown? Please reason step by step, "
        "and put your final answer within \\boxed{{}}."
    )
    assert user_text(Question(text), PROFILES["chexone"]) == text


def test_tasks_with_a_slot_and_without() -> None:
    profile = PROFILES["chexone"]
    question = Question("cough", task="findings_indication", mode="instruct")
    assert user_text(question, profile) == (
        'Given the indication: "cough", write a structured findings section for the CXR.'
    )
    with pytest.raises(QuestionError, match="no words"):
        user_text(Question("  ", task="locate"), profile)
    with pytest.raises(QuestionError, match="no words"):
        user_text(Question(""), profile)
    with pytest.raises(QuestionError, match="no task"):
        user_text(Question("x", task="paint"), profile)
    with pytest.raises(QuestionError, match="poem"):
        user_text(Question("x", mode="poem"), profile)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("demo", " Region: image 2 [100, 300, 500, 999]."),
        ("chexone", " Look at this region of image 2: <|box|>(10,30),(50,100)<|/box|>."),
        ("medvlm-r1", " Look at this region of image 2: (100,300),(500,1000)."),
        # 200 x 100 becomes 196 x 112.
        ("qwen2.5-vl", " Look at this region of image 2: [20, 34, 98, 112]."),
    ],
)
def test_a_region_is_written_in_the_models_own_numbers(profile: str, words: str) -> None:
    region = Region(1, (100.0, 30.0, 20.0, 100.0))
    question = Question("What is it?", (FRAME, FRAME), regions=(region,), mode="instruct")
    text = user_text(question, PROFILES[profile], PixelLimits())
    assert text == "What is it?" + words


def test_the_demo_reads_region_then_mode() -> None:
    question = Question("Is it a nodule?", (FRAME,), regions=(Region(0, (0, 0, 20, 10)),))
    assert user_text(question, PROFILES["demo"]) == (
        "Is it a nodule? Region: image 1 [0, 0, 100, 100]. Think first."
    )


def test_regions_count_the_pictures_of_earlier_turns_first() -> None:
    other = Question("", (np.ones((100, 200, 3), dtype=np.uint8),)).frames
    turn = Turn("What?", "That.", Question("", (FRAME, FRAME)).frames)
    spot = (Region(0, (0, 0, 20, 10), "spot"),)
    profile = PROFILES["chexone"]
    # Frames that were sent before keep their numbers; new ones are counted on.
    for frames, number in (((), 1), ((FRAME, FRAME), 1), (other, 3), ((FRAME,), 3)):
        question = Question("Here?", frames, regions=spot, history=(turn,), mode="instruct")
        assert f"image {number} (spot): " in user_text(question, profile)
    outside = Question("x", other, regions=(Region(1, (0, 0, 1, 1)),), history=(turn,))
    with pytest.raises(QuestionError, match="frame 2, the question has 1"):
        user_text(outside, profile)

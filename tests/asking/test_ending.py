from __future__ import annotations

from typing import Any

import pytest

from napari_medvlm.asking.ending import choice_words, finish_words
from napari_medvlm.dialogue import Question, Reply

OPTIONS = (("A", "effusion"), ("B", "pneumothorax"))


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ("finished",)),
        ({"finish_reason": "stopped", "complete": False}, ("stopped",)),
        ({"finish_reason": "length", "complete": False}, ("cut at the token limit",)),
        ({"complete": False}, ("finished", "the answer was never closed")),
        ({"conflict": True}, ("finished", "several final answers differ")),
        ({"reasoning": " "}, ("finished", "no reasoning was given")),
        ({"dropped_boxes": 2}, ("finished", "2 boxes unreadable")),
    ],
)
def test_how_an_answer_ended_is_said(facts: dict[str, Any], words: tuple[str, ...]) -> None:
    given = {"raw": "x", "answer": "x", "reasoning": "so"} | facts
    assert finish_words(Reply(**given), Question("where?")) == words


def test_an_instruct_answer_needs_no_reasoning() -> None:
    reply = Reply(raw="x", answer="x")
    assert finish_words(reply, Question("where?", mode="instruct")) == ("finished",)


def test_the_chosen_letter_comes_with_its_text() -> None:
    assert choice_words(Reply(raw="", choice="B", choices=("B",)), OPTIONS) == "B: pneumothorax"
    both = Reply(raw="", choices=("A", "B"))
    assert choice_words(both, OPTIONS) == "A: effusion; B: pneumothorax"
    assert choice_words(Reply(raw="", choice="B"), ()) == ""
    assert choice_words(Reply(raw=""), OPTIONS) == ""

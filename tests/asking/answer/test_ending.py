from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.asking.answer.ending import (
    choice_words,
    finish_words,
    is_bare_choice,
    outside_words,
    remarks,
)
from napari_medvlm.dialogue import Mask, ParseContext, Question, Reply, read_reply
from napari_medvlm.dialogue.question import Mode
from napari_medvlm.dialogue.reply import FinishReason

OPTIONS = (("A", "effusion"), ("B", "pneumothorax"))


@pytest.mark.parametrize(
    ("raw", "finish", "said"),
    [
        ("<think>so</think><answer>x</answer>", "stop", ()),
        ("<think>so</think><answer>x", "stopped", ()),
        ("<think>so", "stopped", ("Stopped before an answer began.",)),
        (
            "<think>so</think><answer>x",
            "length",
            ("Cut off at the limit of 9 new tokens: the answer is not whole.",),
        ),
        (
            "<think>so and",
            "length",
            ("Cut off at the limit of 9 new tokens, before an answer began.",),
        ),
        (
            "<think>so</think><answer>x</answer> and",
            "length",
            (
                "Cut off at the limit of 9 new tokens, behind the answer.",
                "It wrote words outside of its answer: they are shown below it.",
            ),
        ),
        (
            "<think>so</think><answer>x",
            "stop",
            ("The answer was never closed: it is shown up to where the text ends.",),
        ),
        (
            "<think>so<answer>x</answer>",
            "stop",
            ("The reasoning was never closed: it is taken to end where the answer begins.",),
        ),
        (
            "<think>so</think>",
            "stop",
            ("It ended without an answer: all that it wrote is reasoning.",),
        ),
        ("<answer>x</answer>", "stop", ("It answered without reasoning.",)),
        (
            "<think>so</think><answer>x</answer><answer>y</answer>",
            "stop",
            ("It gave 2 final answers that differ; the last is shown, all are “as written”.",),
        ),
        (
            "<think>so</think><answer>x</answer><answer>x</answer>",
            "stop",
            ("It gave the same final answer 2 times; it is shown once.",),
        ),
        (" ", "stop", ("The model wrote nothing.",)),
        ("", "stopped", ("The model wrote nothing before it was stopped.",)),
    ],
)
def test_what_is_unusual_about_an_answer_is_said(
    raw: str, finish: FinishReason, said: tuple[str, ...]
) -> None:
    question = Question("where?")
    read = read_reply(raw, ParseContext(mode="reasoning", finish_reason=finish), token_ids=[1] * 9)
    assert remarks(read, question) == said
    if read.reasoning == "so":
        assert "so" in raw  # what came is there to be read
        assert read.answer or read.partial_answer or "x" not in raw


def test_boxes_without_a_place_and_answers_without_an_option_are_said() -> None:
    asked = Question("which?", mode="instruct", choices=OPTIONS)
    assert remarks(Reply(raw="x", answer="x", dropped_boxes=2), asked) == (
        "The answer names none of the options.",
        "2 boxes of the answer could not be placed on an image that was sent.",
    )
    assert remarks(Reply(raw="B", answer="B", choice="B", choices=("B",)), asked) == ()


def test_masks_without_a_place_are_said() -> None:
    asked = Question("where?", (np.zeros((4, 6), np.uint8),), mode="instruct")
    masks = tuple(Mask("x", np.ones(shape, bool), at) for shape, at in (((4, 6), 0), ((4, 6), 1)))
    assert remarks(Reply(raw="x", answer="x", masks=masks[:1]), asked) == ()
    assert remarks(Reply(raw="x", answer="x", masks=masks), asked) == (
        "1 mask of the answer could not be placed on an image that was sent.",
    )


def test_an_instruct_answer_needs_no_reasoning() -> None:
    assert remarks(Reply(raw="x", answer="x"), Question("where?", mode="instruct")) == ()


def test_how_it_ended_is_a_word_or_two() -> None:
    assert finish_words(Reply(raw="x")) == "finished"
    assert finish_words(Reply(raw="x", finish_reason="length")) == "cut at the token limit"


@pytest.mark.parametrize(
    ("answer", "bare"), [("B", True), ("(b).", True), ("B: mass", False), ("", False)]
)
def test_a_bare_letter_is_told_from_words(answer: str, bare: bool) -> None:
    assert is_bare_choice(Reply(raw=answer, answer=answer, choice="B")) is bare


def test_the_chosen_letter_comes_with_its_text() -> None:
    assert choice_words(Reply(raw="", choice="B", choices=("B",)), OPTIONS) == "B: pneumothorax"
    both = Reply(raw="", choices=("A", "B"))
    assert choice_words(both, OPTIONS) == "A: effusion; B: pneumothorax"
    assert choice_words(Reply(raw="", choice="B"), ()) == ""
    assert choice_words(Reply(raw=""), OPTIONS) == ""


def test_words_outside_of_the_answer_are_said_and_shown() -> None:
    raw = "<think>so</think><answer>no nodule</answer> But a MASS of 5 cm."
    read = read_reply(raw, ParseContext(mode="reasoning"))
    assert outside_words(read) == "Outside of the answer:\n\nBut a MASS of 5 cm."
    assert any("outside of its answer" in said for said in remarks(read, Question("?")))
    assert outside_words(Reply(raw="x", answer="x")) == ""


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("A, B", "The answer names several options (A, B): none of them is taken as its choice."),
        ("A mass", "Which option the answer chooses could not be read: read it yourself."),
        ("no effusion", "Which option the answer chooses could not be read: read it yourself."),
        ("Neither", "The answer names none of the options."),
    ],
)
def test_no_option_is_guessed(answer: str, said: str) -> None:
    asked = Question("which?", mode="instruct", choices=OPTIONS)
    read = read_reply(answer, ParseContext.of(asked, family="chexone"))
    assert read.choice is None
    assert remarks(read, asked) == (said,)


def test_boxes_that_are_not_drawn_as_written_are_said() -> None:
    asked = Question("where?", (np.zeros((100, 100), np.uint8),), mode="instruct")
    raw = (
        "<|box|>(40,60),(120,180)<|/box|> <|box|>here<|/box|> <|box|>(50,60),(20,30)<|/box|> "
        "<|box|>(90,95),(104,100)<|/box|>"
    )
    read = read_reply(raw, ParseContext.of(asked, family="chexone"))
    misfit, unread, swapped, clipped = remarks(read, asked)
    assert misfit.startswith("1 box of the answer is not drawn: the numbers lie beyond the image")
    assert unread.startswith("1 box of the answer is not drawn: a form of writing")
    assert swapped == "1 box was written with corners the other way round, and put right."
    assert clipped == "1 box reaches beyond the image and is cut at its edge."


@pytest.mark.parametrize("mode", ["reasoning", "instruct"])
@pytest.mark.parametrize("finish", ["stop", "length", "stopped"])
def test_a_thought_that_the_prompt_opened_is_no_answer(mode: Mode, finish: FinishReason) -> None:
    asked = Question("?", mode=mode)
    context = ParseContext.of(
        asked, family="chexone", finish_reason=finish, prompt_ends_with_think=True
    )
    read = read_reply("The heart is enlarged, so I would say", context, token_ids=[1] * 9)
    assert read.reasoning
    assert not read.answer
    assert not read.partial_answer
    (said,) = remarks(read, asked)
    assert "answer" in said

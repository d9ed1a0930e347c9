"""Reasoning, answer and letters: what the table of cases does not cover."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.dialogue import ParseContext, parse
from napari_medvlm.dialogue.braces import find_boxed, peel
from napari_medvlm.dialogue.containers import split_containers
from napari_medvlm.dialogue.letters import chosen_letters

OPTIONS = {"A": "Left", "B": "Right", "C": "Both lungs.", "D": "None"}


def test_a_boxed_answer_inside_a_closed_think_block_does_not_count() -> None:
    parsed = parse(r"<think>\boxed{A}</think>\boxed{B}", ParseContext(choices=OPTIONS))
    assert (parsed.reasoning, parsed.choice, parsed.conflict) == (r"\boxed{A}", "B", False)


def test_words_before_the_think_tag_stay_in_the_reasoning() -> None:
    parsed = parse("Sure. <think>Clear.</think><answer>B</answer>", ParseContext())
    assert (parsed.reasoning, parsed.answer) == ("Sure.\n\nClear.", "B")


def test_text_after_a_closed_think_block_is_the_answer() -> None:
    stopped = parse("<think>x</think> The left.", ParseContext(mode="reasoning"))
    assert (stopped.reasoning, stopped.answer, stopped.complete) == ("x", "The left.", True)
    cut = parse("<think>x</think> The le", ParseContext(mode="reasoning", finish_reason="length"))
    assert (cut.answer, cut.partial_answer, cut.complete) == (None, "The le", False)


def test_an_open_container_after_a_complete_one_is_ignored() -> None:
    parsed = parse("<answer>A</answer><answer>B", ParseContext(choices=OPTIONS))
    assert (parsed.answer, parsed.complete, parsed.conflict) == ("A", True, False)


def test_an_answer_stopped_by_the_user_is_partial() -> None:
    parsed = parse("<think>x</think><answer>The l", ParseContext(finish_reason="stopped"))
    assert (parsed.answer, parsed.partial_answer) == (None, "The l")


def test_two_spellings_of_one_option_are_no_conflict() -> None:
    context = ParseContext(choices=OPTIONS)
    assert not parse(r"\boxed{A} so \boxed{(A) Left}", context).conflict
    assert parse(r"\boxed{A} so \boxed{(B) Right}", context).conflict


def test_nothing_at_all_is_an_incomplete_answer() -> None:
    parsed = parse("  \n", ParseContext())
    assert (parsed.reasoning, parsed.answer, parsed.complete) == (None, None, False)


@pytest.mark.parametrize(
    "before",
    [
        "Clear.\n\n### Final Answer\n\n\\[\n",
        "Clear. $",
        "Clear. \\(",
        "Clear.\nThe final answer:\n$$",
    ],
)
def test_delimiters_and_header_before_a_box_are_not_reasoning(before: str) -> None:
    assert parse(before + r"\boxed{B}", ParseContext()).reasoning == "Clear."


def test_final_answer_inside_a_sentence_stays() -> None:
    text = "Not my final answer \\boxed{B}"
    assert parse(text, ParseContext()).reasoning == "Not my final answer"


@pytest.mark.parametrize(
    ("written", "peeled"),
    [
        ("{{B}}", "B"),
        ("{a} {b}", "{a} {b}"),
        (r"\boxed{B}", "B"),
        ("{B", "B"),
        (r"\{B\}", r"\{B\}"),
    ],
)
def test_only_braces_around_the_whole_are_peeled(written: str, peeled: str) -> None:
    assert peel(written) == peeled


def test_an_open_box_keeps_the_closed_one_inside() -> None:
    found = find_boxed(r"\boxed{a \boxed{b} c")
    assert [(item.inner, item.closed) for item in found] == [
        (r"a \boxed{b} c", False),
        ("b", True),
    ]


@pytest.mark.parametrize(
    ("answer", "letters"),
    [
        ("b", ("B",)),
        ("(b)", ("B",)),
        ("both lungs", ("C",)),
        ("A and C", ("A", "C")),
        ("A, B and C", ("A", "B", "C")),
        ("It is B. Not more", ("B",)),
        (r"\textbf{\text{D}}", ("D",)),
        ("B。", ("B",)),
        ("（B）", ("B",)),
        ("Ｂ", ("B",)),
        ("**B**", ("B",)),
        ("**B) pneumothorax**", ("B",)),
        ("[B]", ("B",)),
        ("“B”", ("B",)),
        ("`B`:", ("B",)),
        ("The answer is B", ("B",)),
        ("the correct answer is: b", ("B",)),
        ("**Answer:** (B)", ("B",)),
        ("The answer is B because the lung is down", ("B",)),
        ("I choose B.", ("B",)),
        ("B is correct", ("B",)),
        ("答案是B", ("B",)),
        ("故选 B。", ("B",)),
        ("B - seen at once", ("B",)),
        ("b) and nothing else", ("B",)),
        ("B\n\nThe lung is down.", ("B",)),
        ("The answers are B and D", ("B", "D")),
        ("Options A and B", ("A", "B")),
        # What may mean the contrary, or be a word, is not read.
        ("not (B)", ()),
        ("It is not B.", ()),
        ("The answer is not B but D", ()),
        ("B) is wrong, D) is right", ()),
        ("Option A is ruled out", ()),
        ("the option a radiologist takes", ()),
        ("The answer is A mass", ()),
        ("A mass is visible", ()),
        ("E", ()),
        ("A nodule", ()),
        ("vitamin K.", ()),
    ],
)
def test_letters_are_read_as_options(answer: str, letters: tuple[str, ...]) -> None:
    assert chosen_letters(answer, OPTIONS) == letters


def test_without_known_options_only_a_bare_letter_is_a_choice() -> None:
    assert chosen_letters("B.", {}) == ("B",)
    assert chosen_letters("A. No effusion. B. Clear.", {}) == ()
    assert chosen_letters(None, OPTIONS) == ()


def test_a_letter_with_the_words_of_another_option_is_two_choices() -> None:
    options = {"A": "yes", "B": "no"}
    assert chosen_letters("B) yes", options) == ("B", "A")
    assert chosen_letters("B) no", options) == ("B",)
    assert chosen_letters("B no", options) == ("B",)


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("<think>a</think><answer>no</answer> But a MASS.", "But a MASS."),
        ("<think>a</think>Image 3 shows a MASS.<answer>no</answer>", "Image 3 shows a MASS."),
        ("<think>a</think><answer>x</answer> or <answer>y</answer>!", "or"),
        ("<think>a<think>b</think>MASS</think><answer>no</answer>", "MASS"),
        ("<think>a</think>\\boxed{B} and a MASS", "and a MASS"),
        ("<think>a</think>A MASS.<answer>no", "A MASS."),
        # Nothing but blanks, stops, fences, delimiters and headers.
        ("<think>a</think>\n\n<answer>no</answer>\n", None),
        ("<think>a</think>\n```text\n<answer>no</answer>\n```\n.", None),
        ("<think>a</think>**Final Answer:**\n<answer>no</answer>", None),
        ("Clear.\n$$\\boxed{B}$$", None),
        ("<answer>no</answer></answer>", None),
        ("A plain report.", None),
    ],
)
def test_no_words_of_a_text_are_lost(text: str, outside: str | None) -> None:
    parts = split_containers(text, ParseContext(mode="reasoning"))
    assert parts.outside == outside


TAGS = ("<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}")


@given(
    st.lists(st.sampled_from((*TAGS, " w1 ", " w2 ", " w3 ")), max_size=12),
    st.sampled_from(("stop", "length", "stopped")),
    st.booleans(),
)
def test_every_word_is_shown_somewhere(pieces: list[str], finish: Any, opened: bool) -> None:
    text = "".join(pieces)
    context = ParseContext(mode="reasoning", finish_reason=finish, prompt_ends_with_think=opened)
    parts = split_containers(text, context)
    said = (parts.reasoning, parts.answer, parts.partial_answer, parts.outside, *parts.finals)
    shown = " ".join(part or "" for part in said)
    for word in ("w1", "w2", "w3"):
        assert (word in text) == (word in shown), (text, parts)

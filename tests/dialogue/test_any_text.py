"""A model's text may be anything: never an exception, never a long wait."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from napari_medvlm.dialogue import ParseContext, PartSplitter, read_reply
from napari_medvlm.dialogue.context import FramePlace
from napari_medvlm.dialogue.reply import FinishReason

SHARDS = st.sampled_from(
    [
        *("<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "\\text{", "{", "}", "\\{"),
        *("<|ref|>", "<|/ref|>", "<|box|>", "<|/box|>", "<box>", "</box>", "<|box_start|>"),
        *("(1,2),(3,4)", "[[1, 2, 3, 4]]", '{"bbox_2d": [1, 2, 3, 4]', ', "image": 2}', '"', "\\"),
        *("image 3", "images 1, 2 and", " 4 s", "at ", "A)", "B", ". ", "\n", "$$", "9" * 12),
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(SHARDS, max_size=30).map("".join))
FAMILIES = ("medvlm_r1", "chexone", "qwen2_5_vl", "qwen2_vl", "internvl", "demo", "")


def context(family: str, finish: FinishReason = "stop", think: bool = False) -> ParseContext:
    return ParseContext(
        family=family,
        mode="reasoning",
        finish_reason=finish,
        choices={"A": "left", "B": "right"},
        image_size_wh=((100, 80), (30, 40), (1, 1)),
        resized_size_wh=((56, 56), (28, 28)),
        prompt_ends_with_think=think,
        places=(FramePlace(0, 0.0, "s"), FramePlace(3, 1.5, "s"), FramePlace(9, None)),
    )


@given(
    TEXTS,
    st.sampled_from(FAMILIES),
    st.sampled_from(("stop", "length", "stopped")),
    st.booleans(),
)
@example("\\boxed{" + "{" * 50, "chexone", "stop", False)
def test_any_text_is_read(text: str, family: str, finish: FinishReason, think: bool) -> None:
    reply = read_reply(text, context(family, finish, think))
    for box in reply.boxes:
        width, height = context(family).image_size_wh[box.frame]
        assert 0 <= box.box[0] < box.box[2] <= width
        assert 0 <= box.box[1] < box.box[3] <= height
    for reference in reply.references:
        field = reply.answer if reference.field == "answer" else reply.reasoning
        assert 0 <= reference.start < reference.stop <= len(field)


UNITS = (
    *("{", "}", "{}", "\\", "\\{", '"', '"\\', "(", "[", "<", "$", " ", "\n", "#", "9"),
    *("<think>", "</think>", "<answer>", "</answer>", "<answer>a</answer>", "<think></think>"),
    *("\\boxed{", "\\boxed{a}", "\\text{", "\\text{a}", "Final Answer\n", "the final answer "),
    *("<|ref|>", "<|box|>", "<|/box|>", "<|ref|>a<|/ref|>", "<box>", "<|box|>(1,2),(3,4)"),
    *(
        "(1,2),(3,4)",
        "(1,2),(",
        "[1,2,3,4]",
        '"bbox_2d"',
        '{"bbox_2d"',
        '"bbox_2d"}',
        '{"bbox_2d":[',
    ),
    *('{"bbox_2d":[1,2,3,4]}', "image 3", "image 3,", "images 1, 2 and ", "at 4 s", "A, ", "(A)"),
)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("lead", ["", "<answer>\\boxed{"])
def test_a_long_hostile_text_is_read_in_linear_time(unit: str, lead: str) -> None:
    text = lead + unit * (60_000 // len(unit))
    started = time.process_time()
    read_reply(text, context("qwen2_vl"))
    # Linear time is a fraction of a second; a quadratic search takes minutes.
    assert time.process_time() - started < 5


def test_a_long_mixture_is_read_quickly_by_every_family() -> None:
    mixture = "".join(UNITS)
    text = mixture * (200_000 // len(mixture))
    started = time.process_time()
    for family in FAMILIES:
        read_reply(text, context(family))
    assert time.process_time() - started < 20


CASE_TEXTS = st.sampled_from(
    [
        "<think>Clear lungs, image 2.</think>\n\n<answer>B) right</answer>",
        "The heart is normal.\n\n$$\n\\boxed{C}\n$$",
        "<THINK>x</THINK><Answer>b</Answer> trailing",
        "Plain report. No effusion. <",
        "<think>never closed <answer>A",
        'closed by the prompt</think><answer>{"bbox_2d": [1, 2, 3, 4]}</answer>',
        "First \\boxed{A} then \\boxed{B",
    ]
)


@given(
    st.one_of(CASE_TEXTS, TEXTS),
    st.lists(st.integers(0, 60), max_size=12),
    st.sampled_from(("stop", "length")),
)
def test_any_cutting_of_a_stream_ends_as_the_parser_reads_it(
    text: str, cuts: list[int], finish: FinishReason
) -> None:
    given_context = context("demo", finish)
    splitter = PartSplitter(given_context)
    shown = {"reasoning": "", "answer": ""}
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    pieces = []
    for start, stop in itertools.pairwise(edges):
        pieces += splitter.feed(text[start:stop])
    pieces += splitter.finish(finish)
    for piece in pieces:
        shown[piece.part] = piece.text if piece.restart else shown[piece.part] + piece.text
    reply = read_reply(text, given_context)
    assert splitter.raw == text
    assert shown["reasoning"] == splitter.reasoning == reply.reasoning
    assert shown["answer"] == splitter.answer == (reply.answer or reply.partial_answer or "")

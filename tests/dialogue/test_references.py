"""Words that name one of the images sent."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.dialogue import FramePlace, ParseContext, Question, find_references, read_reply
from napari_medvlm.imaging.frame import Frame

SLICES = tuple(FramePlace(index=i, position=2.5 * i, unit="mm") for i in (12, 24, 36, 48))
CLIP = tuple(FramePlace(index=10 * i, position=0.5 * i, unit="s") for i in range(6))


def named(text: str, places: tuple[FramePlace, ...]) -> list[tuple[str, int]]:
    return [(text[r.start : r.stop], r.frame) for r in find_references(text, places)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seen on image 3.", [("image 3", 2)]),
        ("Seen on images 2 and 4.", [("images 2", 1), ("4", 3)]),
        ("Images 1, 2, and 3 are clear", [("Images 1", 0), ("2", 1), ("3", 2)]),
        ("images 2-4", [("images 2", 1), ("4", 3)]),
        ("Image #4:", [("Image #4", 3)]),
        ("the third image, then the last slice", [("third image", 2), ("last slice", 3)]),
        ("the 2nd image", [("2nd image", 1)]),
        ("slice 36", [("slice 36", 2)]),
        ("slice 2", [("slice 2", 1)]),
        ("image 5 and image 0", []),
        ("slice 40", []),
        ("imagery 3; 3 images; image 3.5", []),
        ("image 3, 4 mm wide", [("image 3", 2)]),
    ],
)
def test_mentions_are_resolved_against_the_frames_sent(
    text: str, expected: list[tuple[str, int]]
) -> None:
    assert named(text, SLICES) == expected


def test_a_number_with_two_readings_is_left_alone() -> None:
    places = tuple(FramePlace(index=i) for i in (2, 3, 4))
    assert named("slice 2", places) == []
    assert named("image 2", places) == [("image 2", 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("at 1 s", [("at 1 s", 2)]),
        ("at 1.1 seconds", [("at 1.1 seconds", 2)]),
        ("at 9 s", []),
        ("frame 50", [("frame 50", 5)]),
        ("frame 6", [("frame 6", 5)]),
    ],
)
def test_times_and_frame_numbers_of_a_clip(text: str, expected: list[tuple[str, int]]) -> None:
    assert named(text, CLIP) == expected


def test_a_time_means_nothing_among_slices() -> None:
    assert named("at 30 s", SLICES) == []


def test_a_reply_carries_references_of_both_fields() -> None:
    frame = Frame.from_pixels(np.zeros((20, 10), np.uint8), index=7)
    question = Question(text="Where?", frames=(frame, frame))
    context = ParseContext.of(question, family="demo")
    raw = (
        "<think>Image 2 shows it.</think>\n"
        '<answer>On image 1: {"image": 1, "bbox_2d": [0, 0, 500, 500]}</answer>'
    )
    reply = read_reply(raw, context, token_ids=[3, 4])
    assert [(r.field, r.start, r.stop, r.frame) for r in reply.references] == [
        ("reasoning", 0, 7, 1),
        ("answer", 3, 10, 0),
    ]
    assert [box.box for box in reply.boxes] == [(0, 0, 5, 10)]
    assert (reply.raw, reply.new_tokens, reply.token_ids) == (raw, 2, (3, 4))

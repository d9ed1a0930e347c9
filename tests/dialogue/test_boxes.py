"""Boxes between the systems that models write and the pixels of a frame."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.dialogue import ParseContext, parse, to_frame, to_system
from napari_medvlm.dialogue.boxes import iou
from napari_medvlm.dialogue.reply import BoxSystem

SIZES = st.tuples(st.integers(1, 4000), st.integers(1, 4000))
UNIT = st.floats(0, 1, allow_nan=False)
SYSTEMS: st.SearchStrategy[BoxSystem] = st.sampled_from(("percent_100", "norm_1000", "abs_resized"))
TWO_FRAMES = ((100, 50), (200, 400))


@given(SYSTEMS, SIZES, SIZES, UNIT, UNIT, UNIT, UNIT)
def test_a_box_survives_the_way_into_a_system_and_back(
    system: BoxSystem,
    frame: tuple[int, int],
    resized: tuple[int, int],
    x0: float,
    y0: float,
    x1: float,
    y1: float,
) -> None:
    width, height = frame
    xs, ys = sorted((x0 * width, x1 * width)), sorted((y0 * height, y1 * height))
    box = (xs[0], ys[0], xs[1], ys[1])
    placed = to_frame(to_system(box, system, frame, resized), system, frame, resized)
    if min(xs[1] - xs[0], ys[1] - ys[0]) < 1e-6:
        assert placed is None or np.allclose(placed.box, box, atol=1e-6)
        return
    assert placed is not None
    np.testing.assert_allclose(placed.box, box, atol=1e-8)
    assert not placed.clipped
    assert not placed.reordered


@given(st.lists(st.floats(-1e6, 1e6), min_size=4, max_size=4), SIZES)
def test_a_placed_box_lies_on_its_frame_with_area(raw: list[float], frame: tuple[int, int]) -> None:
    placed = to_frame((raw[0], raw[1], raw[2], raw[3]), "norm_1000", frame)
    if placed is not None:
        x0, y0, x1, y1 = placed.box
        assert 0 <= x0 < x1 <= frame[0]
        assert 0 <= y0 < y1 <= frame[1]


def test_the_resized_system_needs_its_size() -> None:
    with pytest.raises(ValueError, match="resized"):
        to_frame((0, 0, 1, 1), "abs_resized", (10, 10))
    with pytest.raises(ValueError, match="resized"):
        to_system((0, 0, 1, 1), "abs_resized", (10, 10))


def test_an_unknown_system_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'yards'"):
        to_frame((0, 0, 1, 1), "yards", (10, 10))  # type: ignore[arg-type]


def demo(text: str, sizes: tuple[tuple[int, int], ...] = TWO_FRAMES) -> ParseContext:
    return ParseContext(family="demo", image_size_wh=sizes)


@pytest.mark.parametrize(("image", "frame"), [("1", 0), ("2", 1), ('"2"', 1)])
def test_the_json_key_image_chooses_the_frame(image: str, frame: int) -> None:
    text = f'{{"image": {image}, "bbox_2d": [100, 200, 300, 400], "label": "nodule"}}'
    parsed = parse(text, demo(text))
    width, height = TWO_FRAMES[frame]
    assert [(box.frame, box.box, box.label, box.system) for box in parsed.boxes] == [
        (frame, (0.1 * width, 0.2 * height, 0.3 * width, 0.4 * height), "nodule", "norm_1000")
    ]


@pytest.mark.parametrize("image", ["0", "3", "1.5", "-1", "true", "[1]", '"two"', "1e400"])
def test_a_box_on_an_image_that_was_not_sent_is_counted_as_dropped(image: str) -> None:
    text = f'{{"bbox_2d": [100, 200, 300, 400], "image": {image}}}'
    parsed = parse(text, demo(text))
    assert (parsed.boxes, parsed.dropped_boxes) == ((), 1)


@pytest.mark.parametrize(
    ("before", "frame"),
    [("On image 2: ", 1), ("On images 1 and 2: ", 0), ("Not on image 7: ", 0), ("", 0)],
)
def test_the_words_before_a_box_choose_its_frame_if_they_name_one(before: str, frame: int) -> None:
    text = before + "<|ref|>nodule<|/ref|><|box|>(10,10),(20,20)<|/box|>"
    parsed = parse(text, ParseContext(family="chexone", image_size_wh=TWO_FRAMES))
    assert [box.frame for box in parsed.boxes] == [frame]


def test_a_second_box_of_one_label_stays_on_its_image() -> None:
    text = "Image 2: <ref>cyst</ref><box>[[0, 0, 9, 9], [50, 50, 60, 60]]</box>"
    parsed = parse(text, ParseContext(family="internvl", image_size_wh=TWO_FRAMES))
    assert [(box.frame, box.label) for box in parsed.boxes] == [(1, "cyst"), (1, "cyst")]


def test_the_catalog_can_choose_another_system_for_the_native_markup_only() -> None:
    context = ParseContext(
        family="chexone",
        image_size_wh=((1000, 500),),
        resized_size_wh=((100, 50),),
        box_system="norm_1000",
    )
    native = parse("<|box|>(100,100),(200,200)<|/box|>", context)
    foreign = parse('{"bbox_2d": [10, 10, 20, 20]}', context)
    assert [box.box for box in native.boxes] == [(100, 50, 200, 100)]
    assert [box.system for box in foreign.boxes] == ["abs_resized"]


def test_json_that_is_not_quite_json_is_read() -> None:
    text = "{'bbox_2d': [100, 200, 300, 400], 'label': 'mass',}"
    assert [box.label for box in parse(text, demo(text)).boxes] == ["mass"]


def test_boxes_of_the_reasoning_are_not_the_answers() -> None:
    text = '<think>{"bbox_2d": [1, 2, 3, 4]}</think><answer>none</answer>'
    assert parse(text, demo(text)).boxes == ()


def test_without_the_needed_sizes_there_are_no_boxes() -> None:
    text = '{"bbox_2d": [1, 2, 3, 4]}'
    for context in (
        ParseContext(family="qwen2_5_vl"),
        ParseContext(family="qwen2_5_vl", image_size_wh=((10, 10),)),
    ):
        parsed = parse(text, context)
        assert (parsed.boxes, parsed.dropped_boxes) == ((), 0)


def test_iou_is_intersection_over_union() -> None:
    assert iou((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert iou((0, 0, 2, 2), (2, 0, 3, 2)) == 0
    assert iou((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert iou((2, 2, 0, 0), (0, 0, 2, 2)) == 0


@pytest.mark.parametrize(
    ("family", "text", "placed"),
    [
        ("chexone", "<|box|>(12, 60, 18, 87)<|/box|>", [(12, 60, 18, 87)]),
        ("chexone", "<|box|>12 60 18 87<|/box|>", [(12, 60, 18, 87)]),
        ("chexone", "<|box|>((12,60),(18,87))<|/box|>", [(12, 60, 18, 87)]),
        ("chexone", '<|box|>["12", "60", "18", "87"]<|/box|>', [(12, 60, 18, 87)]),
        ("chexone", "<|box|>(1.5,2),(3.5,4.25)<|/box|>", [(1.5, 2, 3.5, 4.25)]),
        (
            "internvl",
            "<box>[[10, 20, 40, 60], [50, 50, 90, 90]]</box>",
            [(10, 20, 40, 60), (50, 50, 90, 90)],
        ),
        ("internvl", "<box>[[10, 20], [40, 60]]</box>", [(10, 20, 40, 60)]),
        ("demo", '{"bbox_2d": ["1", "2", "30", "40"]}', [(1, 2, 30, 40)]),
        ("demo", '{"bbox_2d": [[1, 2], [30, 40]]}', [(1, 2, 30, 40)]),
    ],
)
def test_a_box_is_read_in_whatever_brackets(
    family: str, text: str, placed: list[tuple[float, ...]]
) -> None:
    parsed = parse(text, ParseContext(family=family, image_size_wh=((100, 100),)))
    assert [box.raw for box in parsed.boxes] == placed
    assert parsed.unread_boxes == parsed.dropped_boxes == parsed.misfit_boxes == 0


@pytest.mark.parametrize(
    ("family", "text"),
    [
        ("chexone", "<|box|>(40,60),(120,180)<|/box|>"),
        ("chexone", "<|box|>(0.1,0.2),(0.4,0.5)<|/box|>"),
        ("demo", '{"bbox_2d": [0, 0, 1, 1]}'),
        ("internvl", "<box>[[100, 200, 1300, 1400]]</box>"),
        ("internvl", "<box>[[0.25, 0.25, 0.5, 0.75]]</box>"),
        ("qwen2_5_vl", '{"bbox_2d": [100, 200, 900, 950]}'),
        ("chexone", "<|box|>(-40,6),(12,18)<|/box|>"),
    ],
)
def test_numbers_that_rule_out_their_system_are_nowhere_drawn(family: str, text: str) -> None:
    context = ParseContext(
        family=family, image_size_wh=((100, 100),), resized_size_wh=((112, 112),)
    )
    parsed = parse(text, context)
    assert (parsed.boxes, parsed.misfit_boxes) == ((), 1)


@pytest.mark.parametrize(
    ("text", "unread"),
    [
        ("<|box|>left of the heart<|/box|>", 1),
        ("<|box|>(12,60),(18,87<|/box|> <|box|>(1,2),(3,4)<|/box|>", 0),
        ("<|box|>(12,60),(18)<|/box|> <|box|>(1,2),(3,4)<|/box|>", 1),
        ('{"bbox_2d": {"x": 1, "y": 2}}', 1),
        ('{"bbox_2d": [1, 2, 3]}', 1),
        ('{"bbox_2d": []}', 0),
        ('{"bbox_2d": null}', 0),
        ('{"box_2d": [10, 20, 30, 40]}', 1),
        ('{"bbox": [10, 20, 30, 40]}', 1),
        ("The nodule is at [12, 60, 18, 87].", 1),
        ("The nodule is at (12,60),(18,87).", 1),
        ("It measures (12) by (14).", 0),
    ],
)
def test_a_box_that_cannot_be_read_is_counted(text: str, unread: int) -> None:
    parsed = parse(text, ParseContext(family="chexone", image_size_wh=((100, 100),)))
    assert parsed.unread_boxes == unread


def test_a_box_that_a_cut_left_open_is_not_counted() -> None:
    context = ParseContext(
        family="chexone", image_size_wh=((100, 100),), finish_reason="length", mode="instruct"
    )
    parsed = parse("<|box|>(1,2),(3,4)<|/box|> and <|box|>(12,", context)
    assert (len(parsed.boxes), parsed.unread_boxes) == (1, 0)

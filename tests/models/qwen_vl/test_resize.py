"""Sizes of images before the model, against the recorded table and the rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.errors import QuestionError
from napari_medvlm.models.qwen_vl.resize import (
    FACTOR,
    PixelLimits,
    first_size,
    frame_size,
    image_size,
    smart_resize,
    tokens,
)

TABLE = Path(__file__).resolve().parents[2] / "oracles" / "chexone" / "smart_resize_cases.json"
ROWS = json.loads(TABLE.read_text(encoding="utf-8"))["rows"]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: "x".join(map(str, r["original_wh"])))
def test_both_resizes_match_the_table(row: dict[str, Any]) -> None:
    width, height = row["original_wh"]
    limits = PixelLimits(row["processor_min_pixels"], row["processor_max_pixels"])
    first = first_size((height, width), {})
    assert list(first[::-1]) == row["after_process_vision_info_wh"]
    final = image_size((height, width), limits)
    assert list(final[::-1]) == row["model_input_wh"]
    assert [1, final[0] // 14, final[1] // 14] == row["grid_thw"]
    assert tokens(final) == row["image_tokens"]


def test_halves_go_to_the_even_multiple() -> None:
    # 70 / 28 = 2.5 and 98 / 28 = 3.5: to 2 and 4, as Python rounds.
    assert smart_resize(70, 98, min_pixels=1, max_pixels=10**9) == (56, 112)


@given(st.integers(1, 4000), st.integers(1, 4000))
def test_sides_are_multiples_and_the_area_is_bounded(height: int, width: int) -> None:
    low, high = 3136, 262144
    if max(height, width) / min(height, width) > 20:
        return
    tall, wide = smart_resize(height, width, min_pixels=low, max_pixels=high)
    assert tall % FACTOR == 0
    assert wide % FACTOR == 0
    assert tall * wide <= high
    assert tall * wide >= low or tall * wide >= high - FACTOR * max(tall, wide)


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (1, 201), (4000, 19)])
def test_no_pixels_or_a_thread_of_them_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(QuestionError):
        smart_resize(*size, min_pixels=1, max_pixels=10**9)


def test_own_keys_of_an_image_act_on_the_first_resize() -> None:
    assert first_size((500, 500), {"resized_height": 100, "resized_width": 60}) == (112, 56)
    assert first_size((500, 500), {"max_pixels": 28 * 28 * 9}) == (84, 84)
    assert first_size((20, 20), {"min_pixels": 28 * 28 * 9}) == (84, 84)


def test_frames_of_a_list_go_to_multiples_of_56_first() -> None:
    assert first_size((98, 98), {}, 56) == (112, 112)
    # 7 frames count as 8; 112 x 112 is within the given bounds and stays.
    keys = {"min_pixels": 3136, "max_pixels": 18816}
    assert frame_size((120, 100), 7, PixelLimits(3136, 12845056), keys) == (112, 112)


def test_limits_come_from_the_old_and_the_new_form() -> None:
    old = PixelLimits.of({"min_pixels": 10, "max_pixels": 20})
    new = PixelLimits.of({"size": {"shortest_edge": 10, "longest_edge": 20}})
    resaved = PixelLimits.of({"min_pixels": None, "size": {"shortest_edge": 10}, "max_pixels": 20})
    assert old == new == resaved == PixelLimits(10, 20)
    assert PixelLimits.of({}) == PixelLimits()

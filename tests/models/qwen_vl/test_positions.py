"""Positions of tokens, beyond what the recorded cases cover."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.models.qwen_vl.positions import (
    VisionSpan,
    position_ids,
    rope_delta,
    video_time_step,
)


def test_text_counts_on_all_axes_alike() -> None:
    positions = position_ids(5, [])
    np.testing.assert_array_equal(positions, np.tile(np.arange(5), (3, 1)))
    assert rope_delta(positions) == 0


def test_an_image_counts_merged_cells_and_text_resumes_after_the_largest() -> None:
    # 2 tokens, an image of 2 x 3 merged cells, 2 tokens
    positions = position_ids(10, [VisionSpan(2, (1, 4, 6))])
    assert positions[0].tolist() == [0, 1, 2, 2, 2, 2, 2, 2, 5, 6]
    assert positions[1].tolist() == [0, 1, 2, 2, 2, 3, 3, 3, 5, 6]
    assert positions[2].tolist() == [0, 1, 2, 3, 4, 2, 3, 4, 5, 6]
    assert rope_delta(positions) == -3


def test_a_slow_video_pushes_the_text_by_its_time() -> None:
    # Four steps of 1 x 1 cells, 8 units apart: the text resumes at 24 + 1, not at 1.
    positions = position_ids(6, [VisionSpan(0, (4, 2, 2), 8)])
    assert positions[0].tolist() == [0, 8, 16, 24, 25, 26]
    assert positions[1].tolist() == [0, 0, 0, 0, 25, 26]
    assert rope_delta(positions) == 21


def test_two_spans_with_nothing_between_them_follow_each_other() -> None:
    positions = position_ids(8, [VisionSpan(0, (1, 4, 4)), VisionSpan(4, (1, 4, 4))])
    assert positions[0].tolist() == [0, 0, 0, 0, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("seconds", "rate", "units"),
    [(None, None, 1), (4.0, None, 1), (1.0, 2, 2), (4.0, 2, 8), (None, 2, 2), (2.9, 2, 4)],
)
def test_seconds_of_a_video_lose_their_fraction(
    seconds: float | None, rate: int | None, units: int
) -> None:
    assert video_time_step(seconds, rate) == units


def test_a_fast_clip_stands_at_one_time() -> None:
    # Half a second between steps is cut to 0, as in the reference.
    assert video_time_step(0.5, 2) == 0
    positions = position_ids(4, [VisionSpan(0, (3, 2, 2), 0)])
    assert positions[0].tolist() == [0, 0, 0, 1]

"""Frames of a clip: the recorded choices of the authors' function, and what it cannot do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import even, parse_frames, per_second, segments
from napari_medvlm.imaging.windowing import apply_extremes

RECORDS = json.loads(
    (Path(__file__).parents[1] / "oracles" / "fleming_vl" / "sampling.json").read_text("utf-8")
)


@pytest.mark.parametrize("record", RECORDS["frame_indices"])
def test_the_recorded_frames_are_taken(record: dict[str, Any]) -> None:
    stretch = record["bound_s"] and tuple(record["bound_s"])
    taken = segments(record["num_frames"], record["num_segments"], record["fps"], stretch)
    assert list(taken) == record["indices"]


def test_the_recorded_slices_are_taken() -> None:
    assert list(even(32, 11)) == RECORDS["slice_indices_11_of_32"]


@pytest.mark.parametrize("record", RECORDS["normalize"], ids=lambda record: record["dtype"])
def test_slices_are_scaled_as_recorded(record: dict[str, Any]) -> None:
    values = np.array(record["input"], dtype=record["dtype"])
    grey = apply_extremes(values, float(values.min()), float(values.max()))
    np.testing.assert_array_equal(grey, record["output"])


def test_the_whole_range_of_16_bit_does_not_wrap_around() -> None:
    values = np.array([[-32768, 0, 32767]], dtype=np.int16)
    assert apply_extremes(values, -32768.0, 32767.0).tolist() == [[0, 127, 255]]


@given(
    st.integers(1, 2000),
    st.integers(1, 100),
    st.floats(0.1, 240),
    st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_frames_are_in_order_and_inside_the_stretch(
    count: int, n: int, fps: float, parts: tuple[float, float] | None
) -> None:
    seconds = (count - 1) / fps
    stretch = None if parts is None else (min(parts) * seconds, max(parts) * seconds)
    taken = segments(count, n, fps, stretch)
    assert len(taken) == n
    assert list(taken) == sorted(taken)
    first, last = (0, count - 1) if stretch is None else (round(s * fps) for s in stretch)
    assert first <= taken[0] <= taken[-1] <= last


def test_one_frame_a_second_and_at_least_one() -> None:
    assert per_second(50, 8.0) == (4, 12, 20, 28, 37, 45)
    assert per_second(5, 25.0) == (2,)
    assert per_second(1, 25.0) == (0,)
    assert per_second(100, 10.0, (2.0, 2.5)) == (22,)
    assert len(per_second(100, 10.0, (2.0, 6.0))) == 4


@pytest.mark.parametrize(
    ("stretch", "fps", "named"),
    [
        ((3.0, 2.0), 10.0, "backwards"),
        ((0.0, float("nan")), 10.0, "backwards"),
        ((20.0, 30.0), 10.0, "lasts 10.00 s"),
        ((0.0, 1.0), 0.0, "rate"),
    ],
)
def test_a_stretch_that_is_not_there_is_refused(
    stretch: tuple[float, float], fps: float, named: str
) -> None:
    with pytest.raises(SelectionError, match=named):
        segments(100, 4, fps, stretch)


def test_none_of_nothing_is_refused() -> None:
    for count, n in ((0, 1), (1, 0)):
        with pytest.raises(SelectionError):
            segments(count, n, 10.0)


@pytest.mark.parametrize(
    ("spec", "stretch", "taken"),
    [
        ("segments:2", None, (24, 74)),
        ("per-second", (1.0, 3.0), (15, 25)),
        ("all", (1.0, 1.2), (10, 11, 12)),
        ("even:2", (1.0, 2.0), (10, 20)),
        ("current", None, (50,)),
        ("3,7-8", None, (3, 7, 8)),
    ],
)
def test_written_choices(
    spec: str, stretch: tuple[float, float] | None, taken: tuple[int, ...]
) -> None:
    assert parse_frames(spec, 100, 10.0, stretch, current=50) == taken


def test_numbers_and_a_time_contradict_each_other() -> None:
    with pytest.raises(SelectionError, match="both say which frames"):
        parse_frames("3,4", 100, 10.0, (1.0, 2.0))

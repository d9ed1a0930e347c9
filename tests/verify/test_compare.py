"""Comparisons of single values."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medvlm.verify import compare


def test_the_largest_difference_and_its_place_are_told() -> None:
    row = compare.close("c", "q", [[1.0, 2.0], [3.0, 4.5]], [[1.0, 2.1], [3.0, 4.0]], 0.2)
    assert (row.ok, row.difference) == (False, 0.5)
    assert row.reason == "Expected 4, found 4.5 at (1, 1)."
    assert compare.close("c", "q", [1.0], [1.1], 0.2).ok


@pytest.mark.parametrize(
    ("got", "expected"),
    [
        (None, 1.0),
        ([1.0, 2.0], [1.0]),
        ([[1.0]], [1.0]),
        ([float("nan")], [1.0]),
        ([1.0], [float("nan")]),
        ([float("inf")], [float("inf")]),
        (["a"], ["a"]),
        ([1.0], ["a"]),
        ([1.0], [[1.0], [1.0, 2.0]]),
        ([1.0], np.array([None])),
    ],
)
def test_what_is_no_close_number_fails(got: Any, expected: Any) -> None:
    assert not compare.close("c", "q", got, expected, 1e-3).ok


def test_empty_arrays_of_one_shape_are_equal() -> None:
    assert compare.exact("c", "q", [], []).ok
    assert not compare.exact("c", "q", [], [1]).ok


def test_strings_tell_where_they_part() -> None:
    assert compare.text("c", "q", "abc", "abc").ok
    row = compare.text("c", "q", "abcX", "abcY")
    assert row.reason == "At character 3 expected 'Y', found 'X'."
    assert compare.text("c", "q", "ab", "abc").reason.startswith("At character 2")


@pytest.mark.parametrize(("got", "expected"), [(True, 1), (None, ""), ("1", 1), (0, False)])
def test_values_of_another_kind_are_not_equal(got: Any, expected: Any) -> None:
    assert not compare.text("c", "q", got, expected).ok

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import equidistant, even, parse_slices, write_slices


def test_even_takes_the_slices_that_fleming_vl_takes():
    assert even(32, 11) == (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 31)


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_even_is_rising_and_reaches_both_ends(count, n):
    got = even(count, n)
    assert len(got) == min(n, count)
    assert list(got) == sorted(set(got))
    assert got[0] == 0
    assert got[-1] == (count - 1 if len(got) > 1 else 0)


@given(st.integers(1, 2000), st.integers(1, 2000))
def test_equidistant_is_nearest_to_evenly_spaced_positions(count, n):
    got = equidistant(count, n)
    assert len(got) == len(set(got)) == min(n, count)
    step = (count - 1) / max(len(got) - 1, 1)
    assert all(abs(index - number * step) <= 0.5 + 1e-9 for number, index in enumerate(got))


@pytest.mark.parametrize("spread", [even, equidistant])
@pytest.mark.parametrize(("count", "n"), [(0, 3), (3, 0), (3, -1)])
def test_nothing_of_something_is_refused(spread, count, n):
    with pytest.raises(SelectionError):
        spread(count, n)


@pytest.mark.parametrize(
    ("spec", "indices"),
    [
        ("all", tuple(range(50))),
        ("current", (7,)),
        ("even:3", (0, 24, 49)),
        ("12,40", (12, 40)),
        ("40, 12,40", (40, 12)),
        ("10-13", (10, 11, 12, 13)),
        (" 3 - 4 , 0", (3, 4, 0)),
        ("EVEN:1", (0,)),
        ("mm:3", (0, 25, 49)),
        ("even:3@10-15", (10, 12, 15)),
        ("mm:3@10-15", (10, 13, 15)),
    ],
)
def test_slices_as_people_write_them(spec, indices):
    assert parse_slices(spec, 50, current=7) == indices


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("", "not a choice"),
        ("even:", "not a choice"),
        ("even:0", "At least one"),
        ("mm:2@9-3", "backwards"),
        ("even:2@40-50", "no slice 50"),
        ("1,,2", "not a choice"),
        ("-3", "not a choice"),
        ("1.5", "not a choice"),
        ("50", "no slice 50: the numbers run from 0 to 49"),
        ("0-999999999", "no slice 999999999"),
        ("9-3", 'backwards. Write it as "3-9"'),
    ],
)
def test_mistakes_say_what_is_allowed(spec, words):
    with pytest.raises(SelectionError, match=words):
        parse_slices(spec, 50, current=7)


def test_current_needs_a_viewer():
    with pytest.raises(SelectionError, match="no current slice"):
        parse_slices("current", 50)


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    try:
        got = parse_slices(text, 30, current=3)
    except SelectionError:
        return
    assert got
    assert all(0 <= i < 30 for i in got)


@given(st.lists(st.integers(0, 500), max_size=30))
def test_written_slices_are_read_again(indices):
    words = write_slices(indices)
    if indices:
        assert parse_slices(words, 501) == tuple(dict.fromkeys(indices))
    else:
        assert words == ""


def test_three_in_a_row_are_written_as_a_range():
    assert write_slices((12, 40, 41, 42, 7, 8)) == "12, 40-42, 7, 8"


@settings(deadline=None)
@given(st.lists(st.floats(0.1, 20), min_size=1, max_size=40), st.integers(1, 50), st.booleans())
def test_millimetres_take_the_nearest_slices_wherever_they_lie(gaps, n, down):
    places = np.concatenate([[0.0], np.cumsum(gaps)])
    given_places = tuple(places[-1] - places) if down else tuple(places)
    got = equidistant(len(places), n, given_places)
    assert list(got) == sorted(set(got))
    assert got[0] == 0
    wanted = np.linspace(0, places[-1], min(n, len(places)))
    for at in wanted:
        nearest = np.abs(places - at).min()
        assert np.abs(places[list(got)] - at).min() <= nearest + 1e-6


def test_millimetres_in_a_range_are_those_of_the_range():
    places = (0.0, 1.0, 2.0, 3.0, 13.0, 23.0, 24.0)
    assert parse_slices("mm:3@2-5", 7, places=places) == (2, 4, 5)

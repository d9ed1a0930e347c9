from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.asking import SliceChoice, add_slice
from napari_medvlm.errors import SelectionError


def test_current_is_the_slice_on_the_screen() -> None:
    assert SliceChoice("current").indices(40, 17) == (17,)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(-5, 400))
def test_current_never_leaves_the_volume(count: int, current: int) -> None:
    (index,) = SliceChoice("current").indices(count, current)
    assert 0 <= index < count


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 60))
def test_evenly_gives_the_first_and_the_last_and_no_slice_twice(count: int, number: int) -> None:
    indices = SliceChoice("even", count=number).indices(count, 0)
    assert len(indices) == len(set(indices)) == min(count, number)
    assert indices[0] == 0
    assert len(indices) == 1 or indices[-1] == count - 1


def test_picked_slices_keep_their_order() -> None:
    assert SliceChoice("picked", picked=(7, 3)).indices(10, 0) == (7, 3)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (SliceChoice("picked"), "No slice is picked yet"),
        (SliceChoice("picked", picked=(3, 10)), "0 to 9"),
        (SliceChoice("spec", spec="1, x"), "not a choice of slices"),
        (SliceChoice("spec", spec="12"), "no slice 12"),
    ],
)
def test_what_is_not_there_is_said(choice: SliceChoice, words: str) -> None:
    with pytest.raises(SelectionError, match=words):
        choice.indices(10, 0)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("current", SliceChoice("current")),
        ("", SliceChoice("current")),
        ("even:5", SliceChoice("even", count=5)),
        ("EVEN: 5", SliceChoice("even", count=5)),
        ("12, 40-44", SliceChoice("spec", spec="12, 40-44")),
    ],
)
def test_the_command_lines_words_become_a_choice(spec: str, expected: SliceChoice) -> None:
    assert SliceChoice.from_spec(spec) == expected


def test_a_written_choice_is_read() -> None:
    assert SliceChoice.from_spec("2, 5-7").indices(10, 0) == (2, 5, 6, 7)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "6"),
        ("3", "3, 6"),
        ("3, ", "3, 6"),
        ("3, 6", "3, 6"),
        ("4-8", "4-8"),
        ("3, oops", "3, oops, 6"),
    ],
)
def test_adding_a_slice_writes_it_once(before: str, after: str) -> None:
    assert add_slice(before, 6, 10) == after

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.asking import SliceChoice, Stack
from napari_medvlm.errors import SelectionError

#: Two seconds at 25 frames a second.
FILM = Stack(50, fps=25.0)


def test_current_is_the_slice_on_the_screen() -> None:
    assert SliceChoice("current").indices(Stack(40), 17) == (17,)


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(-5, 400))
def test_current_never_leaves_the_volume(count: int, current: int) -> None:
    (index,) = SliceChoice("current").indices(Stack(count), current)
    assert 0 <= index < count


@settings(deadline=None)
@given(st.integers(1, 300), st.integers(1, 60), st.sampled_from(["even", "mm"]))
def test_evenly_gives_the_first_and_the_last_and_no_slice_twice(
    count: int, number: int, kind: str
) -> None:
    indices = SliceChoice(kind, count=number).indices(Stack(count), 0)  # type: ignore[arg-type]
    assert len(indices) == len(set(indices)) == min(count, number)
    assert indices[0] == 0
    assert len(indices) == 1 or indices[-1] == count - 1


def test_by_millimetres_follows_where_the_slices_lie() -> None:
    # Three slices 1 mm apart, then two 10 mm apart.
    stack = Stack(5, places=(0.0, 1.0, 2.0, 12.0, 22.0))
    assert SliceChoice("mm", count=3).indices(stack, 0) == (0, 3, 4)
    assert SliceChoice("even", count=3).indices(stack, 0) == (0, 2, 4)
    down = Stack(5, places=(22.0, 21.0, 20.0, 10.0, 0.0))
    assert SliceChoice("mm", count=3).indices(down, 0) == (0, 3, 4)


def test_a_range_has_both_ends_or_some_of_it() -> None:
    assert SliceChoice("range", count=0, first=3, last=6).indices(Stack(10), 0) == (3, 4, 5, 6)
    assert SliceChoice("range", count=3, first=2, last=8).indices(Stack(10), 0) == (2, 5, 8)


def test_a_range_of_a_clip_is_in_seconds() -> None:
    whole = SliceChoice("range", count=0, first=0.2, last=0.4)
    assert whole.indices(FILM, 0) == (5, 6, 7, 8, 9, 10)
    some = SliceChoice("range", count=2, first=0.2, last=0.4, spread="segments")
    assert some.indices(FILM, 0) == (6, 8)


@pytest.mark.parametrize(
    ("choice", "stack", "words"),
    [
        (SliceChoice("range", count=0, first=6, last=3), Stack(10), "runs backwards"),
        (SliceChoice("range", count=0, first=3, last=12), Stack(10), "no slice 12"),
        (SliceChoice("range", count=0, first=9, last=12), FILM, "no frame from 9 to 12 s"),
        (SliceChoice("spec", spec="1, x"), Stack(10), "not a choice of slices"),
        (SliceChoice("spec", spec="12"), Stack(10), "no slice 12"),
        (SliceChoice("current"), Stack(), "no slices in this plane"),
    ],
)
def test_what_is_not_there_is_said(choice: SliceChoice, stack: Stack, words: str) -> None:
    with pytest.raises(SelectionError, match=words):
        choice.indices(stack, 0)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("current", SliceChoice("current")),
        ("", SliceChoice("current")),
        ("even:5", SliceChoice("even", count=5)),
        ("EVEN: 5", SliceChoice("even", count=5)),
        ("mm:7", SliceChoice("mm", count=7)),
        ("even:0", SliceChoice("spec", spec="even:0")),
        ("12, 40-44", SliceChoice("spec", spec="12, 40-44")),
    ],
)
def test_the_command_lines_words_become_a_choice(spec: str, expected: SliceChoice) -> None:
    assert SliceChoice.from_spec(spec) == expected


def test_a_written_choice_is_read() -> None:
    assert SliceChoice.from_spec("2, 5-7").indices(Stack(10), 0) == (2, 5, 6, 7)
    assert SliceChoice.from_spec("segments:2").indices(FILM, 0) == (12, 36)

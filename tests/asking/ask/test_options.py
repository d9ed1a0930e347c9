from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking.ask.options import lettered, pasted, problem, split_options


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("A) left\nB) right", ("left", "right")),
        ("(a) PA, (b) AP, (c) LATERAL", ("PA", "AP", "LATERAL")),
        ("A. left B. right", ("left", "right")),
        ("1. left\n2. right\n\n", ("left", "right")),
        ("- left\n• right\r\n* both", ("left", "right", "both")),
        ("left\nright", ("left", "right")),
        ("left; right ;; both", ("left", "right", "both")),
        ("left", ("left",)),
        ("left, or right", ("left, or right",)),
        ("lack of vitamin B. or of A) iron", ("lack of vitamin B. or of A) iron",)),
        ("A) one alone", ("A) one alone",)),
        ("A) B) right", ("A) B) right",)),
        ("A) left C) right", ("A) left C) right",)),
        ("T2. bright\nT1. dark", ("T2. bright", "T1. dark")),
        ("", ()),
        (" \n ", ()),
    ],
)
def test_a_pasted_list_is_taken_apart(text: str, options: tuple[str, ...]) -> None:
    assert split_options(text) == options


def test_a_list_fills_rows_from_where_it_was_pasted() -> None:
    assert pasted(["", ""], 0, "left\nright\nboth") == ("left", "right", "both")
    assert pasted(["first", "", "last"], 1, "a; b") == ("first", "a", "b", "last")
    assert pasted(["first", "", "", "last"], 0, "a\nb") == ("first", "a", "b", "last")
    assert pasted(["x"], 0, "\n".join("abcdefghijkl")) == ("x", *"abcdefghi")


def test_options_get_their_letters_in_order() -> None:
    assert lettered(["left ", "", "right"]) == (("A", "left"), ("B", "right"))
    assert lettered([""]) == ()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (["", ""], "two options at least"),
        (["left", ""], "two options at least"),
        (["left", "right", "Left"], "Options A and C are the same"),
        (["left", "right"], ""),
    ],
)
def test_what_is_wrong_with_them_is_told(rows: list[str], words: str) -> None:
    assert words in problem(rows)
    assert bool(problem(rows)) == bool(words)


@given(st.lists(st.text("abc xyz", min_size=1).map(str.strip).filter(bool), min_size=2, max_size=9))
def test_what_was_lettered_comes_back_from_paste(rows: list[str]) -> None:
    for line in ("{}) {}", "({}) {}", "{}. {}"):
        text = "\n".join(line.format(*choice) for choice in lettered(rows))
        assert split_options(text) == tuple(rows)

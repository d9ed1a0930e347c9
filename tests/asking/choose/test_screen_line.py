"""Where the screen and what is sent part: the worst first, with the way back."""

from __future__ import annotations

from dataclasses import fields

import pytest

from napari_medvlm.asking.choose.screen_line import BUTTONS, Screen, screen_line

#: From worst to least, each with what is to be said of it.
PARTED = (
    ({"flat": False}, "3D", "to_2d"),
    ({"visible": False}, "not on the screen", "show"),
    ({"cover": "PET"}, "“PET” lies over “CT”", "alone"),
    ({"other_cut": True}, "another cut", "turn_back"),
    ({"turned": True}, "as they were acquired", ""),
    ({"look": "gamma 0.5"}, "gamma 0.5", ""),
    ({"other_numbers": True}, "sliders count", "alone"),
    ({"hidden": ("PET",)}, "1 other image is hidden", "show_all"),
)


def test_a_screen_that_shows_what_is_sent_says_nothing() -> None:
    assert screen_line(Screen("CT")) == ("", "")


@pytest.mark.parametrize("place", range(len(PARTED)))
def test_the_worst_is_said_with_its_way_back(place: int) -> None:
    facts: dict[str, object] = {}
    for more, _, _ in PARTED[place:]:
        facts |= more
    words, way = screen_line(Screen("CT", **facts))  # type: ignore[arg-type]
    assert PARTED[place][1] in words
    assert way == PARTED[place][2]
    assert way in BUTTONS


def test_each_fact_of_the_screen_has_its_line() -> None:
    assert {name for facts, _, _ in PARTED for name in facts} == {
        field.name for field in fields(Screen)
    } - {"name"}

"""What others wrote is shown, never obeyed."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.safe_text import MARK, visible

#: Format characters that have a shape of their own: signs before and around numbers.
SEEN_FORMAT = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}


@pytest.mark.parametrize(
    "text",
    ["", "FSE PD AXIAL OBL", "t1 – 3 × 3 mm (±2°)", "Thorax größer", "肺", "الصدر", "❤️ ok", "a b"],
)
def test_ordinary_text_is_unchanged(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;owned\x07t1.nii", "␛]0;owned␇t1.nii"),
        ("\x1b[2Jgone", "␛[2Jgone"),
        ("\x9b2Jgone", f"{MARK}2Jgone"),
        ("a\x00b\x7fc", "a␀b␡c"),
        ("photo\u202egpj.exe", f"photo{MARK}gpj.exe"),
        ("a\u2066b\u2069\u200e\u200f\u061c", f"a{MARK}b{MARK * 4}"),
        ("t\u200b1\ufeff\u2060", f"t{MARK}1{MARK * 2}"),
        ("x\U000e0041\U000e007f", f"x{MARK * 2}"),
        ("broken\udcff.nii", f"broken{MARK}.nii"),
        ("two\r\nlines\tand\u2028more", f"two␍␊lines and{MARK}more"),
    ],
)
def test_what_would_be_obeyed_is_marked(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_line_ends_and_tabs_stay_when_asked_for() -> None:
    assert visible("a\r\nb\rc\u2028d\te\x1bf\n", newlines=True) == "a\nb\nc\nd\te␛f\n"


def test_every_control_and_format_character_of_unicode_is_marked() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        unsafe = unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        if unsafe and code not in SEEN_FORMAT:
            assert visible(character) != character, hex(code)


@given(st.text(st.characters()), st.booleans())
def test_nothing_obeyed_is_left_and_twice_is_once(text: str, newlines: bool) -> None:
    shown = visible(text, newlines=newlines)
    kept = "\n\t" if newlines else ""
    for character in shown:
        category = unicodedata.category(character)
        assert character in kept or category not in ("Cc", "Cs", "Zl", "Zp")
        assert category != "Cf" or ord(character) in SEEN_FORMAT
    assert visible(shown, newlines=newlines) == shown
    assert shown.encode("utf-8").decode("utf-8") == shown

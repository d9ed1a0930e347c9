"""The letters that an answer chooses from the options of a question."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MACRO = re.compile(r"\\(?:text|mathrm|textbf|mathbf|boxed)\s?\{([^{}]*)\}")
# Macros inside macros are unwrapped from the inside; more levels than these are no letter.
_MACRO_LEVELS = 4
_MARKED = re.compile(r"(?<![A-Za-z])([A-Z])[).:]|\(([A-Za-z])\)")
_WHOLE = re.compile(r"\(?([A-Za-z])[).:]?[).:]?")
_LIST = re.compile(r"[A-Z](?:(?:\s*[,;/&+]\s*|\s+)(?:(?:and|or)\s+)?[A-Z])+")
# Letters that are accepted where the options are not known; MedVLM-R1 was rewarded for A to J.
_USUAL = "ABCDEFGHIJ"
_LONGEST_LIST = 200


def chosen_letters(answer: str | None, choices: Mapping[str, str]) -> tuple[str, ...]:
    """Read which options an answer names.

    Parameters
    ----------
    answer
        The final answer, or None.
    choices
        Option texts by capital letter. Where empty, only an answer that is nothing but a
        letter counts.

    Returns
    -------
    letters
        Capital letters of existing options, in the order of the text, without repeats.

    Notes
    -----
    A capital letter followed by a blank is a word ("A mass is visible"), never a choice.
    """
    if answer is None:
        return ()
    text = unwrap_macros(answer).strip()
    whole = _WHOLE.fullmatch(text)
    if whole:
        letter = whole.group(1).upper()
        return (letter,) if letter in (choices or _USUAL) else ()
    if not choices:
        return ()
    same = tuple(letter for letter, option in choices.items() if _plain(option) == _plain(text))
    if same:
        return same
    if len(text) <= _LONGEST_LIST and _LIST.fullmatch(text):
        found = re.findall(r"\b[A-Z]\b", text)
    else:
        found = [a or b.upper() for a, b in _MARKED.findall(text)]
    return tuple(dict.fromkeys(letter for letter in found if letter in choices))


def unwrap_macros(text: str) -> str:
    r"""Replace ``\text{B}`` and its relatives by ``B``."""
    for _ in range(_MACRO_LEVELS):
        unwrapped = _MACRO.sub(r"\1", text)
        if unwrapped == text:
            break
        text = unwrapped
    return text


def _plain(text: str) -> str:
    return text.strip().removesuffix(".").rstrip().casefold()

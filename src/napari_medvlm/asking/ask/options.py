"""Options of a multiple-choice question: rows of text that become lettered choices."""

from __future__ import annotations

import re
from collections.abc import Sequence

LETTERS = "ABCDEFGHIJ"
#: How an option in a pasted list begins: "A) ", "(b) ", "3. ", "- ", "• ".
_MARK = re.compile(r"^\s*(?:\(?[A-Za-z][).:]|\(?\d{1,2}[).:]|[-*•–])\s+")
#: Where the next option of one line begins: blank, letter, bracket.
_INLINE = re.compile(r"(?:^|(?<=\s))\(?([A-Ja-j])\)\s*|(?:^|(?<=\s))([A-J])[.:]\s+")


def split_options(text: str) -> tuple[str, ...]:
    """Take a pasted list apart.

    Parameters
    ----------
    text
        Lines, with or without "A)", "1." or "-" before them; or one line of "A) … B) …"; or
        one with semicolons.

    Returns
    -------
    options
        Without their letters; one where the text is no list, none where it is empty.
    """
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if len(lines) == 1:
        return _split_line(lines[0])
    return tuple(option for line in lines if (option := _MARK.sub("", line, count=1).strip()))


def _split_line(line: str) -> tuple[str, ...]:
    marks = list(_INLINE.finditer(line))
    letters = [(mark.group(1) or mark.group(2)).upper() for mark in marks]
    # Only "A … B …" from the very beginning: "vitamin B: high" is no list.
    if len(marks) > 1 and marks[0].start() == 0 and letters == list(LETTERS[: len(marks)]):
        ends = [*(mark.start() for mark in marks[1:]), len(line)]
        parts = [line[m.end() : end].strip(" ,;\t") for m, end in zip(marks, ends, strict=True)]
        if all(parts):
            return tuple(parts)
    parts = [part.strip() for part in line.split(";")]
    if len(parts) > 1:
        return tuple(part for part in parts if part)
    return (line,)


def pasted(rows: Sequence[str], at: int, text: str) -> tuple[str, ...]:
    """Rows after a list was pasted into one of them.

    Parameters
    ----------
    rows
        As they stand.
    at
        The row that it was pasted into, from 0; an empty one is replaced.
    text
        What was pasted.

    Returns
    -------
    rows
        At most ten.
    """
    found = split_options(text)
    keep = [rows[at]] if rows[at].strip() else []
    rest = rows[at + 1 :]
    # Empty rows below make room first.
    while rest and not rest[0].strip() and len(keep) + len(found) > 1:
        rest = rest[1:]
    return (*rows[:at], *keep, *found, *rest)[: len(LETTERS)]


def lettered(rows: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """(letter, text) of each row that is filled in, in order; empty rows take no letter."""
    filled = [row.strip() for row in rows if row.strip()]
    return tuple(zip(LETTERS, filled, strict=False))


def problem(rows: Sequence[str]) -> str:
    """What is wrong with the options, as a line; "" where nothing is."""
    choices = lettered(rows)
    if len(choices) < 2:
        return "Fill in two options at least, or close them"
    seen: dict[str, str] = {}
    for letter, text in choices:
        same = seen.setdefault(text.casefold(), letter)
        if same != letter:
            return f"Options {same} and {letter} are the same"
    return ""

"""Bold, italic and code within one line of a model's text; everything else stays as written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TICKS = re.compile(r"`+")
_MARKS = re.compile(r"\*+|_+")
#: Longer runs of * and _ are ornaments.
_LONGEST_MARK = 3


@dataclass(frozen=True)
class Run:
    """A stretch of text in one style."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False


@dataclass(frozen=True)
class _Mark:
    start: int
    stop: int
    char: str

    @property
    def size(self) -> int:
        return self.stop - self.start


def styled(text: str) -> tuple[Run, ...]:
    """Read ``**bold**``, ``*italic*``, ``***both***`` (also with _) and code in backticks.

    Marks count only at the edges of words: "14*12*10 mm" is a measurement, and no word of it
    may change. A mark without its partner stays in the text.

    Parameters
    ----------
    text
        One line.

    Returns
    -------
    runs
        Joined they are the text without the marks that were read; all its letters and digits
        are there, in order.
    """
    codes = list(_codes(text))
    pairs = _pairs(text, codes)
    # What happens where: (position, end of what is left out there, change of the style).
    changes: list[tuple[int, int, int, int, int]] = []
    for opening, closing in pairs:
        bold, italic = int(opening.size >= 2), int(opening.size != 2)
        changes.append((opening.start, opening.stop, bold, italic, 0))
        changes.append((closing.start, closing.stop, -bold, -italic, 0))
    for opening, closing in codes:
        changes.append((opening.start, opening.stop, 0, 0, 1))
        changes.append((closing.start, closing.stop, 0, 0, -1))
    changes.sort()
    runs: list[Run] = []
    at = bold = italic = code = 0
    for start, stop, more_bold, more_italic, more_code in [*changes, (len(text),) * 2 + (0,) * 3]:
        if start > at:
            runs.append(Run(text[at:start], bold > 0, italic > 0, code > 0))
        at = stop
        bold, italic, code = bold + more_bold, italic + more_italic, code + more_code
    return tuple(runs)


def _codes(text: str) -> Iterator[tuple[_Mark, _Mark]]:
    """Pairs of runs of equally many backticks, from left to right."""
    runs = [_Mark(m.start(), m.end(), "`") for m in _TICKS.finditer(text)]
    # Places of each size in descending order: each is looked at once.
    places: dict[int, list[int]] = {}
    for place in range(len(runs) - 1, -1, -1):
        places.setdefault(runs[place].size, []).append(place)
    place = 0
    while place < len(runs):
        same = places[runs[place].size]
        while same and same[-1] <= place:
            same.pop()
        if same:
            yield runs[place], runs[same[-1]]
            place = same[-1]
        place += 1


def _pairs(text: str, codes: list[tuple[_Mark, _Mark]]) -> list[tuple[_Mark, _Mark]]:
    """Marks that belong together; pairs are nested or apart, never crossing."""
    pairs: list[tuple[_Mark, _Mark]] = []
    stack: list[_Mark] = []
    open_now: dict[tuple[str, int], int] = {}
    for mark in _outside(text, codes):
        key = (mark.char, mark.size)
        before, after = text[mark.start - 1 : mark.start], text[mark.stop : mark.stop + 1]
        closes = bool(before.strip()) and not after.isalnum()
        opens = bool(after.strip()) and not before.isalnum()
        if closes and open_now.get(key):
            while True:
                opening = stack.pop()
                open_now[(opening.char, opening.size)] -= 1
                if (opening.char, opening.size) == key:
                    break
            pairs.append((opening, mark))
        elif opens:
            stack.append(mark)
            open_now[key] = open_now.get(key, 0) + 1
    return pairs


def _outside(text: str, codes: list[tuple[_Mark, _Mark]]) -> Iterator[_Mark]:
    at = 0
    for match in _MARKS.finditer(text):
        while at < len(codes) and codes[at][1].stop <= match.start():
            at += 1
        inside = at < len(codes) and codes[at][0].start <= match.start()
        if not inside and len(match.group()) <= _LONGEST_MARK:
            yield _Mark(match.start(), match.end(), match.group()[0])

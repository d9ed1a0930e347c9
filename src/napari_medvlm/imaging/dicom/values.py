"""Values of DICOM tags, whatever a scanner or a program in between made of them.

Missing, empty and unreadable values alike count as missing: a header with one bad number is
still a header.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .dataset import Tag, Tags


def value(places: Sequence[Tags], name: str) -> Any:
    """First value of a keyword among places (inner before outer); None where there is none."""
    for place in places:
        try:
            found = place.get(name)
        except (ValueError, TypeError, OverflowError, NotImplementedError):
            continue  # the tag is there and its text is no value of its type
        if found is not None and found != "":
            return found
    return None


#: No scanner means a number as large as this; what is computed with one would overflow.
_HUGE = 1e25
#: Lengths in mm that can be meant.
_SHORTEST, _LONGEST = 1e-6, 1e6


def floats(found: Any) -> tuple[float, ...]:
    """Finite numbers of a value; none at all where one of them is unreadable."""
    if found is None:
        return ()
    if isinstance(found, str | bytes) or not hasattr(found, "__iter__"):
        found = (found,)
    try:
        numbers = tuple([float(part) for part in found])
    except (TypeError, ValueError, OverflowError):
        return ()
    for number in numbers:
        if not abs(number) < _HUGE:  # nor is "not a number"
            return ()
    return numbers


def number(found: Any) -> float | None:
    """The first number of a value."""
    if found is None:
        return None
    if type(found) is float:  # the usual case
        return found if abs(found) < _HUGE else None
    numbers = floats(found)
    return numbers[0] if numbers else None


def length(found: float | None) -> float | None:
    """A number, where it can be a distance in mm."""
    return found if found is not None and _SHORTEST < found < _LONGEST else None


def words(found: Any) -> tuple[str, ...]:
    """A value as texts."""
    if found is None or found == "":
        return ()
    return (found,) if isinstance(found, str) else tuple(str(part) for part in found)


def sequence(places: Sequence[Tags], name: str) -> list[Any]:
    """Items of a sequence; none where it is missing or no sequence."""
    found = value(places, name)
    return list(found) if found is not None and not isinstance(found, str | bytes) else []


def private(places: Sequence[Tags], tag: Tag) -> Any:
    """Value of a private tag: numbers where its bytes are unmistakably numbers.

    Implicit VR hides the type of a private tag (UN); it is text of numbers, or doubles, or
    one float, by its length.
    """
    for place in places:
        found = place.get(tag)
        content = getattr(found, "value", found)
        if content is None or content == "":
            continue
        return _unpacked(content) if isinstance(content, bytes) else content
    return None


def _unpacked(raw: bytes) -> Any:
    text = raw.strip(b"\0 ")
    try:
        return [float(part) for part in text.split(b"\\")]
    except ValueError:
        pass
    if len(raw) and len(raw) % 8 == 0:
        return list(struct.unpack(f"<{len(raw) // 8}d", raw))
    return list(struct.unpack("<f", raw)) if len(raw) == 4 else raw


def unit_orientation(found: Any) -> tuple[float, ...] | None:
    """Directions of rows and of columns (LPS+), brought to length 1.

    None where the six numbers are missing or say nothing: not near length 1, or not at right
    angles.
    """
    return _unit_orientation(floats(found))


@lru_cache(maxsize=256)  # images of a series share one
def _unit_orientation(cosines: tuple[float, ...]) -> tuple[float, ...] | None:
    if len(cosines) != 6:
        return None
    row, column = cosines[:3], cosines[3:]
    lengths = [math.hypot(*row), math.hypot(*column)]
    along = sum(a * b for a, b in zip(row, column, strict=True))
    if any(abs(length - 1) > 0.01 for length in lengths) or abs(along) > 0.01:
        return None
    return (*(a / lengths[0] for a in row), *(b / lengths[1] for b in column))


def seconds_of_day(found: Any) -> float | None:
    """Seconds since midnight of a TM, or of the time in a DT (PS3.5, 6.2)."""
    return None if found is None else _seconds_of_day(str(found).strip())


@lru_cache(maxsize=1024)
def _seconds_of_day(text: str) -> float | None:
    if len(text) >= 14 and text[:14].isdigit():
        text = text[8:]  # a DT; only differences within one series are ever used
    text = text.replace(":", "").split("+")[0].split("-")[0]
    whole, _, fraction = text.partition(".")
    if len(whole) not in (2, 4, 6) or not whole.isdigit() or (fraction and not fraction.isdigit()):
        return None
    parts = [int(whole[n : n + 2]) for n in range(0, len(whole), 2)]
    return float(
        sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))
    ) + float(f"0.{fraction or 0}")

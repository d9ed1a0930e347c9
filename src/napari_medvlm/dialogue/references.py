"""Places in a text that name one of the images sent: "image 3", "slice 12", "at 4 s"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from .context import FramePlace
from .reply import Reference

Kind = Literal["image", "slice", "frame", "seconds"]

_NOUN = r"(?P<noun>images?|slices?|frames?)"
# With the en dash that models write between two numbers.
_SEPARATOR = r"\s{0,3}(?:,\s{0,3}and|,\s{0,3}or|,|and|or|to|through|&|-|\u2013)\s{0,3}"
_COUNTED = re.compile(
    rf"\b{_NOUN}\s{{0,3}}(?:number\s{{0,3}}|no\.\s{{0,3}})?#?(?P<list>\d{{1,5}}(?![\d.]\d)"
    rf"(?:{_SEPARATOR}#?\d{{1,5}}\b(?!\s{{0,3}}(?:mm|cm|%|s\b))){{0,40}})\b",
    re.IGNORECASE | re.ASCII,
)
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ORDINAL = re.compile(
    rf"\b(?P<rank>{'|'.join(_ORDINALS)}|ninth|tenth|last|\d{{1,3}}(?:st|nd|rd|th))"
    r"\s{1,3}(?:image|slice|frame)\b",
    re.IGNORECASE | re.ASCII,
)
_SECONDS = re.compile(
    r"\bat\s{1,3}(?P<time>\d{1,6}(?:\.\d{1,6})?)\s{0,3}(?:s|sec|seconds?)\b",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True)
class Mention:
    """Characters [start, stop) that name an image, before it is known which one that is.

    ``value`` is the number as written (1 is the first image; -1 the last), or seconds.
    """

    start: int
    stop: int
    kind: Kind
    value: float


def find_mentions(text: str) -> list[Mention]:
    """Find the places that name an image, slice, frame or time.

    Parameters
    ----------
    text
        Reasoning or answer.

    Returns
    -------
    mentions
        In order; of "images 2 and 4" the first covers "images 2" and the second "4".
    """
    found = [*_counted(text), *_ranked(text), *_timed(text)]
    found.sort(key=lambda mention: mention.start)
    return found


def find_references(
    text: str,
    places: Sequence[FramePlace],
    field: Literal["reasoning", "answer"] = "answer",
) -> tuple[Reference, ...]:
    """Find the places of a text that name one of the frames sent.

    Parameters
    ----------
    text
        Reasoning or answer.
    places
        Where each frame of the question lies in its source.
    field
        Which of the two the text is.

    Returns
    -------
    references
        Only those that mean exactly one frame; an image that was not sent is left out.
    """
    found = []
    for mention in find_mentions(text):
        frame = resolve(mention, places)
        if frame is not None:
            found.append(Reference(mention.start, mention.stop, frame, field))
    return tuple(found)


def resolve(mention: Mention, places: Sequence[FramePlace]) -> int | None:
    """Decide which frame a mention means.

    Parameters
    ----------
    mention
        As found in the text.
    places
        Where each frame lies in its source.

    Returns
    -------
    frame
        From 0, or None. "image n" counts the images sent, from 1. "slice n" and "frame n"
        may count those or be the index in the source: where both readings name a frame, and
        not the same one, the mention is left alone. A time means the nearest frame of a
        clip, not farther away than half of the time between frames.
    """
    if mention.kind == "seconds":
        return _nearest(mention.value, places)
    if mention.value == -1:
        return len(places) - 1 if places else None
    number = int(mention.value)
    sent = {number - 1} if 1 <= number <= len(places) else set()
    if mention.kind != "image":
        sent |= {i for i, place in enumerate(places) if place.index == number}
    return sent.pop() if len(sent) == 1 else None


def _nearest(seconds: float, places: Sequence[FramePlace]) -> int | None:
    timed = [
        (place.position, i)
        for i, place in enumerate(places)
        if place.unit == "s" and place.position is not None
    ]
    if not timed:
        return None
    gaps = [b[0] - a[0] for a, b in zip(sorted(timed), sorted(timed)[1:], strict=False)]
    reach = max(gaps, default=1.0) / 2
    away, frame = min((abs(position - seconds), i) for position, i in timed)
    return frame if away <= reach + 1e-9 else None


def _kind(noun: str) -> Kind:
    kinds: dict[str, Kind] = {"i": "image", "s": "slice", "f": "frame"}
    return kinds[noun[0].lower()]


def _counted(text: str) -> Iterator[Mention]:
    for match in _COUNTED.finditer(text):
        kind = _kind(match["noun"])
        base = match.start("list")
        for number, digits in enumerate(re.finditer(r"\d+", match["list"])):
            start = match.start() if number == 0 else base + digits.start()
            yield Mention(start, base + digits.end(), kind, float(digits.group()))


def _ranked(text: str) -> Iterator[Mention]:
    names = {name: rank for rank, name in enumerate((*_ORDINALS, "ninth", "tenth"), start=1)}
    for match in _ORDINAL.finditer(text):
        rank = match["rank"].lower()
        value = -1 if rank == "last" else names.get(rank) or int(re.sub(r"\D", "", rank))
        # "the third slice" counts what was sent: an index of the source is never an ordinal.
        yield Mention(match.start(), match.end(), "image", float(value))


def _timed(text: str) -> Iterator[Mention]:
    for match in _SECONDS.finditer(text):
        yield Mention(match.start(), match.end(), "seconds", float(match["time"]))

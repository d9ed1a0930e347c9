"""Places in a model's text that lead somewhere: an image that was sent, or a box of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...dialogue.context import FramePlace
from ...dialogue.references import Mention, find_mentions, resolve
from ...imaging import Frame
from .placing import PlacedBox
from .wording import frame_words

#: Shorter labels ("a", "R") are words of any sentence.
_SHORTEST_LABEL = 3


@dataclass(frozen=True)
class Link:
    """Characters [start, stop) of a text, and where they lead.

    Parameters
    ----------
    start, stop
        In the text.
    frames
        The frames that are meant, from 0; empty where the mention could not be resolved.
    box
        Number of the box among the answer's, from 0; None for a mention of an image.
    problem
        Why it leads nowhere, as a sentence; "" where it does.
    """

    start: int
    stop: int
    frames: tuple[int, ...] = ()
    box: int | None = None
    problem: str = ""


def find_links(
    text: str, frames: Sequence[Frame], boxes: Sequence[PlacedBox] = ()
) -> tuple[Link, ...]:
    """Find what of a text leads to an image or a box.

    Parameters
    ----------
    text
        Reasoning or answer.
    frames
        The frames of the question, in the order they were sent.
    boxes
        The boxes of the answer that have a place; a mention of a label leads to the first
        box of that label, and means all frames that show one.

    Returns
    -------
    links
        In order, without overlap; mentions that mean no frame are there, with the reason.
    """
    places = tuple(FramePlace(frame.index, frame.position, frame.unit) for frame in frames)
    found = [_link(mention, places, frames) for mention in find_mentions(text)] if frames else []
    taken = [(link.start, link.stop) for link in found]
    for link in _labels(text, boxes):
        if all(link.stop <= start or stop <= link.start for start, stop in taken):
            found.append(link)
    return tuple(_apart(sorted(found, key=lambda link: link.start)))


def link_words(link: Link, frames: Sequence[Frame], boxes: Sequence[PlacedBox] = ()) -> str:
    """What a link leads to, or why it does not, as a tooltip says it.

    Parameters
    ----------
    link
        One of `find_links`.
    frames, boxes
        Those that it was found with.
    """
    if link.problem:
        return link.problem
    where = "\n".join(frame_words(number, frames[number]) for number in link.frames)
    if link.box is None:
        return where
    return f"▣ {boxes[link.box].label}\n{where}"


def pieces(text: str, links: Sequence[Link]) -> Iterator[tuple[str, int | None]]:
    """The text in pieces, each with the number of its link; joined they are the text again.

    Parameters
    ----------
    text
        The text.
    links
        As `find_links` gives them for it.
    """
    at = 0
    for number, link in enumerate(links):
        if link.start > at:
            yield text[at : link.start], None
        yield text[link.start : link.stop], number
        at = link.stop
    if at < len(text):
        yield text[at:], None


def _link(mention: Mention, places: Sequence[FramePlace], frames: Sequence[Frame]) -> Link:
    sources = {frame.source for frame in frames if mention.kind != "seconds" or frame.unit == "s"}
    frame = resolve(mention, places)
    # The same second of another clip is another picture: guessing would mislead.
    if frame is not None and not (mention.kind == "seconds" and len(sources) > 1):
        return Link(mention.start, mention.stop, (frame,))
    return Link(mention.start, mention.stop, problem=_problem(mention, places, frames))


def _problem(mention: Mention, places: Sequence[FramePlace], frames: Sequence[Frame]) -> str:
    count = len(places)
    sent = "1 image was" if count == 1 else f"{count} images were"
    if mention.kind == "seconds":
        clips = {frame.source for frame in frames if frame.unit == "s"}
        if len(clips) > 1:
            return f"Frames of {len(clips)} clips were sent: which of them is not said."
        return (
            f"No frame was sent from {mention.value:g} s."
            if clips
            else "The images that were sent have no times."
        )
    number = int(mention.value)
    if mention.kind == "image":
        return f"No such image was sent: {sent} sent."
    same = [n for n, place in enumerate(places, start=1) if place.index == number]
    if len(same) > 1:
        listed = " and ".join(str(n) for n in same)
        return f"Images {listed} are of a {mention.kind} {number}: which of them is not said."
    if 1 <= number <= count:
        # Both readings name a frame, and not the same one: guessing would mislead.
        return f"May mean image {number} of those sent, or {mention.kind} {number} of the source."
    return f"No such {mention.kind} was sent: {sent} sent."


def _labels(text: str, boxes: Sequence[PlacedBox]) -> Iterator[Link]:
    by_label: dict[str, list[int]] = {}
    for number, box in enumerate(boxes):
        label = box.label.strip().lower()
        if len(label) >= _SHORTEST_LABEL:
            by_label.setdefault(label, []).append(number)
    if not by_label:
        return
    # The longest first: "lung nodule" is not a "nodule" beside a lung.
    names = sorted(by_label, key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(re.escape(name) for name in names)})(?!\w)"
    for match in re.finditer(pattern, text, re.IGNORECASE):
        numbers = by_label.get(match.group().lower())
        if numbers:
            shown = tuple(sorted({boxes[number].frame for number in numbers}))
            yield Link(match.start(), match.end(), shown, numbers[0])


def _apart(links: Sequence[Link]) -> Iterator[Link]:
    end = 0
    for link in links:
        if link.start >= end:
            yield link
            end = link.stop

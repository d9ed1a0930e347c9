"""Which frames of a clip are sent: the middles of equal parts, by frames or by seconds.

The formula is that of Fleming-VL's published demonstration script, which the model's videos were
prepared with: a clip, or a stretch of it, is divided into ``n`` equal parts, and of each part a
frame near its middle is taken. Halves are rounded to even, by both roundings.
"""

from __future__ import annotations

import math
import re

import numpy as np

from ..errors import SelectionError
from .sampling import even, parse_slices

#: Start and end in seconds.
Stretch = tuple[float, float]

_ALLOWED = (
    'Write "segments:32", "per-second", "all", "current", "even:11", or numbers and ranges '
    'such as "12,40" or "10-20".'
)


def segments(count: int, n: int, fps: float, stretch: Stretch | None = None) -> tuple[int, ...]:
    """Indices of ``n`` frames, one near the middle of each of ``n`` equal parts.

    Parameters
    ----------
    count
        Number of frames there are.
    n
        Number wanted. More than there are repeats some, as the model was trained.
    fps
        Frames a second.
    stretch
        Start and end in seconds; None is the whole clip. An end beyond the clip's is its end.

    Raises
    ------
    SelectionError
        If a number is below 1, or the stretch does not lie in the clip.
    """
    if count < 1 or n < 1:
        raise SelectionError(
            f"At least one of at least one frame must be chosen; got {n} of {count}.",
            "Choose a number of frames from 1.",
        )
    first, last = frames_of(count, fps, stretch)
    part = (last - first) / n
    return tuple(int(first + part / 2 + np.round(part * i)) for i in range(n))


def per_second(count: int, fps: float, stretch: Stretch | None = None) -> tuple[int, ...]:
    """Indices of one frame for each whole second; at least one, however short the clip is."""
    first, last = frames_of(count, fps, stretch)
    # A whole clip lasts as long as its frames do; a stretch from its first to its last.
    frames = count if stretch is None else last - first
    return segments(count, max(1, int(frames / fps)), fps, stretch)


def frames_of(count: int, fps: float, stretch: Stretch | None) -> tuple[int, int]:
    """First and last frame of a stretch.

    Raises
    ------
    SelectionError
        If it runs backwards or begins after the clip's end, or the rate is not known.
    """
    if stretch is None:
        return 0, count - 1
    begin, end = stretch
    if not (math.isfinite(begin) and math.isfinite(end) and begin <= end):
        raise SelectionError(
            f"The time from {begin:g} to {end:g} s runs backwards or is not a number.",
            "Give the earlier time first.",
        )
    if not (math.isfinite(fps) and fps > 0):
        raise SelectionError("The clip's frame rate is not known.", "Choose frames by number.")
    first = max(0, round(begin * fps))
    last = min(round(end * fps), count - 1)
    if first > last:
        raise SelectionError(
            f"There is no frame from {begin:g} to {end:g} s: the clip lasts {count / fps:.2f} s.",
            "Choose a time inside it.",
        )
    return first, last


def parse_frames(
    spec: str,
    count: int,
    fps: float,
    stretch: Stretch | None = None,
    current: int | None = None,
) -> tuple[int, ...]:
    """Read a written choice of frames of a clip.

    Parameters
    ----------
    spec
        "segments:N", "per-second", or what :func:`parse_slices` reads.
    count, fps, stretch
        As in :func:`segments`.
    current
        The frame shown; None where there is none.

    Raises
    ------
    SelectionError
        If it cannot be read, or names a frame that is not there.
    """
    text = spec.strip().lower()
    if match := re.fullmatch(r"segments:(\d{1,9})", text):
        return segments(count, int(match[1]), fps, stretch)
    if text == "per-second":
        return per_second(count, fps, stretch)
    if stretch is None:
        return parse_slices(spec, count, current)
    first, last = frames_of(count, fps, stretch)
    if text != "all" and not text.startswith("even:"):
        raise SelectionError(f"{spec!r} and a time both say which frames.", _ALLOWED)
    there = even(count, count)[first : last + 1]
    return tuple(there[i] for i in parse_slices(spec, len(there), current))

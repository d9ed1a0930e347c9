"""Which slices or frames are sent: evenly spread ones, or those a person writes down.

Slice numbers count from 0 everywhere, as napari's sliders show them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from ..errors import SelectionError

_ALLOWED = (
    'Write "all", "current", "even:11", "mm:11", either of them in a range ("even:11@10-40"), or '
    'numbers and ranges such as "12,40" or "10-20".'
)


def even(count: int, n: int) -> tuple[int, ...]:
    """Indices spread evenly over ``count`` slices, first and last included.

    ``numpy.linspace(0, count - 1, n)`` truncated to whole numbers, as the authors of
    Fleming-VL choose the slices of a CT volume (32 slices, 11 of them: 0, 3, 6, … 27, 31).

    Parameters
    ----------
    count
        Number of slices there are.
    n
        Number wanted; more than there are gives all of them. One gives the first.

    Raises
    ------
    SelectionError
        If either is below 1.
    """
    if count < 1 or n < 1:
        raise SelectionError(
            f"At least one of at least one slice must be chosen; got {n} of {count}.",
            "Choose a number of slices from 1.",
        )
    return tuple(int(i) for i in np.linspace(0, count - 1, min(n, count)).astype(np.int64))


def equidistant(count: int, n: int, places: Sequence[float] = ()) -> tuple[int, ...]:
    """Indices of the slices nearest to ``n`` evenly spaced positions in millimetres.

    Of equally spaced slices these are evenly spaced numbers rounded to the nearest (halves up);
    ``even`` cuts them off, and so takes some slices up to one slice early.

    Parameters
    ----------
    count, n
        As in ``even``.
    places
        Where each slice lies in mm, ascending or descending; without them the slices are
        equally far apart.

    Returns
    -------
    indices
        Ascending, first and last included; less than ``n`` where one slice is the nearest to
        several positions, as beside a gap.

    Raises
    ------
    SelectionError
        If a number is below 1.
    """
    wanted = len(even(count, n))
    if not len(places):
        return tuple(int(i) for i in np.floor(np.linspace(0, count - 1, wanted) + 0.5))
    at = np.abs(np.asarray(places, dtype=np.float64) - places[0])
    nearest = [
        # Of two that are equally near the later one, as above; rounding decides nothing.
        int(np.flatnonzero(away <= away.min() + 1e-9 * (at[-1] or 1.0))[-1])
        for away in (np.abs(at - place) for place in np.linspace(0.0, at[-1], wanted))
    ]
    return tuple(dict.fromkeys(nearest))


def parse_slices(
    spec: str, count: int, current: int | None = None, places: Sequence[float] = ()
) -> tuple[int, ...]:
    """Read a written choice of slices.

    Parameters
    ----------
    spec
        "all", "current", "even:N" (see ``even``), "mm:N" (see ``equidistant``), either of the
        two in a range, "even:N@first-last"; or a comma-separated list of numbers (from 0) and
        of ranges "first-last" with both ends included. Repeated numbers count once.
    count
        Number of slices there are.
    current
        The slice shown; None where there is none.
    places
        Where each slice lies in mm, for "mm:N"; without them they are equally far apart.

    Returns
    -------
    indices
        In the order written.

    Raises
    ------
    SelectionError
        If it cannot be read, or names a slice that is not there.
    """
    text = spec.strip().lower()
    if text == "all":
        return even(count, count)
    if text == "current":
        if current is None:
            raise SelectionError("There is no current slice here.", _ALLOWED)
        return _within((current,), count)
    if match := re.fullmatch(r"(even|mm):(\d{1,9})(?:@(\d{1,9}-\d{1,9}))?", text):
        there = tuple(_numbers(match[3], count)) if match[3] else range(count)
        if match[1] == "even":
            return tuple(there[i] for i in even(len(there), int(match[2])))
        lie = [places[i] for i in there] if len(places) else ()
        return tuple(there[i] for i in equidistant(len(there), int(match[2]), lie))
    return _within(tuple(dict.fromkeys(_numbers(text, count))), count)


def _numbers(text: str, count: int) -> Iterator[int]:
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:\s*-\s*(\d{1,9}))?\s*", part)
        if match is None:
            raise SelectionError(f"{text!r} is not a choice of slices.", _ALLOWED)
        first = int(match[1])
        last = first if match[2] is None else int(match[2])
        if last < first:
            raise SelectionError(
                f"The range {first}-{last} runs backwards.", f'Write it as "{last}-{first}".'
            )
        # Checked before the range is unrolled, so that "0-999999999" costs nothing.
        _within((last,), count)
        yield from range(first, last + 1)


def _within(indices: tuple[int, ...], count: int) -> tuple[int, ...]:
    for index in indices:
        if not 0 <= index < count:
            raise SelectionError(
                f"There is no slice {index}: the numbers run from 0 to {count - 1}.", _ALLOWED
            )
    return indices


def write_slices(indices: Sequence[int]) -> str:
    """Write slice numbers down, as ``parse_slices`` reads them: "12, 40-44".

    Three or more that follow each other upwards become a range. Numbers keep their order; one
    that stands there twice is written twice, and read once.
    """
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][-1] + 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    words = []
    for run in runs:
        words += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(index) for index in run]
    return ", ".join(words)

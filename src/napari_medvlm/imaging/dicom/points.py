"""The fourth axis: which of the images at each position belong to one time, b-value or phase."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from .header import ImageHeader

Stacks = Sequence[Sequence[ImageHeader]]
Unused = tuple[tuple[ImageHeader, str], ...]

#: A label that fills less than this share of the grid of points and positions is none.
_FILLED = 0.5


@dataclass(frozen=True)
class Points:
    """Images of each point along the fourth axis, in slice order.

    Parameters
    ----------
    points
        One point where there is no fourth axis. All points have the same positions.
    times
        Seconds of each point; empty where unknown, or where the axis is none of time.
    unused
        Images that are part of no point, and why.
    """

    points: tuple[tuple[ImageHeader, ...], ...]
    times: tuple[float, ...] = ()
    remarks: tuple[str, ...] = ()
    unused: Unused = ()


@dataclass(frozen=True)
class Label:
    """A way to tell which point an image belongs to.

    Parameters
    ----------
    words
        For remarks.
    of
        The point of an image; None where its header does not say it.
    timed
        Whether points follow each other in time.
    ranked
        Whether points follow their label; else the order in which they were taken.
    strong
        Whether it names a point of a fourth axis and nothing else. Acquisitions and clock times
        also number what lies side by side.
    """

    words: str
    of: Callable[[ImageHeader], Hashable | None]
    timed: bool = True
    ranked: bool = True
    strong: bool = True


def _diffusion(h: ImageHeader) -> Hashable | None:
    t = h.traits
    return None if t.b_value is None else (t.b_value, t.gradient)


def _both(a: Hashable | None, b: Hashable | None) -> Hashable | None:
    return None if a is None or b is None else (a, b)


def _by_vector(h: ImageHeader, vector: str) -> Hashable | None:
    return h.role.point if vector in h.role.point_name else None


#: By preference.
LABELS = (
    Label("time points by TemporalPositionIdentifier (0020,0100)", lambda h: h.traits.temporal),
    Label("volumes by b-value (0018,9087) and gradient", _diffusion, False, False),
    Label("cardiac phases by NominalPercentageOfCardiacPhase (0020,9241)",
           lambda h: h.traits.cardiac, False),
    Label("respiratory phases by NominalPercentageOfRespiratoryPhase (0020,9245)",
           lambda h: h.traits.respiratory, False),
    Label("cardiac phases by TriggerTime (0018,1060)", lambda h: h.traits.trigger),
    Label("time points by AcquisitionNumber (0020,0012)", lambda h: h.traits.acquisition,
          strong=False),
    Label("time points by AcquisitionTime (0008,0032)", lambda h: h.traits.seconds, strong=False),
    Label("time points by ContentTime (0008,0033)", lambda h: h.traits.content, strong=False),
    Label("phases by TimeSlotVector (0054,0070)", lambda h: _by_vector(h, "TimeSlot"), False),
    Label("time points by TimeSliceVector (0054,0100)", lambda h: _by_vector(h, "TimeSlice")),
    Label("volumes by InversionTime (0018,0082)", lambda h: h.traits.inversion, False),
    Label("volumes by FlipAngle (0018,1314)", lambda h: h.traits.flip, False),
    Label("volumes by b-value (0018,9087), gradient and TemporalPositionIdentifier (0020,0100)",
           lambda h: _both(_diffusion(h), h.traits.temporal), False, False),
    Label("volumes by b-value (0018,9087), gradient and AcquisitionNumber (0020,0012)",
           lambda h: _both(_diffusion(h), h.traits.acquisition), False, False),
    Label("time points by TriggerTime (0018,1060) and AcquisitionNumber (0020,0012)",
           lambda h: _both(h.traits.trigger, h.traits.acquisition), False, False),
)  # fmt: skip


def join(stacks: Stacks) -> Points:
    """Join images that share positions along a fourth axis.

    Parameters
    ----------
    stacks
        Images at each position, in the order of positions.
    """
    counts = {len(stack) for stack in stacks}
    if counts == {1}:
        return Points((tuple(stack[0] for stack in stacks),))
    images = [h for stack in stacks for h in stack]
    best, filled = None, 0.0
    # Where every position has as many images, their order at each position tells as much.
    labels = LABELS if len(counts) == 1 else LABELS + _numbered(images, len(stacks))
    for label in labels:
        share = _share(label, stacks)
        if share > filled:
            best, filled = label, share
        if share == 1:
            break
    if filled < 1 and len(counts) == 1:
        return _ranked(stacks)
    if best is None or filled < _FILLED:
        return _first_of_each(stacks)
    return _labelled(best, stacks)


def _numbered(images: Sequence[ImageHeader], positions: int) -> tuple[Label, ...]:
    # Instance numbers run over all positions of one point, or over all points of one position.
    words = "points in the order of InstanceNumber (0020,0013)"
    numbers = [int(h.order[1]) for h in images]
    if len(set(numbers)) < len(numbers):
        return ()
    start, points = min(numbers), max(1, round((max(numbers) - min(numbers) + 1) / positions))
    return (
        Label(words, lambda h: (int(h.order[1]) - start) // positions),
        Label(words, lambda h: (int(h.order[1]) - start) % points),
    )


def _share(label: Label, stacks: Stacks) -> float:
    """How much of the grid a label fills; 0 where it is missing or puts two in one place."""
    points: set[Hashable] = set()
    count = 0
    for stack in stacks:
        own = [label.of(h) for h in stack]
        if None in own or len(set(own)) < len(own):
            return 0.0
        points.update(own)
        count += len(own)
    return count / (len(points) * len(stacks)) if len(points) > 1 else 0.0


def _labelled(label: Label, stacks: Stacks) -> Points:
    cells = {(label.of(h), k): h for k, stack in enumerate(stacks) for h in stack}
    first: dict[Any, Any] = {}
    for (point, _), h in cells.items():
        first[point] = min(first.get(point, _taken(h)), _taken(h))
    points = list(first)
    points.sort(key=lambda p: (p, first[p]) if label.ranked else (first[p], p))
    grid = np.array([[(p, k) in cells for k in range(len(stacks))] for p in points])
    kept, places, remarks = _complete(grid)
    if len(kept) < 2:
        return _first_of_each(stacks)
    chosen = tuple(tuple(cells[points[n], k] for k in places) for n in kept)
    used = {id(h) for point in chosen for h in point}
    reason = "Its point along the fourth axis lacks other slices."
    unused = tuple((h, reason) for stack in stacks for h in stack if id(h) not in used)
    words = f"{len(kept)} {label.words}{_b_values(chosen)}."
    times = _times(chosen) if label.timed else ()
    return Points(chosen, times, (words, *remarks), unused)


def _complete(grid: Any) -> tuple[list[int], list[int], tuple[str, ...]]:
    """Rows and columns of a grid without a hole, so that most images stay."""
    points, places = grid.shape
    whole_points, whole_places = np.flatnonzero(grid.all(axis=1)), np.flatnonzero(grid.all(axis=0))
    if len(whole_points) == points:
        return list(range(points)), list(range(places)), ()
    why = "whether these were never taken or were lost cannot be known"
    if len(whole_points) * places >= len(whole_places) * points:
        lost = points - len(whole_points)
        remark = f"{lost} of {points} points lack slices and are left out; {why}."
        return whole_points.tolist(), list(range(places)), (remark,)
    lost = places - len(whole_places)
    remark = f"{lost} of {places} slices lack some of the points and are left out; {why}."
    return list(range(points)), whole_places.tolist(), (remark,)


def _ranked(stacks: Stacks) -> Points:
    ordered = [sorted(stack, key=lambda h: (_taken(h), str(h.path))) for stack in stacks]
    points = tuple(zip(*ordered, strict=True))
    return Points(points, _times(points), (f"{_order(ordered)}{_b_values(points)}.",))


def _order(ordered: Stacks) -> str:
    """By what the images of each position follow each other, and no more than that."""
    count = len(ordered[0])
    if all(a != b for stack in ordered for a, b in pairwise(map(_when, stack))):
        return (
            f"{count} images at every position, taken as time points in the order of their time "
            "and acquisition"
        )
    if all(a != b for stack in ordered for a, b in pairwise(map(_taken, stack))):
        return (
            f"{count} images at every position; no tag says what sets them apart, and their "
            "order is that of InstanceNumber (0020,0013)"
        )
    return (
        f"{count} images at every position that no tag tells apart; their order is not known, and "
        "is that of the names of their files"
    )


def _first_of_each(stacks: Stacks) -> Points:
    ordered = [sorted(stack, key=_taken) for stack in stacks]
    reason = "Another image of its series lies at the same position."
    unused = tuple((h, reason) for stack in ordered for h in stack[1:])
    remark = (
        f"{len(unused)} images share a position with another; only the first at each position, "
        "by time and InstanceNumber (0020,0013), is kept."
    )
    return Points((tuple(stack[0] for stack in ordered),), (), (remark,), unused)


def _when(h: ImageHeader) -> tuple[Any, ...]:
    t = h.traits
    return (t.temporal or 0, t.cardiac or 0.0, t.trigger or 0.0, t.acquisition or 0)


def _taken(h: ImageHeader) -> tuple[Any, ...]:
    return (*_when(h), h.order)


def _b_values(points: Sequence[Sequence[ImageHeader]]) -> str:
    found = [point[0].traits.b_value for point in points]
    if None in found or len(set(found)) < 2:
        return ""
    return f" (b-values {', '.join(f'{b:g}' for b in found)} s/mm²)"


def _times(points: Sequence[Sequence[ImageHeader]]) -> tuple[float, ...]:
    """Seconds of each point: after the R wave, else since the first point."""
    for name, unit, absolute in (
        ("trigger", 1e-3, True), ("seconds", 1.0, False), ("content", 1.0, False),
    ):  # fmt: skip
        own = [[getattr(h.traits, name) for h in point] for point in points]
        if any(seconds is None for point in own for seconds in point):
            continue
        middle = [median(point) * unit for point in own]
        if all(b > a for a, b in pairwise(middle)):
            start = 0.0 if absolute else middle[0]
            return tuple(round(seconds - start, 6) for seconds in middle)
    return ()

"""Which images of a volume lie at one place along its slice normal."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import pairwise
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from .header import ImageHeader
from .points import LABELS, Label

#: Positions nearer than this (mm) are one position.
SAME = 0.01
#: Positions of one slice at many times may shake by this much (mm).
_JITTER = 0.1
#: A scanner that follows the patient's head moves slices by up to this (mm) in a series.
MOVED = 5.0
#: Slices of a point may leave their common movement by this share of the slice spacing.
_LOOSE = 0.25


_EXAM = attrgetter("exam")


def alike(headers: Sequence[ImageHeader]) -> bool:
    """Whether headers are known to differ in place, number and clock alone (``header.OWN``)."""
    return headers[0].frame is None and len(set(map(id, map(_EXAM, headers)))) == 1


def heights(headers: Sequence[ImageHeader]) -> tuple[float, ...]:
    """Place of each image (mm) along the slice normal of the first; all 0 where unknown."""
    head = headers[0]
    if head.orientation is None or any(h.position is None for h in headers):
        known = len(headers) > 0 and all(h.location is not None for h in headers)
        return tuple(float(h.location or 0.0) if known else 0.0 for h in headers)
    normal = np.cross(head.orientation[:3], head.orientation[3:])
    return tuple((np.array([h.position for h in headers]) @ normal).tolist())


def places_of(headers: Sequence[ImageHeader]) -> dict[int, int]:
    """Number of the place of each image, by ``id``; of its own where places are not known."""
    along = heights(headers)
    order = sorted(range(len(headers)), key=along.__getitem__)
    placed = max(along) > min(along)
    found = _clusters(along, order, SAME) if placed else [[n] for n in order]
    return {id(headers[n]): place for place, cluster in enumerate(found) for n in cluster}


def stacks(headers: Sequence[ImageHeader]) -> list[list[ImageHeader]]:
    """Images at each position along the slice normal, from low to high.

    Tiles of mosaics and labels of a fourth axis (time, b-value, phase) go before positions: a
    slice that moves a little from one time to the next stays one slice.
    """
    along = heights(headers)
    order = sorted(range(len(headers)), key=along.__getitem__)
    steps = [along[b] - along[a] for a, b in pairwise(order)]
    loose = min(_JITTER, 0.05 * max(steps, default=0.0))
    apart = min(steps, default=0.0) >= max(SAME, loose) > 0
    known = _by_tile(headers, along) or _by_point(headers, along)
    if not known and apart:
        return [[headers[n]] for n in order]  # the usual case: each has a place of its own
    found = known or _clusters(along, order, SAME)
    if loose > SAME and not known:
        # Positions that shake a little from one time point to the next.
        looser = _clusters(along, order, loose)
        if 2 < len(looser) < len(found) and len({len(cluster) for cluster in looser}) == 1:
            found = looser
    return [[headers[n] for n in cluster] for cluster in found]


def moves(headers: Sequence[ImageHeader]) -> bool:
    """Whether slices may move by up to ``MOVED`` from one image of a place to the next."""
    along = heights(headers)
    return headers[0].tile is not None or bool(_by_point(headers, along))


def _by_tile(headers: Sequence[ImageHeader], along: Sequence[float]) -> list[list[int]]:
    """Slices of several mosaics by their tiles, where these lie at nearly one place each."""
    groups: dict[tuple[int, int, int, int], list[int]] = {}
    for n, header in enumerate(headers):
        if header.tile is None:
            return []
        groups.setdefault(header.tile, []).append(n)
    if any(max(along[n] for n in g) - min(along[n] for n in g) > MOVED for g in groups.values()):
        return []
    return sorted(groups.values(), key=lambda group: min(along[n] for n in group))


def _by_point(headers: Sequence[ImageHeader], along: Sequence[float]) -> list[list[int]]:
    """Slices of a series whose points, told by a label, are equal stacks a little displaced.

    Empty where no label tells that, and where positions tell it all the same.
    """
    own = len({id(h.traits) for h in headers})
    if own == 1 or (own == len(headers) and alike(headers)):
        return []  # the usual case: nothing but a clock differs, and that from slice to slice
    for label in LABELS:
        columns = _equal_stacks(headers, along, label)
        if columns:
            return columns
    return []


def _equal_stacks(
    headers: Sequence[ImageHeader],
    along: Sequence[float],
    label: Label,
) -> list[list[int]]:
    points: dict[Hashable, list[int]] = {}
    for n, h in enumerate(headers):
        point = label.of(h)
        if point is None:
            return []
        points.setdefault(point, []).append(n)
    count = len(headers) // len(points)
    if len(points) < 2 or any(len(own) != count for own in points.values()):
        return []
    rows = np.array([sorted(own, key=along.__getitem__) for own in points.values()])
    places = np.array(along)[rows]
    return rows.T.tolist() if _displaced(places, headers[0].thickness, label.strong) else []


def _displaced(places: npt.NDArray[np.float64], thickness: float | None, strong: bool) -> bool:
    """Whether rows of places, one a point, are one stack that moves within bounds."""
    moved = np.abs(places - places[:1])
    if places.shape[1] == 1:  # one slice: only if it stays within itself
        return bool(SAME < np.ptp(places) <= 0.5 * (thickness or 0.0))
    steps = np.diff(places, axis=1)
    if steps.min() < _JITTER:
        return False
    loose = _LOOSE * float(np.median(steps))
    if not SAME < moved.max() <= (MOVED if strong else min(loose, MOVED)):
        return False
    shift = np.median(places - places[:1], axis=1, keepdims=True)
    return bool(np.abs(places - places[:1] - shift).max() <= loose)


def _clusters(along: Sequence[float], order: Sequence[int], tolerance: float) -> list[list[int]]:
    found: list[list[int]] = []
    for n in order:
        if found and along[n] - along[found[-1][0]] < tolerance:
            found[-1].append(n)
        else:
            found.append([n])
    return found

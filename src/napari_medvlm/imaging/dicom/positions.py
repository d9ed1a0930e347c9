"""Which images of a volume lie at one place along its slice normal."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .header import ImageHeader

#: Positions nearer than this (mm) are one position.
SAME = 0.01
#: Positions of one slice at many times may shake by this much (mm).
_JITTER = 0.1
#: A scanner that follows the patient's head moves the slices of a mosaic by up to this (mm).
MOVED = 5.0


def heights(headers: Sequence[ImageHeader]) -> tuple[float, ...]:
    """Place of each image (mm) along the slice normal of the first; all 0 where unknown."""
    head = headers[0]
    if head.orientation is None or any(h.position is None for h in headers):
        known = len(headers) > 0 and all(h.location is not None for h in headers)
        return tuple(float(h.location or 0.0) if known else 0.0 for h in headers)
    normal = np.cross(head.orientation[:3], head.orientation[3:])
    return tuple((np.array([h.position for h in headers]) @ normal).tolist())


def stacks(headers: Sequence[ImageHeader]) -> list[list[ImageHeader]]:
    """Images at each position along the slice normal, from low to high."""
    along = heights(headers)
    order = sorted(range(len(headers)), key=along.__getitem__)
    steps = [along[b] - along[a] for a, b in pairwise(order)]
    loose = min(_JITTER, 0.05 * max(steps, default=0.0))
    tiles = _by_tile(headers, along)
    if not tiles and min(steps, default=0.0) >= max(SAME, loose) > 0:
        return [[headers[n]] for n in order]  # the usual case: each has a place of its own
    found = tiles or _clusters(along, order, SAME)
    if loose > SAME:
        # Positions that shake a little from one time point to the next.
        looser = _clusters(along, order, loose)
        if 2 < len(looser) < len(found) and len({len(cluster) for cluster in looser}) == 1:
            found = looser
    return [[headers[n] for n in cluster] for cluster in found]


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


def _clusters(along: Sequence[float], order: Sequence[int], tolerance: float) -> list[list[int]]:
    found: list[list[int]] = []
    for n in order:
        if found and along[n] - along[found[-1][0]] < tolerance:
            found[-1].append(n)
        else:
            found.append([n])
    return found

"""How groups of slices lie to each other: the same places, one after another, or in between."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .header import ImageHeader
from .positions import heights, places_of

#: Share of images that have to lie at places of several groups to be repeats.
_SHARED = 0.5
#: Steps that differ by less than this share are even.
_EVEN = 0.1
#: Slices as far apart as this many slice thicknesses leave no room for others between them.
_FILLED = 1.2
#: Steps of more than this many spacings are gaps.
_GAP = 1.5
#: Modalities that never take a stack in two turns, with every other slice in each.
_AT_ONCE = frozenset(("CT", "PT", "NM"))


class Relation(Enum):
    """Of groups of parallel slices."""

    UNKNOWN = "without places"
    SAME = "at the same places, as time points are"
    CONTINUED = "one after another, in one even stack"
    PARTED = "one after another, with a gap between them"
    ALTERNATING = "whole stacks of their own that lie between each other"
    CONCATENATED = "each with gaps that the others fill"


def relation(groups: Sequence[Sequence[ImageHeader]]) -> Relation:
    """How groups of slices of one orientation lie to each other."""
    headers = [h for group in groups for h in group]
    if headers[0].orientation is None or any(h.position is None for h in headers):
        return Relation.UNKNOWN
    if _shared(groups, headers) >= _SHARED:
        return Relation.SAME
    along = np.array(heights(headers))
    ends = np.cumsum([len(group) for group in groups])[:-1]
    places = sorted((np.sort(part) for part in np.split(along, ends)), key=lambda own: own[0])
    if all(before[-1] < after[0] for before, after in pairwise(places)):
        return Relation.CONTINUED if _continue(places) else Relation.PARTED
    one_turn = headers[0].modality in _AT_ONCE
    if one_turn or any(_complete(group) for group in groups):
        return Relation.ALTERNATING
    return Relation.CONCATENATED


def _shared(groups: Sequence[Sequence[ImageHeader]], headers: Sequence[ImageHeader]) -> float:
    """Share of images at places where another group has one too."""
    place = places_of(headers)
    found: dict[int, set[int]] = {}
    for n, group in enumerate(groups):
        for h in group:
            found.setdefault(place[id(h)], set()).add(n)
    return sum(len(found[place[id(h)]]) > 1 for h in headers) / len(headers)


def _continue(places: Sequence[npt.NDArray[np.float64]]) -> bool:
    steps = np.diff(np.concatenate(places))
    between = np.array([b[0] - a[-1] for a, b in pairwise(places)])
    return bool(between.max() <= _GAP * float(np.median(steps)))


def _complete(group: Sequence[ImageHeader]) -> bool:
    """Whether a group is an even stack that leaves no room for slices between its own."""
    steps = np.diff(np.sort(heights(group)))
    if not steps.size or not steps.min() > 0:
        return False
    step, thickness = float(np.median(steps)), group[0].thickness
    even = bool(np.abs(steps - step).max() <= _EVEN * step)
    return even and thickness is not None and step <= _FILLED * thickness

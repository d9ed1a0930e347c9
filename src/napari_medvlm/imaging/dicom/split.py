"""Taking the images of one series apart into coherent volumes.

What differs in kind (size, colour, orientation, component, what ImageType says it shows) always
splits. What may differ from slice to slice within a volume (echo time, kernel, tube voltage, …)
splits only where images that differ in it lie at one position. What is left at one position
after that is a fourth axis, which ``points`` joins.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .header import ImageHeader
from .positions import MOVED, heights, stacks

#: More kinds of images than this at one position are no reconstructions but a fourth axis.
_MOST_KINDS = 8
#: Modalities whose images without a position are slices all the same.
_SLICED = frozenset(("CT", "MR", "PT", "NM"))
#: Share of the grid of times and positions that two acquisitions must fill to be time points.
_COVERED = 0.8
#: Directions that differ by less are one direction; and as much as a head turns in a scan.
_EQUAL, _TURNED = 5e-3, 0.05
#: Sideways shift for each mm along the normal, of a gantry tilted by 35 degrees.
_LEANING = 0.7
#: Sideways distance (mm) from which images at one height are neighbours, not repeats.
_BESIDE = 1.0

Key = Callable[[ImageHeader], Hashable]


@dataclass(frozen=True)
class Part:
    """Images of one volume, and in a few words what sets it apart from the series' others."""

    headers: tuple[ImageHeader, ...]
    label: str = ""


def _echo(header: ImageHeader) -> Hashable:
    return header.traits.echo


#: What splits images that share a position, in this order.
_SOFT: tuple[Key, ...] = (
    lambda h: h.traits.frame_of_reference,
    _echo,
    lambda h: h.traits.inversion,
    lambda h: h.traits.kernel,
    lambda h: h.traits.energy,
    lambda h: h.thickness,
    lambda h: h.traits.flip,
    lambda h: h.traits.words,
    lambda h: h.photometric,
)


def split(headers: Sequence[ImageHeader]) -> list[Part]:
    """Coherent volumes of one series, the largest first.

    Parameters
    ----------
    headers
        All images of one series, in any order.

    Returns
    -------
    parts
        In an order that does not depend on that of ``headers``.
    """
    ordered = sorted(headers, key=lambda h: (h.order, str(h.path)))
    groups = [
        piece
        for kind in _by(ordered, _kind)
        for shape in _by_geometry(kind)
        for station in _by_station(shape)
        for piece in _by_repeats(station)
    ]
    groups.sort(key=lambda group: -len(group))
    labels = _labels([group[0] for group in groups])
    return [Part(tuple(g), label) for g, label in zip(groups, labels, strict=True)]


def _by(headers: Iterable[ImageHeader], key: Key) -> list[list[ImageHeader]]:
    groups: dict[Hashable, list[ImageHeader]] = {}
    for header in headers:
        groups.setdefault(key(header), []).append(header)
    return list(groups.values())


def _kind(header: ImageHeader) -> Hashable:
    t = header.traits
    alone = header.cine or (header.position is None and _projection(header))
    return (
        t.sop_class, header.modality, header.shape, header.photometric == "PALETTE COLOR",
        t.stack, t.origin, t.component, t.marks, header.cine,
        header.path if alone else None, None if header.cine or not alone else header.frame,
    )  # fmt: skip


def _projection(header: ImageHeader) -> bool:
    return header.location is None and header.modality not in _SLICED


def _by_geometry(headers: Sequence[ImageHeader]) -> list[list[ImageHeader]]:
    groups: list[list[ImageHeader]] = []
    for header in headers:
        for group in groups:
            if same_geometry(group[0], header):
                group.append(header)
                break
        else:
            groups.append([header])
    return groups


def same_geometry(a: ImageHeader, b: ImageHeader) -> bool:
    """Whether two images have one pixel spacing and one orientation."""
    if a.spacing is b.spacing and a.orientation is b.orientation:
        return True  # the usual case: headers of one series share what is the same
    if not _near(a.spacing, b.spacing, relative=1e-3):
        return False
    # Between two mosaics the scanner may have followed the patient's head.
    turned = _TURNED if a.tile and b.tile else _EQUAL
    return _near(a.orientation, b.orientation, absolute=turned)


def _near(
    a: Sequence[float] | None,
    b: Sequence[float] | None,
    *,
    relative: float = 0.0,
    absolute: float = 0.0,
) -> bool:
    # Plain Python: NumPy takes fifty times as long for six numbers.
    if a is None or b is None:
        return a is b
    return all(abs(x - y) <= absolute + relative * abs(y) for x, y in zip(a, b, strict=True))


def _by_station(headers: list[ImageHeader]) -> list[list[ImageHeader]]:
    """Apart where slices of one height lie beside each other, as in whole-body stations."""
    if headers[0].orientation is None or any(h.position is None for h in headers):
        return _by(headers, lambda h: h.position is None or h.orientation is None)
    beside = MOVED if headers[0].tile else _BESIDE
    for stack in stacks(headers):
        if len(stack) == 1:
            continue
        places = np.array([h.position for h in stack])
        if np.ptp(places, axis=0).max() > beside:
            break
    else:
        return [headers]
    return _tracks(headers, beside)


def _tracks(headers: list[ImageHeader], beside: float) -> list[list[ImageHeader]]:
    """Follow stacks that lie beside each other from slice to slice, straight or leaning."""
    cosines = np.array(headers[0].orientation).reshape(2, 3)
    along = np.array(heights(headers))
    sideways = np.array([h.position for h in headers]) @ cosines.T
    tracks: list[list[int]] = []
    ends = np.empty((0, 3))  # of each track: sideways, along
    for n in np.argsort(along, kind="stable").tolist():
        aside = np.linalg.norm(ends[:, :2] - sideways[n], axis=1)
        allowed = beside + _LEANING * (along[n] - ends[:, 2])
        aside[aside > allowed] = np.inf
        nearest = int(np.argmin(aside)) if tracks else 0
        if tracks and np.isfinite(aside[nearest]):
            tracks[nearest].append(n)
        else:
            nearest = len(tracks)
            tracks.append([n])
            ends = np.vstack([ends, np.empty(3)])
        ends[nearest] = (*sideways[n], along[n])
    return [[headers[n] for n in sorted(track)] for track in tracks]


def _by_repeats(headers: list[ImageHeader]) -> list[list[ImageHeader]]:
    """Apart by what tells images at one position from each other, unless it is a fourth axis."""
    if headers[0].cine:
        return [headers]
    places = stacks(headers)
    if all(len(stack) == 1 for stack in places):
        return [headers]
    for key in _SOFT:
        kinds = max(len({key(h) for h in stack}) for stack in places)
        if 1 < kinds <= _MOST_KINDS or (kinds > 1 and key is _echo):
            return [part for group in _by(headers, key) for part in _by_repeats(group)]
    if _partial_acquisitions(headers, places):
        return _by(headers, lambda h: h.traits.acquisition)
    return [headers]


def _partial_acquisitions(headers: list[ImageHeader], places: list[list[ImageHeader]]) -> bool:
    # Acquisitions that cover different places are volumes beside each other, not time points.
    t = [h.traits for h in headers]
    if any(len({getattr(one, name) for one in t}) > 1 for name in ("temporal", "b_value")):
        return False
    groups = _by(headers, lambda h: h.traits.acquisition)
    alone = all(len(stack) == 1 for group in groups for stack in stacks(group))
    covered = len(headers) / (len(groups) * len(places))
    return alone and min(map(len, groups)) > 1 and covered < _COVERED


def _labels(heads: Sequence[ImageHeader]) -> list[str]:
    if len(heads) < 2:
        return [""] * len(heads)
    told = [_facts(head) for head in heads]
    apart = [n for n in range(len(told[0])) if len({facts[n] for facts in told}) > 1]
    return [", ".join(facts[n] for n in apart if facts[n]) for facts in told]


def _facts(head: ImageHeader) -> tuple[str, ...]:
    # Labels end in remarks, which are kept: numbers and known words, never free text.
    t = head.traits
    return (
        "localizer" if t.scout else "",
        _plane(head),
        f"{head.shape[0]} x {head.shape[1]} pixels",
        f"pixels of {head.spacing[0]:.4g} x {head.spacing[1]:.4g} mm" if head.spacing else "",
        "colour" if head.shape[2] > 1 else "grey",
        t.origin.lower() if t.origin in ("ORIGINAL", "DERIVED") else "",
        t.component,
        " ".join(mark for mark in t.marks).lower(),
        f"stack {t.stack}" if t.stack.isdecimal() else "",
        f"echo time {t.echo[1]:.5g} ms" if t.echo else "",
        f"inversion time {t.inversion:.5g} ms" if t.inversion else "",
        f"kernel {' '.join(t.kernel)}" if t.kernel else "",
        f"{t.energy:.4g} kV" if t.energy else "",
        f"slice thickness {head.thickness:.4g} mm" if head.thickness else "",
        f"flip angle {t.flip:.4g} degrees" if t.flip else "",
        f"acquisition {t.acquisition}" if t.acquisition is not None else "",
    )


def _plane(head: ImageHeader) -> str:
    if head.orientation is None or head.position is None:
        return ""
    normal = np.abs(np.cross(head.orientation[:3], head.orientation[3:]))
    return ("sagittal", "coronal", "axial")[int(np.argmax(normal))]

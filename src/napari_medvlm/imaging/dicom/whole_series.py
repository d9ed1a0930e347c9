"""Which files belong to one series: by its UID, and where each slice has one, by all else."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from .header import ImageHeader
from .positions import heights, places_of
from .questions import QUESTIONS, Rule, Unknown, what
from .same_plane import same_geometry

#: Fewer slices with a UID each are no proof that the UIDs mean nothing.
_FEWEST = 3
#: Steps that differ by less than this share are even.
_EVEN = 0.05
#: Distances (mm) within which all images of a series lie at one place.
_PLACE = 0.01


@dataclass(frozen=True)
class Series:
    """Images that are of one series, and what had to be assumed for it."""

    headers: tuple[ImageHeader, ...]
    remarks: tuple[str, ...] = ()


def gather(headers: Sequence[ImageHeader]) -> list[Series]:
    """Sort images into series, in the order in which these are met.

    Files without a SeriesInstanceUID are taken together by folder. A series of one place, beside
    others that agree with it in all else and make an even stack with it, is a slice of one scan:
    some scanners, and some programs that take identity away, give each slice a UID of its own.
    """
    by_uid: dict[Hashable, list[ImageHeader]] = {}
    for h in headers:
        by_uid.setdefault((h.study, h.series or str(h.path.parent)), []).append(h)
    found: dict[int, Series] = {}
    slices: dict[Hashable, list[list[ImageHeader]]] = {}
    for images in by_uid.values():
        if _is_slice(images):
            slices.setdefault(_all_else(images[0]), []).append(images)
        else:
            found[id(images[0])] = Series(tuple(images))
    for alike in slices.values():
        for one in _joined(alike):
            found[id(one.headers[0])] = one
    return [found[id(images[0])] for images in by_uid.values() if id(images[0]) in found]


def _is_slice(images: Sequence[ImageHeader]) -> bool:
    head = images[0]
    if not head.series or head.position is None or head.orientation is None or head.in_frames:
        return False
    first = head.position
    return all(
        h.position is not None
        and max(abs(a - b) for a, b in zip(h.position, first, strict=True)) < _PLACE
        for h in images
    )


def _all_else(head: ImageHeader) -> Hashable:
    """What slices of one scan agree in, whatever their UIDs."""
    answers = [
        question.key(head) for question in QUESTIONS
        if question.rule is not Rule.COMPLETE and question.name != "frame of reference"
    ]  # fmt: skip
    return (what(head), head.body_part, head.description, *answers)


def _joined(alike: Sequence[list[ImageHeader]]) -> list[Series]:
    """Series that agree in all else as one, where they make an even stack; else each by itself."""
    apart = [Series(tuple(images)) for images in alike]
    if len(alike) < _FEWEST or not _known(alike[0][0]) or not _in_one_space(alike):
        return apart
    images = [h for one in alike for h in one]
    if not all(same_geometry(images[0], h) for h in images) or not _even(images, len(alike)):
        return apart
    remark = (
        f"Each slice has a SeriesInstanceUID (0020,000E) of its own; {len(alike)} that agree in "
        "all else were taken as one series."
    )
    return [Series(tuple(images), (remark,))]


def _known(head: ImageHeader) -> bool:
    """Whether there is something to agree in."""
    exam = head.exam
    series = any(one not in Unknown for one in (exam.number, exam.description, exam.protocol))
    return series or bool(head.traits.frame_of_reference)


def _in_one_space(alike: Sequence[Sequence[ImageHeader]]) -> bool:
    """Whether study and frame of reference are one each, or mean as little as the series' UID."""
    heads = [images[0] for images in alike]
    spaces, studies = {h.traits.frame_of_reference for h in heads}, {h.study for h in heads}
    exam = heads[0].exam
    if len(studies) > 1 and not (exam.patient and exam.date and len(studies) == len(heads)):
        return False
    return len(spaces) in (1, len(heads)) and not (len(spaces) > 1 and len(studies) > 1)


def _even(images: Sequence[ImageHeader], count: int) -> bool:
    """Whether places are as many as series, and evenly spaced along a straight line."""
    places = places_of(images)
    if len(set(places.values())) != count:
        return False
    along = dict(zip(map(places.get, map(id, images)), heights(images), strict=True))
    steps = np.diff(sorted(along.values()))
    ends = np.array([h.position for h in images])
    sideways = float(np.linalg.norm(np.ptp(ends, axis=0)))
    straight = sideways <= 1.5 * float(np.ptp(list(along.values())))
    return straight and bool(np.ptp(steps) <= _EVEN * float(np.median(steps)))

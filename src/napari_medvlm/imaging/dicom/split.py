"""Taking the images of one series apart into coherent volumes.

The questions of ``questions`` are asked one after another; then size and direction, then where
images lie. What is left at one position after that is a fourth axis, which ``points`` joins.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from .header import ImageHeader
from .neighbours import Relation, relation
from .positions import MOVED, alike, heights, moves, places_of, stacks
from .projections import stands_alone
from .questions import QUESTIONS, Key, Question, Rule, Unknown, what, what_labels
from .same_plane import by_geometry

#: More kinds of images than this at one position are no reconstructions but a fourth axis.
_MOST_KINDS = 8
#: Share of the grid of times and positions that two acquisitions must fill to be time points.
_COVERED = 0.8
#: Numbers that differ by less than this share are one answer.
_ROUNDED = 0.01
#: Sideways shift for each mm along the normal, of a gantry tilted by 35 degrees.
_LEANING = 0.7
#: Sideways distance (mm) from which images at one height are neighbours, not repeats.
_BESIDE = 1.0


#: What may tell images at one place from each other, in this order.
_AT_ONE_PLACE: tuple[Key, ...] = (
    *(q.key for q in QUESTIONS if q.rule in (Rule.NOT_BY_SLICE, Rule.NOT_IN_TIME)),
    lambda h: h.traits.words,
    lambda h: h.photometric,
)
#: What headers that are ``alike`` can still differ in.
_BY_CLOCK = tuple(question for question in QUESTIONS if question.name == "time of acquisition")


@dataclass(frozen=True)
class Part:
    """Images of one volume.

    Parameters
    ----------
    headers
        Its images.
    label
        In a few words what sets it apart from the series' other volumes.
    remarks
        In what its images differ all the same, one sentence each.
    """

    headers: tuple[ImageHeader, ...]
    label: str = ""
    remarks: tuple[str, ...] = ()


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
    one_kind = alike(ordered) and all(h.position is not None for h in ordered)
    groups = [ordered] if one_kind and not stands_alone(ordered[0]) else _by(ordered, _kind)
    groups = [shape for group in groups for shape in by_geometry(group)]
    parts = []
    for group in groups:
        remarks: list[str] = []
        for piece in _by_questions(group, remarks):
            for station in _by_station(piece):
                parts += [(repeat, tuple(remarks)) for repeat in _by_repeats(station)]
    parts.sort(key=lambda part: -len(part[0]))
    labels = _labels([images[0] for images, _ in parts])
    return [
        Part(tuple(images), label, remarks)
        for (images, remarks), label in zip(parts, labels, strict=True)
    ]


def _by(headers: Iterable[ImageHeader], key: Key) -> list[list[ImageHeader]]:
    groups: dict[Hashable, list[ImageHeader]] = {}
    for header in headers:
        groups.setdefault(key(header), []).append(header)
    return list(groups.values())


def _kind(header: ImageHeader) -> Hashable:
    alone = header.in_frames or stands_alone(header)
    own = header.path if alone else None, None if header.in_frames or not alone else header.frame
    return what(header), own


def _by_questions(headers: list[ImageHeader], remarks: list[str]) -> list[list[ImageHeader]]:
    """Apart by each question in turn; what is not taken for a difference goes into remarks."""
    if headers[0].in_frames or len(headers) == 1:
        return [headers]
    groups = [headers]
    for question in QUESTIONS if not alike(headers) else _BY_CLOCK:
        groups = [piece for group in groups for piece in _by_answer(group, question, remarks)]
    return groups


def _by_answer(
    headers: list[ImageHeader], question: Question, remarks: list[str]
) -> list[list[ImageHeader]]:
    groups = _by_known(headers, question)
    if len(groups) < 2:
        return groups
    if question.rule is Rule.COMPLETE:
        return _by_completeness(headers, groups, question)
    if question.rule is Rule.ALWAYS:
        return groups
    if _own_in_each_slice(headers, groups):
        note = f"Slices differ in {question.name}, {question.tags}; they were taken as one volume."
        remarks += [note] if note not in remarks else []
        return [headers]
    if question.rule is Rule.NOT_IN_TIME and _most_kinds(headers, question.key) > _MOST_KINDS:
        return [headers]
    if question.name == "frame of reference" and relation(groups) is Relation.CONCATENATED:
        remarks.append(
            f"Its slices alternate between {len(groups)} frames of reference, {question.tags}, "
            "and fill each other's gaps; they were taken as one volume."
        )
        return [headers]
    return groups


def _by_known(headers: list[ImageHeader], question: Question) -> list[list[ImageHeader]]:
    """Apart by different answers; images without one go with the only answer that there is."""
    groups: dict[Hashable, list[ImageHeader]] = {}
    for header in headers:
        groups.setdefault(question.key(header), []).append(header)
    if len(groups) > 1 and question.rule is not Rule.COMPLETE:
        groups = _rounded(groups)
    known = [answer for answer in groups if answer not in Unknown]
    return list(groups.values()) if len(known) > 1 else [headers]


def _rounded(groups: dict[Hashable, list[ImageHeader]]) -> dict[Hashable, list[ImageHeader]]:
    """Groups whose answers are numbers that differ by rounding alone, joined."""
    numbers = sorted(answer for answer in groups if isinstance(answer, float))
    joined: dict[Hashable, list[ImageHeader]] = {}
    stands_for: dict[Hashable, Hashable] = {}
    for before, number in zip([None, *numbers], numbers, strict=False):
        near = before is not None and number - before <= _ROUNDED * abs(before)
        stands_for[number] = stands_for[before] if near else number
    for answer, images in groups.items():
        joined.setdefault(stands_for.get(answer, answer), []).extend(images)
    return joined


def _own_in_each_slice(headers: list[ImageHeader], groups: list[list[ImageHeader]]) -> bool:
    """Whether answers vary from slice to slice, so that they tell no volumes apart.

    Programs that take identity away give each file a new id, and some values follow the slice.
    """
    if len(groups) < 3:
        return False
    places = places_of(headers)
    answers = [{places[id(h)] for h in group} for group in groups]
    count = len(set(places.values()))
    return sum(map(len, answers)) == count and 2 * len(groups) > count


def _most_kinds(headers: list[ImageHeader], key: Key) -> int:
    places = places_of(headers)
    kinds: dict[int, set[Hashable]] = {}
    for h in headers:
        kinds.setdefault(places[id(h)], set()).add(key(h))
    return max(map(len, kinds.values()))


def _by_completeness(
    headers: list[ImageHeader], groups: list[list[ImageHeader]], question: Question
) -> list[list[ImageHeader]]:
    """Apart where each group is a scan of its own; one where they make up one scan together."""
    few = 2 * len(groups) > len(headers)  # too few images in each to be a stack
    if few or _own_in_each_slice(headers, groups) or moves(headers):
        return [headers]
    how = relation(groups)
    # What was taken when may leave a gap by itself: a slice was lost, or the table moved on.
    parted = how is Relation.PARTED and question.name != "time of acquisition"
    return groups if how is Relation.ALTERNATING or parted else [headers]


def _by_station(headers: list[ImageHeader]) -> list[list[ImageHeader]]:
    """Apart where slices of one height lie beside each other, as in whole-body stations."""
    if headers[0].orientation is None or any(h.position is None for h in headers):
        return _by(headers, lambda h: h.position is None or h.orientation is None)
    columns = [stack for stack in stacks(headers) if len(stack) > 1]
    if not columns:
        return [headers]
    beside = MOVED if moves(headers) else _BESIDE
    cosines = np.array(headers[0].orientation).reshape(2, 3)
    for stack in columns:
        sideways = np.array([h.position for h in stack]) @ cosines.T
        if np.ptp(sideways, axis=0).max() > beside:
            return _tracks(headers, beside)
    return [headers]


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
    """Apart by what tells images at one position from each other, unless it is a fourth axis.

    Here a missing answer is one: of two images at one place, one has it and one has not.
    """
    if headers[0].in_frames:
        return [headers]
    places = stacks(headers)
    if all(len(stack) == 1 for stack in places):
        return [headers]
    for key in _AT_ONE_PLACE:
        kinds = max(len({key(h) for h in stack}) for stack in places)
        if 1 < kinds <= _MOST_KINDS:
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
    """What sets each volume apart from the others: numbers and known words, never free text."""
    if len(heads) < 2:
        return [""] * len(heads)
    columns = list(zip(*map(what_labels, heads), strict=True))
    numbered: set[tuple[int, ...]] = set()
    for question in QUESTIONS:
        column = _answers(question, heads)
        alike = tuple(map(column.index, column))
        # One word is enough for what several ids tell apart in the same way.
        if question.label is not None or alike not in numbered:
            columns.append(column)
        if question.label is None:
            numbered.add(alike)
    apart = [column for column in columns if len(set(column)) > 1]
    return [", ".join(filter(None, told)) for told in zip(*apart, strict=True)] or [""] * len(heads)


def _answers(question: Question, heads: Sequence[ImageHeader]) -> tuple[str, ...]:
    if question.label is not None:
        return tuple(map(question.label, heads))
    known = list(dict.fromkeys(a for h in heads if (a := question.key(h)) not in Unknown))
    return tuple(
        f"{question.name} {known.index(a) + 1} of {len(known)}" if len(known) > 1 and a in known
        else "" for a in map(question.key, heads)
    )  # fmt: skip

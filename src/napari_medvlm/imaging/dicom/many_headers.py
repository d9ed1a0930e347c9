"""Headers of the images in many files, made at once where files differ in little.

Equal, file by file, to what ``read_headers`` gives.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..heads import Heads
from .dataset import DAMAGE, wanted
from .header import (
    OWN,
    TAGS,
    ImageHeader,
    NotAnImage,
    headers_from,
    made,
    patient_position,
    read_headers,
)  # fmt: skip
from .lockstep import InStep, headers_in_step
from .traits import TIMES, Traits, at_other_times
from .values import number

#: Headers of a file, or why it has none: NotAnImage, or one of ``DAMAGE``.
Outcome = list[ImageHeader] | BaseException


def read_many(heads: Heads, rows: Sequence[int]) -> dict[int, Outcome]:
    """Headers of all images in some files, by the numbers of the files.

    Parameters
    ----------
    heads
        First bytes of files.
    rows
        Those that begin as DICOM files do.
    """
    found: dict[int, Outcome] = {}
    groups = headers_in_step(heads.data, heads.lengths, rows, wanted(TAGS), heads.more)
    for group in groups:
        for part in _alike(group):
            found.update(_of_part(heads.paths, group, part))
    for row in rows:
        if row not in found:
            found[row] = read_one(heads.paths[row])
    return found


def read_one(path: Path) -> Outcome:
    """Headers of all images in a file, or why there are none."""
    try:
        return read_headers(path)
    except (NotAnImage, *DAMAGE) as error:
        return error


def _alike(group: InStep) -> list[list[int]]:
    """Files (numbers into the group) that differ in ``OWN`` and the place of their pixels alone."""
    names = [name for name in group.own if name not in OWN]
    sizes = [place.length for place in group.pixels]
    if not names and len(set(sizes)) == 1:
        return [list(range(len(group.rows)))]
    columns = [group.own[name] for name in names]
    parts: dict[Hashable, list[int]] = {}
    for n, key in enumerate(zip(sizes, *columns, strict=True)):
        parts.setdefault(key, []).append(n)
    return list(parts.values())


def _of_part(
    paths: Sequence[Path], group: InStep, part: list[int]
) -> Iterator[tuple[int, Outcome]]:
    first = part[0]
    outcome = _from(paths[group.rows[first]], group, first)
    yield group.rows[first], outcome
    if isinstance(outcome, list) and len(outcome) == 1 and outcome[0].key[1:] == (None, None):
        yield from _others(outcome[0], paths, group, part[1:])
    else:
        for n in part[1:]:
            yield group.rows[n], _from(paths[group.rows[n]], group, n)


def _from(path: Path, group: InStep, n: int) -> Outcome:
    try:
        return headers_from(path, group.header(n))
    except (NotAnImage, *DAMAGE) as error:
        return error


def _others(
    model: ImageHeader, paths: Sequence[Path], group: InStep, part: list[int]
) -> Iterator[tuple[int, Outcome]]:
    """Headers that differ from the first in ``OWN`` alone."""
    files = [paths[group.rows[n]] for n in part]
    changes: dict[str, list[Any]] = {"path": files, "pixels_at": [group.pixels[n] for n in part]}
    for name, column in group.own.items():
        # As ``values.value`` does: an empty value is none.
        told = [None if found == "" else found for found in (column[n] for n in part)]
        if name == "SOPInstanceUID":
            changes["instance"] = [str(uid or path) for uid, path in zip(told, files, strict=True)]
        elif name == "InstanceNumber":
            lead = model.order[0]
            changes["order"] = [(lead, _number(found) or 0.0, 0.0) for found in told]
        elif name == "ImagePositionPatient":
            changes["position"] = [patient_position(found) for found in told]
        elif name == "SliceLocation":
            changes["location"] = [_number(found) for found in told]
    if "instance" not in changes and model.instance == str(model.path):
        changes["instance"] = [str(path) for path in files]
    times = _times(model.traits, group, part)
    if times is not None:
        changes["traits"] = times
    fields = model.__dict__
    names = tuple(changes)
    for n, own in zip(part, zip(*changes.values(), strict=True), strict=True):
        yield group.rows[n], [made({**fields, **dict(zip(names, own, strict=True))})]


def _number(found: Any) -> float | None:
    # Numbers of the usual text are finite.
    return float(found) if type(found) is int else number(found)


def _times(traits: Traits, group: InStep, part: list[int]) -> list[Traits] | None:
    """Traits of each image, which differ in its times; None where all have the first one's."""
    columns = {name: group.own[name] for name in TIMES if name in group.own}
    if not columns:
        return None
    told = {name: group.shared[name] for name in TIMES if name in group.shared}
    known: dict[tuple[Any, ...], Traits] = {}
    found = []
    for key in zip(*([column[n] for n in part] for column in columns.values()), strict=True):
        if key not in known:
            times = told | dict(zip(columns, key, strict=True))
            known[key] = at_other_times(traits, [times])
        found.append(known[key])
    return found

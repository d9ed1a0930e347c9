"""Frames of nuclear medicine: energy windows, detectors, phases, rotations, times and slices.

Vectors of a number for each frame say which is which (PS3.3 C.8.4.8).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .dataset import Tags
from .frame_roles import (
    PROJECTIONS,
    Axis,
    FrameRole,
    by_image_type,
    pointers,
    says_time,
)
from .values import floats, length, number, sequence, value

#: Vectors that tell images of different kinds apart, and those along which frames follow.
_APART = ("EnergyWindowVector", "DetectorVector", "RotationVector", "RRIntervalVector")
_PHASE, _TIME, _SLOT = "PhaseVector", "TimeSliceVector", "TimeSlotVector"
_SLICE, _ANGLE = "SliceVector", "AngularViewVector"
_POINTERS = {
    0x0054_0010: "EnergyWindowVector", 0x0054_0020: "DetectorVector", 0x0054_0030: _PHASE,
    0x0054_0050: "RotationVector", 0x0054_0060: "RRIntervalVector", 0x0054_0070: _SLOT,
    0x0054_0080: _SLICE, 0x0054_0090: _ANGLE, 0x0054_0100: _TIME,
}  # fmt: skip

TAGS = (
    *_APART, _PHASE, _TIME, _SLOT, _SLICE, _ANGLE, "EnergyWindowInformationSequence",
    "PhaseInformationSequence", "DetectorInformationSequence", "NumberOfSlices",
)  # fmt: skip

#: Words of a detector's view that are passed on; the rest of CodeMeaning is free text.
_VIEWS = frozenset(
    [
        "anterior",
        "posterior",
        "left",
        "right",
        "lateral",
        "oblique",
        "medial",
        "superior",
        "inferior",
        "cranial",
        "caudal",
        "antero",
        "postero",
        "frontal",
        "vertex",
        "projection",
        "view",
    ]
)
#: CodeValue (SRT, SCT) where CodeMeaning is of no use.
_VIEW_CODES = {
    "R-10206": "anterior", "399348003": "anterior",
    "R-10214": "posterior", "399173006": "posterior",
}  # fmt: skip
_HEART = "phases by TimeSlotVector (0054,0070)"
_TIMES = "times by TimeSliceVector (0054,0100)"

Vectors = dict[str, tuple[float, ...]]


def nuclear_roles(ds: Tags, count: int) -> list[FrameRole]:
    """Roles of all frames; none where no vector numbers the frames."""
    vectors = _vectors(ds, count)
    if not vectors:
        return []
    apart = [name for name in _APART if len(set(vectors.get(name, ()))) > 1]
    groups = [tuple(vectors[name][n] for name in apart) for n in range(count)]
    labels = {group: _label(ds, dict(zip(apart, group, strict=True))) for group in groups}
    along = _along(vectors)
    repeated = max(Counter(groups).values()) > 1
    if along is None and repeated and (says_time(ds) or by_image_type(ds) is Axis.TIME):
        along = Axis.TIME, _TIME, "", ""
    if along is None:
        return _views(ds, groups, labels, vectors)
    axis, name, point, point_name = along
    seconds = _seconds(ds, vectors, groups) if axis is Axis.TIME else [None] * count
    remark = _remark(axis)
    return [
        FrameRole(
            axis, group, labels[group],
            # Time goes on from one phase to the next; the numbers begin anew.
            float(n) if axis is Axis.TIME else vectors[name][n],
            vectors[point][n] if point else 0, point_name, seconds[n], remark=remark,
        )
        for n, group in enumerate(groups)
    ]  # fmt: skip


def _vectors(ds: Tags, count: int) -> Vectors:
    named = [_POINTERS[tag] for tag in pointers(ds) if tag in _POINTERS]
    found: Vectors = {}
    for name in dict.fromkeys((*named, *_POINTERS.values())):
        numbers = floats(value([ds], name))
        if len(numbers) == count:
            found[name] = numbers
    # A vector of slices may be missing, where the number of slices says as much.
    slices = number(value([ds], "NumberOfSlices"))
    if _SLICE in named and _SLICE not in found and slices == count:
        found[_SLICE] = tuple(float(n + 1) for n in range(count))
    return found


def _along(vectors: Vectors) -> tuple[Axis, str, str, str] | None:
    """What frames of one kind follow each other in, by which vector, and the second axis."""
    many = [name for name in vectors if len(set(vectors[name])) > 1]
    second = next(((name, text) for name, text in ((_SLOT, _HEART), (_TIME, _TIMES))
                   if name in many), ("", ""))  # fmt: skip
    if _SLICE in many:
        return (Axis.SLICE, _SLICE, *second)
    if _ANGLE in many:
        return (Axis.PROJECTION, _ANGLE, *second)
    if _SLOT in many:
        return Axis.PHASE, _SLOT, "", ""
    if _TIME in many or _PHASE in many:
        return Axis.TIME, _TIME, "", ""
    return None


def _remark(axis: Axis) -> str:
    return {
        Axis.SLICE: "Slices are in the order of SliceVector (0054,0080).",
        Axis.PROJECTION: PROJECTIONS,
        Axis.PHASE: "Its images are phases of a cycle, by TimeSlotVector (0054,0070).",
    }.get(axis, "")


def _views(
    ds: Tags,
    groups: Sequence[tuple[float, ...]],
    labels: dict[tuple[float, ...], str],
    vectors: Vectors,
) -> list[FrameRole]:
    """Each an image of its own: what nothing follows in anything."""
    if max(Counter(groups).values()) > 1:
        remark = (
            "What the frames are is not stated: no vector of FrameIncrementPointer (0028,0009) "
            "tells them apart. They are shown one behind the other, in the order of the file."
        )
        return [FrameRole(Axis.UNKNOWN, group, labels[group], remark=remark) for group in groups]
    remark = "The file's frames are images of their own, by {}: neither times nor slices."
    names = [_TAG_NAMES[name] for name in _APART if len(set(vectors.get(name, ()))) > 1]
    text = remark.format(" and ".join(names))
    return [FrameRole(Axis.ALONE, group, labels[group], remark=text) for group in groups]


_TAG_NAMES = {name: f"{name} ({tag >> 16:04X},{tag & 0xFFFF:04X})"
              for tag, name in _POINTERS.items()}  # fmt: skip


def _label(ds: Tags, numbers: dict[str, float]) -> str:
    parts = []
    if "DetectorVector" in numbers:
        parts.append(_detector(ds, int(numbers["DetectorVector"])))
    if "EnergyWindowVector" in numbers:
        parts.append(_energy_window(ds, int(numbers["EnergyWindowVector"])))
    if "RotationVector" in numbers:
        parts.append(f"rotation {numbers['RotationVector']:g}")
    if "RRIntervalVector" in numbers:
        parts.append(f"R-R interval {numbers['RRIntervalVector']:g}")
    return ", ".join(parts)


def _detector(ds: Tags, n: int) -> str:
    """View of a detector (PS3.3 C.8.4.11.1), in words of a fixed list; else its number."""
    detectors = sequence([ds], "DetectorInformationSequence")
    for code in sequence(detectors[n - 1 : n], "ViewCodeSequence") if n > 0 else []:
        meaning = str(value([code], "CodeMeaning") or "").strip().lower()
        text = meaning.replace("-", " ").split()
        if text and all(word in _VIEWS for word in text):
            return f"{meaning} (detector {n})"
        view = _VIEW_CODES.get(str(value([code], "CodeValue") or "").strip().upper())
        if view:
            return f"{view} (detector {n})"
    return f"detector {n}"


def _energy_window(ds: Tags, n: int) -> str:
    windows = sequence([ds], "EnergyWindowInformationSequence")
    ranges = sequence(windows[n - 1 : n], "EnergyWindowRangeSequence") if n > 0 else []
    names = ("EnergyWindowLowerLimit", "EnergyWindowUpperLimit")
    limits = [tuple(number(value([one], name)) for name in names) for one in ranges]
    told = [f"{low:.4g} to {high:.4g} keV" for low, high in limits if low and high]
    return f"energy window {n}" + (f" ({', '.join(told)})" if told else "")


def _seconds(ds: Tags, vectors: Vectors, groups: Sequence[tuple[float, ...]]) -> list[float | None]:
    """Start of each frame from the first one, by the phases' durations (PS3.3 C.8.4.14)."""
    phases = sequence([ds], "PhaseInformationSequence")
    of_phase = vectors.get(_PHASE, (1.0,) * len(groups))
    seconds: list[float | None] = []
    now: dict[tuple[float, ...], float] = {}
    last: dict[tuple[float, ...], float] = {}
    for group, phase in zip(groups, of_phase, strict=True):
        item = phases[int(phase) - 1 : int(phase)] if phase >= 1 else []
        duration = length(number(value(item, "ActualFrameDuration")))
        if duration is None:
            return [None] * len(groups)
        if group in last and last[group] != phase:
            now[group] += (number(value(item, "PhaseDelay")) or 0.0) / 1000
        last[group] = phase
        seconds.append(round(now.setdefault(group, 0.0), 6))
        now[group] += (duration + (number(value(item, "PauseBetweenFrames")) or 0.0)) / 1000
    return seconds

"""What the frames of a multi-frame object are: slices, times, phases, projections, views.

Only what the file says counts. Frames without positions are in time where FrameIncrementPointer
(0028,0009) or a time of each frame says so, and where nothing says what they are, a remark says
exactly that.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydicom.uid import MPEGTransferSyntaxes

from .dataset import Tag, Tags
from .values import floats, length, number, seconds_of_day, value, words


class Axis(Enum):
    """What the frames of a file follow each other in."""

    POSITION = "positions in the patient"
    VOLUME = "positions within an ultrasound volume"
    SLICE = "slices"
    TIME = "time"
    PHASE = "phases"
    PROJECTION = "projections"
    PAGE = "pages"
    ALONE = "images of their own"
    UNKNOWN = "not stated"


@dataclass(frozen=True)
class FrameRole:
    """What one frame is among the frames of its file.

    Parameters
    ----------
    axis
        What frames of one group follow each other in.
    group
        Frames of one file in different groups are images or volumes of their own.
    label
        The group in a few known words, such as "posterior, energy window 2".
    number, point
        Place along the axis, and along a second axis (slices or projections at several times or
        phases); 0 where there is none.
    point_name
        What the second axis is, for remarks.
    seconds
        Time since the first frame, where the file tells it for each frame.
    source
        Tag by which positions are known, where it is not ImagePositionPatient.
    remark
        What a reader must know about it; empty where nothing was assumed.
    """

    axis: Axis = Axis.POSITION
    group: tuple[Hashable, ...] = ()
    label: str = ""
    number: float = 0
    point: float = 0
    point_name: str = ""
    seconds: float | None = None
    source: str = ""
    remark: str = ""


#: Of single images, and of frames with positions in the patient.
PLACED = FrameRole()

#: Tags that are needed of the data set itself.
TAGS: tuple[Tag, ...] = ("FrameIncrementPointer", "SliceLocationVector")

#: Modalities whose frames in time are a film of something: ultrasound (also within vessels),
#: angiography, fluoroscopy, endoscopy, general and external-camera photography.
FILMS = frozenset(("US", "IVUS", "XA", "RF", "ES", "GM", "XC"))
#: SOP classes whose frames are slices: breast tomosynthesis, reconstructions of X-ray angiography
#: and of cranio-facial X-ray (PS3.3 A.55, A.53, A.54), ultrasound volumes (A.59).
_SLICES = frozenset((
    "1.2.840.10008.5.1.4.1.1.13.1.1", "1.2.840.10008.5.1.4.1.1.13.1.2",
    "1.2.840.10008.5.1.4.1.1.13.1.3", "1.2.840.10008.5.1.4.1.1.6.2",
))  # fmt: skip
#: Modalities of slices.
_SLICED = frozenset(("CT", "MR", "PT", "NM"))
#: Values of FrameIncrementPointer (PS3.3 C.7.6.6, C.8.6.3): time, and pages of other kinds.
FRAME_TIME, FRAME_TIME_VECTOR, SLICE_LOCATIONS = 0x0018_1063, 0x0018_1065, 0x0018_2005
_PAGES = {
    0x0018_2001: "pages (PageNumberVector (0018,2001))",
    0x0018_2002: "labelled images (FrameLabelVector (0018,2002))",
    0x0018_2003: "images at different angles (FramePrimaryAngleVector (0018,2003))",
    0x0018_2004: "images at different angles (FrameSecondaryAngleVector (0018,2004))",
    0x0018_2006: "pages (DisplayWindowLabelVector (0018,2006))",
}
PROJECTIONS = (
    "Its images are projections at different angles: neither slices of a volume nor times."
)
#: What nuclear medicine calls its images in the third value of ImageType (PS3.3 C.8.4.9).
_NUCLEAR = {
    "DYNAMIC": Axis.TIME, "GATED": Axis.PHASE, "STATIC": Axis.ALONE, "WHOLE BODY": Axis.ALONE,
    "TOMO": Axis.PROJECTION, "GATED TOMO": Axis.PROJECTION, "RECON TOMO": Axis.SLICE,
}  # fmt: skip
_REMARKS = {
    Axis.PHASE: "Its images are phases of a cycle, by ImageType (0008,0008).",
    Axis.ALONE: "The file's frames are images of their own, by ImageType (0008,0008): neither "
    "times nor slices.",
    Axis.PROJECTION: PROJECTIONS,
    Axis.SLICE: "Slices are in the order of the file's frames.",
}
_ULTRASOUND = "ImagePositionVolume (0020,9301)"


def pointers(ds: Tags) -> tuple[int, ...]:
    """Tags that FrameIncrementPointer (0028,0009) names."""
    found = value([ds], "FrameIncrementPointer")
    if found is None:
        return ()
    try:
        return tuple(int(one) for one in (found if hasattr(found, "__iter__") else (found,)))
    except (TypeError, ValueError):
        return ()


def says_time(ds: Tags) -> bool:
    """Whether the file as a whole says that its frames follow each other in time."""
    named = pointers(ds)
    if FRAME_TIME in named or FRAME_TIME_VECTOR in named:
        return True
    return not named and bool(
        floats(value([ds], "FrameTime")) or floats(value([ds], "FrameTimeVector"))
    )


def by_image_type(ds: Tags) -> Axis | None:
    """What ImageType (0008,0008) says of frames of nuclear medicine; None where nothing."""
    kinds = words(value([ds], "ImageType"))
    if value([ds], "Modality") != "NM" or len(kinds) < 3:
        return None
    return _NUCLEAR.get(kinds[2].strip().upper())


def roles(ds: Any, frames: Sequence[Sequence[Tags]], syntax: str) -> list[FrameRole]:
    """What each frame of a file is.

    Parameters
    ----------
    ds
        A data set.
    frames
        For each frame where to look for its values, as ``functional_groups.frames`` gives them.
    syntax
        UID of the transfer syntax.
    """
    from .nuclear import nuclear_roles

    if syntax in MPEGTransferSyntaxes:
        return [FrameRole(Axis.TIME)] * len(frames)
    for found in (_in_groups(frames), nuclear_roles(ds, len(frames)), _at_locations(ds, frames)):
        if found:
            return found
    return [_of_all(ds, frames)] * len(frames)


def _in_groups(frames: Sequence[Sequence[Tags]]) -> list[FrameRole]:
    """By the frames' own functional groups (PS3.3 C.7.6.16.2)."""
    if _each(frames, "ImagePositionVolume") and _each(frames, "ImageOrientationVolume"):
        remark = (
            f"Positions are those within the ultrasound volume, {_ULTRASOUND}: how it lies in the "
            "patient is unknown."
        )
        return [FrameRole(Axis.VOLUME, source=_ULTRASOUND, remark=remark)] * len(frames)
    stacked = _numbers(frames, "InStackPositionNumber")
    points = _numbers(frames, "TemporalPositionIndex")
    if len(set(stacked)) > 1:
        names = [str(value(places, "StackID") or "") for places in frames]
        name = "time points by TemporalPositionIndex (0020,9128)" if points else ""
        return [
            FrameRole(
                Axis.SLICE, (stack,), f"stack {stack}" if stack.isdecimal() else "", place,
                points[n] if points else 0, name,
                remark="Slices are in the order of InStackPositionNumber (0020,9057).",
            )
            for n, (stack, place) in enumerate(zip(names, stacked, strict=True))
        ]  # fmt: skip
    return _in_time(frames, points)


def _in_time(frames: Sequence[Sequence[Tags]], points: list[float]) -> list[FrameRole]:
    for name in (
        "TemporalPositionTimeOffset",
        "FrameReferenceDateTime",
        "FrameAcquisitionDateTime",
    ):
        clock = [value(places, name) for places in frames]
        seconds = [
            number(one) if name == "TemporalPositionTimeOffset" else seconds_of_day(one)
            for one in clock
        ]
        known = [one for one in seconds if one is not None]
        if len(known) == len(frames) and len(set(known)) == len(frames):
            return [FrameRole(Axis.TIME, number=s, seconds=s - min(known)) for s in known]
    if len(points) > 1 and len(set(points)) == len(points):
        return [FrameRole(Axis.TIME, number=point) for point in points]
    return []


def _each(frames: Sequence[Sequence[Tags]], name: str) -> bool:
    return all(value(places, name) is not None for places in frames)


def _numbers(frames: Sequence[Sequence[Tags]], name: str) -> list[float]:
    """Numbers of all frames; none at all where one has none."""
    found = [number(value(places, name)) for places in frames]
    known = [one for one in found if one is not None]
    return known if len(known) == len(found) else []


def _at_locations(ds: Tags, frames: Sequence[Sequence[Tags]]) -> list[FrameRole]:
    """By SliceLocationVector (0018,2005), where FrameIncrementPointer names nothing else."""
    places = floats(value([ds], "SliceLocationVector"))
    named = pointers(ds)
    if len(places) != len(frames) or len(set(places)) < 2 or (
        named and SLICE_LOCATIONS not in named
    ):  # fmt: skip
        return []
    remark = "Slices are in the order of SliceLocationVector (0018,2005)."
    return [FrameRole(Axis.SLICE, number=place, remark=remark) for place in places]


def _of_all(ds: Any, frames: Sequence[Sequence[Tags]]) -> FrameRole:
    """By what the file says about all its frames."""
    if says_time(ds):
        return FrameRole(Axis.TIME)
    for tag in pointers(ds):
        if tag in _PAGES:
            return FrameRole(
                Axis.PAGE,
                remark=f"Its frames are {_PAGES[tag]}: neither times nor slices of a volume.",
            )
    modality = str(value([ds], "Modality") or "")
    rates = ("ActualFrameDuration", "CineRate", "RecommendedDisplayFrameRate")
    if modality in FILMS and any((number(value([ds], name)) or 0) > 0 for name in rates):
        return FrameRole(Axis.TIME)
    kind = by_image_type(ds)
    if kind is not None:
        return FrameRole(kind, remark=_REMARKS.get(kind, ""))
    if str(value([ds], "SOPClassUID") or "") in _SLICES:
        return FrameRole(Axis.SLICE, remark="Slices are in the order of the file's frames.")
    step = length(abs(number(value(frames[0], "SpacingBetweenSlices")) or 0))
    if modality in _SLICED and step:
        return FrameRole(Axis.SLICE, remark="Slices are in the order of the file's frames.")
    how = "as a film" if modality in FILMS else "one behind the other"
    return FrameRole(
        Axis.UNKNOWN,
        remark="What the frames are is not stated (FrameIncrementPointer (0028,0009) and positions "
        f"are missing or unusable): they are shown {how}, in the order of the file.",
    )

"""Frames of multi-frame objects: shared and per-frame functional groups (PS3.3 C.7.6.16).

Every group is a sequence of one item, so that a frame's values are looked up in the items of
its own groups, then in the shared ones, then in the data set itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from . import computed_positions as computed
from .dataset import Tags
from .frame_roles import PLACED, Axis, FrameRole, roles
from .nuclear import nuclear_roles
from .values import sequence, value

#: Groups that say where a frame lies, what it shows, and how its values are to be read.
_GROUPS = (
    "FrameContentSequence", "PlanePositionSequence", "PlaneOrientationSequence",
    "PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence",
    "MRImageFrameTypeSequence", "CTImageFrameTypeSequence", "PETFrameTypeSequence",
    "MREchoSequence", "MRDiffusionSequence", "MRModifierSequence", "CTReconstructionSequence",
    "MRTimingAndRelatedParametersSequence", "CTXRayDetailsSequence", "TemporalPositionSequence",
    "CardiacSynchronizationSequence", "RespiratorySynchronizationSequence",
    "MRVelocityEncodingSequence", "PlanePositionVolumeSequence", "PlaneOrientationVolumeSequence",
    "UnassignedSharedConvertedAttributesSequence",
    "UnassignedPerFrameConvertedAttributesSequence", "FrameAnatomySequence",
    "XRay3DFrameTypeSequence", "FramePixelDataPropertiesSequence",
    "ProjectionPixelCalibrationSequence",
)  # fmt: skip

SHARED = "SharedFunctionalGroupsSequence"
PER_FRAME = "PerFrameFunctionalGroupsSequence"

#: Tags that this module needs of the data set itself.
TAGS = (
    SHARED, PER_FRAME, "NumberOfFrames", "InConcatenationNumber",
    "ConcatenationFrameOffsetNumber", *computed.TAGS,
)  # fmt: skip


class Own:
    """A frame's own items, as one place.

    A thousand frames ask sixty things each, and mostly in vain: where each tag lies is found
    out once for each frame.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._where: dict[int, Any] = {}
        for item in items:
            for tag in item.keys():  # noqa: SIM118 - a data set iterates over elements
                self._where.setdefault(int(tag), item)

    def get(self, key: Any, default: Any = None, /) -> Any:
        """Value of a keyword, or the element of a private tag."""
        tag = tag_for_keyword(key) if isinstance(key, str) else key[0] << 16 | key[1]
        item = self._where.get(tag or 0)
        return default if item is None else item.get(key, default)

    def __contains__(self, key: Any, /) -> bool:
        tag = tag_for_keyword(key) if isinstance(key, str) else key[0] << 16 | key[1]
        return tag in self._where


class Common:
    """What all frames share, looked up once for all of them."""

    def __init__(self, places: Sequence[Tags]) -> None:
        self._places = places
        self._known: dict[Any, Any] = {}

    def get(self, key: Any, default: Any = None, /) -> Any:
        """Value of a keyword, or the element of a private tag."""
        if key not in self._known:
            if isinstance(key, str):
                self._known[key] = value(self._places, key)
            else:
                found = (place.get(key) for place in self._places)
                self._known[key] = next((one for one in found if one is not None), None)
        known = self._known[key]
        return default if known is None else known

    def __contains__(self, key: Any, /) -> bool:
        return any(key in place for place in self._places)


def frame_roles_of(ds: Any, frames: Sequence[Sequence[Tags]], syntax: str) -> list[FrameRole]:
    """What each frame of a file is: in its place in the patient, or whatever the file says.

    Parameters
    ----------
    ds
        A data set.
    frames
        Places of each frame, as ``frames`` gives them.
    syntax
        UID of its transfer syntax.
    """
    if len(frames) == 1:
        return [PLACED]
    found = [place for place in frames[0] if isinstance(place, computed.Computed)]
    if found:
        own = nuclear_roles(ds, len(frames)) or [PLACED] * len(frames)
        source = found[0].source
        remark = computed.remark(source)
        return [replace(r, axis=Axis.POSITION, source=source, remark=remark) for r in own]
    if PER_FRAME in ds and value(frames[0], "ImagePositionPatient") is not None:
        return [PLACED] * len(frames)
    return roles(ds, frames, syntax)


def frames(ds: Tags, count: int) -> Iterator[list[Tags]]:
    """Where to look for the values of each frame, the nearest place first.

    Parameters
    ----------
    ds
        A data set.
    count
        Its number of frames.
    """
    common = Common([*_items(sequence([ds], SHARED)[:1]), ds])
    each = sequence([ds], PER_FRAME)
    slices = computed.computed_positions(ds, count) if not each else []
    for n in range(count):
        yield [Own(_items(each[n : n + 1])), *slices[n : n + 1], common]


def _items(groups: Sequence[Any]) -> list[Any]:
    found = []
    for group in groups:
        # A data set iterates over its elements, and would convert them all.
        names = {keyword_for_tag(tag) for tag in group.keys()}  # noqa: SIM118
        for name in _GROUPS:
            if name in names:
                found += sequence([group], name)[:1]
    return found

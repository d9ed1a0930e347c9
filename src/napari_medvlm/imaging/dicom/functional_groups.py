"""Frames of multi-frame objects: shared and per-frame functional groups (PS3.3 C.7.6.16).

Every group is a sequence of one item, so that a frame's values are looked up in the items of
its own groups, then in the shared ones, then in the data set itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from pydicom.datadict import keyword_for_tag, tag_for_keyword

from .dataset import Tags
from .values import number, sequence, value

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
)  # fmt: skip

SHARED = "SharedFunctionalGroupsSequence"
PER_FRAME = "PerFrameFunctionalGroupsSequence"

#: Tags that this module needs of the data set itself.
TAGS = (
    SHARED, PER_FRAME, "NumberOfFrames", "DetectorInformationSequence", "SliceVector",
    "SpacingBetweenSlices", "InConcatenationNumber", "ConcatenationFrameOffsetNumber",
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


class Moved:
    """A place whose position is computed: the frames of nuclear medicine volumes."""

    def __init__(self, **tags: Any) -> None:
        self._tags = tags

    def get(self, key: Any, default: Any = None, /) -> Any:
        """Value of a keyword."""
        return self._tags.get(key, default) if isinstance(key, str) else default

    def __contains__(self, key: Any, /) -> bool:
        return key in self._tags


def are_frames_in_time(ds: Tags, first: Sequence[Tags], count: int) -> bool:
    """Whether the frames of a file follow each other in time and not in space.

    They do where they have no positions of their own.

    Parameters
    ----------
    ds
        A data set.
    first
        Places of its first frame, as ``frames`` gives them.
    count
        Its number of frames.
    """
    if count == 1:
        return False
    own = PER_FRAME in ds or any(isinstance(place, Moved) for place in first)
    return not own or value(first, "ImagePositionPatient") is None


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
    slices = _tomographic(ds, count) if not each else []
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


def _tomographic(ds: Tags, count: int) -> list[Tags]:
    """Places of the slices of a reconstructed nuclear medicine volume (PS3.3 C.8.4.15).

    Its first slice and orientation stand in the detector's item; slices follow each other by
    SpacingBetweenSlices along the normal, in the order of SliceVector.
    """
    detectors = sequence([ds], "DetectorInformationSequence")
    order = value([ds], "SliceVector")
    between = number(value([ds], "SpacingBetweenSlices"))
    numbers = [number(part) for part in (order if hasattr(order, "__iter__") else [])]
    if len(detectors) < 1 or len(numbers) != count or not between or None in numbers:
        return []
    start = value(detectors, "ImagePositionPatient")
    cosines = value(detectors, "ImageOrientationPatient")
    if start is None or cosines is None or len(start) != 3 or len(cosines) != 6:
        return []
    try:
        a, b = [float(c) for c in cosines[:3]], [float(c) for c in cosines[3:]]
        normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
        return [
            Moved(
                ImageOrientationPatient=list(cosines),
                ImagePositionPatient=[
                    float(s) + n * between * ((place or 1) - 1)
                    for s, n in zip(start, normal, strict=True)
                ],
            )
            for place in numbers
        ]
    except (TypeError, ValueError):
        return []

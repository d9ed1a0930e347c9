"""Positions of slices of which the header gives the first one and the distance.

So it is in reconstructed nuclear medicine (PS3.3 C.8.4.15), and in CT and MR that programs write
as one multi-frame object without functional groups.
"""

from __future__ import annotations

from typing import Any

from .dataset import Tags
from .frame_roles import FILMS, SLICE_LOCATIONS, pointers, says_time
from .values import floats, length, number, sequence, unit_orientation, value, words

#: Attributes that are asked of the data set.
TAGS = ("DetectorInformationSequence", "SliceVector", "SpacingBetweenSlices", "NumberOfSlices")
_SLICES = 0x0054_0080


class Computed:
    """A place whose position is computed.

    Parameters
    ----------
    source
        Tag of the distance between slices.
    tags
        Values by keyword.
    """

    def __init__(self, source: str, **tags: Any) -> None:
        self.source = source
        self._tags = tags

    def get(self, key: Any, default: Any = None, /) -> Any:
        """Value of a keyword."""
        return self._tags.get(key, default) if isinstance(key, str) else default

    def __contains__(self, key: Any, /) -> bool:
        return key in self._tags


def computed_positions(ds: Tags, count: int) -> list[Tags]:
    """Places of the slices of a file without functional groups; none where it does not say them.

    The first slice and the orientation stand in the detector's item or in the file itself. Slices
    follow along the normal (rows x columns): a negative distance goes against it.
    """
    if count == 1:
        return []
    offsets, source = _offsets(ds, count)
    if not offsets:
        return []
    places = [*sequence([ds], "DetectorInformationSequence")[:1], ds]
    start = floats(value(places, "ImagePositionPatient"))
    cosines = unit_orientation(value(places, "ImageOrientationPatient"))
    if len(start) != 3 or cosines is None:
        return []
    a, b = cosines[:3], cosines[3:]
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return [
        Computed(
            source,
            ImageOrientationPatient=list(cosines),
            ImagePositionPatient=[s + n * off for s, n in zip(start, normal, strict=True)],
        )
        for off in offsets
    ]


def remark(source: str) -> str:
    """What a reader must know about positions that were computed by this tag."""
    return (
        "Only the first slice has a position, ImagePositionPatient (0020,0032); the others follow "
        f"along the normal by {source}."
    )


def _offsets(ds: Tags, count: int) -> tuple[list[float], str]:
    """Distances (mm) of slices from the first one, and the tag that they are from."""
    modality = str(value([ds], "Modality") or "")
    named = pointers(ds)
    locations = floats(value([ds], "SliceLocationVector"))
    if len(locations) == count and len(set(locations)) > 1 and SLICE_LOCATIONS in named:
        return [one - locations[0] for one in locations], "SliceLocationVector (0018,2005)"
    step = number(value([ds], "SpacingBetweenSlices")) or 0.0
    source = "SpacingBetweenSlices (0018,0088)"
    if length(abs(step)) is None:
        step, source = number(value([ds], "SliceThickness")) or 0.0, "SliceThickness (0018,0050)"
    if length(abs(step)) is None:
        return [], ""
    vector = floats(value([ds], "SliceVector"))
    if len(vector) == count and len(set(vector)) > 1:
        return [step * (n - 1) for n in vector], source
    by_file = [step * n for n in range(count)], source
    if modality == "NM":
        whole = number(value([ds], "NumberOfSlices")) in (None, count)
        reconstructed = "RECON TOMO" in [w.strip().upper() for w in words(value([ds], "ImageType"))]
        return by_file if whole and (set(named) == {_SLICES} or reconstructed) else ([], "")
    if modality in FILMS or named or says_time(ds):
        return [], ""
    # An MR cine has a thickness too; a distance between slices is a word about slices.
    thick = source.startswith("SliceThickness")
    return by_file if modality == "CT" or (modality in ("MR", "PT") and not thick) else ([], "")

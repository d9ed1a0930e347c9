"""Distance between the pixels of an image, from which tag, and what a reader must know about it.

Sizes of a projection depend on where between source and detector an object lies. They are taken
to the patient where the header says by how much (PS3.3 C.8.7.5, C.8.11.5, 10.7.1.3).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from .dataset import Tag, Tags
from .values import floats, length, number, sequence, value, words

#: Pixel spacing by preference: attribute and tag.
SPACING_TAGS = (
    ("PixelSpacing", "(0028,0030)"),
    ("ObjectPixelSpacingInCenterOfBeam", "(0018,9404)"),
    ("ImagerPixelSpacing", "(0018,1164)"),
    ("NominalScannedPixelSpacing", "(0018,2010)"),
    ("ImagePlanePixelSpacing", "(3002,0011)"),
    ("SequenceOfUltrasoundRegions", "(0018,6011)"),
)
_PATIENT, _BEAM, _DETECTOR, _FILM, _RT, _REGION = range(len(SPACING_TAGS))
_FACTOR = "EstimatedRadiographicMagnificationFactor (0018,1114)"
_DISTANCES = "DistanceSourceToDetector (0018,1110) / DistanceSourceToPatient (0018,1111)"
#: Magnification of no radiograph is larger.
_LARGEST = 20.0
_PROJECTIONS = frozenset(("CR", "DX", "MG", "IO", "PX", "RG", "XA", "RF"))

#: Views of DX, CR and mammography (PS3.3 C.8.1.1, C.8.11.5; CID 4014): other texts may be names.
_VIEWS = frozenset((
    "AP", "PA", "LL", "RL", "RLD", "LLD", "RLO", "LLO", "CC", "MLO", "ML", "LM", "LMO", "SIO",
    "XCC", "XCCL", "XCCM", "FB", "ISO", "LAT", "OBL", "AXIAL", "LAO", "RAO", "LPO", "RPO",
    "LATERAL",
))  # fmt: skip
#: Directions (PS3.3 C.7.6.1.1.1), of quadrupeds too.
_DIRECTION = re.compile(r"(?:[APRLHF]{1,3}|(?:LE|RT|D|V|CR|CD|R|M|L|PR|DI|PA|PL){1,3}|)")

TAGS: tuple[Tag, ...] = (
    *(name for name, _ in SPACING_TAGS), "EstimatedRadiographicMagnificationFactor",
    "DistanceSourceToDetector", "DistanceSourceToPatient", "PixelSpacingCalibrationType",
    "RTImageSID", "ViewPosition", "Laterality", "ImageLaterality", "PatientOrientation",
)  # fmt: skip


@dataclass(frozen=True)
class PixelMeasure:
    """Spacing of pixels.

    Parameters
    ----------
    spacing
        mm between rows, between columns; None where no tag gives it.
    tag
        Index into ``SPACING_TAGS``.
    caveat
        What follows the tag's name in the remark.
    """

    spacing: tuple[float, ...] | None
    tag: int = 0
    caveat: str = ""


def read_measure(places: Sequence[Tags], modality: str) -> PixelMeasure:
    """Spacing of the pixels of one image.

    Parameters
    ----------
    places
        Where to look, the nearest first.
    modality
        Its Modality (0008,0060).
    """
    projection = modality in _PROJECTIONS
    for n, (name, _) in enumerate(SPACING_TAGS):
        pair = _pair(places, name)
        if not pair:
            continue
        if n == _PATIENT:
            calibration = words(value(places, "PixelSpacingCalibrationType"))[:1]
            detector = _pair(places, "ImagerPixelSpacing") if projection else ()
            if detector == pair and not calibration:
                n = _DETECTOR  # nothing was corrected
            else:
                return PixelMeasure(pair, n, _calibrated(calibration, detector, projection))
        if n == _DETECTOR:
            return _at_detector(places, pair)
        if n == _RT:
            return PixelMeasure(pair, n, _at_distance(places))
        return PixelMeasure(pair, n, _PLAIN.get(n, ""))
    return PixelMeasure(None)


_PLAIN = {
    _BEAM: " at the centre of the beam; it holds at that depth alone",
    _FILM: " of the film scanner",
    _REGION: " inside the ultrasound region",
}


def _pair(places: Sequence[Tags], name: str) -> tuple[float, ...]:
    if name == "SequenceOfUltrasoundRegions":
        pair = _ultrasound_spacing(sequence(places, name))
    else:
        pair = floats(value(places, name))
    if len(pair) == 1:
        pair *= 2  # written by programs that take pixels to be square
    usable = len(pair) >= 2 and all(length(step) for step in pair[:2])
    return pair[:2] if usable else ()


def _calibrated(kind: tuple[str, ...], detector: tuple[float, ...], projection: bool) -> str:
    if kind and kind[0].strip().upper() in ("GEOMETRY", "FIDUCIAL"):
        how = {
            "GEOMETRY": "corrected for an assumed or known magnification",
            "FIDUCIAL": "measured on an object of known size in the image",
        }[kind[0].strip().upper()]
        return f", {how} (PixelSpacingCalibrationType (0028,0A02))"
    if detector:
        return ", which differs from the detector's: it was calibrated, and how is not stated"
    if projection:
        return "; whether it is corrected for magnification is not stated"
    return ""


def _at_detector(places: Sequence[Tags], pair: tuple[float, ...]) -> PixelMeasure:
    factor, source = magnification(places)
    if factor is None:
        caveat = " at the detector; sizes in the patient are smaller, and no tag says by how much"
        return PixelMeasure(pair, _DETECTOR, caveat)
    caveat = (
        f", {pair[0]:.5g} x {pair[1]:.5g} mm at the detector, divided by the magnification "
        f"{factor:.4g} from {source}; it holds at that distance from the source alone"
    )
    return PixelMeasure(tuple(step / factor for step in pair), _DETECTOR, caveat)


def magnification(places: Sequence[Tags]) -> tuple[float | None, str]:
    """Factor by which the detector shows things larger, and its tag; None where unknown."""
    factor = number(value(places, "EstimatedRadiographicMagnificationFactor"))
    if factor is not None and 1 <= factor <= _LARGEST:
        return factor, _FACTOR
    detector = length(number(value(places, "DistanceSourceToDetector")))
    patient = length(number(value(places, "DistanceSourceToPatient")))
    if detector and patient and 1 <= detector / patient <= _LARGEST:
        return detector / patient, _DISTANCES
    return None, ""


def _at_distance(places: Sequence[Tags]) -> str:
    distance = length(number(value(places, "RTImageSID")))
    where = f", {distance:.5g} mm from the source," if distance else " at"
    return (
        f" in the plane of the image{where} RTImageSID (3002,0026); sizes in the patient are "
        "smaller"
    )


def _ultrasound_spacing(regions: Sequence[Tags]) -> tuple[float, ...]:
    """Spacing in mm where all tissue regions share one (PS3.3 C.8.5.5: format 1, units 3: cm)."""
    found = set()
    for region in regions:
        codes = ("RegionSpatialFormat", "PhysicalUnitsXDirection", "PhysicalUnitsYDirection")
        if [number(value([region], name)) for name in codes] == [1, 3, 3]:
            down = number(value([region], "PhysicalDeltaY")) or 0.0
            right = number(value([region], "PhysicalDeltaX")) or 0.0
            found.add((round(abs(down) * 10, 9), round(abs(right) * 10, 9)))
    return found.pop() if len(found) == 1 else ()


def read_view(places: Sequence[Tags]) -> tuple[str, str]:
    """ViewPosition (0018,5101) and laterality (0020,0062), (0020,0060), of known terms alone."""
    view = str(value(places, "ViewPosition") or "").strip().upper()
    side = (
        str(value(places, "ImageLaterality") or value(places, "Laterality") or "").strip().upper()
    )
    return view if view in _VIEWS else "", side if side in ("L", "R", "B", "U") else ""


def read_directions(places: Sequence[Tags]) -> tuple[str, ...]:
    """PatientOrientation (0020,0020): directions of rows and of columns; empty if unusable."""
    found = tuple(one.strip().upper() for one in words(value(places, "PatientOrientation")))
    if len(found) != 2 or not any(found):
        return ()
    return found if all(_DIRECTION.fullmatch(one) for one in found) else ()

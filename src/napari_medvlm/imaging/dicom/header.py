"""What a DICOM header says about each of its images, as plain values.

A file may hold one image, or many (multi-frame). Each becomes one ``ImageHeader``, so that
classic series and enhanced multi-frame objects take the same way from here on. Names, numbers
and dates of patients are never read.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pydicom
from pydicom.errors import BytesLengthException
from pydicom.uid import ExplicitVRLittleEndian

from ..volume import Window, WindowFunction
from .lut import Lut
from .stored import PIXEL_TAGS, pixel_fields

#: What pydicom raises on damaged files, depending on where the damage lies.
DAMAGE = (
    OSError, EOFError, ValueError, KeyError, AttributeError, TypeError, IndexError,
    NotImplementedError, RuntimeError, OverflowError, MemoryError, struct.error, zlib.error,
    BytesLengthException,
)  # fmt: skip

#: Objects with pixels that are no images of a patient, by SOP class.
_NOT_IMAGES = (
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
    "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
    "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose
    "1.2.840.10008.5.1.4.1.1.77.1.6",  # VL Whole Slide Microscopy
)

#: Pixel spacing by preference: attribute, tag, what a reader must know about it.
SPACING_TAGS = (
    ("PixelSpacing", "(0028,0030)", ""),
    (
        "ImagerPixelSpacing",
        "(0018,1164)",
        " at the detector; sizes in the patient are smaller by the unknown magnification",
    ),
    ("NominalScannedPixelSpacing", "(0018,2010)", " of the film scanner"),
)

_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality", "BodyPartExamined",
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "NumberOfFrames",
    "VOILUTSequence", "InstanceNumber", "AcquisitionNumber",
    "TemporalPositionIdentifier", "TriggerTime", "EchoTime", "DiffusionBValue",
    "ImagePositionPatient", "ImageOrientationPatient", "SliceLocation", "SliceThickness",
    "SpacingBetweenSlices", "PatientOrientation", "RescaleSlope", "RescaleIntercept",
    "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation",
    "VOILUTFunction", "FrameTime", "FrameTimeVector", "CineRate",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
    *PIXEL_TAGS, *(tag for tag, _, _ in SPACING_TAGS),
]  # fmt: skip


class NotAnImage(Exception):
    """A sound DICOM object without an image; the message says what it is."""


@dataclass(frozen=True, eq=False)
class ImageHeader:
    """One image of a file. Lengths in mm, positions and directions in DICOM's LPS+.

    Parameters
    ----------
    frame
        Number of the frame in a multi-frame file, from 0; None where the file is one image.
    spacing
        (between rows, between columns); None where no tag gives it.
    spacing_tag
        Index into ``SPACING_TAGS``.
    order
        Sort key among images at one position: time first, instance number last.
    cine
        Whether the frames of the file follow each other in time, with ``seconds`` of this one.
    syntax
        UID of the transfer syntax, the one found out where the file names none.
    allocated, high, floating
        BitsAllocated and HighBit; whether the pixels are floating-point numbers.
    inverse
        Whether PresentationLUTShape (2050,0020) is INVERSE.
    padding
        Lowest and highest stored value that mean "nothing was imaged here".
    lut
        The Modality LUT, which excludes a rescale.
    """

    path: Path
    frame: int | None
    series: str
    instance: str
    modality: str
    body_part: str
    shape: tuple[int, int, int]
    photometric: str
    bits: int
    signed: bool
    order: tuple[float, ...]
    position: tuple[float, ...] | None
    orientation: tuple[float, ...] | None
    location: float | None
    spacing: tuple[float, ...] | None
    spacing_tag: int
    thickness: float | None
    between: float | None
    patient_orientation: tuple[str, ...]
    slope: float
    intercept: float
    modality_lut: bool
    windows: tuple[Window, ...]
    cine: bool = False
    seconds: float | None = None
    syntax: str = ExplicitVRLittleEndian
    allocated: int = 16
    high: int = 15
    floating: bool = False
    inverse: bool = False
    padding: tuple[int, int] | None = None
    lut: Lut | None = None


def read_headers(path: Path) -> list[ImageHeader]:
    """Headers of all images in a file.

    Raises
    ------
    NotAnImage
        If the object is sound and holds no image.
    pydicom.errors.InvalidDicomError, or one of ``DAMAGE``
        If it is not DICOM, or damaged.
    """
    ds = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=_TAGS, force=True)
    sop = ds.get("SOPClassUID")
    kind = sop.name if sop else "an object without SOP class"
    if not ds.get("Rows") or not ds.get("Columns") or str(sop) in _NOT_IMAGES:
        raise NotAnImage(str(kind).removesuffix(" Storage"))
    if ds.get("BitsAllocated") == 1:
        raise NotAnImage(f"{kind} of single bits")
    count = int(ds.get("NumberOfFrames") or 1)
    if count == 1 and "PerFrameFunctionalGroupsSequence" not in ds:
        return [_header(path, ds, None, [ds])]
    return list(_frames(path, ds, count))


def _frames(path: Path, ds: Any, count: int) -> Iterator[ImageHeader]:
    shared = _flat(ds.get("SharedFunctionalGroupsSequence") or [])
    each = ds.get("PerFrameFunctionalGroupsSequence") or []
    for n in range(count):
        own = _flat([each[n]]) if n < len(each) else []
        yield _header(path, ds, n, [*own, *shared, ds], cine=not each)


def _flat(groups: Any) -> list[Any]:
    # The functional groups of PS3.3 C.7.6.16: a sequence of one item for each group.
    return [item for group in groups for element in group for item in (element.value or [])[:1]]


def _header(
    path: Path, ds: Any, frame: int | None, places: list[Any], *, cine: bool = False
) -> ImageHeader:
    def first(name: str) -> Any:
        return next((p.get(name) for p in places if p.get(name) is not None), None)

    def numbers(name: str, count: int) -> tuple[float, ...] | None:
        got = _floats(first(name))
        return got[:count] if len(got) >= count else None

    def number(name: str) -> float | None:
        got = _floats(first(name))
        return got[0] if got else None

    spacing, tag = None, 0
    for n, (name, _, _) in enumerate(SPACING_TAGS):
        pair = numbers(name, 2)
        if pair is not None and min(pair) > 0:
            spacing, tag = pair, n
            break
    names = ("TemporalPositionIdentifier", "TriggerTime", "EchoTime", "DiffusionBValue",
             "AcquisitionNumber", "InstanceNumber")  # fmt: skip
    slope, intercept = number("RescaleSlope"), number("RescaleIntercept")
    return ImageHeader(
        path=path,
        frame=frame,
        series=str(ds.get("SeriesInstanceUID") or ""),
        instance=str(ds.get("SOPInstanceUID") or path),
        modality=str(ds.get("Modality") or ""),
        body_part=str(ds.get("BodyPartExamined") or ""),
        shape=(int(ds.Rows), int(ds.Columns), int(ds.get("SamplesPerPixel") or 1)),
        photometric=str(ds.get("PhotometricInterpretation") or ""),
        order=(*(number(name) or 0.0 for name in names), float(frame or 0)),
        position=numbers("ImagePositionPatient", 3),
        orientation=_orientation(numbers("ImageOrientationPatient", 6)),
        location=number("SliceLocation"),
        spacing=spacing,
        spacing_tag=tag,
        thickness=_positive(number("SliceThickness")),
        between=_positive(number("SpacingBetweenSlices")),
        patient_orientation=_words(first("PatientOrientation")),
        # A slope of 0 would erase the image; scanners that write it mean "none".
        slope=slope if slope else 1.0,
        intercept=intercept or 0.0,
        windows=_windows(first),
        cine=cine,
        seconds=_seconds(ds, frame) if cine and frame is not None else None,
        **pixel_fields(ds),
    )


def _floats(value: Any) -> tuple[float, ...]:
    # Missing, empty and unreadable numbers alike count as missing.
    if value is None or isinstance(value, str | bytes):
        value = [] if not value else [value]
    try:
        parts = list(value) if hasattr(value, "__iter__") else [value]
        return tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        return ()


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _words(value: Any) -> tuple[str, ...]:
    if not value:
        return ()
    return (value,) if isinstance(value, str) else tuple(str(part) for part in value)


def _orientation(cosines: tuple[float, ...] | None) -> tuple[float, ...] | None:
    # Two directions of length 1 at right angles; anything else says nothing.
    if cosines is None:
        return None
    row, column = cosines[:3], cosines[3:]
    along = sum(a * b for a, b in zip(row, column, strict=True))
    lengths = [sum(a * a for a in part) for part in (row, column)]
    sound = abs(along) < 0.01 and all(abs(length - 1) < 0.02 for length in lengths)
    return cosines if sound else None


def _windows(first: Any) -> tuple[Window, ...]:
    functions: dict[str, WindowFunction] = {
        "LINEAR_EXACT": "linear_exact",
        "SIGMOID": "sigmoid",
    }
    function = functions.get(str(first("VOILUTFunction") or ""), "linear")
    least = 1.0 if function == "linear" else 1e-9
    centres, widths = _floats(first("WindowCenter")), _floats(first("WindowWidth"))
    names = _words(first("WindowCenterWidthExplanation"))
    found = [
        Window(centre, width, names[n].strip().lower() if n < len(names) else "", function)
        for n, (centre, width) in enumerate(zip(centres, widths, strict=False))
        if width >= least
    ]
    return tuple(dict.fromkeys(found))


def _seconds(ds: Any, frame: int) -> float | None:
    vector = _floats(ds.get("FrameTimeVector"))
    if len(vector) > frame:
        return sum(vector[: frame + 1]) / 1000
    step, rate = _floats(ds.get("FrameTime")), _floats(ds.get("CineRate"))
    if step and step[0] > 0:
        return frame * step[0] / 1000
    return frame / rate[0] if rate and rate[0] > 0 else None

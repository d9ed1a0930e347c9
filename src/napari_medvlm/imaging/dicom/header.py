"""What a DICOM header says about each of its images, as plain values.

A file may hold one image, or many (multi-frame, mosaic). Each becomes one ``ImageHeader``, so
that classic series, enhanced multi-frame objects and mosaics take the same way from here on.
Who a patient is reaches ``exam`` alone, which keeps digests that tell two people apart.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydicom.uid import ExplicitVRLittleEndian

from ..volume import Window
from . import (
    display_notes,
    exam,
    frame_roles,
    functional_groups,
    mosaic,
    nuclear,
    pixel_measures,
    subtraction,
    traits,
)
from .dataset import DAMAGE, Tag, Tags, read_tags
from .exam import Exam, read_exam
from .frame_roles import FILMS, PLACED, Axis, FrameRole
from .leave_out import NotAnImage, refuse_others
from .lut import Lut
from .pixel_measures import SPACING_TAGS, read_directions, read_measure, read_view
from .quick import PixelPlace, QuickHeader
from .sizes import dimensions
from .stored import PIXEL_TAGS, pixel_fields
from .subtraction import Subtraction, read_subtraction
from .traits import Traits, read_traits
from .values import floats, length, number, unit_orientation, value
from .windows import WINDOW_TAGS, read_windows

__all__ = [
    "DAMAGE", "OWN", "SPACING_TAGS", "TAGS", "ImageHeader", "NotAnImage",
    "headers_from", "made", "patient_position", "read_headers",
]  # fmt: skip

#: Of an image that nothing is known about.
_NO_TRAITS = Traits()
#: Frames without positions that stay together in the order of their file.
_TOGETHER = frozenset((
    Axis.SLICE, Axis.TIME, Axis.PHASE, Axis.PROJECTION, Axis.PAGE, Axis.UNKNOWN,
))  # fmt: skip
#: Positions farther out (mm) are damage.
_FAR = 1e6

#: All that is ever asked of a header.
TAGS: tuple[Tag, ...] = tuple(dict.fromkeys((
    "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "Modality",
    "SeriesDescription", "SeriesNumber", "BodyPartExamined", "Rows", "Columns", "SamplesPerPixel",
    "PhotometricInterpretation", "InstanceNumber", "ImagePositionPatient",
    "ImageOrientationPatient", "SliceLocation", "SliceThickness", "PixelAspectRatio",
    "RescaleSlope", "RescaleIntercept", "FrameTime", "FrameTimeVector",
    "CineRate", "RecommendedDisplayFrameRate", "ActualFrameDuration",
    *PIXEL_TAGS, *WINDOW_TAGS, *pixel_measures.TAGS, *exam.TAGS, *functional_groups.TAGS,
    *frame_roles.TAGS, *nuclear.TAGS, *traits.TAGS, *traits.PRIVATE_TAGS, *mosaic.TAGS,
    *display_notes.TAGS, *subtraction.TAGS,
)))  # fmt: skip

#: What differs between the images of one series; the rest of their headers is made once.
OWN = frozenset((
    "SOPInstanceUID", "InstanceNumber", "ImagePositionPatient", "SliceLocation", *traits.TIMES,
))  # fmt: skip
_models: dict[Hashable, ImageHeader] = {}
_MODELS = 256


@dataclass(frozen=True, eq=False)
class ImageHeader:
    """One image of a file. Lengths in mm, positions and directions in DICOM's LPS+.

    Parameters
    ----------
    frame
        Number of the frame in a multi-frame file, from 0; None where the file is one image.
    description
        The file's own words about the series; shown, never kept.
    shape
        (rows, columns, samples), of the tile where there is one.
    spacing
        (between rows, between columns); None where no tag gives it.
    spacing_tag, spacing_caveat
        Index into ``SPACING_TAGS``, and what a reader must know about it.
    order
        Sort key among images that nothing else tells apart: instance number, then frame.
    cine
        Whether the frames of the file are shown as a film: they follow each other in time (with
        ``seconds`` of this one) or in phases, or a film modality does not state what they are.
    role
        What it is among the frames of its file.
    view, laterality
        ViewPosition (0018,5101) and ImageLaterality (0020,0062), of known terms; else empty.
    patient_orientation
        Directions of rows and of columns, PatientOrientation (0020,0020); empty where unknown.
    tile
        (first row, first column, rows, columns) of this image within its decoded frame, where
        one frame holds several images.
    traits
        What sets it apart from other images of its series.
    exam
        Whose it is, and of which exam and series. Images whose headers differ in ``OWN`` alone
        share one object.
    notes
        Remarks about this header's own oddities.
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
    units
        What final values count, in words; empty where no tag says it.
    pixels_at
        Where Pixel Data lies in the file, where it was met.
    subtraction, subtracted
        How the frames of the file are to be subtracted, and the remark on it.
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
    study: str = ""
    description: str = ""
    series_number: int | None = None
    aspect: tuple[float, float] = (1.0, 1.0)
    tile: tuple[int, int, int, int] | None = None
    traits: Traits = _NO_TRAITS
    exam: Exam = field(default_factory=Exam)
    notes: tuple[str, ...] = ()
    syntax: str = ExplicitVRLittleEndian
    allocated: int = 16
    high: int = 15
    floating: bool = False
    inverse: bool = False
    padding: tuple[int, int] | None = None
    lut: Lut | None = None
    units: str = ""
    pixels_at: PixelPlace | None = None
    subtraction: Subtraction | None = None
    subtracted: str = ""
    role: FrameRole = PLACED
    spacing_caveat: str = ""
    view: str = ""
    laterality: str = ""

    @property
    def in_frames(self) -> bool:
        """Whether it belongs with the other frames of its file, which have no positions."""
        return self.cine or self.role.axis in _TOGETHER

    @property
    def key(self) -> tuple[Path, int | None, tuple[int, int, int, int] | None]:
        """Where its pixels are."""
        return self.path, self.frame, self.tile


def read_headers(path: Path) -> list[ImageHeader]:
    """Headers of all images in a file.

    Raises
    ------
    NotAnImage
        If the object is sound and holds no image.
    pydicom.errors.InvalidDicomError, or one of ``DAMAGE``
        If it is not DICOM, or damaged.
    """
    return headers_from(path, read_tags(path, TAGS))


def headers_from(path: Path, ds: Any) -> list[ImageHeader]:
    """Headers of all images in a file, whose ``TAGS`` were read; see ``read_headers``."""
    shared = _shared(ds)
    if shared in _models:
        return [_another(_models[shared], path, ds)]
    headers = _headers(path, ds)
    if shared is not None and len(headers) == 1 and headers[0].key == (path, None, None):
        if len(_models) >= _MODELS:
            _models.clear()
        _models[shared] = headers[0]
    return headers


def _shared(ds: Any) -> Hashable:
    """All that is asked of a header but for what is its own; None where that is not to be had."""
    if not isinstance(ds, QuickHeader):
        return None
    values = [pair for pair in ds.values.items() if pair[0] not in OWN]
    return (*ds.file_meta.values(), ds.pixels.length, *values)


def _another(model: ImageHeader, path: Path, ds: QuickHeader) -> ImageHeader:
    """The header of an image that differs from another one in ``OWN`` alone."""
    own = {
        "path": path,
        "instance": str(value([ds], "SOPInstanceUID") or path),
        "order": (model.order[0], number(value([ds], "InstanceNumber")) or 0.0, 0.0),
        "position": patient_position(value([ds], "ImagePositionPatient")),
        "location": number(value([ds], "SliceLocation")),
        "traits": traits.at_other_times(model.traits, [ds]),
        "pixels_at": ds.pixels,
    }
    return made({**model.__dict__, **own})


def made(fields: dict[str, Any]) -> ImageHeader:
    """A header of all these fields.

    It goes past the constructor of a frozen class, which sets field by field: thousands are read.
    """
    header = object.__new__(ImageHeader)
    header.__dict__.update(fields)
    return header


def _headers(path: Path, ds: Any) -> list[ImageHeader]:
    refuse_others(ds)
    count, rows, columns, samples = dimensions(ds, path)
    # What all images of a file share.
    fields = pixel_fields(ds)
    fields |= {"shape": (rows, columns, samples), "pixels_at": getattr(ds, "pixels", None)}
    fields["exam"] = read_exam(ds)
    each = functional_groups.PER_FRAME in ds or functional_groups.SHARED in ds
    fields["subtraction"], fields["subtracted"] = read_subtraction(ds, count)
    if count == 1 and not each:
        head = _header(path, ds, None, [ds], fields)
        return mosaic.tiles(head, ds) if mosaic.is_mosaic(ds) else [head]
    places = list(functional_groups.frames(ds, count))
    meant = functional_groups.frame_roles_of(ds, places, fields["syntax"])
    return [
        _header(path, ds, n, own, fields, role=role)
        for n, (own, role) in enumerate(zip(places, meant, strict=True))
    ]


def _header(
    path: Path,
    ds: Any,
    frame: int | None,
    places: Sequence[Tags],
    fields: dict[str, Any],
    *,
    role: FrameRole = PLACED,
) -> ImageHeader:
    def first(name: str) -> Any:
        return value(places, name)

    fields = dict(fields)
    shared_notes: tuple[str, ...] = fields.pop("notes", ())
    modality = str(value([ds], "Modality") or "")
    measure = read_measure(places, modality)
    view, laterality = read_view(places)
    cine = role.axis in (Axis.TIME, Axis.PHASE) or (role.axis is Axis.UNKNOWN and modality in FILMS)
    within = "Volume" if role.axis is Axis.VOLUME else "Patient"
    slope, intercept = number(first("RescaleSlope")), number(first("RescaleIntercept"))
    return ImageHeader(
        path=path,
        frame=frame,
        series=str(value([ds], "SeriesInstanceUID") or ""),
        instance=str(value([ds], "SOPInstanceUID") or path),
        modality=modality,
        body_part=str(first("BodyPartExamined") or ""),
        photometric=str(value([ds], "PhotometricInterpretation") or ""),
        order=(
            number(first("InConcatenationNumber")) or 0.0,
            number(first("InstanceNumber")) or 0.0,
            float(frame or 0),
        ),
        position=patient_position(first(f"ImagePosition{within}")),
        orientation=unit_orientation(first(f"ImageOrientation{within}")),
        location=number(first("SliceLocation")),
        spacing=measure.spacing,
        spacing_tag=measure.tag,
        spacing_caveat=measure.caveat,
        view=view,
        laterality=laterality,
        role=role,
        thickness=length(number(first("SliceThickness"))),
        between=length(abs(number(first("SpacingBetweenSlices")) or 0.0)),
        patient_orientation=read_directions(places),
        # A slope of 0 would erase the image; scanners that write it mean "none".
        slope=slope if slope else 1.0,
        intercept=intercept or 0.0,
        windows=read_windows(first, signed=fields["signed"] or (intercept or 0) < 0),
        cine=cine,
        seconds=_seconds(ds, frame, role) if frame is not None else None,
        study=str(value([ds], "StudyInstanceUID") or ""),
        description=str(value([ds], "SeriesDescription") or "").strip(),
        series_number=_whole(number(value([ds], "SeriesNumber"))),
        aspect=_aspect(first("PixelAspectRatio")),
        traits=read_traits(places),
        notes=(*filter(None, [role.remark]), *shared_notes, *display_notes.display_notes(places)),
        **fields,
    )


def _whole(found: float | None) -> int | None:
    return None if found is None else int(found)


def patient_position(found: Any) -> tuple[float, ...] | None:
    """ImagePositionPatient as three numbers in mm; None where it is no place."""
    numbers = floats(found)
    if len(numbers) != 3:
        return None
    x, y, z = numbers
    return numbers if abs(x) < _FAR and abs(y) < _FAR and abs(z) < _FAR else None


def _aspect(found: Any) -> tuple[float, float]:
    pair = floats(found)
    if len(pair) != 2 or min(pair) <= 0 or max(pair) > 100 * min(pair):
        return 1.0, 1.0
    return pair[0] / min(pair), pair[1] / min(pair)


def _seconds(ds: Any, frame: int, role: FrameRole) -> float | None:
    """Time of a frame since the first (PS3.3 C.7.6.5), in seconds; None where no tag gives it."""
    if role.axis is not Axis.TIME or role.seconds is not None or role.group:
        return role.seconds
    vector = floats(value([ds], "FrameTimeVector"))
    if len(vector) > frame:
        return sum(vector[: frame + 1]) / 1000
    for name in ("FrameTime", "ActualFrameDuration"):
        step = number(value([ds], name))
        if step and step > 0:
            return frame * step / 1000
    for name in ("CineRate", "RecommendedDisplayFrameRate"):
        rate = number(value([ds], name))
        if rate and rate > 0:
            return frame / rate
    return None

"""Makers of DICOM objects that are no stack of slices: projections, clips, screenshots, others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import FileDataset
from pydicom.sequence import Sequence as Items

from ..series import image, save
from .odd_enhanced import item, one
from .odd_series import common, ct, noise, positive, stack, uid, write

_CLASSES = {
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "DX": "1.2.840.10008.5.1.4.1.1.1.1",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "US cine": "1.2.840.10008.5.1.4.1.1.3.1",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "SC": "1.2.840.10008.5.1.4.1.1.7",
    "SR": "1.2.840.10008.5.1.4.1.1.88.22",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3",
    "PDF": "1.2.840.10008.5.1.4.1.1.104.1",
    "SEG": "1.2.840.10008.5.1.4.1.1.66.4",
    "PR": "1.2.840.10008.5.1.4.1.1.11.1",
    "DICOMDIR": "1.2.840.10008.1.3.10",
}


def _flat(case: str, modality: str, kind: str, pixels: np.ndarray, **tags: Any) -> FileDataset:
    """An image outside any patient coordinates."""
    merged = {
        **common(case, modality),
        "SeriesInstanceUID": uid("series", case),
        "PixelSpacing": None,
        "SliceThickness": None,
        **tags,
    }
    if pixels.dtype == np.uint8:
        merged |= {"BitsStored": 8, "HighBit": 7}
    ds = image(pixels, position=None, orientation=None, sop_class=_CLASSES[kind],
               PixelSpacing=None)  # fmt: skip
    for name, value in merged.items():
        if value is not None:
            setattr(ds, name, value)
    return ds


def radiographs(folder: Path) -> None:
    """Two views of a chest in one series, of different sizes, spacing at the detector."""
    views = (("PA", (20, 16), ["L", "F"]), ("LL", (18, 18), ["A", "F"]))
    write(folder, [
        _flat(
            "dx", "DX", "DX", positive(*size), ViewPosition=view,
            ImagerPixelSpacing=[0.2, 0.2], PatientOrientation=way, InstanceNumber=n + 1,
            PhotometricInterpretation="MONOCHROME1", BodyPartExamined="CHEST",
            ImageType=["DERIVED", "PRIMARY"],
        )
        for n, (view, size, way) in enumerate(views)
    ])  # fmt: skip


def computed_radiograph(folder: Path) -> None:
    pixels = positive(20, 16)
    ds = _flat("cr", "CR", "CR", pixels, ImagerPixelSpacing=[0.15, 0.15], WindowCenter=2000,
               WindowWidth=3000)  # fmt: skip
    write(folder, [ds])


def ultrasound_cine(folder: Path) -> None:
    """Colour frames with a region that gives the spacing (PS3.3 C.8.5.5)."""
    frames = np.random.default_rng(4).integers(0, 255, (5, 24, 32, 3), np.uint8)
    region = item(
        RegionSpatialFormat=1, RegionDataType=1, RegionFlags=0, RegionLocationMinX0=2,
        RegionLocationMinY0=2, RegionLocationMaxX1=29, RegionLocationMaxY1=21,
        PhysicalUnitsXDirection=3, PhysicalUnitsYDirection=3, PhysicalDeltaX=0.05,
        PhysicalDeltaY=0.05,
    )  # fmt: skip
    ds = _flat("us", "US", "US cine", frames, NumberOfFrames=5, FrameTime=40.0,
               FrameIncrementPointer=0x00181063)  # fmt: skip
    ds.SequenceOfUltrasoundRegions = Items([region])
    write(folder, [ds])


def angiography(folder: Path) -> None:
    """An XA run with uneven frame times."""
    frames = positive(6, 24, 20)
    ds = _flat(
        "xa", "XA", "XA", frames, NumberOfFrames=6, FrameIncrementPointer=0x00181065,
        FrameTimeVector=[0.0, 66.0, 66.0, 66.0, 133.0, 133.0], ImagerPixelSpacing=[0.3, 0.3],
    )  # fmt: skip
    write(folder, [ds])


def screenshot(folder: Path) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (24, 20, 3), np.uint8)
    write(folder, [_flat("sc", "OT", "SC", pixels, ConversionType="WSD")])


def _other(case: str, modality: str, kind: str, **tags: Any) -> FileDataset:
    """A sound object without pixels of its own."""
    ds = _flat(case, modality, kind, noise(2, 2), **tags)
    for name in (
        "Rows", "Columns", "PixelData", "BitsAllocated", "BitsStored", "HighBit",
        "SamplesPerPixel", "PhotometricInterpretation", "PixelRepresentation",
    ):  # fmt: skip
        delattr(ds, name)
    return ds


def _segmentation(case: str) -> FileDataset:
    ds = _flat(case, "SEG", "SEG", np.zeros((2, 16, 16), np.uint8), NumberOfFrames=2)
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = 0
    ds.PixelData = bytes(2 * 16 * 16 // 8)
    ds.SegmentationType = "BINARY"
    return ds


def beside_images(folder: Path) -> None:
    """A CT with all that archives put beside it, and a DICOMDIR over it."""
    write(folder, stack(noise(5, 12, 10), ct("beside")))
    others = [
        _other("sr", "SR", "SR", ContentSequence=one(TextValue="Doe^Jane has nothing")),
        _other("rt", "RTSTRUCT", "RTSTRUCT", StructureSetLabel="Doe^Jane"),
        _other("pdf", "DOC", "PDF", EncapsulatedDocument=b"%PDF-1.4 Doe^Jane ",
               MIMETypeOfEncapsulatedDocument="application/pdf"),
        _segmentation("seg"),
        _other("pr", "PR", "PR", ContentLabel="DOE JANE"),
    ]  # fmt: skip
    write(folder / "others", others)
    save(_directory(), folder / "DICOMDIR")


def _directory() -> FileDataset:
    """A DICOMDIR (PS3.3 F.3.2): a list of patients, with their names."""
    ds = _other("media", "CT", "DICOMDIR")
    ds.DirectoryRecordSequence = Items(
        [item(DirectoryRecordType="PATIENT", PatientName="Doe^Jane", PatientID="SECRET-1")]
    )
    return ds


CASES: dict[str, Callable[[Path], None]] = {
    maker.__name__: maker
    for maker in (
        radiographs, computed_radiograph, ultrasound_cine, angiography, screenshot, beside_images,
    )
}  # fmt: skip

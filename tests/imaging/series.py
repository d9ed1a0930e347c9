"""Small DICOM files for the tests, written with pydicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

AXIAL = (1, 0, 0, 0, 1, 0)


def image(
    pixels: npt.NDArray[Any],
    *,
    position: tuple[float, float, float] | None = (0, 0, 0),
    orientation: tuple[float, ...] | None = AXIAL,
    series: str = "1.2.3.4",
    number: int = 1,
    sop_class: str = CTImageStorage,
    **tags: Any,
) -> FileDataset:
    """A one-frame (or, with NumberOfFrames, multi-frame) data set holding these pixels."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    ds.SeriesInstanceUID = series
    ds.Modality = "CT"
    ds.PatientName = "Doe^Jane"
    ds.PatientID = "SECRET-1"
    ds.SeriesDescription = "Doe Jane thorax"
    ds.InstanceNumber = number
    colour = pixels.ndim >= 3 and pixels.shape[-1] == 3 and pixels.dtype == np.uint8
    ds.Rows, ds.Columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    ds.SamplesPerPixel = 3 if colour else 1
    ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
    if colour:
        ds.PlanarConfiguration = 0
    ds.BitsAllocated = ds.BitsStored = pixels.dtype.itemsize * 8
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    ds.PixelSpacing = [0.8, 0.7]
    if orientation is not None:
        ds.ImageOrientationPatient = list(orientation)
    if position is not None:
        ds.ImagePositionPatient = list(position)
    ds.PixelData = np.ascontiguousarray(pixels).tobytes()
    for name, value in tags.items():
        if value is None:
            delattr(ds, name)
        else:
            setattr(ds, name, value)
    return ds


def save(ds: FileDataset, path: Path) -> Path:
    pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path


def write_series(
    folder: Path,
    voxels: npt.NDArray[Any],
    *,
    spacing: float = 5.0,
    seed: int = 0,
    **tags: Any,
) -> Path:
    """An axial series (slices from the feet up), its files named in random order."""
    folder.mkdir(exist_ok=True)
    names = np.random.default_rng(seed).permutation(len(voxels))
    for k, pixels in enumerate(voxels):
        ds = image(pixels, position=(-20.0, -30.0, 100 + k * spacing), number=k + 1, **tags)
        save(ds, folder / f"IM{names[k]:04d}")
    return folder

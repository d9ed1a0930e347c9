"""Headers as plain values, and DICOM objects that scanners write in forms of their own."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import EnhancedMRImageStorage, MRImageStorage

from napari_medvlm.imaging.dicom.header import ImageHeader
from napari_medvlm.imaging.dicom.traits import Traits

from ..series import AXIAL, image

_TRAITS = frozenset(Traits.__dataclass_fields__)


def header(position: Sequence[float] | None = (0, 0, 0), number: int = 1, **facts: Any) -> Any:
    """A header of a 4 x 5 CT slice; facts of ``Traits`` and of ``ImageHeader`` alike."""
    traits = Traits(**{name: facts.pop(name) for name in list(facts) if name in _TRAITS})
    values: dict[str, Any] = {
        "path": Path(f"f{number}"), "frame": None, "series": "1.2", "instance": f"1.2.{number}",
        "modality": "CT", "body_part": "", "shape": (4, 5, 1), "photometric": "MONOCHROME2",
        "bits": 16, "signed": True, "order": (0.0, float(number), 0.0),
        "position": None if position is None else tuple(map(float, position)),
        "orientation": tuple(map(float, AXIAL)), "location": None, "spacing": (0.8, 0.7),
        "spacing_tag": 0, "thickness": None, "between": None, "patient_orientation": (),
        "slope": 1.0, "intercept": 0.0, "modality_lut": False, "windows": (), "traits": traits,
    }  # fmt: skip
    return ImageHeader(**(values | facts))


def item(**values: Any) -> Dataset:
    """A sequence item."""
    ds = Dataset()
    for name, content in values.items():
        setattr(ds, name, content)
    return ds


def one(**values: Any) -> Items:
    """A sequence of one item."""
    return Items([item(**values)])


def enhanced(
    pixels: npt.NDArray[Any], frames: Sequence[Mapping[str, Items]], **tags: Any
) -> FileDataset:
    """An enhanced MR object: plane and pixel measures shared, the rest frame by frame."""
    ds = image(
        pixels, position=None, orientation=None, PixelSpacing=None, Modality="MR",
        sop_class=EnhancedMRImageStorage, NumberOfFrames=len(pixels), **tags,
    )  # fmt: skip
    ds.SharedFunctionalGroupsSequence = one(
        PlaneOrientationSequence=one(ImageOrientationPatient=list(AXIAL)),
        PixelMeasuresSequence=one(PixelSpacing=[0.8, 0.7], SliceThickness=2),
    )
    ds.PerFrameFunctionalGroupsSequence = Items([item(**groups) for groups in frames])
    return ds


def at(*position: float) -> Items:
    """The functional group of a frame's position."""
    return one(ImagePositionPatient=list(position))


def csa(tags: Mapping[str, Sequence[str]], *, new: bool = True) -> bytes:
    """A Siemens CSA header, of the newer form ("SV10") or the older one."""
    out = b"SV10\x04\x03\x02\x01" if new else b""
    out += struct.pack("<2I", len(tags), 77)
    for name, texts in tags.items():
        out += struct.pack("<64si4s3i", name.encode(), len(texts), b"FD", 4, len(texts), 77)
        for text in texts:
            raw = text.encode() + b"\0"
            out += struct.pack("<4i", len(raw), len(raw), 77, len(raw))
            out += raw + b"\0" * (-len(raw) % 4)
    return out


def tiled(voxels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Slices side by side in the smallest square grid, row by row, the rest of it 0."""
    count, rows, columns = voxels.shape
    side = int(np.ceil(np.sqrt(count)))
    whole = np.zeros((side * rows, side * columns), voxels.dtype)
    for n, pixels in enumerate(voxels):
        row, column = n // side * rows, n % side * columns
        whole[row : row + rows, column : column + columns] = pixels
    return whole


def mosaic(voxels: npt.NDArray[Any], header: bytes | None, **tags: Any) -> FileDataset:
    """A Siemens mosaic of slices 4 mm apart, whose first slice starts at (10, 20, 30)."""
    whole = tiled(voxels)
    row, column = (np.array(whole.shape) - voxels.shape[1:]) / 2
    ds = image(
        whole, position=(10 - column * 0.7, 20 - row * 0.8, 30), sop_class=MRImageStorage,
        **{
            "Modality": "MR", "Manufacturer": "SIEMENS", "SpacingBetweenSlices": 4,
            "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND", "MOSAIC"], **tags,
        },
    )  # fmt: skip
    if header is not None:
        block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        block.add_new(0x10, "OB", header)
    return ds

"""One small file of each format that is read: what mutations start from."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
from PIL import Image
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ..dicom.odd_enhanced import enhanced_mr_in_time, mosaic
from ..dicom.odd_series import ct, noise, stack

NAMES = (
    "plain.dcm", "implicit.dcm", "deflated.dcm", "rle.dcm", "j2k.dcm", "jls.dcm", "enhanced.dcm",
    "mosaic.dcm", "chest.dcm", "one.nii", "two.nii", "packed.nii.gz", "brain.mgh", "brain.mgz",
    "plain.nrrd", "packed.nrrd", "plain.mha", "plain.npy", "packed.npz", "grey.png",
    "colour.png", "colour.jpg", "grey.tif", "colour.bmp", "ultrasound.mp4",
)  # fmt: skip
SAMPLE_DATA = Path(__file__).parents[3] / "sample_data"


def _bytes(ds: pydicom.Dataset) -> bytes:
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def _slice(syntax: str | None = None) -> bytes:
    (ds,) = stack(noise(1, 40, 36), ct("sample"))
    if syntax in (ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian):
        ds.file_meta.TransferSyntaxUID = syntax
    elif syntax is not None:
        ds.compress(syntax)
    return _bytes(ds)


def _made(maker: Callable[[Path], None], place: Path) -> bytes:
    maker(place / maker.__name__)
    return next((place / maker.__name__).iterdir()).read_bytes()


def _nifti(version: type = nibabel.Nifti1Image) -> bytes:
    affine = np.array([[-1.0, 0, 0, 9], [0, 2, 0, 8], [0, 0, 3, 7], [0, 0, 0, 1]])
    return bytes(version(noise(10, 12, 6), affine).to_bytes())


def _picture(kind: str, array: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, kind)
    return out.getvalue()


def _saved(save: Callable[..., None], *arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    save(out, *arrays)
    return out.getvalue()


def _nrrd(encoding: bytes = b"raw") -> bytes:
    data = noise(6, 12, 10).tobytes()
    if encoding == b"gzip":
        data = gzip.compress(data, mtime=0)
    return (
        b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 10 12 6\n"
        b"space directions: (1,0,0) (0,2,0) (0,0,3)\nkinds: domain domain domain\n"
        b"endian: little\nencoding: " + encoding + b"\nspace origin: (1,2,3)\n\n" + data
    )


def _mha() -> bytes:
    return (
        b"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        b"CompressedData = False\nTransformMatrix = 1 0 0 0 1 0 0 0 1\nOffset = 1 2 3\n"
        b"AnatomicalOrientation = RAI\nElementSpacing = 1 2 3\nDimSize = 10 12 6\n"
        b"ElementType = MET_SHORT\nElementDataFile = LOCAL\n" + noise(6, 12, 10).tobytes()
    )


def samples(place: Path) -> dict[str, bytes]:
    """Bytes of each sample by file name."""
    grey = noise(24, 20).astype(np.uint8)
    rgb = noise(24, 20, 3).astype(np.uint8)
    mgh = bytes(nibabel.MGHImage(noise(10, 12, 6).astype(np.int32), np.eye(4)).to_bytes())
    made = {
        "plain.dcm": _slice(),
        "implicit.dcm": _slice(ImplicitVRLittleEndian),
        "deflated.dcm": _slice(DeflatedExplicitVRLittleEndian),
        "rle.dcm": _slice(RLELossless),
        "j2k.dcm": _slice(JPEG2000Lossless),
        "jls.dcm": _slice(JPEGLSLossless),
        "enhanced.dcm": _made(enhanced_mr_in_time, place),
        "mosaic.dcm": _made(mosaic, place),
        "chest.dcm": (SAMPLE_DATA / "chest_ct" / "IM0020.dcm").read_bytes(),
        "one.nii": _nifti(),
        "two.nii": _nifti(nibabel.Nifti2Image),
        "packed.nii.gz": gzip.compress(_nifti(), mtime=0),
        "brain.mgh": mgh,
        "brain.mgz": gzip.compress(mgh, mtime=0),
        "plain.nrrd": _nrrd(),
        "packed.nrrd": _nrrd(b"gzip"),
        "plain.mha": _mha(),
        "plain.npy": _saved(np.save, noise(6, 12, 10)),
        "packed.npz": _saved(np.savez_compressed, noise(6, 12, 10)),
        "grey.png": _picture("PNG", grey),
        "colour.png": _picture("PNG", rgb),
        "colour.jpg": _picture("JPEG", rgb),
        "grey.tif": _picture("TIFF", grey),
        "colour.bmp": _picture("BMP", rgb),
        "ultrasound.mp4": (SAMPLE_DATA / "ultrasound.mp4").read_bytes(),
    }
    assert tuple(made) == NAMES
    return made

"""Pixels of DICOM images: decoded, rescaled, MONOCHROME1 turned round."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.pixels import apply_color_lut, apply_modality_lut

from ..volume import Window
from .header import ImageHeader

_INT16 = np.iinfo(np.int16)


def decode(path: Path) -> npt.NDArray[Any]:
    """Stored pixels of a file: ``([frames,] rows, columns[, rgb])``, colour as 8-bit RGB.

    A Modality LUT, where there is one, is applied here, since a rescale excludes it.

    Raises
    ------
    One of ``header.DAMAGE``
        If pixels are missing or damaged, or no decoder for their compression is installed.
    """
    ds = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in ds.file_meta:
        # Files without the preamble come from before it; implicit little endian is DICOM's
        # default, and pydicom has already found out which of the two it is.
        implicit, little = ds.original_encoding
        ds.file_meta.TransferSyntaxUID = (
            pydicom.uid.ImplicitVRLittleEndian
            if implicit or not little
            else pydicom.uid.ExplicitVRLittleEndian
        )
    pixels: npt.NDArray[Any] = ds.pixel_array
    if ds.get("PhotometricInterpretation") == "PALETTE COLOR":
        colours: npt.NDArray[Any] = apply_color_lut(pixels, ds)[..., :3]
        return (colours >> 8).astype(np.uint8) if colours.dtype == np.uint16 else colours
    if ds.get("ModalityLUTSequence"):
        return np.asarray(apply_modality_lut(pixels, ds))
    if int(ds.get("SamplesPerPixel") or 1) > 1 and pixels.dtype != np.uint8:
        return np.asarray(pixels >> max(0, int(ds.BitsStored) - 8)).astype(np.uint8)
    return pixels


def stack(
    images: Sequence[tuple[ImageHeader, npt.NDArray[Any]]],
) -> npt.NDArray[Any]:
    """Images as one array, rescaled to their units (HU for CT).

    Returns
    -------
    voxels
        ``(images, rows, columns[, rgb])``: uint8 where 8-bit images need no rescale, int16
        where that holds every value exactly, else float32.
    """
    pixels = images[0][1]
    if pixels.ndim == 3:
        return np.stack([p for _, p in images]).astype(np.uint8, copy=False)
    shape = (len(images), *pixels.shape)
    if all(p.dtype == np.uint8 and _plain(h) for h, p in images):
        out: npt.NDArray[Any] = np.empty(shape, np.uint8)
    elif all(p.dtype.kind in "iu" and _whole(h) for h, p in images) and _fits(images):
        out = np.empty(shape, np.int16)
    else:
        out = np.empty(shape, np.float32)
    for n, (h, p) in enumerate(images):
        out[n] = _rescaled(h, p)
    return out


def inverted_sum(header: ImageHeader) -> float | None:
    """For MONOCHROME1: what a stored value and its inverse add up to; else None.

    Stored values are mirrored within the range of their bits, so that high is bright.
    """
    if header.photometric != "MONOCHROME1" or header.modality_lut:
        return None
    return -1.0 if header.signed else float(2**header.bits - 1)


def display_windows(header: ImageHeader) -> tuple[Window, ...]:
    """The header's windows, mirrored with the values where these are (MONOCHROME1)."""
    total = inverted_sum(header)
    if total is None:
        return header.windows
    mirror = header.slope * total + 2 * header.intercept
    # The linear function of C.11.2.1.2.1 is symmetric about centre - 0.5.
    return tuple(
        Window(mirror - w.centre + (w.function == "linear"), w.width, w.name, w.function)
        for w in header.windows
    )


def _plain(header: ImageHeader) -> bool:
    return header.modality_lut or (header.slope == 1 and header.intercept == 0)


def _whole(header: ImageHeader) -> bool:
    return header.slope.is_integer() and header.intercept.is_integer()


def _fits(images: Sequence[tuple[ImageHeader, npt.NDArray[Any]]]) -> bool:
    for h, p in images:
        ends = _rescaled(h, np.array([p.min(), p.max()]))
        if ends.min() < _INT16.min or ends.max() > _INT16.max:
            return False
    return True


def _rescaled(header: ImageHeader, pixels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    if header.modality_lut:
        return pixels
    total = inverted_sum(header)
    if total is None and _plain(header):
        return pixels
    exact = pixels.dtype.kind in "iu" and _whole(header)
    # int64 holds any 32-bit stored value times any slope that scanners write.
    values: npt.NDArray[Any] = pixels.astype(np.int64 if exact else np.float64)
    if total is not None:
        values = (int(total) if exact else total) - values
    if exact:
        return values * int(header.slope) + int(header.intercept)
    return values * header.slope + header.intercept

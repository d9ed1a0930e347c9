"""From stored values to final units: bits, Modality LUT or rescale, and what high values mean.

Final units are those of the Modality LUT or rescale (HU for CT). Where low values are to be
shown bright (MONOCHROME1, or PresentationLUTShape INVERSE) values are mirrored: a value ``v``
becomes ``mirror(header) - v``, and windows are mirrored with them (``voi.display_windows``), so
that a mirrored image through a mirrored window is exactly the image that the standard has
inverted after its VOI transformation (PS3.3 C.7.6.3.1.2, C.11.6). High is bright everywhere
else in this program, and models see radiographs as people do.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import UID, RLELossless

from .header import ImageHeader

#: Types that voxels can have, the smallest first.
_WHOLE_TYPES = tuple(np.dtype(name) for name in ("int16", "uint16", "int32"))


def is_coloured(header: ImageHeader) -> bool:
    """Whether the image is read as 8-bit RGB."""
    return header.shape[2] > 1 or header.photometric == "PALETTE COLOR"


def is_inverted(header: ImageHeader) -> bool:
    """Whether low values are to be shown bright.

    An image of MONOCHROME1 has INVERSE as its PresentationLUTShape too (PS3.3 C.8.11.1): that
    is one inversion, said twice.
    """
    return not is_coloured(header) and (header.photometric == "MONOCHROME1" or header.inverse)


def stored_range(header: ImageHeader) -> tuple[int, int]:
    """Lowest and highest stored value that the bits can hold."""
    if header.signed:
        return -(1 << header.bits - 1), (1 << header.bits - 1) - 1
    return 0, (1 << header.bits) - 1


def mirror(header: ImageHeader) -> float | None:
    """What a value in final units and its mirrored value add up to; None where none is.

    The middle of the range of the stored bits (of the Modality LUT's entries) stays in place.
    """
    if not is_inverted(header):
        return None
    if header.lut is not None:
        return float((1 << header.lut.bits) - 1)
    low, high = stored_range(header)
    return header.slope * (low + high) + 2 * header.intercept


def linear(header: ImageHeader) -> tuple[float, float]:
    """Slope and intercept from stored values (from entries of the Modality LUT) to final units.

    The mirroring is part of it.
    """
    slope, intercept = (1.0, 0.0) if header.lut is not None else (header.slope, header.intercept)
    total = mirror(header)
    return (slope, intercept) if total is None else (-slope, total - intercept)


def voxel_type(headers: Iterable[ImageHeader]) -> np.dtype[Any]:
    """Type of the voxels of images that become one Volume, told by their headers alone.

    Returns
    -------
    dtype
        uint8 for colour and for 8-bit images without a rescale; else the first of int16, uint16
        and int32 that holds every value that the bits allow, if all of these are whole; else
        float32.
    """
    images = _of_each_kind(headers)
    if all(is_coloured(h) for h in images):
        return np.dtype(np.uint8)
    if any(h.floating or not all(part.is_integer() for part in linear(h)) for h in images):
        return np.dtype(np.float32)
    ends = [end for h in images for end in _final_ends(h)]
    low, high = min(ends), max(ends)
    plain = all(h.lut is not None or (abs(h.slope) == 1 and h.intercept == 0) for h in images)
    if plain and low >= 0 and high <= 255:
        return np.dtype(np.uint8)
    for dtype in _WHOLE_TYPES:
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return dtype
    return np.dtype(np.float32)


def _of_each_kind(headers: Iterable[ImageHeader]) -> list[ImageHeader]:
    """One of the images whose values are to be treated alike, for each way to treat them."""
    return list({
        (
            id(h.lut), h.slope, h.intercept, h.shape, h.photometric, h.bits, h.high, h.signed,
            h.allocated, h.floating, h.inverse, h.padding,
        ): h
        for h in headers
    }.values())  # fmt: skip


def _final_ends(header: ImageHeader) -> tuple[float, float]:
    slope, intercept = linear(header)
    low, high = header.lut.ends if header.lut is not None else stored_range(header)
    return slope * low + intercept, slope * high + intercept


def padding_of(headers: Iterable[ImageHeader]) -> tuple[float, float] | None:
    """Lowest and highest value in final units that mean "nothing was imaged here".

    None where no header tells it, or where images of the group disagree about it.
    """
    found = {_final_padding(h) for h in _of_each_kind(headers)}
    return found.pop() if len(found) == 1 else None


def _final_padding(header: ImageHeader) -> tuple[float, float] | None:
    if header.padding is None or header.floating or is_coloured(header):
        return None
    slope, intercept = linear(header)
    ends = np.array(header.padding)
    if header.lut is not None:
        ends = header.lut.look_up(ends)
    low, high = sorted(slope * float(end) + intercept for end in ends)
    return low, high


def to_units(
    header: ImageHeader, stored: npt.NDArray[Any], out: npt.NDArray[Any] | None = None
) -> npt.NDArray[Any]:
    """Final values of stored ones.

    Parameters
    ----------
    header
        Of the image.
    stored
        Pixels as they lie in the file, bits that are not stored included; any shape and byte
        order. Changed in no case.
    out
        Where to put the result: an array of that shape, of the ``voxel_type`` of all images of
        the group. Without it the type is that of this image alone, and ``stored`` itself comes
        back where nothing is to be done.
    """
    if is_coloured(header):
        return _put(stored, out)
    dtype = voxel_type((header,)) if out is None else out.dtype
    values = _clean(header, stored)
    if header.lut is not None:
        values = header.lut.look_up(values)
    slope, intercept = linear(header)
    if (slope, intercept) == (1.0, 0.0):
        return _put(values if out is not None else values.astype(dtype, copy=False), out)
    if dtype.kind == "f":
        # In float64, rounded once at the end.
        return _put((values * np.float64(slope) + np.float64(intercept)).astype(dtype), out)
    result = np.empty(values.shape, dtype) if out is None else out
    # Modulo the type's range, and so exact: every final value fits the type.
    np.copyto(result, values, casting="unsafe")
    if slope != 1:
        result *= _wrapped(slope, dtype)
    if intercept:
        result += _wrapped(intercept, dtype)
    return result


def _put(values: npt.NDArray[Any], out: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    if out is None:
        return values
    np.copyto(out, values, casting="unsafe")
    return out


def _wrapped(number: float, dtype: np.dtype[Any]) -> Any:
    return np.array(int(number), dtype=np.int64).astype(dtype)


def _clean(header: ImageHeader, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Stored values without what lies in bits that are not theirs (PS3.5 8.1.1)."""
    if header.floating or stored.dtype.kind not in "iu":
        return stored
    kind = "i" if header.signed else "u"
    native: npt.NDArray[Any] = stored.astype(f"{kind}{stored.dtype.itemsize}", copy=False)
    width = 8 * stored.dtype.itemsize
    # Overlays and other things lie in unused bits of old files. Codecs have low-aligned
    # values, but for RLE, which packs whole words.
    shift = header.high + 1 - header.bits if _whole_words(header.syntax) else 0
    above = width - header.bits - max(shift, 0)
    if above <= 0 and shift <= 0:
        return native
    if not header.signed:
        if shift > 0:
            native = native >> shift
        return np.asarray(native & native.dtype.type((1 << header.bits) - 1))
    # Up to the top and down again, which extends the sign.
    native = native << max(above, 0)
    return np.asarray(np.right_shift(native, width - header.bits, out=native))


def _whole_words(syntax: str) -> bool:
    return syntax == RLELossless or not UID(syntax).is_encapsulated

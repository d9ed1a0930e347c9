"""Stored arrays as voxels: plain types that everything after can rely on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_INT16 = np.iinfo(np.int16)
_FLOAT32 = float(np.finfo(np.float32).max)


def plain_voxels(
    array: npt.NDArray[Any], slope: float = 1.0, intercept: float = 0.0
) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Bring an array of numbers to uint8, int16, another native integer type, or float32.

    Whole numbers that fit are kept exactly as int16, whatever type they came in; fractions
    become float32. Values that are not finite, or beyond float32, become the lowest that
    is. Of complex numbers the magnitude is taken. It works part by part along the first axis, so
    that little more memory is needed than the result takes.

    Parameters
    ----------
    array
        Of any shape, in any byte order.
    slope, intercept
        Applied first: ``value * slope + intercept``.

    Returns
    -------
    voxels
        In the machine's byte order; the array itself where nothing has to change.
    remarks
        What was changed, one sentence each.
    """
    scaled = (slope, intercept) != (1.0, 0.0)
    if array.dtype == np.bool_ and not scaled:
        return array.astype(np.uint8), ()
    if array.dtype.kind in "iu" and not scaled:
        return _integers(array), ()
    low, high, bad, whole = _survey(array, slope, intercept)
    remarks = []
    if array.dtype.kind == "c":
        remarks.append("The values are complex; their magnitude is shown.")
    if bad:
        remarks.append(f"{bad} values were not finite; they are shown as the lowest value.")
    fits = whole and low >= _INT16.min and high <= _INT16.max
    if not (fits or bad or scaled) and array.dtype == np.float32 and array.dtype.isnative:
        return array, ()
    plain = np.empty(array.shape, np.int16 if fits else np.float32)
    for place in _places(array):
        values = _values(array[place], slope, intercept)
        plain[place] = values if not bad else np.where(_fine(values), values, low)
    return plain, tuple(remarks)


def _places(array: npt.NDArray[Any]) -> list[Any]:
    # Two leading axes at most (time and slice): enough to keep a part small.
    if array.ndim < 3 or array.size == 0:
        return [...]
    if array.ndim == 3:
        return list(range(len(array)))
    return [(t, k) for t in range(array.shape[0]) for k in range(array.shape[1])]


def _values(part: npt.NDArray[Any], slope: float, intercept: float) -> npt.NDArray[Any]:
    if (slope, intercept) != (1.0, 0.0):
        wide = np.complex128 if part.dtype.kind == "c" else np.float64
        # Damaged headers hold slopes that overflow; what comes of it is counted as not finite.
        with np.errstate(over="ignore", invalid="ignore"):
            part = part.astype(wide) * slope + intercept
    return np.abs(part) if part.dtype.kind == "c" else part


def _fine(values: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    return np.asarray(np.abs(values) <= _FLOAT32)  # false for NaN too


def _survey(
    array: npt.NDArray[Any], slope: float, intercept: float
) -> tuple[float, float, int, bool]:
    # Lowest and highest finite value, how many are not finite, whether all are whole.
    low, high, bad, whole = np.inf, -np.inf, 0, True
    for place in _places(array):
        values = _values(array[place], slope, intercept)
        if values.size == 0:
            continue
        # Not a number where one value is none.
        least, most = float(values.min()), float(values.max())
        if not (least >= -_FLOAT32 and most <= _FLOAT32):
            fine = _fine(values)
            values = values[fine]
            bad += int(fine.size - values.size)
            if values.size == 0:
                continue
            least, most = float(values.min()), float(values.max())
        low, high = min(low, least), max(high, most)
        whole = whole and bool((values == np.rint(values)).all())
    return (low, high, bad, whole) if low <= high else (0.0, 0.0, bad, True)


def _integers(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if native.dtype in (np.uint8, np.int16) or native.size == 0:
        return native
    if native.min() >= _INT16.min and native.max() <= _INT16.max:
        return native.astype(np.int16)
    return native


def flat_colour(rgba: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], tuple[str, ...]]:
    """RGB of RGBA: on black, the background of radiology, where it is transparent.

    An alpha that is opaque everywhere says nothing and goes silently; one that is zero
    everywhere was left unset by its writer, and is not applied.

    Parameters
    ----------
    rgba
        (…, 4).

    Returns
    -------
    rgb
        (…, 3).
    remarks
        What became of the transparency.
    """
    rgb, alpha = rgba[..., :3], rgba[..., 3:]
    low, high = (int(alpha.min()), int(alpha.max())) if alpha.size else (255, 255)
    if low == 255:
        return np.ascontiguousarray(rgb), ()
    if high == 0:
        said = "The alpha channel is zero everywhere; it was left out."
        return np.ascontiguousarray(rgb), (said,)
    # (x * a + 127) // 255 is x * a / 255 rounded.
    mixed = (rgb.astype(np.uint16) * alpha + 127) // 255
    return mixed.astype(np.uint8), ("Transparent parts are shown on black.",)


def scale_affine(slices: float, rows: float, columns: float) -> npt.NDArray[np.float64]:
    """An affine that carries spacing alone, for images of unknown orientation."""
    return np.diag([slices, rows, columns, 1.0])

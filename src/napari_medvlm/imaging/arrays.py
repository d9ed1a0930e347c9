"""Stored arrays as voxels: plain types that everything after can rely on."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

_INT16 = np.iinfo(np.int16)


def plain_voxels(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    """Bring an array of numbers to uint8, int16, another native integer type, or float32.

    Whole numbers that fit are kept exactly as int16, whatever type they came in; fractions
    become float32. Values that are not finite, or beyond float32, become the lowest that
    is.

    Returns
    -------
    voxels
        In the machine's byte order.
    remarks
        What was changed, one sentence each.
    """
    if array.dtype == np.bool_:
        return array.astype(np.uint8), ()
    if array.dtype.kind in "iu":
        return _integers(array), ()
    finite = np.abs(array) <= np.finfo(np.float32).max  # false for NaN too
    remarks: tuple[str, ...] = ()
    if not finite.all():
        bad = int(array.size - np.count_nonzero(finite))
        lowest = array[finite].min() if bad < array.size else 0
        array = np.where(finite, array, lowest)
        remarks = (f"{bad} values were not finite; they are shown as the lowest value.",)
    low, high = (float(array.min()), float(array.max())) if array.size else (0.0, 0.0)
    if low >= _INT16.min and high <= _INT16.max:
        whole = array.astype(np.int16)
        if np.array_equal(whole, array):
            return whole, remarks
    return array.astype(np.float32), remarks


def _integers(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    native = array.astype(array.dtype.newbyteorder("="), copy=False)
    if native.dtype in (np.uint8, np.int16) or native.size == 0:
        return native
    if native.min() >= _INT16.min and native.max() <= _INT16.max:
        return native.astype(np.int16)
    return native


def scale_affine(slices: float, rows: float, columns: float) -> npt.NDArray[np.float64]:
    """An affine that carries spacing alone, for images of unknown orientation."""
    return np.diag([slices, rows, columns, 1.0])

"""Stored values to 8-bit grey: display windows, and each slice by its own extremes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SelectionError
from .volume import Volume, Window

#: Share of the darkest and of the brightest voxels that a window of a Volume without one cuts.
_TAIL = 0.5
#: Voxels looked at for it, and slices that they come from; more do not change a percentile
#: that anybody could see, and slices may have to be decoded first.
_SAMPLE, _SLICES = 2_000_000, 12


def default_window(volume: Volume) -> Window | None:
    """The window a Volume is shown with when nobody chose one.

    The file's first (``checked_windows`` has seen to it that it shows something); without one
    the range from the 0.5th to the 99.5th percentile of evenly spaced slices of the middle time,
    padding left out. 8-bit data is shown as it is: None.
    """
    if volume.windows:
        return volume.windows[0]
    if volume.voxels.dtype == np.uint8:
        return None
    count = volume.spatial_shape[0]
    picked = np.unique(np.linspace(0, count - 1, min(count, _SLICES)).round().astype(int))
    middle = (volume.time_count // 2,) if volume.temporal else ()
    slices = [np.asarray(volume.voxels[(*middle, int(k))]) for k in picked]
    return percentile_window(np.stack(slices), volume.padding)


def percentile_window(
    values: npt.NDArray[Any], padding: tuple[float, float] | None = None
) -> Window:
    """The range from the 0.5th to the 99.5th percentile of an array, as an exact window.

    Parameters
    ----------
    values
        Any shape. What is not a finite number is left out.
    padding
        Lowest and highest value that do not count, unless there are no others.
    """
    flat = values.reshape(-1)
    flat = flat[:: max(1, flat.size // _SAMPLE)].astype(np.float64)
    if padding is not None:
        flat = _if_any(flat, (flat < padding[0]) | (flat > padding[1]))
    flat = _if_any(flat, np.isfinite(flat))
    low, high = np.percentile(flat, [_TAIL, 100 - _TAIL])
    if high <= low:
        low, high = float(flat.min()), float(flat.max())
    # A constant image has no range; any positive width shows it as mid grey.
    width = float(high - low) or 1.0
    return Window(float(low + high) / 2, width, function="linear_exact")


def _if_any(values: npt.NDArray[np.float64], chosen: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    kept = values[chosen]
    return kept if kept.size else values


def usable(window: Window) -> bool:
    """Whether a window's numbers make sense: finite, and wide enough for its function."""
    least = 1 if window.function == "linear" else np.nextafter(0, 1)
    return bool(np.isfinite([window.centre, window.width]).all() and window.width >= least)


def apply_window(values: npt.NDArray[Any], window: Window) -> npt.NDArray[np.uint8]:
    """Grey values of a window, DICOM PS3.3 C.11.2.1.2.1 (linear), .3.1, .3.2 and C.11.2.1.1.

    Parameters
    ----------
    values
        Any shape, in the units of the window.
    window
        Centre, width and function. Between the entries of a table values are interpolated.

    Returns
    -------
    grey
        uint8 of the same shape, rounded to the nearest (halves up).

    Raises
    ------
    SelectionError
        If the window's width is too small for its function.
    """
    c, w = float(window.centre), float(window.width)
    if not usable(window):
        least = "at least 1" if window.function == "linear" else "above 0"
        raise SelectionError(
            f"A window needs a width of {least}; got centre {c:g}, width {w:g}.",
            "Choose a wider window.",
        )
    x = values.astype(np.float64)
    if window.function == "table" and window.table:
        inputs = np.linspace(c - w / 2, c + w / 2, len(window.table))
        return np.floor(np.interp(x, inputs, window.table) + 0.5).astype(np.uint8)
    if window.function == "sigmoid":
        with np.errstate(over="ignore"):  # exp of a large number is infinite, and 1/inf is 0
            y = 1 / (1 + np.exp(-4 * (x - c) / w))
    elif window.function != "linear":
        y = (x - c) / w + 0.5
    elif w == 1:
        y = (x > c - 0.5).astype(np.float64)
    else:
        y = (x - (c - 0.5)) / (w - 1) + 0.5
    return np.floor(np.clip(y, 0, 1) * 255 + 0.5).astype(np.uint8)


def apply_extremes(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    """``(x - low) / (high - low) * 255``, truncated; all 0 where both are equal.

    In float64, so that the full int16 range does not wrap around. This is the scaling that
    Fleming-VL was trained with, slice by slice.
    """
    if not high > low:
        return np.zeros(values.shape, dtype=np.uint8)
    x = (values.astype(np.float64) - low) / (high - low) * 255
    return np.clip(x, 0, 255).astype(np.uint8)

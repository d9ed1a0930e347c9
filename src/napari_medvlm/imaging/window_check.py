"""Whether a window that a file suggests shows anything of its voxels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ImagingError
from .volume import Volume, Window
from .windowing import apply_window, percentile_window, usable

#: Share of the voxels of a slice that have to lie between black and white.
_LEAST = 0.01
#: How many times as much another window has to show before the file's own gives way.
_MORE = 10
#: Slices that are looked at, the middle one first, and pixels of each of them. One slice is
#: enough where the window is sound.
_SLICES, _PIXELS = 7, 1 << 12

_Values = npt.NDArray[Any]


def checked_windows(volume: Volume) -> Volume:
    """The Volume, led by a window that shows something of it.

    Some programs write a window whatever the data are (BrainVoyager 0 to 255), and others leave
    one behind that belonged to unscaled values. Where the first window of a file tells apart
    fewer than 1 % of the voxels in every slice that is looked at, and the range of the values
    ten times as many, the next of the file's windows that shows something goes first, or
    else that range, with a remark. The file's windows stay in the list.

    A narrow window that means something (8 HU wide for a stroke) shows far more than 1 % of the
    slices that it was made for; a mask of two values is shown no better by any other window.

    Parameters
    ----------
    volume
        Of a lazily read one the middle slice is decoded, and a few more only if that shows
        nothing.
    """
    if not volume.windows or volume.coloured or not volume.voxels.size:
        return volume
    first, *others = volume.windows
    seen: list[_Values] = []
    for values in _samples(volume):
        if _share(values, first) >= _LEAST:
            return volume
        seen.append(values)
    if not seen or min(map(np.min, seen)) == max(map(np.max, seen)):
        return volume  # nothing to be shown
    # Named, since it stands in the list of the file's windows.
    by_values = replace(percentile_window(np.concatenate(seen)), name="value range")
    for better in (*others, by_values):
        told = max(_share(values, better) for values in seen)
        if told >= max(_LEAST, _MORE * max(_share(values, first) for values in seen)):
            rest = tuple(window for window in volume.windows if window is not better)
            remarks = (*volume.remarks, _remark(first, better))
            return replace(volume, windows=(better, *rest), remarks=remarks)
    return volume


def _samples(volume: Volume) -> Iterator[_Values]:
    """Values of a few slices of the middle time, without padding; the middle slice first."""
    count = volume.spatial_shape[0]
    lead = (volume.time_count // 2,) if volume.temporal else ()
    spread = np.linspace(0, count - 1, min(count, _SLICES)).round().astype(int)
    for index in dict.fromkeys((count // 2, *(int(k) for k in spread))):
        try:
            flat = np.asarray(volume.voxels[(*lead, index)]).reshape(-1)
        except ImagingError:
            continue  # a broken slice says nothing about the others
        values = flat[:: max(1, flat.size // _PIXELS)]
        if volume.padding is not None:
            low, high = volume.padding
            values = values[(values < low) | (values > high)]
        if values.dtype.kind == "f":
            values = values[np.isfinite(values)]
        if values.size:
            yield values


def _share(values: _Values, window: Window) -> float:
    """Share of the values that lie between what the window shows as its two ends.

    All of them where no two values come out alike: a mask has no more to show.
    """
    if not usable(window):
        return 0.0
    grey = apply_window(values, window)
    ends = window.table[:1] + window.table[-1:] if window.table else (0, 255)
    share = float(np.mean((grey != ends[0]) & (grey != ends[-1])))
    if share >= _LEAST:
        return share  # the usual case
    levels = len(np.unique(grey))
    return 1.0 if levels > 1 and levels == len(np.unique(values)) else share


def _remark(given: Window, taken: Window) -> str:
    low, high = (f"{end:.6g}" for end in taken.limits)
    return (
        f"The file's window (centre {given.centre:.6g}, width {given.width:.6g}) shows almost "
        f"nothing of its values; they are shown from {low} to {high} instead."
    )

"""Where the plane of a box cuts another plane."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

#: Half a voxel: a box lies on a slice, and a slice is one voxel thick.
HALF = 0.5


def cut(
    corners: npt.NDArray[np.float64], at: Sequence[float], displayed: tuple[int, int]
) -> npt.NDArray[np.float64] | None:
    """What of a flat box is seen on a slice that runs across it.

    Parameters
    ----------
    corners
        float64 (corners, axes): of a box, in array indices, voxel centres on integers.
    at
        Where the viewer stands, array indices, one for each axis; those of displayed axes are
        not used.
    displayed
        The two axes that the viewer shows, the vertical one first.

    Returns
    -------
    bounds
        float64 (2, 2): lowest and highest index along the two displayed axes, one voxel thick
        where the box is seen from its side. None where the slice does not meet the box, and where
        the box lies in the slice itself: there it is seen as it is.
    """
    points = np.asarray(corners, dtype=np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    hidden = [axis for axis in range(points.shape[1]) if axis not in displayed]
    flat = high - low < HALF
    if all(flat[axis] for axis in hidden):
        return None
    for axis in hidden:
        reach = HALF if flat[axis] else 0.0
        if not low[axis] - reach <= at[axis] <= high[axis] + reach:
            return None
    shown = list(displayed)
    thick = np.where(flat[shown], HALF, 0.0)
    return np.stack([low[shown] - thick, high[shown] + thick])

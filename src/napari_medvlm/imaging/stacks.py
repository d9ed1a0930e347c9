"""The slices of a plane as a stack: where each of them lies, and several of them as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .orientation import PlaneAxes
from .slab import FrameSlab, Slab, SlabKind
from .volume import Volume


def merge(stack: npt.NDArray[Any], axis: int, kind: SlabKind) -> npt.NDArray[Any]:
    """One image of several.

    Parameters
    ----------
    stack
        Slices along ``axis``, in stored units.
    axis
        Where they follow each other; it goes.
    kind
        "mean" gives float64, "maximum" the type of the voxels.
    """
    if kind == "maximum":
        return np.asarray(stack.max(axis=axis))
    return np.asarray(stack.mean(axis=axis, dtype=np.float64))


def slice_places(volume: Volume, axes: PlaneAxes) -> npt.NDArray[np.float64]:
    """Where the slices of a plane lie along its normal.

    Returns
    -------
    places
        float64 (slices,), ascending or descending, in the volume's unit from the first slice;
        of unevenly spaced slices their exact places. A tilted gantry counts: distances are
        perpendicular to the slices.
    """
    if volume.slice_positions and axes.normal == 0:
        exact = np.asarray(volume.slice_positions, dtype=np.float64)
        return np.asarray(exact - exact[0])
    others = [axis for axis in range(3) if axis != axes.normal]
    linear = np.asarray(volume.affine[:3, :3], dtype=np.float64)
    normal = np.cross(linear[:, others[0]], linear[:, others[1]])
    length = float(np.linalg.norm(normal))
    step = abs(float(linear[:, axes.normal] @ normal)) / length if length else 0.0
    return np.arange(volume.spatial_shape[axes.normal], dtype=np.float64) * step


def frame_slab(
    volume: Volume, axes: PlaneAxes, slab: Slab, first: int, last: int
) -> FrameSlab | None:
    """Say what a frame was made of; None for a single slice, as at the end of a stack of one.

    Each slice counts as thick as the distance between slices: files seldom tell the thickness
    that they were taken with, and what is missing between two slices is in neither.
    """
    if last <= first:
        return None
    thickness = None
    if volume.unit == "mm":
        places = slice_places(volume, axes)
        between = abs(float(places[last] - places[first]))
        thickness = between * (last - first + 1) / (last - first)
    return FrameSlab(slab.kind, first, last, thickness)

"""From a source and a Selection to the Frames that a model will see."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import SelectionError
from .clip import Clip
from .frame import Frame
from .orientation import (
    PlaneAxes,
    closest_patient_axes,
    frame_map,
    plane_axes,
    reformatted_sampling,
)
from .selection import Selection
from .slab import FrameSlab, check_slab
from .stacks import frame_slab, merge
from .volume import Volume, Window
from .windowing import apply_extremes, apply_window, default_window

#: Spacings nearer to each other than this share count as equal: pixels stay untouched.
_SQUARE = 1e-3


def take(source: Volume | Clip, selection: Selection) -> tuple[Frame, ...]:
    """Cut, orient, resample and window the selected images.

    Slices of a Volume are shown as radiology does (see ``orientation``). Where the spacing
    in the plane differs between rows and columns, values are interpolated linearly along the
    coarser axis to the finer spacing, before windowing, so that pixels are square; the frame
    covers the same extent, edge to edge, and ``Frame.to_source`` holds the way back.

    Parameters
    ----------
    source
        A Volume, or a Clip (whose frames are taken as they are).
    selection
        Which images, from 0, and how they become 8 bit.

    Returns
    -------
    frames
        In the order of ``selection.indices``.

    Raises
    ------
    SelectionError
        Without any index, for one that is not there, or for a plane the source cannot give.
    ImagingError
        If a frame of a Clip cannot be decoded.
    """
    if not selection.indices:
        raise SelectionError("No slice or frame is selected.", "Select at least one.")
    if isinstance(source, Clip):
        return _take_clip(source, selection)
    return _take_volume(source, selection)


def source_id(source: Volume | Clip) -> str:
    """Short id of a source: the first 12 hexadecimal digits of its identity or its digest.

    The same file gives the same id, whether its voxels are read already or not.
    """
    identity = source.identity if isinstance(source, Volume) else ""
    return (identity or source.digest)[:12]


def _check(indices: tuple[int, ...], count: int, noun: str) -> None:
    for index in indices:
        if not 0 <= index < count:
            raise SelectionError(
                f"There is no {noun} {index}: the numbers run from 0 to {count - 1}.",
                "Choose a number in that range.",
            )


def _take_clip(clip: Clip, selection: Selection) -> tuple[Frame, ...]:
    _check(selection.indices, len(clip), "frame")
    name = source_id(clip)
    frames = []
    for index, pixels in zip(selection.indices, clip.frames(selection.indices), strict=True):
        back = np.array([[0, 0, index], [0, 1, -0.5], [1, 0, -0.5]], dtype=np.float64)
        frames.append(
            Frame(
                pixels=pixels,
                source=name,
                plane="frame",
                index=index,
                position=clip.times[index],
                unit="s",
                to_source=back,
                modality=clip.modality,
                declared=clip.declared.words,
            )
        )
    return tuple(frames)


def _take_volume(volume: Volume, selection: Selection) -> tuple[Frame, ...]:
    axes = plane_axes(volume, selection.plane)
    _check(selection.indices, volume.spatial_shape[axes.normal], f"{selection.plane} slice")
    _check((selection.time,), volume.time_count, "time point")
    if selection.scaling not in ("window", "slice_extremes"):
        raise SelectionError(
            f'The scaling must be "window" or "slice_extremes"; got {selection.scaling!r}.'
        )
    if selection.slab is not None:
        check_slab(selection.slab)
    window = selection.window  # colours have one only where somebody chose it
    if window is None and not volume.coloured:
        window = default_window(volume)
    if selection.scaling == "slice_extremes":
        window = None
    name = source_id(volume)
    sampling = reformatted_sampling(volume, selection.plane)
    frames = []
    for index in selection.indices:
        stored, slab = _oriented_slice(volume, selection, axes, index)
        pixels = _eight_bit(_square_pixels(stored, volume, axes), stored, selection, window)
        if pixels.ndim == 2:
            pixels = np.repeat(pixels[..., None], 3, axis=2)
        position = _position(volume, axes, index)
        frames.append(
            Frame(
                pixels=np.ascontiguousarray(pixels),
                source=name,
                plane=selection.plane,
                index=index,
                position=position,
                unit="" if position is None else "mm",
                window=window,
                to_source=frame_map(volume, axes, index, pixels.shape[:2]),
                to_patient=_patient_map(volume, axes, index, pixels.shape[:2]),
                modality=volume.modality,
                time=selection.time if volume.temporal else None,
                slab=slab,
                declared=volume.declared.words,
                reformatted=sampling,
            )
        )
    return tuple(frames)


def _oriented_slice(
    volume: Volume, selection: Selection, axes: PlaneAxes, index: int
) -> tuple[npt.NDArray[Any], FrameSlab | None]:
    # (rows, columns[, rgb]) as displayed, still one pixel a voxel. Only these slices are asked
    # for: the others may not be decoded yet.
    lead = (selection.time,) if volume.temporal else ()
    key: tuple[Any, ...] = (*lead, *(slice(None),) * axes.normal)
    slab, made = selection.slab, None
    if slab is not None:
        first, last = slab.around(index, volume.spatial_shape[axes.normal])
        made = frame_slab(volume, axes, slab, first, last)
    if slab is None or made is None:
        part: npt.NDArray[Any] = np.asarray(volume.voxels[(*key, index)])
    else:
        stack = np.asarray(volume.voxels[(*key, slice(made.first, made.last + 1))])
        part = merge(stack, axes.normal, slab.kind)
    if axes.down > axes.right:
        part = part.swapaxes(0, 1)
    return part[:: axes.down_step, :: axes.right_step], made


def _square_pixels(image: npt.NDArray[Any], volume: Volume, axes: PlaneAxes) -> npt.NDArray[Any]:
    down, right = volume.spacing[axes.down], volume.spacing[axes.right]
    if abs(down - right) <= _SQUARE * max(down, right):
        return image
    axis, ratio = (0, down / right) if down > right else (1, right / down)
    return _stretch(image, axis, max(1, round(image.shape[axis] * ratio)))


def _stretch(image: npt.NDArray[Any], axis: int, pixels: int) -> npt.NDArray[np.float64]:
    # Linear interpolation between voxel centres; beyond the outermost centres the edge value.
    count = image.shape[axis]
    at = np.clip((np.arange(pixels) + 0.5) * count / pixels - 0.5, 0, count - 1)
    low = np.floor(at).astype(np.intp)
    high = np.minimum(low + 1, count - 1)
    shape = [1] * image.ndim
    shape[axis] = pixels
    share = (at - low).reshape(shape)
    values: npt.NDArray[np.float64] = image.astype(np.float64)
    before, after = values.take(low, axis=axis), values.take(high, axis=axis)
    return np.asarray(before * (1 - share) + after * share)


def _eight_bit(
    image: npt.NDArray[Any],
    stored: npt.NDArray[Any],
    selection: Selection,
    window: Window | None,
) -> npt.NDArray[np.uint8]:
    if window is not None:
        return apply_window(image, window)
    if selection.scaling == "slice_extremes" and stored.ndim == 2:
        return apply_extremes(image, float(stored.min()), float(stored.max()))
    # 8 bit already; only interpolation can have left whole numbers.
    if image.dtype == np.uint8:
        return image.astype(np.uint8, copy=False)
    return np.floor(np.clip(image.astype(np.float64), 0, 255) + 0.5).astype(np.uint8)


def _patient_map(
    volume: Volume, axes: PlaneAxes, index: int, shape: tuple[int, int]
) -> npt.NDArray[np.float64] | None:
    """``Frame.to_patient``: the way to array indices, then the affine."""
    if not volume.oriented or volume.unit != "mm":
        return None
    back = frame_map(volume, axes, index, shape)
    if volume.slice_positions:
        if axes.normal != 0:
            return None  # its rows are slices at uneven places: no affine map
        back = back.copy()
        back[0, 2] = _even_index(volume, index)
    forth: npt.NDArray[np.float64] = volume.affine[:3, :3] @ back
    forth[:, 2] += volume.affine[:3, 3]
    return forth


def _position(volume: Volume, axes: PlaneAxes, index: int) -> float | None:
    """RAS+ coordinate in mm of the slice's centre, along the patient axis nearest its normal."""
    if not volume.oriented or volume.unit != "mm":
        return None
    centre = [(count - 1) / 2 for count in volume.spatial_shape]
    centre[axes.normal] = index
    if volume.slice_positions and axes.normal == 0:
        centre[0] = _even_index(volume, index)
    worlds, _ = closest_patient_axes(volume.affine)
    return float((volume.affine @ [*centre, 1.0])[worlds[axes.normal]])


def _even_index(volume: Volume, index: int) -> float:
    """Where an unevenly spaced slice lies, in steps of the affine from the first one."""
    row, column = volume.affine[:3, 2], volume.affine[:3, 1]
    normal = np.cross(row, column)
    step = abs(float(volume.affine[:3, 0] @ normal / np.linalg.norm(normal)))
    return (volume.slice_positions[index] - volume.slice_positions[0]) / step

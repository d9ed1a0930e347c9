"""Between a source's array indices and what the viewer shows of its layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...imaging import Clip, Frame, Plane, Volume, napari_view
from ...imaging.layers import axis_letters
from ...imaging.orientation import plane_axes

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S", "?": "?"}


def to_layer(
    corners: npt.NDArray[np.float64], layer: Layer, time: int = 0
) -> npt.NDArray[np.float64]:
    """Source indices ``(k, j, i)`` as coordinates of the layer, whatever its dimensions.

    Parameters
    ----------
    corners
        float64 (points, 3).
    layer
        The layer of the source: 2-D for a single image, 4-D with a leading time axis.
    time
        Time point, for a layer that has them.

    Returns
    -------
    coordinates
        float64 (points, layer.ndim).
    """
    points = np.asarray(corners, dtype=np.float64)
    if layer.ndim <= 3:
        return points[:, 3 - layer.ndim :]
    lead = np.zeros((len(points), layer.ndim - 3))
    lead[:, -1] = time
    return np.hstack([lead, points])


def from_layer(vertices: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Coordinates of the layer as source indices ``(k, j, i)``; a 2-D layer is slice 0.

    Parameters
    ----------
    vertices
        float64 (points, layer.ndim).
    """
    points = np.asarray(vertices, dtype=np.float64)
    if points.shape[1] >= 3:
        return points[:, -3:]
    return np.hstack([np.zeros((len(points), 3 - points.shape[1])), points])


def _shown_at(viewer: Viewer, layer: Layer) -> npt.NDArray[np.float64]:
    point = np.asarray(viewer.dims.point, dtype=np.float64)[-layer.ndim :]
    return np.asarray(layer.world_to_data(point), dtype=np.float64)


def current_slice(viewer: Viewer, layer: Layer, source: Volume | Clip, plane: Plane) -> int:
    """Number of the source's slice (or frame) that the viewer's sliders stand on, from 0."""
    axis = 0 if isinstance(source, Clip) else plane_axes(source, plane).normal
    count = len(source) if isinstance(source, Clip) else source.spatial_shape[axis]
    place = axis + layer.ndim - 3
    if place < 0:
        return 0
    return int(np.clip(np.rint(_shown_at(viewer, layer)[place]), 0, count - 1))


def current_time(viewer: Viewer, layer: Layer, source: Volume | Clip) -> int:
    """Time point that the viewer's slider stands on, from 0."""
    if isinstance(source, Clip) or not source.temporal or layer.ndim < 4:
        return 0
    at = _shown_at(viewer, layer)[layer.ndim - 4]
    return int(np.clip(np.rint(at), 0, source.time_count - 1))


def go_to(
    viewer: Viewer, layer: Layer, corners: npt.NDArray[np.float64], time: int | None = None
) -> None:
    """Move the sliders so that the slice through these source indices is shown.

    Parameters
    ----------
    viewer, layer
        The layer of the source in its viewer.
    corners
        float64 (points, 3), array indices of the source.
    time
        Time point; None stays at the present one.
    """
    centre = np.asarray(corners, dtype=np.float64).mean(axis=0, keepdims=True)
    at = _shown_at(viewer, layer)
    now = int(np.rint(at[layer.ndim - 4])) if layer.ndim >= 4 else 0
    world = layer.data_to_world(to_layer(centre, layer, now if time is None else time)[0])
    first = viewer.dims.ndim - layer.ndim
    for axis in viewer.dims.not_displayed:
        if axis >= first:
            viewer.dims.set_point(axis, float(world[axis - first]))


def go_to_frame(viewer: Viewer, layer: Layer, frame: Frame, time: int | None = None) -> None:
    """Move the sliders to the slice that a frame was taken from; else as `go_to`."""
    width, height = frame.size_wh
    go_to(viewer, layer, frame.box_corners((0, 0, width, height)), time)


def orient(viewer: Viewer, layer: Layer, source: Volume | Clip, plane: Plane) -> None:
    """Show a plane as radiology does: the patient's right on the left, anterior or head up."""
    if isinstance(source, Clip):
        order: tuple[int, ...] = (0, 1, 2)
        orientation = ("down", "right")
    else:
        view = napari_view(source, plane)
        order, orientation = view.order, view.orientation2d
    skipped = len(order) - layer.ndim  # a single image may be a 2-D layer
    own = [axis - skipped for axis in order if axis >= skipped]
    lead = viewer.dims.ndim - layer.ndim
    wanted = (*range(lead), *(axis + lead for axis in own))
    if viewer.dims.ndisplay == 2 and tuple(viewer.dims.order) != wanted:
        viewer.dims.order = wanted
    camera = viewer.scene.camera
    if tuple(str(side) for side in camera.orientation2d) != orientation:
        camera.orientation2d = orientation


def letters_shown(
    viewer: Viewer, layer: Layer, source: Volume | Clip
) -> tuple[str, str, str, str] | None:
    """Patient sides at the (left, right, top, bottom) edges of what the viewer shows now.

    They follow the viewer's own axes, so they stay right when these are rolled or transposed.

    Returns
    -------
    letters
        None in 3-D, for a clip, and where the orientation is unknown.
    """
    if viewer.dims.ndisplay != 2 or isinstance(source, Clip) or not source.oriented:
        return None
    first = viewer.dims.ndim - 3  # the last three axes are the source's own
    down, right = (axis - first for axis in viewer.dims.displayed)
    if min(down, right) < 0 or layer.ndim < 3:
        return None
    towards = axis_letters(source)
    vertical, horizontal = (str(side) for side in viewer.scene.camera.orientation2d)
    across = (_OPPOSITE[towards[right]], towards[right])
    below = (_OPPOSITE[towards[down]], towards[down])
    left_right = across if horizontal == "right" else across[::-1]
    top_bottom = below if vertical == "down" else below[::-1]
    return (*left_right, *top_bottom)

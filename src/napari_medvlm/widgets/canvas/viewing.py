"""Between a source's array indices and what the viewer shows of its layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...errors import SelectionError
from ...imaging import Clip, Frame, Plane, Volume, napari_view
from ...imaging.orientation import axis_ends, plane_axes

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: Sine of an angle below which nobody sees that something is turned.
_STRAIGHT = 0.01


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


def on_image(
    vertices: npt.NDArray[np.float64], overlay: Layer, layer: Layer
) -> npt.NDArray[np.float64]:
    """Coordinates of an overlay as source indices of the image below, wherever each was moved.

    Parameters
    ----------
    vertices
        float64 (points, overlay.ndim).
    overlay, layer
        A layer of regions, findings or masks, and its image.
    """
    points = np.asarray(vertices, dtype=np.float64)
    if points.shape[1] == layer.ndim and not same_transform(overlay, layer):
        world = [overlay.data_to_world(point) for point in points]
        points = np.array([layer.world_to_data(place) for place in world]).reshape(points.shape)
    return from_layer(points)


def same_transform(one: Layer, other: Layer) -> bool:
    """Whether two layers have the same way from their coordinates to the world."""
    if one.ndim != other.ndim:
        return False
    corners = (np.zeros(one.ndim), *np.eye(one.ndim))
    return all(np.allclose(one.data_to_world(at), other.data_to_world(at)) for at in corners)


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


def shown_axes(viewer: Viewer, layer: Layer) -> tuple[int, ...] | None:
    """The source axes (0 slice, 1 row, 2 column) downwards and rightwards on the screen.

    As the layer lies there: also rolled, transposed, turned by its transform.

    Returns
    -------
    axes
        ``(down, right, normal)``; None in 3-D, and where the layer has not these axes.
    """
    found = _shown_directions(viewer, layer)
    if found is None:
        return None
    (down, _), (right, _) = found
    return down, right, 3 - down - right


def _shown_directions(
    viewer: Viewer, layer: Layer
) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """Axis and sign of the source that world axes grow along: downwards, and rightwards."""
    if viewer.dims.ndisplay != 2:
        return None
    linear = layer_linear(layer)
    first = viewer.dims.ndim - layer.ndim
    found = []
    for world in viewer.dims.displayed:
        if world < first:
            return None
        row = linear[world - first]
        own = int(np.argmax(np.abs(row)))
        axis = own + 3 - layer.ndim
        if axis < 0:
            return None
        found.append((axis, float(np.sign(row[own]))))
    (down, right) = found
    return None if down[0] == right[0] else (down, right)


def layer_linear(layer: Layer) -> npt.NDArray[np.float64]:
    """Directions in the world (columns, of length 1) that the axes of a layer run along."""
    zero = np.zeros(layer.ndim)
    origin = np.asarray(layer.data_to_world(zero), dtype=np.float64)
    ends = [np.asarray(layer.data_to_world(step)) - origin for step in np.eye(layer.ndim)]
    linear = np.stack(ends, axis=1)
    return np.asarray(linear / np.maximum(np.linalg.norm(linear, axis=0), 1e-12))


def is_turned(layer: Layer) -> bool:
    """Whether a layer is turned or sheared in the viewer by other than right angles."""
    linear = np.abs(layer_linear(layer))
    return bool(np.any((linear > _STRAIGHT) & (linear < 1 - _STRAIGHT)))


def plane_on_screen(
    viewer: Viewer, layer: Layer, source: Volume, planes: Sequence[Plane]
) -> Plane | None:
    """The plane of a source that the viewer shows; None in 3-D, and where it is none of these."""
    axes = shown_axes(viewer, layer)
    if axes is None:
        return None
    return next((one for one in planes if plane_axes(source, one).normal == axes[2]), None)


def check_on_screen(
    viewer: Viewer, layer: Layer | None, source: Volume | Clip | None, plane: Plane
) -> None:
    """See that there is one slice of a plane on the screen; of a clip or one image there is.

    Raises
    ------
    SelectionError
        In 3D, and where the view is turned to a cut that cannot be sent.
    """
    if layer is None or not isinstance(source, Volume) or source.spatial_shape[0] == 1:
        return
    if viewer.dims.ndisplay == 3:
        raise SelectionError(
            "“This slice” needs a slice on the screen, and the view is 3D.",
            "Press “back to 2D”, or choose evenly spaced slices.",
        )
    if layer.ndim >= 3 and plane_on_screen(viewer, layer, source, (plane,)) is None:
        raise SelectionError(
            "The view is turned to a cut that is no slice of this layer.",
            "Press “turn the view back”, or choose evenly spaced slices.",
        )


def sliders_count_others(viewer: Viewer, layer: Layer) -> bool:
    """Whether the sliders run over more, or in other steps, than the slices of a layer."""
    first = viewer.dims.ndim - layer.ndim
    low, high = np.asarray(layer.extent.world, dtype=np.float64)
    step = np.asarray(layer.extent.step, dtype=np.float64)
    for axis in viewer.dims.not_displayed:
        if axis >= first:
            own = axis - first
            there = viewer.dims.range[axis]
            mine = (low[own], high[own], step[own])
            if not np.allclose((there.start, there.stop, there.step), mine):
                return True
    return False


def is_on_screen(viewer: Viewer, layer: Layer) -> bool:
    """Whether a layer draws anything where the sliders stand."""
    if not layer.visible or layer.opacity == 0:
        return False
    if viewer.dims.ndisplay == 3:
        return True
    point = np.asarray(viewer.dims.point, dtype=np.float64)
    first = viewer.dims.ndim - layer.ndim
    low, high = np.asarray(layer.extent.world, dtype=np.float64)
    half = np.abs(np.asarray(layer.extent.step, dtype=np.float64)) / 2 + 1e-6
    hidden = [axis - first for axis in viewer.dims.not_displayed if axis >= first]
    at = point[first:]
    return all(low[a] - half[a] <= at[a] <= high[a] + half[a] for a in hidden)


def letters_shown(
    viewer: Viewer, layer: Layer, source: Volume | Clip
) -> tuple[str, str, str, str] | None:
    """Patient sides at the (left, right, top, bottom) edges of what the viewer shows now.

    They follow the viewer's own axes and the layer's transform, so they stay right when these
    are rolled, transposed, turned or mirrored.

    Returns
    -------
    letters
        "?" where the side is not known. None in 3-D and for a clip.
    """
    found = _shown_directions(viewer, layer)
    if found is None or isinstance(source, Clip):
        return None
    ends = axis_ends(source)
    (down, down_sign), (right, right_sign) = found
    vertical, horizontal = (str(side) for side in viewer.scene.camera.orientation2d)
    rightwards = (right_sign > 0) == (horizontal == "right")
    downwards = (down_sign > 0) == (vertical == "down")
    left_right = ends[right] if rightwards else ends[right][::-1]
    top_bottom = ends[down] if downwards else ends[down][::-1]
    return (*left_right, *top_bottom)

"""Planes of a Volume as radiology looks at them, and which patient side is at which edge.

Radiological display: axial slices are seen from the feet (the patient's right is on the left
of the image) with anterior up; coronal slices have the patient's right on the left and the
head up; sagittal slices have anterior on the left and the head up. In RAS+ terms every plane
then has its columns and its rows running along a *negative* patient axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from ..errors import SelectionError
from .selection import PLANES, Plane
from .volume import Volume

#: Letters at the negative and the positive end of each RAS+ axis.
LETTERS = (("L", "R"), ("P", "A"), ("I", "S"))
_OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}
#: plane -> patient axes (0 R, 1 A, 2 S) of its normal, its rows' direction and its columns'.
_PATIENT_AXES: dict[str, tuple[int, int, int]] = {
    "axial": (2, 1, 0),
    "coronal": (1, 2, 0),
    "sagittal": (0, 2, 1),
}


#: Slices are told from rows and columns where they are this many times farther apart.
_THICK = 1.25


@dataclass(frozen=True)
class PlaneAxes:
    """How the array axes of a Volume lie in a displayed plane.

    Parameters
    ----------
    normal, down, right
        Array axes (0 slice, 1 row, 2 column) along the plane's normal, downwards on the
        screen, and rightwards.
    down_step, right_step
        +1 where the index grows that way on the screen, -1 where it falls.
    """

    normal: int
    down: int
    right: int
    down_step: int = 1
    right_step: int = 1


@dataclass(frozen=True)
class NapariView:
    """What to set in napari so that it shows a plane as radiology does.

    Parameters
    ----------
    order
        ``viewer.dims.order``; a leading time axis is included.
    orientation2d
        ``viewer.scene.camera.orientation2d``: (vertical, horizontal), such as ("down", "right").
    """

    order: tuple[int, ...]
    orientation2d: tuple[str, str]


def closest_patient_axes(
    affine: npt.NDArray[np.float64],
) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Patient axis and direction that each array axis follows most closely.

    Parameters
    ----------
    affine
        4×4, array indices ``(k, j, i, 1)`` to RAS+ mm.

    Returns
    -------
    axes
        For array axes 0, 1, 2 the patient axis (0 R, 1 A, 2 S); a permutation, also for
        oblique volumes: the one with the largest sum of absolute direction cosines.
    signs
        +1 where the index grows towards R, A or S, else -1.
    """
    linear = np.asarray(affine, dtype=np.float64)[:3, :3]
    cosines = linear / np.maximum(np.linalg.norm(linear, axis=0), 1e-12)
    a, b, c = max(
        permutations(range(3)),
        key=lambda order: sum(abs(cosines[world, axis]) for axis, world in enumerate(order)),
    )
    signs = [1 if cosines[world, axis] >= 0 else -1 for axis, world in enumerate((a, b, c))]
    return (a, b, c), (signs[0], signs[1], signs[2])


def plane_axes(volume: Volume, plane: Plane | str) -> PlaneAxes:
    """Array axes of a plane in radiological display.

    Raises
    ------
    SelectionError
        For an unknown plane, or a patient plane of a Volume of unknown orientation.
    """
    if plane == "acquired":
        return PlaneAxes(0, 1, 2)
    if plane not in _PATIENT_AXES:
        raise SelectionError(
            f"The plane must be one of {', '.join(PLANES)}; got {plane!r}.", "Choose one of these."
        )
    if not volume.oriented:
        raise SelectionError(
            f"The orientation of this image is unknown, so its {plane} plane is too.",
            'Use the plane "acquired", which shows the slices as stored.',
        )
    axes, signs = closest_patient_axes(volume.affine)
    normal, down, right = (axes.index(world) for world in _PATIENT_AXES[plane])
    return PlaneAxes(normal, down, right, -signs[down], -signs[right])


def acquired_axis(volume: Volume) -> int | None:
    """The array axis along which slices were acquired; None where nothing tells it.

    DICOM images are the slices, so that it is the first axis. Other files may be stored in any
    order: there it is the axis of clearly larger spacing, and of equally spaced voxels it is not
    known.
    """
    if volume.spatial_shape[0] == 1 or volume.facts.get("format") == "DICOM":
        return 0
    spacing = np.array(volume.spacing)
    thick = int(np.argmax(spacing))
    others = np.delete(spacing, thick)
    return thick if spacing[thick] >= _THICK * others.max() else None


def default_plane(volume: Volume) -> Plane:
    """The plane that a Volume is looked at in when nobody chose one.

    That nearest to its acquisition: sagittal slices are seen, and sent, as sagittal slices.
    Axial where nothing tells how it was acquired, as stored where its orientation is unknown.
    """
    if not volume.oriented or volume.spatial_shape[0] == 1:
        return "acquired"
    axis = acquired_axis(volume)
    if axis is None:
        return "axial"
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    return next(plane for plane in planes if plane_axes(volume, plane).normal == axis)


def reformatted_sampling(volume: Volume, plane: Plane | str) -> float | None:
    """Distance in mm (or pixels) between samples of a plane that cuts through acquired slices.

    Along the slices' own normal, which lies in such a plane; None for a plane of whole slices, or
    where nothing tells how the volume was acquired.
    """
    axis = acquired_axis(volume) if volume.oriented else None
    if axis is None or plane_axes(volume, plane).normal == axis:
        return None
    return float(volume.spacing[axis])


def slice_count(volume: Volume, plane: Plane | str) -> int:
    """Number of slices of a Volume in a plane."""
    return volume.spatial_shape[plane_axes(volume, plane).normal]


def frame_map(
    volume: Volume, axes: PlaneAxes, index: int, shape: tuple[int, int]
) -> npt.NDArray[np.float64]:
    """Map of a frame's pixel-edge coordinates to voxel-centre indices.

    Parameters
    ----------
    volume, axes
        The source and how the plane lies in it.
    index
        Slice number along ``axes.normal``.
    shape
        (rows, columns) of the frame. Where they differ from the slice's own counts the frame
        covers the same extent, edge to edge, with larger or smaller pixels.

    Returns
    -------
    to_source
        3×3: ``(x, y, 1)`` to ``(k, j, i)``.
    """
    matrix = np.zeros((3, 3))
    matrix[axes.normal, 2] = index
    for row, (axis, step, pixels) in enumerate(
        ((axes.right, axes.right_step, shape[1]), (axes.down, axes.down_step, shape[0]))
    ):
        count = volume.spatial_shape[axis]
        matrix[axis, row] = step * count / pixels
        # Voxel centres lie half a voxel inside the edge that the display starts from.
        matrix[axis, 2] = -0.5 if step > 0 else count - 0.5
    return matrix


def axis_ends(volume: Volume) -> tuple[tuple[str, str], tuple[str, str], tuple[str, str]]:
    """Patient sides at the first and at the last index of each array axis.

    Of a single image without a place in the patient, such as a radiograph, they come from
    PatientOrientation (DICOM PS3.3 C.7.6.1.1.1); its H and F are S and I here.

    Returns
    -------
    ends
        For (slice, row, column): letters R, L, A, P, S, I, several for an oblique direction of
        a radiograph; "?" where it is not known.
    """
    if volume.oriented:
        axes, signs = closest_patient_axes(volume.affine)
        slices, rows, columns = (
            LETTERS[world] if sign > 0 else LETTERS[world][::-1]
            for world, sign in zip(axes, signs, strict=True)
        )
        return slices, rows, columns
    unknown = ("?", "?")
    if volume.spatial_shape[0] != 1 or len(volume.patient_orientation) != 2:
        return unknown, unknown, unknown
    along_row, along_column = (_ends_towards(way) for way in volume.patient_orientation)
    return unknown, along_column, along_row


def _ends_towards(direction: str) -> tuple[str, str]:
    towards = direction.strip().upper().replace("H", "S").replace("F", "I")
    if not towards or not set(towards) <= set(_OPPOSITE):
        return "?", "?"
    return "".join(_OPPOSITE[letter] for letter in towards), towards


def edge_letters(volume: Volume, plane: Plane | str) -> tuple[str, str, str, str]:
    """Patient sides at the (left, right, top, bottom) edges of a displayed plane.

    Returns
    -------
    letters
        Of R, L, A, P, S, I; "?" where the orientation is unknown.
    """
    axes, ends = plane_axes(volume, plane), axis_ends(volume)
    left, right = ends[axes.right][:: axes.right_step]
    top, bottom = ends[axes.down][:: axes.down_step]
    return left, right, top, bottom


def napari_view(volume: Volume, plane: Plane | str) -> NapariView:
    """Order of axes and camera orientation with which napari shows a plane.

    Valid for a layer as ``napari_medvlm.imaging.layers.layer_transform`` places it.
    """
    axes = plane_axes(volume, plane)
    vertical = "down" if axes.down_step > 0 else "up"
    horizontal = "right" if axes.right_step > 0 else "left"
    order: tuple[int, ...] = (axes.normal, axes.down, axes.right)
    if volume.temporal:
        order = (0, *(axis + 1 for axis in order))
    return NapariView(order, (vertical, horizontal))

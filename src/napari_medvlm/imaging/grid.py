"""Where the voxels of a viewer's layer lie in the patient.

Layers lie in napari by scale and translation along their own axes (see ``layers``), which does
not say how those axes run in the patient. A Volume with the same grid does: its affine is
carried over to the layer, with whatever moved the layer since.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ImagingError
from .volume import Volume

Matrix = npt.NDArray[np.float64]

#: Volumes that were given to a viewer and are still in use.
_given: weakref.WeakSet[Volume] = weakref.WeakSet()
#: Two grids that differ by less than this share of a voxel are the same.
_SAME = 1e-4


def remember(volume: Volume) -> None:
    """Note that a Volume was given to a viewer."""
    _given.add(volume)


def remembered() -> list[Volume]:
    """Volumes that were given to a viewer and are still in use somewhere."""
    return list(_given)


@dataclass(frozen=True)
class Place:
    """Where a layer's voxels lie.

    Parameters
    ----------
    affine
        4×4: array indices (k, j, i, 1) to RAS+ mm; where not ``oriented`` its scale alone counts.
    oriented
        Whether it is known how the patient lies.
    source
        The Volume it was told from; None where there is none.
    """

    affine: Matrix
    oriented: bool
    source: Volume | None = None


def place_of(
    attributes: Mapping[str, Any],
    shape: Sequence[int],
    own: Volume | None,
    others: Iterable[Volume] = (),
) -> Place:
    """Place the three spatial axes of a layer.

    Parameters
    ----------
    attributes
        The layer's attributes as a writer is given them: scale, translate, rotate, shear, affine.
    shape
        Of the layer's array, without colour; a leading axis beyond three is time.
    own
        The Volume that the layer itself shows, where it is one.
    others
        Volumes beside it, one of which may share its grid (a mask has no Volume of its own).

    Raises
    ------
    ImagingError
        If Volumes of different orientation fit equally well.
    """
    world = layer_matrix(attributes, len(shape))
    if own is not None:
        return _placed(own, world)
    oriented = [volume for volume in others if volume.oriented]
    spatial = tuple(int(n) for n in shape[-3:])
    fitting = [v for v in oriented if _same_grid(v, world, spatial)]
    fitting = fitting or [v for v in oriented if _overlaps(v, world, spatial)]
    places = [_placed(volume, world) for volume in fitting]
    if not places:
        scale = np.linalg.norm(world[:3, :3], axis=0)
        return Place(np.diag([*scale, 1.0]), oriented=False)
    first = places[0]
    if any(not _same_place(first.affine, other.affine, spatial) for other in places[1:]):
        raise ImagingError(
            "Several scans of different orientation lie where this layer does: it cannot be "
            "told which of them it belongs to.",
            "Remove the other scans from the viewer, and save it then.",
        )
    return first


def layer_matrix(attributes: Mapping[str, Any], ndim: int) -> Matrix:
    """Array indices (k, j, i, 1) to napari's world, 4×4, for the last three axes of a layer.

    As napari composes it: affine · (rotate · shear · scale, translate).
    """
    whole = np.eye(ndim + 1)
    scale = _tail(attributes.get("scale"), ndim, 1.0)
    linear = _linear(attributes.get("rotate"), ndim) @ _shear(attributes.get("shear"), ndim)
    whole[:ndim, :ndim] = linear @ np.diag(scale)
    whole[:ndim, ndim] = _tail(attributes.get("translate"), ndim, 0.0)
    given = attributes.get("affine")
    if given is not None:
        outer = np.eye(ndim + 1)
        matrix = np.asarray(getattr(given, "affine_matrix", given), dtype=np.float64)
        n = min(len(matrix), ndim + 1)
        outer[-n:, -n:] = matrix[-n:, -n:]
        whole = outer @ whole
    spatial = np.eye(4)
    n = min(ndim, 3)
    spatial[3 - n : 3, 3 - n :] = whole[ndim - n : ndim, ndim - n :]
    return spatial


def _tail(values: Any, ndim: int, fill: float) -> Matrix:
    result = np.full(ndim, fill)
    if values is not None and len(values):
        given = np.asarray(values, dtype=np.float64)[-ndim:]
        result[ndim - len(given) :] = given
    return result


def _linear(rotate: Any, ndim: int) -> Matrix:
    matrix = np.eye(ndim)
    if rotate is not None and np.ndim(rotate) == 2:
        given = np.asarray(rotate, dtype=np.float64)
        matrix[-len(given) :, -len(given) :] = given
    return matrix


def _shear(shear: Any, ndim: int) -> Matrix:
    if shear is None or len(shear) == 0:
        return np.eye(ndim)
    given = np.asarray(shear, dtype=np.float64)
    if given.ndim == 2:
        return _linear(given, ndim)
    # The upper triangle row by row, as napari keeps it.
    size = round((1 + np.sqrt(1 + 8 * len(given))) / 2)
    matrix = np.eye(size)
    matrix[np.triu_indices(size, 1)] = given
    return _linear(matrix, ndim)


def _source_matrix(volume: Volume) -> Matrix:
    from .layers import layer_transform

    scale, translate = layer_transform(volume)
    matrix = np.diag([*scale[-3:], 1.0])
    matrix[:3, 3] = translate[-3:]
    return matrix


def _placed(volume: Volume, world: Matrix) -> Place:
    source = _source_matrix(volume)
    steps = np.linalg.norm(source[:3, :3], axis=0)
    moved = np.abs(np.linalg.inv(source) @ world - np.eye(4))[:3]
    # An unmoved layer keeps its Volume's affine to the last digit.
    if (moved * steps[:, None]).max() < _SAME * steps.min():
        return Place(volume.affine, volume.oriented, volume)
    return Place(volume.affine @ np.linalg.inv(source) @ world, volume.oriented, volume)


def _same_grid(volume: Volume, world: Matrix, shape: tuple[int, ...]) -> bool:
    return volume.spatial_shape == shape and _same_place(_source_matrix(volume), world, shape)


def _same_place(one: Matrix, other: Matrix, shape: tuple[int, ...]) -> bool:
    corners = _corners(shape)
    apart = np.linalg.norm(((one - other) @ corners)[:3], axis=0).max()
    return bool(apart < 10 * _SAME * np.linalg.norm(one[:3, :3], axis=0).min())


def _overlaps(volume: Volume, world: Matrix, shape: tuple[int, ...]) -> bool:
    reach = (np.linalg.inv(_source_matrix(volume)) @ world @ _corners(shape))[:3]
    ends = np.array(volume.spatial_shape)
    return bool((reach.max(axis=1) >= -0.5).all() and (reach.min(axis=1) <= ends - 0.5).all())


def _corners(shape: tuple[int, ...]) -> Matrix:
    ends = [max(n - 1, 0) for n in (1,) * (3 - len(shape)) + tuple(shape)]
    return np.array(
        [(k, j, i, 1.0) for k in (0, ends[0]) for j in (0, ends[1]) for i in (0, ends[2])]
    ).T

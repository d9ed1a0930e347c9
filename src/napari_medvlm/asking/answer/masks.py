"""The model's masks, back on the voxels of the source they were shown from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...dialogue import Mask, Reply
from ...imaging import Frame
from ..choose.regions import ON_SLICE
from .placing import Grid

#: Voxels that are looked at in one step, so that a mask of a large image needs little memory.
_CHUNK = 1 << 18


@dataclass(frozen=True, eq=False)
class PlacedMask:
    """A mask of the answer on the voxels of its source.

    Parameters
    ----------
    label
        The model's name for it, "" where it gave none.
    frame
        Which of the frames that were sent, from 0.
    index
        Slice or frame number in the source, from 0.
    voxels
        int64 (voxels, 3): array indices ``(k, j, i)`` (``(t, j, i)`` for a clip), each once,
        in ascending order; none is negative, and whoever writes them knows how large the
        source is.
    number
        Of the mask among the answer's masks that have a place, from 0.
    """

    label: str
    frame: int
    index: int
    voxels: npt.NDArray[np.int64]
    number: int = 0

    @property
    def corners(self) -> npt.NDArray[np.float64]:
        """float64 (2, 3): the voxels that bound it; their middle is where to go."""
        return np.stack([self.voxels.min(axis=0), self.voxels.max(axis=0)]).astype(np.float64)


def mask_voxels(mask: npt.NDArray[np.bool_], frame: Frame) -> npt.NDArray[np.int64]:
    """The voxels whose centres lie in a mask: nearest neighbour, along ``Frame.to_source``.

    Every voxel of the slice is looked up in the mask, and not the other way round: a frame that
    was made finer than the voxels marks none twice, and one that is coarser leaves no holes.

    Parameters
    ----------
    mask
        bool (rows, columns) of the frame.
    frame
        The frame.

    Returns
    -------
    voxels
        int64 (voxels, 3), array indices in ascending order.
    """
    rows, columns = np.nonzero(mask)
    if not rows.size:
        return np.empty((0, 3), dtype=np.int64)
    basis, origin = frame.to_source[:, :2], frame.to_source[:, 2]
    x, y = (columns.min(), columns.max() + 1), (rows.min(), rows.max() + 1)
    corners = np.array([(a, b, 1) for a in x for b in y], dtype=np.float64) @ frame.to_source.T
    low = np.maximum(np.ceil(corners.min(axis=0) - ON_SLICE), 0).astype(np.int64)
    high = np.floor(corners.max(axis=0) + ON_SLICE).astype(np.int64)
    sides = tuple(int(side) for side in np.maximum(high - low + 1, 0))
    # Distance from the plane in voxels, along the array axis that is nearest to its normal.
    normal = np.cross(basis[:, 0], basis[:, 1])
    normal /= np.abs(normal).max()
    to_frame = np.linalg.pinv(basis).T
    found = []
    for start in range(0, math.prod(sides), _CHUNK):
        flat = np.arange(start, min(start + _CHUNK, math.prod(sides)))
        voxels = np.stack(np.unravel_index(flat, sides), axis=1) + low
        offsets = voxels - origin
        xy = np.floor(offsets @ to_frame).astype(np.int64)
        shown = (np.abs(offsets @ normal) <= ON_SLICE) & (xy >= 0).all(axis=1)
        shown &= (xy < [mask.shape[1], mask.shape[0]]).all(axis=1)
        voxels, xy = voxels[shown], xy[shown]
        found.append(voxels[mask[xy[:, 1], xy[:, 0]]])
    return np.concatenate(found) if found else np.empty((0, 3), dtype=np.int64)


def place_mask(mask: Mask, frames: Sequence[Frame], number: int = 0) -> PlacedMask | None:
    """Place one mask; None where it names a frame that was not sent, has another size, or is empty.

    Parameters
    ----------
    mask
        On its frame.
    frames
        The frames of the question, in the order they were sent.
    number
        Of the mask among the answer's.
    """
    if not 0 <= mask.frame < len(frames):
        return None
    frame = frames[mask.frame]
    if mask.pixels.shape != frame.pixels.shape[:2]:
        return None
    voxels = mask_voxels(np.asarray(mask.pixels, dtype=bool), frame)
    if not len(voxels):
        return None
    return PlacedMask(mask.label, mask.frame, frame.index, voxels, number)


def place_masks(reply: Reply, frames: Sequence[Frame]) -> tuple[PlacedMask, ...]:
    """Place all masks of an answer, in its order, without those that have no place."""
    placed: list[PlacedMask] = []
    for mask in reply.masks:
        found = place_mask(mask, frames, len(placed))
        if found is not None:
            placed.append(found)
    return tuple(placed)


def extent_words(mask: PlacedMask, frame: Frame, grid: Grid) -> str:
    """How large a mask is: "3.2 cm²", "48 mm²", or voxels where no spacing is known.

    Parameters
    ----------
    mask
        A placed mask.
    frame
        The frame it is on.
    grid
        Of its source.
    """
    count = len(mask.voxels)
    if grid.affine is None or grid.unit != "mm":
        return f"{count:,} voxels" if count != 1 else "1 voxel"
    linear = np.asarray(grid.affine, dtype=np.float64)[:3, :3]
    # The two array axes that the plane of the frame runs along.
    first, second = np.abs(frame.to_source[:, :2]).argmax(axis=0)
    area = count * float(np.linalg.norm(np.cross(linear[:, first], linear[:, second])))
    return f"{area / 100:.1f} cm²" if area >= 100 else f"{area:.0f} mm²"

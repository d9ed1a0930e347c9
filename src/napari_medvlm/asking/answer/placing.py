"""The model's boxes, back on the source they were shown from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ...dialogue import Box, Reply
from ...imaging import BoxXYXY, Clip, Frame, Volume


@dataclass(frozen=True, eq=False)
class PlacedBox:
    """A box of the answer with its place in the source.

    Parameters
    ----------
    label
        The model's name for it, "" where it gave none.
    corners
        float64 (4, 3): array indices ``(k, j, i)`` of the source (``(t, j, i)`` for a clip),
        voxel centres on integers, in drawing order.
    frame
        Which of the frames that were sent, from 0.
    index
        Slice or frame number in the source, from 0.
    box
        ``(x0, y0, x1, y1)`` in pixel-edge coordinates of that frame, clipped to it.
    clipped
        Whether what the model wrote left the image.
    raw
        The four numbers as the model wrote them.
    number
        Of the box among the answer's boxes that have a place, from 0.
    """

    label: str
    corners: npt.NDArray[np.float64]
    frame: int
    index: int
    box: BoxXYXY
    clipped: bool
    raw: tuple[float, float, float, float]
    number: int = 0


def place_box(box: Box, frames: Sequence[Frame]) -> PlacedBox | None:
    """Place one box, or None when it names a frame that was not sent or has no area."""
    x0, y0, x1, y1 = box.box
    if not 0 <= box.frame < len(frames) or x1 <= x0 or y1 <= y0:
        return None
    frame = frames[box.frame]
    return PlacedBox(
        label=box.label or "",
        corners=frame.box_corners(box.box),
        frame=box.frame,
        index=frame.index,
        box=box.box,
        clipped=box.clipped,
        raw=box.raw,
    )


def place(reply: Reply, frames: Sequence[Frame]) -> tuple[PlacedBox, ...]:
    """Place all boxes of an answer.

    Parameters
    ----------
    reply
        The answer.
    frames
        The frames of its question, in the order they were sent.

    Returns
    -------
    boxes
        In the order the model wrote them, without those that have no place.
    """
    placed = [found for box in reply.boxes if (found := place_box(box, frames)) is not None]
    return tuple(replace(box, number=number) for number, box in enumerate(placed))


def box_size(placed: PlacedBox, affine: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Width and height in the unit of the source's affine (mm where the spacing is known).

    Parameters
    ----------
    placed
        A placed box.
    affine
        4×4: array indices ``(k, j, i, 1)`` of the source to RAS+ millimetres.
    """
    across = placed.corners[1] - placed.corners[0]
    down = placed.corners[3] - placed.corners[0]
    linear = np.asarray(affine, dtype=np.float64)[:3, :3]
    return float(np.linalg.norm(linear @ across)), float(np.linalg.norm(linear @ down))


@dataclass(frozen=True, eq=False)
class Grid:
    """How large a source's voxels are: what is left of it once its pixels may be forgotten.

    Parameters
    ----------
    affine
        4×4: array indices ``(k, j, i, 1)`` to RAS+ millimetres; None for a clip.
    unit
        "mm", or "pixel" where no spacing is known.
    """

    affine: npt.NDArray[np.float64] | None = None
    unit: str = "pixel"


def grid_of(source: Volume | Clip) -> Grid:
    """The grid of a Volume or Clip."""
    return Grid(source.affine, source.unit) if isinstance(source, Volume) else Grid()


def size_words(placed: PlacedBox, source: Volume | Clip | Grid) -> str:
    """The box's size for people: "14 × 12 mm", or pixels where no spacing is known.

    Parameters
    ----------
    placed
        A placed box.
    source
        What the frames were taken from, or its grid.
    """
    grid = source if isinstance(source, Grid) else grid_of(source)
    if grid.affine is not None and grid.unit == "mm":
        width, height = box_size(placed, grid.affine)
        return f"{_short(width)} × {_short(height)} mm"
    x0, y0, x1, y1 = placed.box
    return f"{x1 - x0:.0f} × {y1 - y0:.0f} pixels"


def _short(length: float) -> str:
    # A tenth of a millimetre matters for what is smaller than a centimetre.
    return f"{length:.0f}" if length >= 10 else f"{length:.1f}"

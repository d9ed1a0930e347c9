"""The user's boxes: from the source's array indices, or from a frame, into the question."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...dialogue import Region
from ...imaging import BoxXYXY, Frame

#: A box belongs to a slice when all its corners lie within this of it, in voxels: half a
#: voxel is the slice's own thickness, and what napari draws on it; the rest is rounding.
ON_SLICE = 0.5 + 1e-6


@dataclass(frozen=True, eq=False)
class SourceBox:
    """A box drawn on the source.

    Parameters
    ----------
    corners
        float64 (corners, 3): array indices ``(k, j, i)`` of voxel centres, as napari's
        Shapes layer gives them when it has the image's scale and affine.
    label
        What the user calls it.
    source
        Content hash of what it was drawn on, as frames tell theirs; "" fits any.
    """

    corners: npt.NDArray[np.float64]
    label: str = ""
    source: str = ""


@dataclass(frozen=True)
class FrameBox:
    """A box given on one of the frames, ``(x0, y0, x1, y1)`` in pixel-edge coordinates."""

    frame: int
    box: BoxXYXY
    label: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A box that is not part of the question, and why, as a sentence for the user."""

    label: str
    reason: str


def on_frame(corners: npt.NDArray[np.float64], frame: Frame) -> BoxXYXY | None:
    """The frame's box around source corners, or None when they lie on another slice.

    Parameters
    ----------
    corners
        float64 (corners, 3), array indices of the source.
    frame
        The frame that may show them.

    Returns
    -------
    box
        ``(x0, y0, x1, y1)`` in pixel-edge coordinates, not yet clipped to the frame.

    Notes
    -----
    ``to_source`` takes ``(x, y, 1)`` to indices: an affine map of the plane, so its two
    first columns are solved by least squares, and what is left over is the distance off the slice.
    """
    basis, origin = frame.to_source[:, :2], frame.to_source[:, 2]
    offsets = np.asarray(corners, dtype=np.float64) - origin
    xy, *_ = np.linalg.lstsq(basis, offsets.T, rcond=None)
    off_slice = np.abs(offsets.T - basis @ xy).max()
    if not np.isfinite(off_slice) or off_slice > ON_SLICE:
        return None
    (x0, y0), (x1, y1) = xy.min(axis=1), xy.max(axis=1)
    return float(x0), float(y0), float(x1), float(y1)


def _clip(box: BoxXYXY, frame: Frame) -> BoxXYXY | None:
    width, height = frame.size_wh
    x0, x1 = (min(max(value, 0.0), float(width)) for value in (box[0], box[2]))
    y0, y1 = (min(max(value, 0.0), float(height)) for value in (box[1], box[3]))
    return (x0, y0, x1, y1) if x1 > x0 and y1 > y0 else None


def _source_region(box: SourceBox, name: str, frames: Sequence[Frame]) -> Region | LeftOut:
    seen = False
    for number, frame in enumerate(frames):
        found = on_frame(box.corners, frame) if box.source in ("", frame.source) else None
        if found is None:
            continue
        seen = True
        inside = _clip(found, frame)
        if inside is not None:
            return Region(number, inside, box.label)
    if seen:
        return LeftOut(name, f"{name} lies outside the image, so it is not part of the question.")
    return LeftOut(name, f"{name} is on a slice that is not sent, so it is not in the question.")


def _frame_region(box: FrameBox, name: str, frames: Sequence[Frame]) -> Region | LeftOut:
    if not 0 <= box.frame < len(frames):
        return LeftOut(
            name, f"{name} is on image {box.frame + 1}, but {len(frames)} images are sent."
        )
    inside = _clip(box.box, frames[box.frame])
    if inside is None:
        return LeftOut(name, f"{name} lies outside the image, so it is not part of the question.")
    return Region(box.frame, inside, box.label)


def place_regions(
    boxes: Sequence[SourceBox | FrameBox], frames: Sequence[Frame]
) -> tuple[tuple[Region, ...], tuple[LeftOut, ...]]:
    """Put every box on the frame that shows it.

    Parameters
    ----------
    boxes
        The user's boxes, in the order they were drawn.
    frames
        What is sent.

    Returns
    -------
    regions, left_out
        Boxes clipped to their frame, and those that no frame shows, with the reason.
    """
    regions: list[Region] = []
    left_out: list[LeftOut] = []
    for number, box in enumerate(boxes, start=1):
        name = box.label.capitalize() if box.label else f"Region {number}"
        place = (
            _source_region(box, name, frames)
            if isinstance(box, SourceBox)
            else _frame_region(box, name, frames)
        )
        (regions if isinstance(place, Region) else left_out).append(place)  # type: ignore[arg-type]
    return tuple(regions), tuple(left_out)


_NUMBERED = re.compile(r"region (\d{1,6})")
#: Characters of a region's name; it goes into the question.
_LONGEST_NAME = 60


def next_name(names: Iterable[str]) -> str:
    """Name of the next region: "region 4" where the highest so far is "region 3".

    Parameters
    ----------
    names
        Of the regions that there are; a number is not given anew while a higher one is there.
    """
    numbers = (_NUMBERED.fullmatch(name) for name in names)
    return f"region {max((int(m.group(1)) for m in numbers if m), default=0) + 1}"


def clean_name(written: str, number: int) -> str:
    """A region's name as it goes into the question: one line, not too long, never blank.

    Parameters
    ----------
    written
        What the user or a table holds.
    number
        Of the region on its layer, from 1: what it is called by without a name.
    """
    return " ".join(written.split())[:_LONGEST_NAME].strip() or f"region {number}"

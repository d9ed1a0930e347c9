"""Boxes between the coordinate systems that models write and the pixels of a frame.

Three systems are in use:

- ``percent_100``: percent of the original image's width and height (CheXOne);
- ``norm_1000``: thousandths of the original image's width and height (Qwen2-VL, InternVL);
- ``abs_resized``: pixels of the image that the model saw after its resize (Qwen2.5-VL).

Frame coordinates are pixel edges: x from 0 to columns, y from 0 to rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..imaging.frame import BoxXYXY
from .context import SizeWH
from .reply import BoxSystem

# A box that ends on the image's edge must not count as leaving it by a rounding error.
_EDGE_TOLERANCE = 1e-6

#: A box that reaches further beyond its image, as a part of the image's side, is in another
#: system than it is read in: models err by a few units, not by a tenth.
_BEYOND = 0.1

_UNITS: dict[str, float] = {"percent_100": 100.0, "norm_1000": 1000.0}


@dataclass(frozen=True)
class Placed:
    """A raw box on its frame: clipped to it, corners sorted, with a note of both."""

    box: BoxXYXY
    clipped: bool
    reordered: bool


def units_per_image(
    system: BoxSystem, resized_wh: SizeWH | None = None
) -> tuple[float, float] | None:
    """Width and height of a whole image in a system's own units.

    Parameters
    ----------
    system
        Coordinate system.
    resized_wh
        The image as the model saw it, in pixels; only ``abs_resized`` needs it.

    Returns
    -------
    units
        None where they are not known.

    Raises
    ------
    ValueError
        For a system of another name.
    """
    if system == "abs_resized":
        if resized_wh is None or min(resized_wh) <= 0:
            return None
        return float(resized_wh[0]), float(resized_wh[1])
    if system not in _UNITS:
        msg = f"Expected percent_100, norm_1000 or abs_resized, got {system!r}."
        raise ValueError(msg)
    return _UNITS[system], _UNITS[system]


def to_frame(
    raw: BoxXYXY, system: BoxSystem, frame_wh: SizeWH, resized_wh: SizeWH | None = None
) -> Placed | None:
    """Place a box that a model wrote on the frame that it was shown.

    Parameters
    ----------
    raw
        ``(x0, y0, x1, y1)`` as written, corners in any order.
    system
        The system they are written in.
    frame_wh
        Width and height of the frame in pixels.
    resized_wh
        Width and height as the model saw it; needed for ``abs_resized``.

    Returns
    -------
    placed
        None where nothing of the box lies on the frame, its area is zero, or its numbers are
        not finite.

    Raises
    ------
    ValueError
        If the size that the system needs is not given.
    """
    units = units_per_image(system, resized_wh)
    if units is None:
        msg = "Boxes in pixels of the resized image need its size."
        raise ValueError(msg)
    if not all(math.isfinite(value) for value in raw):
        return None
    width, height = frame_wh
    xs = [raw[0] * width / units[0], raw[2] * width / units[0]]
    ys = [raw[1] * height / units[1], raw[3] * height / units[1]]
    reordered = xs[0] > xs[1] or ys[0] > ys[1]
    xs.sort()
    ys.sort()
    outside = min(xs[0], ys[0], width - xs[1], height - ys[1]) < -_EDGE_TOLERANCE
    x0, x1 = (min(max(x, 0.0), float(width)) for x in xs)
    y0, y1 = (min(max(y, 0.0), float(height)) for y in ys)
    if x1 <= x0 or y1 <= y0:
        return None
    return Placed((x0, y0, x1, y1), outside, reordered)


def fits(raw: BoxXYXY, system: BoxSystem, resized_wh: SizeWH | None = None) -> bool:
    """Whether numbers can be of a system at all.

    Parameters
    ----------
    raw
        As written.
    system, resized_wh
        As in `to_frame`.

    Returns
    -------
    fits
        False where a number lies well beyond the image (180 is no percent), and where all four
        are fractions from 0 to 1 (of which no system here is made). Numbers that are not finite
        fit nothing.
    """
    units = units_per_image(system, resized_wh)
    if units is None or not all(math.isfinite(value) for value in raw):
        return False
    inside = all(
        -_BEYOND * whole <= value <= (1 + _BEYOND) * whole
        for value, whole in zip(raw, (*units, *units), strict=True)
    )
    fractions = all(0 <= value <= 1 for value in raw) and any(value % 1 for value in raw)
    # (0, 0, 1, 1) is the whole image for who writes fractions, and hardly a place for others.
    return inside and not fractions and tuple(raw) != (0, 0, 1, 1)


def to_system(
    box: BoxXYXY, system: BoxSystem, frame_wh: SizeWH, resized_wh: SizeWH | None = None
) -> BoxXYXY:
    """Write a box of a frame in a model's own coordinates: the inverse of `to_frame`.

    Parameters
    ----------
    box
        ``(x0, y0, x1, y1)`` in pixel-edge coordinates of the frame.
    system, frame_wh, resized_wh
        As in `to_frame`.

    Returns
    -------
    coordinates
        Not rounded; models were trained on whole numbers, so round for a prompt.

    Raises
    ------
    ValueError
        If the frame is empty or the size that the system needs is not given.
    """
    units = units_per_image(system, resized_wh)
    if units is None or min(frame_wh) <= 0:
        msg = f"Cannot write a box in {system} for frame {frame_wh} and resized {resized_wh}."
        raise ValueError(msg)
    fx, fy = units[0] / frame_wh[0], units[1] / frame_wh[1]
    return box[0] * fx, box[1] * fy, box[2] * fx, box[3] * fy


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union of two boxes of one system, 0 where they do not meet.

    Parameters
    ----------
    first, second
        ``(x0, y0, x1, y1)`` with sorted corners; one whose corners are swapped meets nothing.
    """
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return width * height / (areas - width * height)

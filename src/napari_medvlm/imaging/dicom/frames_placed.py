"""Order and spacing of the frames of one file, where they have no positions in the patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..arrays import scale_affine
from .frame_roles import Axis
from .header import ImageHeader
from .placement import Placement
from .points import Unused
from .spacing import pixel_spacing, single_spacing

#: Steps between locations that differ by less than this share are one step.
_EVEN = 0.01


def out_of_patient(placement: Placement) -> Placement:
    """The same slices, whose directions mean nothing in the patient."""
    k, j, i = (float(step) for step in np.linalg.norm(placement.affine[:3, :3], axis=0))
    return replace(placement, affine=scale_affine(k, j, i), oriented=False)


def place_frames(images: list[ImageHeader], remarks: list[str], copies: Unused) -> Placement:
    """Put frames of one group of one file in their order.

    Parameters
    ----------
    images
        In any order.
    remarks
        What is known already; further ones are added.
    copies
        Images that are left out.
    """
    images = sorted(images, key=lambda h: (h.role.number, h.frame or 0))
    axis = images[0].role.axis
    rows, columns, unit = pixel_spacing(images[0], remarks)
    if images[0].cine:
        return _film(images, remarks, copies, rows, columns, unit)
    points = _points(images, remarks)
    depth = 1.0
    if axis is Axis.SLICE:
        depth = _slice_spacing(points[0], remarks)
    elif axis is Axis.UNKNOWN and (images[0].between or images[0].thickness):
        depth = single_spacing(images[0], remarks)
    elif axis is Axis.UNKNOWN:
        remarks.append("Distances between the frames are unknown.")
    remarks.append("No positions in the patient are given: the orientation is unknown.")
    return Placement(
        points, scale_affine(depth, rows, columns), False, unit, tuple(remarks), unused=copies
    )


def _film(
    images: list[ImageHeader],
    remarks: list[str],
    copies: Unused,
    rows: float,
    columns: float,
    unit: str,
) -> Placement:
    axis = images[0].role.axis
    what = {Axis.TIME: "in time", Axis.PHASE: "in phases"}.get(axis, "in the order of the file")
    remarks.append(f"{len(images)} frames {what}; the orientation is unknown.")
    seconds = [h.seconds for h in images if h.seconds is not None]
    if len(seconds) < len(images):
        if axis is not Axis.PHASE:
            remarks.append("No tag gives the time of the frames.")
        seconds = []
    times = tuple(one - seconds[0] for one in seconds)
    points = tuple((h,) for h in images)
    affine = scale_affine(1.0, rows, columns)
    return Placement(points, affine, False, unit, tuple(remarks), (), times, copies)


def _points(
    images: Sequence[ImageHeader], remarks: list[str]
) -> tuple[tuple[ImageHeader, ...], ...]:
    """Frames of each point of the second axis, where each of them has all of the first one."""
    found: dict[float, list[ImageHeader]] = {}
    for h in images:
        found.setdefault(h.role.point, []).append(h)
    grid = [tuple(found[point]) for point in sorted(found)]
    numbers = [[h.role.number for h in one] for one in grid]
    if len(grid) > 1 and all(one == numbers[0] for one in numbers):
        remarks.append(f"{len(grid)} {images[0].role.point_name}.")
        return tuple(grid)
    if len(grid) > 1:
        remarks.append("Frames are missing at some points: all are shown one behind the other.")
    return (tuple(images),)


def _slice_spacing(images: Sequence[ImageHeader], remarks: list[str]) -> float:
    head = images[0]
    if "SliceLocationVector" in head.role.remark and len(images) > 1:
        steps = np.diff([h.role.number for h in images])
        if np.ptp(steps) <= _EVEN * steps.mean():
            remarks.append(
                f"Slice spacing {steps.mean():.5g} mm from SliceLocationVector (0018,2005)."
            )
        else:
            remarks.append(
                f"Slice spacing {float(np.median(steps)):.5g} mm (median) from SliceLocationVector "
                f"(0018,2005); it varies from {steps.min():.5g} to {steps.max():.5g} mm."
            )
        return float(np.median(steps))
    return single_spacing(head, remarks)

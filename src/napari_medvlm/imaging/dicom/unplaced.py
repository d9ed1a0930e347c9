"""Order and spacing of images whose place in the patient is unknown: radiographs, old slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..arrays import scale_affine
from .header import ImageHeader
from .placement import Placement
from .points import Points, Unused, join
from .positions import heights, stacks
from .spacing import POSITION, pixel_spacing, single_spacing


def place_without_positions(
    images: list[ImageHeader], remarks: list[str], copies: Unused
) -> Placement:
    head = images[0]
    joined = _by_location(images, remarks)
    first = joined.points[0]
    rows, columns, unit = pixel_spacing(head, remarks)
    depth = 1.0
    if unit == "mm":
        depth = _location_step(first, remarks) or _told_depth(head, len(first), remarks)
    missing = "ImageOrientationPatient (0020,0037)" if head.orientation is None else POSITION
    remarks.append(f"{missing} is missing or unusable: the orientation is unknown.")
    remarks += _view(head)
    affine = scale_affine(depth, rows, columns)
    return Placement(
        joined.points, affine, False, unit, tuple(remarks), (), joined.times,
        (*copies, *joined.unused),
    )  # fmt: skip


def _view(head: ImageHeader) -> list[str]:
    """What a radiograph says about how it is seen."""
    remarks = []
    if head.patient_orientation:
        right, down = head.patient_orientation
        remarks.append(
            f"PatientOrientation (0020,0020): rows run towards {right or '?'}, columns towards "
            f"{down or '?'}."
        )
    if head.view:
        remarks.append(f"ViewPosition (0018,5101): {head.view}.")
    if head.laterality:
        remarks.append(f"Laterality (0020,0062) or (0020,0060): {head.laterality}.")
    return remarks


def _by_location(images: list[ImageHeader], remarks: list[str]) -> Points:
    if len(images) == 1:
        return Points((tuple(images),))
    if len(set(heights(images))) > 1:
        joined = join(stacks(images))
        remarks.append("Slices are in the order of SliceLocation (0020,1041).")
        remarks += joined.remarks
        return joined
    remarks.append("Slices are in the order of InstanceNumber (0020,0013).")
    return Points((tuple(sorted(images, key=lambda h: (h.order, str(h.path)))),))


def _location_step(images: Sequence[ImageHeader], remarks: list[str]) -> float | None:
    steps = np.diff(heights(images))
    if not steps.size or not steps.min() > 0 or np.ptp(steps) > 0.01 * steps.mean():
        return None
    remarks.append(f"Slice spacing {steps.mean():.5g} mm from SliceLocation (0020,1041).")
    return float(steps.mean())


def _told_depth(head: ImageHeader, count: int, remarks: list[str]) -> float:
    if count == 1 and head.between is None and head.thickness is None:
        return 1.0
    return single_spacing(head, remarks)

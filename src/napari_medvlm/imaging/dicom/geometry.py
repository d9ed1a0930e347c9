"""Order, spacing and affine of the images of one volume.

Images are sorted by their position along the slice normal (PS3.3 C.7.6.2.1.1), never by file
name, and what had to be assumed is said in remarks, one sentence each.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import scale_affine
from .header import ImageHeader
from .points import Points, Unused, join
from .positions import SAME, heights, stacks
from .spacing import POSITION, pixel_spacing, single_spacing, slice_stack

#: DICOM's LPS+ to RAS+.
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Placement:
    """Images in their places.

    Parameters
    ----------
    points
        For each time point (or b-value, or phase) the images in slice order; one where there
        is no fourth axis.
    affine
        4×4, indices ``(k, j, i, 1)`` to RAS+ mm.
    oriented
        Whether the affine's directions and origin mean anything.
    unit
        "mm", or "pixel" where no spacing is known.
    slice_positions
        Exact place of each slice in mm along the slice normal, where slices are not evenly
        spaced; empty where the affine is exact.
    times
        Seconds of each point; empty where unknown or where the fourth axis is not time.
    unused
        Images that are not placed, and why.
    """

    points: tuple[tuple[ImageHeader, ...], ...]
    affine: npt.NDArray[np.float64]
    oriented: bool
    unit: str
    remarks: tuple[str, ...]
    slice_positions: tuple[float, ...] = ()
    times: tuple[float, ...] = ()
    unused: Unused = ()


def place(headers: Sequence[ImageHeader]) -> Placement:
    """Put images of one volume in order and find their affine.

    Parameters
    ----------
    headers
        At least one; of one part, as ``split`` gives it.
    """
    images, copies, remarks = _without_copies(headers)
    remarks += dict.fromkeys(note for h in images for note in h.notes)
    if images[0].cine:
        return _cine(images, remarks, copies)
    if images[0].orientation is not None and all(h.position is not None for h in images):
        return _in_patient(images, remarks, copies)
    return _unplaced(images, remarks, copies)


def _without_copies(
    headers: Sequence[ImageHeader],
) -> tuple[list[ImageHeader], Unused, list[str]]:
    # Careless programs give one SOPInstanceUID to all files, so that it alone proves nothing.
    unique: dict[Hashable, ImageHeader] = {}
    copies: list[tuple[ImageHeader, str]] = []
    for h in sorted(headers, key=lambda h: (h.order, str(h.path))):
        key = (h.instance, h.frame, h.tile, h.position, h.order)
        if key in unique:
            copies.append((h, "It is a copy of another file (same SOPInstanceUID)."))
        unique.setdefault(key, h)
    images = list(unique.values())
    if not copies:
        return images, (), []
    return (
        images,
        tuple(copies),
        [f"{len(copies)} files repeat an instance (same SOPInstanceUID); left out."],
    )


def _in_patient(images: list[ImageHeader], remarks: list[str], copies: Unused) -> Placement:
    head = images[0]
    cosines = np.asarray(head.orientation, dtype=np.float64)
    along_row, along_column = cosines[:3], cosines[3:]
    normal = np.cross(along_row, along_column)
    normal /= np.linalg.norm(normal)
    joined = join(stacks(images))
    remarks += (*joined.remarks, *_movement(joined))
    first = joined.points[0]
    rows, columns, unit = pixel_spacing(head, remarks)
    positions: tuple[float, ...] = ()
    if len(first) > 1:
        stack = slice_stack(first, normal)
        step, positions = stack.step, stack.positions
        remarks += stack.remarks
    else:
        step = normal * single_spacing(head, remarks)
    affine = np.eye(4)
    affine[:3, 0] = _LPS_TO_RAS @ step
    affine[:3, 1] = _LPS_TO_RAS @ (along_column * rows)
    affine[:3, 2] = _LPS_TO_RAS @ (along_row * columns)
    affine[:3, 3] = _LPS_TO_RAS @ np.asarray(first[0].position)
    return Placement(
        joined.points, affine, True, unit, tuple(remarks), positions, joined.times,
        (*copies, *joined.unused),
    )  # fmt: skip


def _movement(joined: Points) -> tuple[str, ...]:
    places = np.array([[h.position for h in point] for point in joined.points])
    moved = float(np.linalg.norm(places - places[:1], axis=2).max())
    if moved <= SAME:
        return ()
    return (
        f"Slices move by up to {moved:.3g} mm from one point to another, as where the scanner "
        "follows the patient; the places of the first point are taken for all.",
    )


def _unplaced(images: list[ImageHeader], remarks: list[str], copies: Unused) -> Placement:
    head = images[0]
    joined = _by_location(images, remarks)
    first = joined.points[0]
    rows, columns, unit = pixel_spacing(head, remarks)
    depth = 1.0
    if unit == "mm":
        depth = _location_step(first, remarks) or _told_depth(head, len(first), remarks)
    missing = "ImageOrientationPatient (0020,0037)" if head.orientation is None else POSITION
    remarks.append(f"{missing} is missing or unusable: the orientation is unknown.")
    if len(head.patient_orientation) == 2:
        right, down = head.patient_orientation
        remarks.append(
            f"PatientOrientation (0020,0020): rows run towards {right or '?'}, columns towards "
            f"{down or '?'}."
        )
    affine = scale_affine(depth, rows, columns)
    return Placement(
        joined.points, affine, False, unit, tuple(remarks), (), joined.times,
        (*copies, *joined.unused),
    )  # fmt: skip


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


def _cine(images: list[ImageHeader], remarks: list[str], copies: Unused) -> Placement:
    images = sorted(images, key=lambda h: h.frame or 0)
    rows, columns, unit = pixel_spacing(images[0], remarks)
    remarks.append(f"{len(images)} frames in time; the orientation is unknown.")
    seconds = [h.seconds for h in images if h.seconds is not None]
    if len(seconds) < len(images):
        remarks.append("No tag gives the time of the frames.")
        seconds = []
    points = tuple((h,) for h in images)
    affine = scale_affine(1.0, rows, columns)
    return Placement(
        points, affine, False, unit, tuple(remarks), (), tuple(seconds), copies
    )  # fmt: skip

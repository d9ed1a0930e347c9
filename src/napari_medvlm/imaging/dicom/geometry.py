"""Order, spacing and affine of the images of a DICOM series.

Images are sorted by their position along the slice normal (PS3.3 C.7.6.2.1.1), never by file
name, and what had to be assumed is said in remarks, one sentence each.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..arrays import scale_affine
from .header import SPACING_TAGS, ImageHeader

#: Positions nearer than this (mm) are one position.
_SAME = 0.01
#: Spacings that differ by less than this share are equal; more than the second is a gap.
_EVEN, _GAP = 0.01, 1.5
#: DICOM's LPS+ to RAS+.
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0])

_POSITION = "ImagePositionPatient (0020,0032)"


@dataclass(frozen=True, eq=False)
class Placement:
    """Images in their places.

    Parameters
    ----------
    points
        For each time point the images in slice order; one time point where there is no time.
    affine
        4×4, indices ``(k, j, i, 1)`` to RAS+ mm.
    oriented
        Whether the affine's directions and origin mean anything.
    unit
        "mm", or "pixel" where no spacing is known.
    """

    points: tuple[tuple[ImageHeader, ...], ...]
    affine: npt.NDArray[np.float64]
    oriented: bool
    unit: str
    remarks: tuple[str, ...]


def same_geometry(a: ImageHeader, b: ImageHeader) -> bool:
    """Whether two images of a series can be slices of one Volume."""
    if a.shape != b.shape or a.cine != b.cine or (a.cine and a.path != b.path):
        return False
    known = a.spacing is not None and b.spacing is not None
    if known and not np.allclose(a.spacing or (), b.spacing or (), rtol=1e-3):
        return False
    if a.orientation is None or b.orientation is None:
        return a.orientation is b.orientation
    return bool(np.allclose(a.orientation, b.orientation, atol=5e-3))


def place(headers: Sequence[ImageHeader]) -> Placement:
    """Put images of one geometry in order and find their affine.

    Parameters
    ----------
    headers
        At least one, pairwise ``same_geometry``.
    """
    images, remarks = _without_repeats(headers)
    head = images[0]
    if head.cine:
        return _cine(images, remarks)
    placed = all(h.position is not None for h in images)
    if head.orientation is not None and placed:
        return _in_patient(images, remarks)
    return _unplaced(images, remarks)


def _without_repeats(headers: Sequence[ImageHeader]) -> tuple[list[ImageHeader], list[str]]:
    unique = {(h.instance, h.frame): h for h in reversed(headers)}
    repeats = len(headers) - len(unique)
    images = sorted(unique.values(), key=lambda h: (h.order[-2:], str(h.path)))
    if not repeats:
        return images, []
    return images, [f"{repeats} files repeat an instance (same SOPInstanceUID); left out."]


def _in_patient(images: list[ImageHeader], remarks: list[str]) -> Placement:
    cosines = np.asarray(images[0].orientation, dtype=np.float64)
    along_row, along_column = cosines[:3], cosines[3:]
    normal = np.cross(along_row, along_column)
    points, positions = _by_position(images, normal, remarks)
    first = points[0]
    rows, columns, unit = _pixel_spacing(images[0], remarks)
    if len(first) > 1:
        step = _slice_step(first, positions, normal, remarks)
    else:
        step = normal * _single_spacing(images[0], remarks)
    affine = np.eye(4)
    affine[:3, 0] = _LPS_TO_RAS @ step
    affine[:3, 1] = _LPS_TO_RAS @ (along_column * rows)
    affine[:3, 2] = _LPS_TO_RAS @ (along_row * columns)
    affine[:3, 3] = _LPS_TO_RAS @ np.asarray(first[0].position)
    return Placement(points, affine, True, unit, tuple(remarks))


def _by_position(
    images: list[ImageHeader], normal: npt.NDArray[np.float64], remarks: list[str]
) -> tuple[tuple[tuple[ImageHeader, ...], ...], npt.NDArray[np.float64]]:
    distance = {id(h): float(np.dot(normal, np.asarray(h.position))) for h in images}
    ordered = sorted(images, key=lambda h: (distance[id(h)], h.order))
    stacks: list[list[ImageHeader]] = []
    for h in ordered:
        if stacks and distance[id(h)] - distance[id(stacks[-1][0])] < _SAME:
            stacks[-1].append(h)
        else:
            stacks.append([h])
    counts = {len(stack) for stack in stacks}
    positions = np.array([distance[id(stack[0])] for stack in stacks])
    for stack in stacks:
        stack.sort(key=lambda h: h.order)
    if counts == {1}:
        return (tuple(stack[0] for stack in stacks),), positions
    if len(counts) == 1 and len(stacks) > 1:
        count = counts.pop()
        remarks.append(
            f"{count} images at every position, taken as time points in the order of their "
            "time, echo, b-value and instance number."
        )
        return tuple(tuple(stack[t] for stack in stacks) for t in range(count)), positions
    extra = len(images) - len(stacks)
    remarks.append(
        f"{extra} images share a position with another; only the first at each position, by "
        "time and InstanceNumber (0020,0013), is kept."
    )
    return (tuple(stack[0] for stack in stacks),), positions


def _slice_step(
    images: Sequence[ImageHeader],
    positions: npt.NDArray[np.float64],
    normal: npt.NDArray[np.float64],
    remarks: list[str],
) -> npt.NDArray[np.float64]:
    """Vector (LPS mm) from one slice to the next."""
    steps = np.diff(positions)
    typical = float(np.median(steps))
    ends = np.asarray(images[-1].position) - np.asarray(images[0].position)
    # Sheared where the slices also shift sideways, as with a tilted gantry.
    direction = ends / float(np.dot(ends, normal))
    if np.abs(steps - typical).max() <= _EVEN * typical:
        spacing = float(steps.mean())
        remarks.append(f"Slice spacing {spacing:.5g} mm from {_POSITION}.")
    else:
        spacing = typical
        _irregular(steps, positions, typical, remarks)
    tilt = float(np.degrees(np.arctan(np.linalg.norm(direction - normal))))
    if tilt > 0.1:
        remarks.append(
            f"The stack is sheared by {tilt:.1f} degrees (gantry tilt): slices shift sideways."
        )
    told = images[0].between
    if told is not None and abs(told - spacing) > _EVEN * spacing:
        remarks.append(
            f"SpacingBetweenSlices (0018,0088) says {told:.5g} mm; the positions are used."
        )
    return np.asarray(direction * spacing)


def _irregular(
    steps: npt.NDArray[np.float64],
    positions: npt.NDArray[np.float64],
    typical: float,
    remarks: list[str],
) -> None:
    gaps = np.flatnonzero(steps > _GAP * typical)
    for k in gaps[:3]:
        remarks.append(
            f"A gap of {steps[k]:.5g} mm lies between slices {k} and {k + 1}; whether images "
            "are missing there or never were taken cannot be known."
        )
    if len(gaps) > 3:
        remarks.append(f"{len(gaps) - 3} further gaps.")
    rest = np.delete(steps, gaps)
    if rest.size and rest.max() - rest.min() > 2 * _EVEN * typical:
        remarks.append(f"Slice spacing varies from {rest.min():.5g} to {rest.max():.5g} mm.")
    drift = np.abs(positions - positions[0] - typical * np.arange(len(positions))).max()
    remarks.append(
        f"Slice spacing {typical:.5g} mm (median) from {_POSITION}; positions are off by up "
        f"to {drift:.3g} mm."
    )


def _single_spacing(head: ImageHeader, remarks: list[str]) -> float:
    if head.between is not None:
        remarks.append(
            f"Slice spacing {head.between:.5g} mm from SpacingBetweenSlices (0018,0088)."
        )
        return head.between
    if head.thickness is not None:
        remarks.append(f"Slice spacing {head.thickness:.5g} mm from SliceThickness (0018,0050).")
        return head.thickness
    return 1.0


def _pixel_spacing(head: ImageHeader, remarks: list[str]) -> tuple[float, float, str]:
    if head.spacing is None:
        remarks.append("No tag gives the pixel spacing: sizes are in pixels.")
        return 1.0, 1.0, "pixel"
    rows, columns = head.spacing
    name, tag, caveat = SPACING_TAGS[head.spacing_tag]
    remarks.append(f"Pixel spacing {rows:.5g} x {columns:.5g} mm from {name} {tag}{caveat}.")
    return rows, columns, "mm"


def _unplaced(images: list[ImageHeader], remarks: list[str]) -> Placement:
    head = images[0]
    if len(images) > 1 and all(h.location is not None for h in images):
        images = sorted(images, key=lambda h: (h.location or 0.0, h.order))
        remarks.append("Slices are in the order of SliceLocation (0020,1041).")
    elif len(images) > 1:
        remarks.append("Slices are in the order of InstanceNumber (0020,0013).")
    rows, columns, unit = _pixel_spacing(head, remarks)
    known = len(images) > 1 or head.between is not None or head.thickness is not None
    depth = _single_spacing(head, remarks) if unit == "mm" and known else 1.0
    missing = "ImageOrientationPatient (0020,0037)" if head.orientation is None else _POSITION
    remarks.append(f"{missing} is missing or unusable: the orientation is unknown.")
    _mention_sides(head, remarks)
    affine = scale_affine(depth, rows, columns)
    return Placement((tuple(images),), affine, False, unit, tuple(remarks))


def _mention_sides(head: ImageHeader, remarks: list[str]) -> None:
    if len(head.patient_orientation) == 2:
        right, down = head.patient_orientation
        remarks.append(
            f"PatientOrientation (0020,0020): rows run towards {right or '?'}, columns towards "
            f"{down or '?'}."
        )


def _cine(images: list[ImageHeader], remarks: list[str]) -> Placement:
    images = sorted(images, key=lambda h: h.frame or 0)
    head = images[0]
    rows, columns, unit = _pixel_spacing(head, remarks)
    remarks.append(f"{len(images)} frames in time; the orientation is unknown.")
    if head.seconds is None:
        remarks.append("No tag gives the time of the frames.")
    affine = scale_affine(1.0, rows, columns)
    return Placement(tuple((h,) for h in images), affine, False, unit, tuple(remarks))

"""Distances between pixels and between slices, with a remark on where each came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .header import SPACING_TAGS, ImageHeader

Vector = npt.NDArray[np.float64]

#: Slices off their even places by less than this share of the spacing, or this much in mm
#: (positions are often written with one decimal), are evenly spaced.
_EVEN, _ROUNDED = 0.01, 0.1
#: Slices off their places by less (mm) need no places of their own.
_EXACT = 1e-3
#: Steps of more than this many spacings are gaps.
_GAP = 1.5

POSITION = "ImagePositionPatient (0020,0032)"
UNKNOWABLE = "whether images were never taken there or were lost cannot be known"


@dataclass(frozen=True, eq=False)
class Stack:
    """How slices follow each other.

    Parameters
    ----------
    start, step
        LPS mm: centre of the first pixel of the first slice, and the way to the next slice.
    positions
        Exact place of each slice (mm) along the normal; empty where start and step are exact.
    """

    start: Vector
    step: Vector
    positions: tuple[float, ...]
    remarks: tuple[str, ...]


def slice_stack(images: Sequence[ImageHeader], normal: Vector) -> Stack:
    """Spacing, shear and irregularities of two or more slices in order.

    Parameters
    ----------
    images
        Of one orientation, at increasing positions along the normal.
    normal
        Of the slices, of length 1 (LPS+).
    """
    places = np.array([h.position for h in images], dtype=np.float64)
    along = places @ normal
    steps = np.diff(along)
    count = len(images)
    mean, typical = float(along[-1] - along[0]) / (count - 1), float(np.median(steps))
    even = along[0] + mean * np.arange(count)
    remarks: list[str] = []
    source = images[0].role.source or POSITION
    if np.abs(along - even).max() <= max(_EVEN * mean, min(_ROUNDED, 0.2 * mean)):
        spacing = mean
        remarks.append(f"Slice spacing {spacing:.5g} mm from {source}.")
    else:
        spacing = typical
        remarks += _irregular(steps, along, typical, source)
    direction = _direction(places, along, normal, remarks)
    told = images[0].between
    if told is not None and abs(told - spacing) > _EVEN * spacing:
        remarks.append(
            f"SpacingBetweenSlices (0018,0088) says {told:.5g} mm; the positions are used."
        )
    drift = np.abs(along - along[0] - spacing * np.arange(count)).max()
    positions = tuple(along.tolist()) if drift > _EXACT else ()
    return Stack(places[0], direction * spacing, positions, tuple(remarks))


def _direction(places: Vector, along: Vector, normal: Vector, remarks: list[str]) -> Vector:
    """Way through the stack for each mm along the normal: sheared where slices shift sideways."""
    ends = places[-1] - places[0]
    direction: Vector = ends / float(along[-1] - along[0])
    tilt = float(np.degrees(np.arctan(np.linalg.norm(direction - normal))))
    if tilt > 0.1:
        remarks.append(
            f"The stack is sheared by {tilt:.1f} degrees (gantry tilt): slices shift sideways."
        )
    line = places[0] + np.outer(along - along[0], direction)
    off = float(np.linalg.norm(places - line, axis=1).max())
    if off > 0.1:
        remarks.append(
            f"Slices lie up to {off:.3g} mm beside the line through the stack; one affine cannot "
            "hold that."
        )
    return direction


def _irregular(steps: Vector, along: Vector, typical: float, source: str) -> list[str]:
    gaps = np.flatnonzero(steps > _GAP * typical)
    remarks = [
        f"A gap of {steps[k]:.5g} mm lies between slices {k} and {k + 1}; {UNKNOWABLE}."
        for k in gaps[:3]
    ]
    if len(gaps) > 3:
        remarks.append(f"{len(gaps) - 3} further gaps.")
    rest = np.delete(steps, gaps)
    if rest.size and rest.max() - rest.min() > 2 * _EVEN * typical:
        remarks.append(f"Slice spacing varies from {rest.min():.5g} to {rest.max():.5g} mm.")
    drift = np.abs(along - along[0] - typical * np.arange(len(along))).max()
    remarks.append(
        f"Slice spacing {typical:.5g} mm (median) from {source}; positions are off by up "
        f"to {drift:.3g} mm in the affine; the exact ones are kept beside it."
    )
    return remarks


def single_spacing(head: ImageHeader, remarks: list[str]) -> float:
    """Slice spacing from what one header says, where positions say nothing."""
    if head.between is not None:
        remarks.append(
            f"Slice spacing {head.between:.5g} mm from SpacingBetweenSlices (0018,0088)."
        )
        return head.between
    if head.thickness is not None:
        remarks.append(f"Slice spacing {head.thickness:.5g} mm from SliceThickness (0018,0050).")
        return head.thickness
    remarks.append("No tag gives the slice thickness: 1 mm is assumed.")
    return 1.0


def pixel_spacing(head: ImageHeader, remarks: list[str]) -> tuple[float, float, str]:
    """Distance between rows, between columns, and its unit ("mm", or "pixel" where unknown)."""
    if head.spacing is None:
        remarks.append("No tag gives the pixel spacing: sizes are in pixels.")
        rows, columns = head.aspect
        if rows != columns:
            remarks.append(
                f"Pixels are {rows:.4g} high and {columns:.4g} wide from PixelAspectRatio "
                "(0028,0034)."
            )
        return rows, columns, "pixel"
    rows, columns = head.spacing
    name, tag = SPACING_TAGS[head.spacing_tag]
    remarks.append(
        f"Pixel spacing {rows:.5g} x {columns:.5g} mm from {name} {tag}{head.spacing_caveat}."
    )
    return rows, columns, "mm"

"""What a phantom is to its users: slices, affine, and lesions whose place is known exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medvlm.demo.phantoms.fields import Field, Plane, blend

Side = Literal["left", "right"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Lesion:
    """An ellipsoid in the patient; the truth that questions are asked about.

    Parameters
    ----------
    label : str
        What a reader would call it: ``"nodule"`` or ``"lesion"``.
    centre_ras_mm : tuple of float
        Centre in RAS+ millimetres (+x is the patient's right).
    diameter_mm : float
        Largest axis in the plane of the picture.
    side : {"left", "right"}
        The patient's side.
    slice_range : tuple of int
        First and last slice that cut it, both included.
    semi_axes_mm : tuple of float
        Semi-axes: two in the axial plane, the third towards the head.
    angle : float
        Rotation of the first two axes in the axial plane, radians, from left towards posterior.
    value : float
        Stored value inside (HU for CT).
    """

    label: str
    centre_ras_mm: tuple[float, float, float]
    diameter_mm: float
    side: Side
    slice_range: tuple[int, int]
    semi_axes_mm: tuple[float, float, float]
    angle: float
    value: float

    @property
    def centre_lps_mm(self) -> tuple[float, float, float]:
        """Centre as (left, posterior, superior): the directions of an axial picture."""
        x, y, z = self.centre_ras_mm
        return -x, -y, z

    def cut(self, height_mm: float) -> float:
        """Scale (0..1) of the axial section at ``height_mm`` against the largest; 0 outside."""
        off = (height_mm - self.centre_ras_mm[2]) / self.semi_axes_mm[2]
        return math.sqrt(max(0.0, 1.0 - off * off))

    def reach_mm(self) -> tuple[float, float]:
        """Half extents of the largest axial section along left and posterior, millimetres."""
        return rotated_reach(self.semi_axes_mm, self.angle)


def rotated_reach(semi_axes: tuple[float, float, float], angle: float) -> tuple[float, float]:
    """Half extents along both picture axes of an ellipse turned by ``angle`` (its tight box)."""
    a, b, _ = semi_axes
    cos, sin = math.cos(angle), math.sin(angle)
    return math.hypot(a * cos, b * sin), math.hypot(a * sin, b * cos)


class Scene(Protocol):
    """The anatomy behind a phantom. A scene is a pure function of its seed."""

    def render(self, plane: Plane, height_mm: float, k: int, lesions: tuple[Lesion, ...]) -> Field:
        """Stored values (rows, cols) of slice ``k`` at ``height_mm``, with ``lesions`` in place."""
        ...


@dataclass(frozen=True)
class Phantom:
    """A synthetic series. Slices are computed one by one, when asked for.

    Parameters
    ----------
    kind : {"chest_ct", "brain_mr", "chest_radiograph"}
        Which generator made it.
    modality, body_part : str
        As DICOM writes them: ``"CT"``, ``"CHEST"``.
    shape : tuple of int
        (slices, rows, cols).
    field_mm : tuple of float
        Extent (slices, rows, cols) in millimetres.
    lesions : tuple of Lesion
        The truth. ``dataclasses.replace(phantom, lesions=())`` is the same patient without them.
    window : tuple of float
        Centre and width to show it with.
    seed : int
        What it was made from.
    scene : Scene
        Its anatomy.
    """

    kind: Literal["chest_ct", "brain_mr", "chest_radiograph"]
    modality: str
    body_part: str
    shape: tuple[int, int, int]
    field_mm: tuple[float, float, float]
    lesions: tuple[Lesion, ...]
    window: tuple[float, float]
    seed: int
    scene: Scene

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance of neighbouring voxel centres along (slice, row, column)."""
        (s, r, c), (fs, fr, fc) = self.shape, self.field_mm
        return fs / s, fr / r, fc / c

    @property
    def frontal(self) -> bool:
        """Whether it is a frontal projection (rows to the feet) and not axial sections."""
        return self.kind == "chest_radiograph"

    @property
    def affine(self) -> NDArray[np.float64]:
        """4x4 from array indices (k, j, i, 1) at voxel centres to RAS+ millimetres.

        Axial: columns run to the patient's left (-x), rows to posterior (-y), slices to the head
        (+z). Frontal: columns run to the patient's left (-x), rows to the feet (-z), and the one
        slice lies at y = 0.
        """
        steps = self.spacing_mm
        # Row of the affine (RAS axis) and sign for each of the array axes k, j, i.
        ways = ((1, 1), (2, -1), (0, -1)) if self.frontal else ((2, 1), (1, -1), (0, -1))
        affine = np.zeros((4, 4))
        affine[3, 3] = 1.0
        for column, ((axis, sign), step, count) in enumerate(
            zip(ways, steps, self.shape, strict=True)
        ):
            affine[axis, column] = sign * step
            affine[axis, 3] = -sign * step * (count - 1) / 2
        return affine

    def height_mm(self, k: int) -> float:
        """Where axial slice ``k`` lies towards the head, millimetres."""
        if not 0 <= k < self.shape[0]:
            msg = f"Expected a slice from 0 to {self.shape[0] - 1}, got {k}."
            raise IndexError(msg)
        return (k - (self.shape[0] - 1) / 2) * self.spacing_mm[0]

    def slice(self, k: int) -> Field:
        """Stored values of slice ``k`` (HU for CT), (rows, cols), computed for that slice alone."""
        plane = Plane(self.shape[1], self.shape[2], self.field_mm[1], self.field_mm[2])
        return self.scene.render(plane, self.height_mm(k), k, self.lesions)

    def voxels(self) -> NDArray[np.int16]:
        """All slices, rounded, (slices, rows, cols)."""
        return np.stack([np.rint(self.slice(k)).astype(np.int16) for k in range(self.shape[0])])

    def cross_section_fraction(self, lesion_index: int, k: int) -> float:
        """Area-equivalent diameter of the lesion on slice ``k`` against its largest; 0 off it."""
        height = self.height_mm(k)
        return 1.0 if self.frontal else self.lesions[lesion_index].cut(height)

    def lesion_box(self, lesion_index: int, k: int) -> Box | None:
        """Tight box (x0, y0, x1, y1) of the lesion on slice ``k``, pixel-edge coordinates.

        Returns None where the slice misses the lesion. On a radiograph it is the box of the shadow.
        """
        lesion = self.lesions[lesion_index]
        scale = self.cross_section_fraction(lesion_index, k)
        if scale <= 0:
            return None
        left, back, up = lesion.centre_lps_mm
        half_x, half_y = (scale * reach for reach in lesion.reach_mm())
        down = -up if self.frontal else back
        if self.frontal:
            half_y = lesion.semi_axes_mm[2]
        _, dy, dx = self.spacing_mm
        x, y = left / dx + self.shape[2] / 2, down / dy + self.shape[1] / 2
        return x - half_x / dx, y - half_y / dy, x + half_x / dx, y + half_y / dy


def section(lesion: Lesion, plane: Plane, height_mm: float) -> Field | None:
    """Near-distance (mm) of an axial plane's pixels to the lesion's outline; None if not cut."""
    scale = lesion.cut(height_mm)
    if scale <= 0:
        return None
    v, u = plane.axes()
    left, back, _ = lesion.centre_lps_mm
    cos, sin = math.cos(lesion.angle), math.sin(lesion.angle)
    a, b = lesion.semi_axes_mm[0] * scale, lesion.semi_axes_mm[1] * scale
    along = ((u - left) * cos + (v - back) * sin) / a
    across = ((v - back) * cos - (u - left) * sin) / b
    radius = np.hypot(along, across)
    # |f| / |grad f| is a first-order distance, exact on the outline in every direction.
    slope = np.hypot(along / a, across / b) / np.maximum(radius, 1e-6)
    return np.asarray((radius - 1) / np.maximum(slope, 1e-6), np.float32)


def add_lesions(image: Field, plane: Plane, height_mm: float, lesions: tuple[Lesion, ...]) -> None:
    """Blend the axial sections of ``lesions`` into ``image`` (rows, cols), in place."""
    for lesion in lesions:
        distance = section(lesion, plane, height_mm)
        if distance is not None:
            blend(image, distance, lesion.value, plane.softness_mm)


def crossed_slices(
    height_mm: float, reach_mm: float, slices: int, step_mm: float
) -> tuple[int, int]:
    """First and last slice nearer than ``reach_mm`` to ``height_mm``; the stack's middle is 0."""
    middle = (slices - 1) / 2
    first = math.floor((height_mm - reach_mm) / step_mm + middle) + 1
    last = math.ceil((height_mm + reach_mm) / step_mm + middle) - 1
    return max(first, 0), min(last, slices - 1)

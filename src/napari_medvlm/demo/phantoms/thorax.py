"""The shape of a chest: wall, lungs, diaphragm and mediastinum as functions of a point.

Everything is in the patient's own millimetres (u left, v posterior, w to the head; origin in the
middle of the chest), and broadcasts, so that a slice, a set of candidate points and a projection
all ask the same shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from napari_medvlm.demo.phantoms.fields import Field, Pose, ellipsoid

_BODY_POWER = 2.5
"""Exponent of the superellipse of the trunk: a little squarer than an ellipse."""


@dataclass(frozen=True)
class Ray:
    """A point of the axial plane seen from the body's axis.

    ``radius`` and ``surface`` are the distances (mm) from the axis to the point and, along the same
    ray, to the widest skin; ``turn`` is the angle from the back (0) over either side (pi/2) to the
    front (pi).
    """

    radius: Field
    surface: Field
    turn: Field

    @cached_property
    def drop(self) -> Field:
        """How far (mm) a rib has fallen on its way around the chest."""
        return np.asarray(47.5 * (1 - np.cos(np.maximum(self.turn - 0.25, 0))), np.float32)

    @cached_property
    def bulk(self) -> Field:
        """Extra wall (mm) at the sides, where the broad muscles lie."""
        return np.asarray(5 * np.sin(self.turn) ** 2, np.float32)


@dataclass(frozen=True)
class Thorax:
    """One patient's chest. All lengths in millimetres."""

    half_width: float
    half_depth: float
    fat: float
    pose: Pose
    heart: float
    domes: tuple[float, float]
    rib_phase: float
    rib_gap: float

    @classmethod
    def of(cls, seed: int) -> Thorax:
        """Draw a patient. The same seed is always the same patient."""
        rng = np.random.default_rng((seed, 1))
        width = float(rng.uniform(136, 151))
        return cls(
            half_width=width,
            half_depth=width * float(rng.uniform(0.68, 0.75)),
            fat=float(rng.uniform(5, 11)),
            pose=_draw_pose(rng),
            heart=float(rng.uniform(0.92, 1.1)),
            domes=(float(rng.uniform(-58, -42)), float(rng.uniform(-70, -54))),
            rib_phase=float(rng.uniform(0, 25)),
            rib_gap=float(rng.uniform(23, 27)),
        )

    def ray(self, u: Field, v: Field) -> Ray:
        """Polar description of points about the body's axis."""
        a, b = np.abs(u) / self.half_width, np.abs(v) / self.half_depth
        level = (a**_BODY_POWER + b**_BODY_POWER) ** (1 / _BODY_POWER)
        radius, turn = np.hypot(u, v), np.arctan2(np.abs(u), v)
        # A groove along the spine, and a flatter breastbone.
        hollow = 0.035 * np.exp(-((turn / 0.22) ** 2)) + 0.025 * np.exp(
            -(((turn - np.pi) / 0.3) ** 2)
        )
        return Ray(radius, radius / np.maximum(level, 1e-4) * (1 - hollow), turn)

    def skin(self, ray: Ray, w: Field | float) -> Field:
        """Distance to the skin; negative in the body. The trunk narrows towards the neck."""
        return ray.radius - ray.surface * (1 - 0.00055 * np.maximum(w - 60, 0))

    def wall(self, ray: Ray, w: Field | float) -> Field:
        """Thickness of the chest wall: thickest at the sides of the back, and towards the neck."""
        return np.asarray(
            self.fat + 15 + ray.bulk + 0.0055 * np.maximum(w - 35, 0) ** 2, np.float32
        )

    def dome(self, u: Field, v: Field) -> Field:
        """Height of the diaphragm: two domes, falling to the sides and the back, left lower."""
        right, left = self.domes
        top = right + (left - right) / (1 + np.exp(np.clip(-u / 9, -30, 30)))
        # Flat on top, so that the first section through a dome is already wide and no false nodule.
        off = ((np.abs(u) - 58) / 62) ** 2 + ((v + 12) / 80) ** 2
        return np.asarray(top - 40 * off * off, np.float32)

    def heart_distance(self, u: Field, v: Field, w: Field | float) -> Field:
        """Distance to the heart: ventricles to the left, right atrium over the midline."""
        size, top = self.heart, self.domes[1]
        # The long axis points to the left, forward and down: shear a plain ellipsoid along it.
        lean = 0.35 * (u - 20)
        apex = ellipsoid(
            u, v + lean, w + 0.45 * (u - 20), (22, -14, top + 40), _by(size, 54, 41, 40)
        )
        atrium = ellipsoid(u, v, w, (-18, -10, top + 48), _by(size, 27, 32, 34))
        return np.minimum(apex, atrium)

    def mediastinum(self, u: Field, v: Field, w: Field | float) -> Field:
        """Distance to the fat between the lungs: wide at the great vessels, narrow in front."""
        half = 9 + 17 * np.exp(-(((v + 8) / 30) ** 2)) + 13 * np.exp(-(((v - 56) / 24) ** 2))
        half = half + 0.06 * np.maximum(w - 40, 0)
        return np.asarray(np.abs(u - 3) - half, np.float32)

    def lung(self, u: Field, v: Field, w: Field | float, ray: Ray) -> Field:
        """Distance to either lung."""
        cavity = self.skin(ray, w) + self.wall(ray, w) + 2.5
        high = np.clip((w + 50) / 172, 0, 1)
        # Apices are rounded: each lung's own section shrinks towards a point 45 mm off the midline.
        shrink = np.sqrt(np.maximum(1 - high**3, 1e-4))
        near = np.hypot(
            (np.abs(u) - 66 + 20 * high) / (64 * shrink), (v - 12 * high) / (96 * shrink)
        )
        own = (near - 1) * 60 * shrink
        spine = 25 - np.hypot(u, v - 60)
        outside = np.maximum(-self.mediastinum(u, v, w), 3 - self.heart_distance(u, v, w))
        below = 0.8 * (self.dome(u, v) - w)
        return np.asarray(np.maximum.reduce([cavity, own, np.maximum(outside, spine), below]))

    def room(self, u: Field, v: Field, w: Field) -> Field:
        """Distance to the lungs in the scanner's millimetres: where a nodule may lie."""
        (bu, bv), bw = self.pose.to_body(u, v), w - np.float32(self.pose.shift[2])
        return self.lung(bu, bv, bw, self.ray(bu, bv))


def _draw_pose(rng: np.random.Generator) -> Pose:
    tilt = float(rng.uniform(-0.05, 0.05))
    return Pose(
        tilt, (float(rng.uniform(-4, 4)), float(rng.uniform(-5, 5)), float(rng.uniform(-8, 8)))
    )


def _by(size: float, a: float, b: float, c: float) -> tuple[float, float, float]:
    return a * size, b * size, c * size

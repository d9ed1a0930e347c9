"""The shape of a head: brain, ventricles and folds as functions of a point.

The patient's own millimetres (u left, v posterior, w to the head), origin at the third ventricle.
Sizes after the usual adult range (brain about 135 x 165 x 130 mm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_medvlm.demo.phantoms.fields import Field, Pose, ellipsoid, tube

_VENTRICLE = (
    ((6, -30, 4), (10, -12, 14), (5.0, 5.5)),  # frontal horn
    ((10, -12, 14), (13, 14, 19), (5.5, 5.5)),  # body
    ((13, 14, 19), (24, 30, 8), (5.5, 6.5)),  # atrium
    ((24, 30, 8), (22, 50, 4), (6.0, 2.5)),  # occipital horn
    ((25, 28, 6), (33, 6, -18), (4.5, 3.0)),  # temporal horn
)
"""One lateral ventricle, as tubes: start, end, radii; the other one mirrors it."""

_FOLD_MM = 31.0
"""Wavelength of the folds on the brain's surface: gyri about half of it wide."""


@dataclass(frozen=True)
class Head:
    """One patient's head. Lengths in millimetres."""

    half_width: float
    half_depth: float
    half_height: float
    ventricles: float
    pose: Pose
    folds: tuple[tuple[float, float, float, float], ...]

    @classmethod
    def of(cls, seed: int) -> Head:
        """Draw a patient. The same seed is always the same patient."""
        rng = np.random.default_rng((seed, 11))
        ways = rng.standard_normal((5, 3))
        ways *= 2 * np.pi / (np.linalg.norm(ways, axis=1, keepdims=True) * _FOLD_MM)
        ways[3:] *= 0.5
        turns = rng.uniform(0, 2 * np.pi, (5, 1))
        shift = rng.uniform(-4, 4, 3)
        return cls(
            half_width=float(rng.uniform(64, 69)),
            half_depth=float(rng.uniform(79, 86)),
            half_height=float(rng.uniform(64, 68)),
            ventricles=float(rng.uniform(0.85, 1.3)),
            pose=Pose(float(rng.uniform(-0.05, 0.05)), tuple(shift.tolist())),
            folds=tuple((a, b, c, d) for a, b, c, d in np.hstack([ways, turns]).tolist()),
        )

    def dome(self, u: Field, v: Field, w: Field | float) -> tuple[Field, Field]:
        """Distance to the ellipsoid of the brain, and how far out a point is (1 on it)."""
        a, b, c = self.half_width, self.half_depth, self.half_height
        out = np.sqrt((u / a) ** 2 + (v / b) ** 2 + (w / c) ** 2) + np.float32(1e-3)
        slope = np.sqrt((u / a**2) ** 2 + (v / b**2) ** 2 + (w / c**2) ** 2) + np.float32(1e-5)
        return out * (out - 1) / slope, out

    def cerebrum(self, u: Field, v: Field, w: Field | float, dome: Field) -> Field:
        """Distance to both hemispheres with their temporal lobes."""
        # Over the orbits and the tentorium the brain ends well above the base of the ellipsoid.
        # The tentorium is a tent: highest in the middle.
        behind = 1 / ((1 + np.exp((20 - v) / 4)) * (1 + np.exp((v - 60) / 4)))
        tent = 16 * np.exp(-((u / 24) ** 2)) * behind
        base = -27 + tent
        upper = np.maximum(dome, base - w)
        temporal = ellipsoid(np.abs(u), v, w, (38, -8, -28), (24, 40, 22))
        return np.asarray(np.minimum(upper, np.maximum(temporal, dome + 1)))

    def cerebellum(self, u: Field, v: Field, w: Field | float) -> Field:
        """Distance to the cerebellum."""
        return ellipsoid(u, v, w, (0, 44, -38), (50, 32, 25))

    def brainstem(self, u: Field, v: Field, w: Field | float) -> Field:
        """Distance to midbrain, pons and medulla."""
        pons = ellipsoid(u, v, w, (0, 8, -36), (17, 14, 17))
        return np.minimum(tube(u, v, w, (0, 6, -8), (0, 20, -90), (13, 8)), pons)

    def ventricle(self, u: Field, v: Field, w: Field | float) -> Field:
        """Distance to the lateral, third and fourth ventricles."""
        side = np.abs(u)
        parts = [
            tube(side, v, w, start, end, (near * self.ventricles, far * self.ventricles))
            for start, end, (near, far) in _VENTRICLE
        ]
        parts.append(ellipsoid(u, v, w, (0, 0, -4), (2.6 * self.ventricles, 15, 11)))
        parts.append(ellipsoid(u, v, w, (0, 26, -38), (7, 5, 11)))
        return np.asarray(np.minimum.reduce(parts))

    def fold(self, u: Field, v: Field, w: Field | float, out: Field, sway: Field) -> Field:
        """Distance to the middle of the nearest sulcus; ``sway`` bends the folds."""
        root = np.sqrt(out)
        pu, pv, pw = u / root, v / root, w / root
        first, second, third, *bends = (
            a * pu + b * pv + c * pw + (d + 0.35 * sway) for a, b, c, d in self.folds
        )
        bend, turn = np.sin(bends[0]), np.sin(bends[1])
        level = np.sin(first + bend) + np.sin(second + turn) + np.sin(third - bend)
        # Three sines of this wavelength rise by about 1.22 x 2 pi / wavelength per millimetre.
        return np.asarray(np.abs(level) * (_FOLD_MM / (1.22 * 2 * np.pi)) * root, np.float32)

    def room(self, u: Field, v: Field, w: Field) -> Field:
        """Distance to where a lesion may lie: in a hemisphere, off surface and ventricles."""
        (bu, bv), bw = self.pose.to_body(u, v), w - np.float32(self.pose.shift[2])
        depth = self.cerebrum(bu, bv, bw, self.dome(bu, bv, bw)[0])
        return np.asarray(
            np.maximum.reduce([depth + 3, 2 - self.ventricle(bu, bv, bw), 4 - np.abs(bu)])
        )

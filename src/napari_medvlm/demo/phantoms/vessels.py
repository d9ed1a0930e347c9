"""Branching, tapering vessels of the lungs, as a cloud of small overlapping balls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medvlm.demo.phantoms.fields import Field, Plane
from napari_medvlm.demo.phantoms.thorax import Thorax

_TRUNKS = 12
_GENERATIONS = 6
_BEADS = 18
_SLAB_MM = 2.5
"""Half of the thickness that a slice averages over: what makes vessels appear as short strokes."""


@dataclass(frozen=True)
class VesselTree:
    """Balls (n, 4): centre u, v, w and radius in the patient's millimetres."""

    balls: NDArray[np.float32]

    @classmethod
    def grow(cls, seed: int, thorax: Thorax) -> VesselTree:
        """Grow both lungs' trees outward from the hila, every generation at once."""
        rng = np.random.default_rng((seed, 2))
        side = np.repeat([-1.0, 1.0], _TRUNKS)
        start = np.stack([side * 27 + 3, np.full(side.size, 4.0), np.full(side.size, 6.0)], 1)
        start += rng.normal(0, (2, 7, 10), start.shape)
        aim = rng.uniform((-1, -1.7), (1, 1.3), (side.size, 2))
        way = np.column_stack([side * rng.uniform(0.5, 1, side.size), aim])
        radius, length = rng.uniform(2.0, 2.4, side.size), np.full(side.size, 27.0)
        parts = []
        for _ in range(_GENERATIONS):
            way /= np.linalg.norm(way, axis=1, keepdims=True)
            step = np.linspace(0, 1, _BEADS)[None, :, None]
            line = start[:, None] + way[:, None] * length[:, None, None] * step
            # A slight bow, so that no vessel is a ruled line.
            bow = rng.normal(0, 1.5, (len(start), 1, 3)) * np.sin(np.pi * step)
            thick = radius[:, None, None] * (1 - 0.22 * step)
            parts.append(np.concatenate([line + bow, thick], axis=2).reshape(-1, 4))
            end, spread = line[:, -1], 0.55
            start = np.repeat(end, 2, axis=0)
            fork = rng.normal(0, spread, way.shape)
            way = np.stack([way + fork, way - fork], 1).reshape(-1, 3)
            radius = np.repeat(radius * 0.78, 2) * rng.uniform(0.8, 1, 2 * len(radius))
            length = np.repeat(length * 0.84, 2) * rng.uniform(0.75, 1.2, 2 * len(length))
        balls = np.concatenate(parts).astype(np.float32)
        u, v, w = balls[:, 0], balls[:, 1], balls[:, 2]
        inside = thorax.lung(u, v, w, thorax.ray(u, v)) < -1.5
        return cls(balls[inside & (balls[:, 3] > 0.35)])

    def cover(self, plane: Plane, thorax: Thorax, height_mm: float) -> Field:
        """Fraction (0..1) of each pixel, (rows, cols), that vessels fill at ``height_mm``."""
        off = np.abs(self.balls[:, 2] - (height_mm - thorax.pose.shift[2]))
        near = self.balls[off < _SLAB_MM + 1]
        u, v = thorax.pose.to_scanner(near[:, 0], near[:, 1])
        down, across = plane.pixel_mm
        row = (v + plane.height_mm / 2) / down - 0.5
        col = (u + plane.width_mm / 2) / across - 0.5
        return _splat(row, col, near[:, 3], plane)


def _splat(row: Field, col: Field, radius: Field, plane: Plane) -> Field:
    """Draw discs of ``radius`` (mm) into an empty picture; overlaps keep the brightest."""
    down, across = plane.pixel_mm
    reach = int(np.ceil(3.0 / min(down, across)))
    near = np.arange(-reach, reach + 1)
    rows = np.rint(row).astype(np.int64)[:, None, None] + near[None, :, None]
    cols = np.rint(col).astype(np.int64)[:, None, None] + near[None, None, :]
    distance = np.hypot((rows - row[:, None, None]) * down, (cols - col[:, None, None]) * across)
    pixel = plane.softness_mm
    # A vessel thinner than a pixel dims instead of growing.
    peak = np.minimum(1, 2 * radius / pixel)[:, None, None]
    cover = peak * np.clip(
        0.5 + (np.maximum(radius, pixel / 2)[:, None, None] - distance) / pixel, 0, 1
    )
    keep = (rows >= 0) & (rows < plane.rows) & (cols >= 0) & (cols < plane.cols)
    keep &= cover > 0
    picture = np.zeros(plane.rows * plane.cols, np.float32)
    index = (rows * plane.cols + cols)[keep]
    np.maximum.at(picture, index, cover[keep].astype(np.float32))
    return picture.reshape(plane.rows, plane.cols)

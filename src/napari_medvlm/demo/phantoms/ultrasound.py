"""An ultrasound clip: a dark chamber with a bright wall crosses a sector of speckle."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from napari_medvlm.demo.phantoms.fields import Field
from napari_medvlm.demo.phantoms.phantom import Box

Direction = Literal["left", "right", "up", "down"]

DIRECTIONS: tuple[Direction, ...] = ("left", "right", "up", "down")

_APEX = -0.08
"""Height of the sector's apex, picture heights from the top: a curved probe above the picture."""

_HALF_ANGLE, _NEAR, _FAR = 0.66, 0.16, 1.04
"""Half opening (radians) and first and last depth (picture heights) of the sector."""

_WALL = 0.018
"""Thickness of the chamber's wall, picture heights."""


@dataclass(frozen=True)
class ClipPhantom:
    """A synthetic clip. Lengths in here are in picture heights; boxes are in pixels.

    Parameters
    ----------
    seed : int
        What it was made from.
    count : int
        Number of frames.
    shape : tuple of int
        (rows, cols) of a frame.
    fps : float
        Frames per second.
    direction : {"left", "right", "up", "down"}
        The way the chamber moves across the picture from first to last frame.
    label : str
        What moves.
    start, travel : tuple of float
        Where the chamber's centre begins (x from the middle column, y from the top), and its way.
    radii : tuple of float
        Half extents (across, down) of the chamber with its wall.
    """

    seed: int
    count: int
    shape: tuple[int, int]
    fps: float
    direction: Direction
    label: str
    start: tuple[float, float]
    travel: tuple[float, float]
    radii: tuple[float, float]

    modality: str = "US"
    body_part: str = "ABDOMEN"

    def centre(self, t: int) -> tuple[float, float]:
        """Centre of the chamber on frame ``t``: a straight way with a small wobble."""
        if not 0 <= t < self.count:
            msg = f"Expected a frame from 0 to {self.count - 1}, got {t}."
            raise IndexError(msg)
        part = t / max(self.count - 1, 1)
        wobble = 0.008 * math.sin(2 * math.pi * 2.3 * part + self.seed)
        x, y = (s + part * d for s, d in zip(self.start, self.travel, strict=True))
        # Across the way only, so that the wobble never turns the motion back.
        return (x, y + wobble) if self.travel[0] else (x + wobble, y)

    @property
    def boxes(self) -> tuple[Box, ...]:
        """Tight boxes (x0, y0, x1, y1) of the chamber with its wall, pixel-edge coordinates."""
        rows, cols = self.shape
        found = []
        for t in range(self.count):
            x, y = self.centre(t)
            dx, dy = self.radii
            left, right = ((x + d) * rows + cols / 2 for d in (-dx, dx))
            found.append((left, (y - dy) * rows, right, (y + dy) * rows))
        return tuple(found)

    @cached_property
    def _grid(self) -> tuple[Field, Field, Field, Field]:
        """Each pixel's x and y in picture heights, and its depth and angle in the sector."""
        rows, cols = self.shape
        y = ((np.arange(rows) + 0.5) / rows).astype(np.float32)[:, None]
        x = ((np.arange(cols) + 0.5 - cols / 2) / rows).astype(np.float32)[None, :]
        return x, y, np.hypot(x, y - _APEX), np.arctan2(x, y - _APEX)

    @cached_property
    def _echoes(self) -> tuple[Field, Field]:
        """Two independent complex echo fields, each (2, depths, angles), along the beams."""
        rng = np.random.default_rng((self.seed, 31))
        white = rng.standard_normal((4, 150, 90), np.float32)
        # The beam is wider than the pulse is long: speckle is smeared across the beams.
        white = white + np.roll(white, 1, 2) + np.roll(white, 2, 2)
        smooth = (white + np.roll(white, 1, 1)) / np.float32(math.sqrt(6))
        return smooth[:2], smooth[2:]

    @cached_property
    def _tissue(self) -> Field:
        """Slow changes of brightness in the tissue, (rows, cols), around 1."""
        rng = np.random.default_rng((self.seed, 32))
        x, y, _, _ = self._grid
        total = np.zeros(np.broadcast_shapes(x.shape, y.shape), np.float32)
        for fx, fy, turn in rng.uniform((-9, -9, 0), (9, 9, 6.3), (6, 3)):
            total += np.sin(fx * x + 1.6 * fy * y + turn).astype(np.float32)
        return 1 + 0.13 * total

    def _speckle(self, t: int) -> Field:
        """Rayleigh-distributed amplitude (rows, cols), drifting a little from frame to frame."""
        first, second = self._echoes
        turn = 0.11 * t
        real, imaginary = math.cos(turn) * first + math.sin(turn) * second
        amplitude = np.hypot(real, imaginary)
        _, _, depth, angle = self._grid
        row = np.clip((depth - _NEAR) / (_FAR - _NEAR) * 149, 0, 149).astype(np.intp)
        col = np.clip((angle + _HALF_ANGLE) / (2 * _HALF_ANGLE) * 89, 0, 89).astype(np.intp)
        return np.asarray(amplitude[row, col], np.float32)

    def frame(self, t: int) -> NDArray[np.uint8]:
        """Frame ``t``, (rows, cols, 3)."""
        x, y, depth, angle = self._grid
        cx, cy = self.centre(t)
        pixel = 1 / self.shape[0]
        out = np.hypot((x - cx) / self.radii[0], (y - cy) / self.radii[1])
        edge = (out - 1) * min(self.radii)
        echo = 0.13 * self._tissue * np.exp(-0.35 * (depth - 0.5))
        # Sound that crossed fluid was weakened less: tissue behind the chamber is brighter.
        behind = (
            np.abs(angle - math.atan2(cx, cy - _APEX)) < 0.8 * self.radii[0] / (cy - _APEX)
        ) & (depth > math.hypot(cx, cy - _APEX))
        echo = echo * np.where(behind, 1.35, 1)
        whole, inner = (np.clip(0.5 - (edge + w) / pixel, 0, 1) for w in (0.0, _WALL))
        echo = echo + whole * (1.3 - echo)
        echo = echo + inner * (0.006 - echo)
        # Logarithmic compression over 50 dB, as scanners display echoes.
        shown = 1 + 20 * np.log10(np.maximum(echo * self._speckle(t), 1e-4)) / 50
        sector = (np.abs(angle) < _HALF_ANGLE) & (depth > _NEAR) & (depth < _FAR)
        grey = np.clip(235 * shown - 25, 0, 255) * sector
        return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)

    def frames(self) -> NDArray[np.uint8]:
        """All frames, (frames, rows, cols, 3)."""
        return np.stack([self.frame(t) for t in range(self.count)])


def ultrasound_clip(
    seed: int, *, frames: int = 24, shape: tuple[int, int] = (128, 128), fps: float = 12.0
) -> ClipPhantom:
    """A clip in which a chamber crosses the picture in one of four directions.

    Parameters
    ----------
    seed : int
        At least 0.
    frames : int
        How many, at least 2.
    shape : tuple of int
        (rows, cols); the sector is as wide as the picture where rows and columns are alike.
    fps : float
        Frames per second.

    Returns
    -------
    ClipPhantom
        The chamber moves by 28 to 36 percent of the picture's height.
    """
    if frames < 2 or fps <= 0:
        msg = f"Expected at least 2 frames and a positive rate, got {frames} and {fps}."
        raise ValueError(msg)
    rng = np.random.default_rng((seed, 30))
    direction = DIRECTIONS[int(rng.integers(4))]
    way = float(rng.uniform(0.28, 0.36))
    radii = float(rng.uniform(0.095, 0.125)), float(rng.uniform(0.085, 0.115))
    middle = (float(rng.uniform(-0.05, 0.05)), float(rng.uniform(0.56, 0.64)))
    sign = 1.0 if direction in ("right", "down") else -1.0
    travel = (sign * way, 0.0) if direction in ("left", "right") else (0.0, sign * way)
    return ClipPhantom(
        seed=seed,
        count=frames,
        shape=shape,
        fps=fps,
        direction=direction,
        label="chamber",
        start=(middle[0] - travel[0] / 2, middle[1] - travel[1] / 2),
        travel=travel,
        radii=radii,
    )

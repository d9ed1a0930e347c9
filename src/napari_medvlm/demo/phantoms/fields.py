"""Small building blocks of the phantoms: pixel grids, implicit shapes, and soft noise.

A shape is an array of *signed distances* in millimetres, negative inside, or something close
enough to a distance near its border. Painting it on a :class:`Canvas` gives one pixel of
antialiasing, so that edges land between pixels where the geometry says, at any matrix size.

Coordinates in here are millimetres in the directions of an axial picture as radiology shows it:
``u`` to the patient's left (along a row), ``v`` to posterior (down the rows), ``w`` to the head.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.floating[Any]]
"""Numbers per pixel or point; pictures are float32."""


@dataclass(frozen=True)
class Plane:
    """The pixel centres of a picture with ``rows`` x ``cols`` pixels, centred on the origin.

    Parameters
    ----------
    rows, cols : int
        Matrix.
    height_mm, width_mm : float
        Field of view down and across.
    """

    rows: int
    cols: int
    height_mm: float
    width_mm: float

    @property
    def pixel_mm(self) -> tuple[float, float]:
        """Size of a pixel (down, across) in millimetres."""
        return self.height_mm / self.rows, self.width_mm / self.cols

    @property
    def softness_mm(self) -> float:
        """Width of an antialiased edge: one pixel."""
        return float(max(self.pixel_mm))

    def axes(self) -> tuple[Field, Field]:
        """Millimetres of the pixel centres: down as (rows, 1), across as (1, cols)."""
        down, across = self.pixel_mm
        v = (np.arange(self.rows) + 0.5) * down - self.height_mm / 2
        u = (np.arange(self.cols) + 0.5) * across - self.width_mm / 2
        return v.astype(np.float32)[:, None], u.astype(np.float32)[None, :]

    def window(self, low: tuple[float, float], high: tuple[float, float]) -> tuple[slice, slice]:
        """Rows and columns that surely hold low <= (u, v) <= high in the patient's millimetres."""
        # A patient turned by 3 degrees and shifted stays within this of the scanner's own axes.
        slack = 16.0 + self.softness_mm
        down, across = self.pixel_mm
        left, right = (
            int((x + self.width_mm / 2) / across) for x in (low[0] - slack, high[0] + slack)
        )
        top, bottom = (
            int((y + self.height_mm / 2) / down) for y in (low[1] - slack, high[1] + slack)
        )
        return slice(max(top, 0), max(bottom + 1, 0)), slice(max(left, 0), max(right + 1, 0))


def blend(image: Field, distance: Field, value: Field | float, softness_mm: float) -> None:
    """Blend ``value`` into ``image``, in place, where ``distance`` (mm) is negative."""
    cover = np.multiply(distance, np.float32(-1 / softness_mm), dtype=np.float32)
    cover += np.float32(0.5)
    np.maximum(cover, 0, out=cover)
    np.minimum(cover, 1, out=cover)
    change = np.subtract(value, image, dtype=np.float32)
    change *= cover
    image += change


@dataclass(frozen=True)
class Canvas:
    """A picture being painted, with where each of its pixels lies in the patient.

    Parameters
    ----------
    image : ndarray
        Stored values (rows, cols); painted in place, also through a crop of the canvas.
    u, v : ndarray
        Patient's millimetres of each pixel: to the left, to posterior.
    w : float
        Height of the picture, millimetres.
    texture : ndarray
        Soft noise of about unit standard deviation, (rows, cols).
    plane : Plane
        The whole picture's pixels.
    corner : tuple of int
        Row and column of the first pixel of ``image`` in the whole picture.
    """

    image: Field
    u: Field
    v: Field
    w: float
    texture: Field
    plane: Plane
    corner: tuple[int, int] = (0, 0)

    def paint(self, distance: Field, value: Field | float) -> None:
        """Blend ``value`` in wherever ``distance`` (mm) is negative, with one pixel of softness."""
        blend(self.image, distance, value, self.plane.softness_mm)

    def mirrored(self) -> Canvas:
        """The same picture with ``u`` measured from the midline to either side."""
        return replace(self, u=np.abs(self.u))

    def crop(self, low: tuple[float, float], high: tuple[float, float]) -> Canvas:
        """The part that surely holds low <= (u, v) <= high: a view, cheaper to paint."""
        rows, cols = self.plane.window(low, high)
        top, left = (max(a.start - b, 0) for a, b in zip((rows, cols), self.corner, strict=True))
        part = (slice(top, rows.stop - self.corner[0]), slice(left, cols.stop - self.corner[1]))
        return replace(
            self,
            image=self.image[part],
            u=self.u[part],
            v=self.v[part],
            texture=self.texture[part],
            corner=(self.corner[0] + top, self.corner[1] + left),
        )

    def tube(
        self,
        start: tuple[float, float, float],
        end: tuple[float, float, float],
        radii: tuple[float, float],
        value: float,
        mottled: float = 0.0,
    ) -> None:
        """Paint a straight tube (see :func:`tube`), if this height comes near it at all."""
        reach = max(radii)
        if not min(start[2], end[2]) - reach < self.w < max(start[2], end[2]) + reach:
            return
        low = min(start[0], end[0]) - reach, min(start[1], end[1]) - reach
        high = max(start[0], end[0]) + reach, max(start[1], end[1]) + reach
        part = self.crop(low, high)
        fill = value + mottled * part.texture if mottled else value
        part.paint(tube(part.u, part.v, self.w, start, end, radii), fill)


def ellipsoid(
    u: Field, v: Field, w: Field | float, centre: tuple[float, ...], axes: tuple[float, ...]
) -> Field:
    """Near-distance (mm) to the ellipsoid with semi-axes ``axes`` (mm) about ``centre``."""
    squared = ((u - centre[0]) / axes[0]) ** 2 + ((v - centre[1]) / axes[1]) ** 2
    squared = squared + ((w - centre[2]) / axes[2]) ** 2
    return np.asarray((np.sqrt(squared) - 1) * min(axes[0], axes[1]), np.float32)


def tube(
    u: Field,
    v: Field,
    w: Field | float,
    start: tuple[float, float, float],
    end: tuple[float, float, float],
    radii: tuple[float, float],
) -> Field:
    """Distance (mm) to a round-ended straight tube with ``radii`` at its start and end."""
    du, dv, dw = end[0] - start[0], end[1] - start[1], end[2] - start[2]
    pu, pv, pw = u - start[0], v - start[1], w - start[2]
    along = np.clip((pu * du + pv * dv + pw * dw) / (du * du + dv * dv + dw * dw), 0, 1)
    squared = (pu - along * du) ** 2 + (pv - along * dv) ** 2 + (pw - along * dw) ** 2
    return np.asarray(np.sqrt(squared) - (radii[0] + along * (radii[1] - radii[0])), np.float32)


@dataclass(frozen=True)
class Pose:
    """How a patient lies in the scanner.

    Parameters
    ----------
    tilt : float
        Turn about the long axis, radians.
    shift : tuple of float
        Offset to the left, to posterior and to the head, millimetres.
    """

    tilt: float
    shift: tuple[float, float, float]

    def to_body(self, u: Field, v: Field) -> tuple[Field, Field]:
        """From the scanner's millimetres (left, posterior) to the patient's own."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        u, v = u - np.float32(self.shift[0]), v - np.float32(self.shift[1])
        return cos * u + sin * v, cos * v - sin * u

    def to_scanner(self, u: Field, v: Field) -> tuple[Field, Field]:
        """From the patient's millimetres (left, posterior) to the scanner's."""
        cos, sin = math.cos(self.tilt), math.sin(self.tilt)
        return cos * u - sin * v + self.shift[0], sin * u + cos * v + self.shift[1]


@lru_cache(maxsize=32)
def _stretch(size: int, nodes: int) -> Field:
    """Linear interpolation from ``nodes`` values to ``size`` pixels, as a (size, nodes) matrix."""
    position = (np.arange(size) + 0.5) / size * (nodes - 1)
    low = np.minimum(position.astype(int), nodes - 2)
    weight = (position - low).astype(np.float32)
    matrix = np.zeros((size, nodes), np.float32)
    matrix[np.arange(size), low] = 1 - weight
    matrix[np.arange(size), low + 1] = weight
    return matrix


def mottle(nodes: Field, height: float, rows: int, cols: int) -> Field:
    """A slice of soft noise (rows, cols): ``nodes`` (z, y, x) at ``height`` (0..1)."""
    position = float(np.clip(height, 0, 1)) * (len(nodes) - 1)
    low = min(int(position), len(nodes) - 2)
    sheet = nodes[low] + (position - low) * (nodes[low + 1] - nodes[low])
    return np.asarray(
        _stretch(rows, sheet.shape[0]) @ sheet @ _stretch(cols, sheet.shape[1]).T, np.float32
    )


def grain(seed: tuple[int, ...], rows: int, cols: int) -> Field:
    """Image noise of unit standard deviation, slightly correlated as reconstruction leaves it."""
    white = np.random.default_rng(seed).standard_normal((rows, cols), np.float32)
    # Four neighbouring pixels with weight 0.5 each: variance stays 4 x 0.25 = 1.
    return np.asarray(
        0.5
        * (white + np.roll(white, 1, 0) + np.roll(white, 1, 1) + np.roll(white, (1, 1), (0, 1))),
        np.float32,
    )

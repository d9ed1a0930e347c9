"""Choosing lesions that lie wholly inside an organ, away from the midline."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medvlm.demo.phantoms.fields import Field
from napari_medvlm.demo.phantoms.phantom import Lesion, crossed_slices, rotated_reach

MIDLINE_MM = 15.0
"""No lesion's centre is nearer to the midline than this: its side must be beyond doubt."""

_CANDIDATES = 48
_ROUNDS = 40


@dataclass(frozen=True)
class Placing:
    """Where lesions may be and what they look like.

    Parameters
    ----------
    label : str
        Label of each lesion.
    room : callable
        Signed distance (mm) to the organ, negative inside, for points (u, v, w) in patient LPS mm.
    reach_mm : tuple of float
        Half extents (left, posterior, superior) of the space to draw centres from.
    values : tuple of float
        Lowest and highest stored value inside a lesion.
    frontal : bool
        Whether the picture is a frontal projection.
    """

    label: str
    room: Callable[[Field, Field, Field], Field]
    reach_mm: tuple[float, float, float]
    values: tuple[float, float]
    frontal: bool = False


def draw_lesions(
    rng: np.random.Generator,
    placing: Placing,
    count: int | None,
    diameter_range: tuple[float, float],
    slices: int,
    step_mm: float,
) -> tuple[Lesion, ...]:
    """Draw ``count`` lesions (None: 0, 1 or 2 with 40, 50 and 10 percent) that do not overlap.

    Raises
    ------
    ValueError
        If the count is negative, the diameters are not an increasing positive pair, slices are so
        far apart that a lesion could fall between them, or there is no room left.
    """
    if count is None:
        count = int(rng.choice(3, p=(0.4, 0.5, 0.1)))
    low, high = diameter_range
    if count < 0 or not 0 < low <= high:
        msg = f"Expected n_lesions >= 0 and diameters 0 < low <= high, got {count}, {(low, high)}."
        raise ValueError(msg)
    if count and not placing.frontal and step_mm > 0.75 * low:
        msg = (
            f"Slices {step_mm:.1f} mm apart may miss a lesion of {low:.1f} mm: "
            f"ask for more slices or larger lesions."
        )
        raise ValueError(msg)
    lesions: list[Lesion] = []
    while len(lesions) < count:
        lesions.append(_draw_one(rng, placing, diameter_range, slices, step_mm, tuple(lesions)))
    return tuple(lesions)


def _draw_one(
    rng: np.random.Generator,
    placing: Placing,
    diameter_range: tuple[float, float],
    slices: int,
    step_mm: float,
    taken: tuple[Lesion, ...],
) -> Lesion:
    radius = float(rng.uniform(*diameter_range)) / 2
    second, third = (float(f) for f in rng.uniform((0.82, 0.86), (1.0, 1.0)))
    angle = float(rng.uniform(0, math.pi))
    axes = (radius, radius * second, radius * third)
    centre = _find_room(rng, placing, axes, angle, taken)
    across = rotated_reach(axes, angle)[0]
    diameter = 2 * (max(across, axes[2]) if placing.frontal else radius)
    where = (0, 0) if placing.frontal else crossed_slices(centre[2], axes[2], slices, step_mm)
    return Lesion(
        label=placing.label,
        centre_ras_mm=(-centre[0], -centre[1], centre[2]),
        diameter_mm=diameter,
        side="left" if centre[0] > 0 else "right",
        slice_range=where,
        semi_axes_mm=axes,
        angle=angle,
        value=float(rng.uniform(*placing.values)),
    )


def _find_room(
    rng: np.random.Generator,
    placing: Placing,
    axes: tuple[float, float, float],
    angle: float,
    taken: tuple[Lesion, ...],
) -> tuple[float, float, float]:
    """A centre (LPS mm) at which the whole ellipsoid, with a margin, lies in the organ."""
    hull = _hull(axes, angle)
    reach = np.asarray(placing.reach_mm)
    for _ in range(_ROUNDS):
        centres = rng.uniform(-reach, reach, (_CANDIDATES, 3))
        points = (centres[:, None, :] + hull[None]).astype(np.float32)
        distance = placing.room(points[..., 0], points[..., 1], points[..., 2])
        fits = (distance.max(axis=1) < 0) & (np.abs(centres[:, 0]) >= MIDLINE_MM)
        for other in taken:
            gap = np.linalg.norm(centres - np.asarray(other.centre_lps_mm), axis=1)
            fits &= gap > max(axes) + max(other.semi_axes_mm) + 6
        if fits.any():
            u, v, w = centres[int(np.argmax(fits))]
            return float(u), float(v), float(w)
    msg = (
        f"Found no room for a {placing.label} of {2 * max(axes):.0f} mm: ask for smaller or fewer."
    )
    raise ValueError(msg)


def _hull(axes: tuple[float, float, float], angle: float) -> NDArray[np.float64]:
    """The ellipsoid's centre and 32 points 1.5 mm outside of its surface, (33, 3), LPS mm."""
    n = np.arange(32) + 0.5
    # A Fibonacci sphere: even cover with few points (Gonzalez 2010, doi:10.1007/s11004-009-9257-x).
    polar, turn = np.arccos(1 - 2 * n / 32), math.pi * (1 + 5**0.5) * n
    grown = np.asarray(axes) + 1.5
    a = np.sin(polar) * np.cos(turn) * grown[0]
    b = np.sin(polar) * np.sin(turn) * grown[1]
    cos, sin = math.cos(angle), math.sin(angle)
    shell = np.stack([a * cos - b * sin, a * sin + b * cos, np.cos(polar) * grown[2]], axis=1)
    return np.concatenate([np.zeros((1, 3)), shell])

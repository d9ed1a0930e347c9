"""A frontal chest radiograph: the chest phantom's densities projected from front to back."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from napari_medvlm.demo.phantoms.chest import ChestScene
from napari_medvlm.demo.phantoms.fields import Field, Plane, grain
from napari_medvlm.demo.phantoms.phantom import Lesion, Phantom, rotated_reach
from napari_medvlm.demo.phantoms.placing import Placing, draw_lesions
from napari_medvlm.demo.phantoms.thorax import Thorax

FIELD_MM = (1.0, 320.0, 320.0)
"""Extent of the picture: rows from neck to upper abdomen, columns from right to left."""

_DEPTH_MM, _DEPTHS, _HEIGHTS, _WIDTHS = 240.0, 80, 107, 192
"""Extent and matrix (depth, height, width) on which the densities are summed: 3 x 3 x 1.7 mm."""

_BONE_GAIN = 2.0
"""Bone weakens diagnostic X-rays more than its Hounsfield units (taken at higher energy) say."""

_SCALE_MM = 120.0
"""Millimetres of water after which the display curve has risen by 63 percent."""


@lru_cache(maxsize=8)
def water_path(seed: int) -> Field:
    """Millimetres of water that each ray meets, (heights, widths), head first; without lesions."""
    scene = ChestScene(seed)
    plane = Plane(_DEPTHS, _WIDTHS, _DEPTH_MM, FIELD_MM[2])
    heights = FIELD_MM[1] * (0.5 - (np.arange(_HEIGHTS) + 0.5) / _HEIGHTS)
    rows = []
    for height in heights:
        units = scene.anatomy(plane, float(height))
        density = 1 + units / 1000 + _BONE_GAIN * np.maximum(units - 180, 0) / 1000
        rows.append(np.maximum(density, 0).sum(axis=0) * (_DEPTH_MM / _DEPTHS))
    return np.asarray(rows, np.float32)


@dataclass(frozen=True)
class RadiographScene:
    """The projected chest of one seed: the same patient as the chest CT of that seed."""

    seed: int

    @cached_property
    def thorax(self) -> Thorax:
        """Sizes and pose."""
        return Thorax.of(self.seed)

    def room(self, u: Field, v: Field, w: Field) -> Field:
        """Distance to the part of the lungs whose shadow nothing but ribs and vessels covers."""
        thorax = self.thorax
        bu, bv = thorax.pose.to_body(u, v)
        bw = w - np.float32(thorax.pose.shift[2])
        # The heart and the domes are asked where along the ray they reach furthest.
        heart = np.minimum(
            thorax.heart_distance(bu, -14 - 0.35 * (bu - 20), bw),
            thorax.heart_distance(bu, np.full_like(bv, -10), bw),
        )
        dome = thorax.dome(bu, np.full_like(bv, -12)) + 4 - bw
        lung = thorax.lung(bu, bv, bw, thorax.ray(bu, bv))
        return np.asarray(np.maximum.reduce([lung, 4 - heart, dome, 38 - np.abs(bu - 3), bw - 92]))

    def render(self, plane: Plane, height_mm: float, k: int, lesions: tuple[Lesion, ...]) -> Field:
        """Stored values 0..4095 (rows, cols): dense is bright, as on a light box."""
        path = _resample(water_path(self.seed), plane.rows, plane.cols)
        for lesion in lesions:
            path = path + shadow(lesion, plane)
        # Beer-Lambert leaves exp(-mu x path) of the beam; what is missing is shown bright.
        image = 4095 * (1 - np.exp(-path / _SCALE_MM))
        image += 22 * grain((self.seed, 24, k), plane.rows, plane.cols)
        return np.asarray(np.clip(image, 0, 4095), np.float32)


def shadow(lesion: Lesion, plane: Plane) -> Field:
    """Millimetres of water that a nodule adds to each ray, (rows, cols): by its chord."""
    down, across = plane.axes()
    left, _, up = lesion.centre_lps_mm
    a, b, c = lesion.semi_axes_mm
    wide = rotated_reach(lesion.semi_axes_mm, lesion.angle)[0]
    inside = 1 - ((across - left) / wide) ** 2 - ((-down - up) / c) ** 2
    chord = 2 * a * b / wide * np.sqrt(np.maximum(inside, 0))
    # Partly calcified, in place of lung of about -850 HU: a projection would hide a soft one.
    return np.asarray(chord * (lesion.value + 850) / 1000, np.float32)


def _resample(picture: Field, rows: int, cols: int) -> Field:
    """Bilinear resampling of ``picture`` to (rows, cols) over the same extent."""
    for axis, size in enumerate((rows, cols)):
        place = np.clip((np.arange(size) + 0.5) * picture.shape[axis] / size - 0.5, 0, None)
        low = np.minimum(place.astype(np.intp), picture.shape[axis] - 2)
        part = np.minimum(place - low, 1).astype(np.float32)
        part = part[:, None] if axis == 0 else part[None, :]
        before, after = np.take(picture, low, axis), np.take(picture, low + 1, axis)
        picture = before + part * (after - before)
    return picture


def chest_radiograph(
    seed: int,
    *,
    shape: tuple[int, int, int] = (1, 160, 160),
    n_lesions: int | None = None,
    diameter_range: tuple[float, float] = (22.0, 36.0),
) -> Phantom:
    """A frontal chest radiograph with nodules in the open lung fields.

    The patient's right is on the left of the picture; rows run to the feet. The first picture of a
    seed takes some tenths of a second, because the whole chest is projected.

    Parameters
    ----------
    seed : int
        At least 0. The chest is that of ``chest_ct(seed)``; its nodules are other ones.
    shape : tuple of int
        (1, rows, cols) over a field of 320 x 320 mm.
    n_lesions : int, optional
        How many nodules; by default none, one or two with 40, 50 and 10 percent.
    diameter_range : tuple of float
        Smallest and largest diameter, millimetres.

    Returns
    -------
    Phantom
        Stored values are 0..4095, bright where dense (MONOCHROME2).
    """
    if shape[0] != 1:
        msg = (
            f"Expected one slice, shape (1, rows, cols), got {shape}: a radiograph is one picture."
        )
        raise ValueError(msg)
    scene = RadiographScene(seed)
    lesions = draw_lesions(
        np.random.default_rng((seed, 25)),
        Placing("nodule", scene.room, (120.0, 85.0, 100.0), (250.0, 400.0), frontal=True),
        n_lesions,
        diameter_range,
        shape[0],
        FIELD_MM[0],
    )
    return Phantom(
        kind="chest_radiograph",
        modality="CR",
        body_part="CHEST",
        shape=shape,
        field_mm=FIELD_MM,
        lesions=lesions,
        window=(2400.0, 2400.0),
        seed=seed,
        scene=scene,
    )

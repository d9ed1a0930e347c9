"""A chest CT whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from napari_medvlm.demo.phantoms.fields import Canvas, Field, Plane, blend, grain, mottle
from napari_medvlm.demo.phantoms.organs import paint_bones, paint_mediastinum, paint_upper_abdomen
from napari_medvlm.demo.phantoms.phantom import Lesion, Phantom, add_lesions
from napari_medvlm.demo.phantoms.placing import Placing, draw_lesions
from napari_medvlm.demo.phantoms.thorax import Ray, Thorax
from napari_medvlm.demo.phantoms.vessels import VesselTree

FIELD_MM = (280.0, 320.0, 320.0)
"""Extent (slices, rows, cols) of the chest CT: apices to the upper abdomen."""

_AIR, _LUNG, _FAT, _MUSCLE, _SKIN = -1000.0, -858.0, -98.0, 52.0, 20.0
"""Typical Hounsfield units (Bushberg, The Essential Physics of Medical Imaging, ch. 10)."""


@dataclass(frozen=True)
class Section:
    """The pixels that can show the patient, and where they lie; computed once per matrix."""

    part: tuple[slice, slice]
    u: Field
    v: Field
    ray: Ray


@lru_cache(maxsize=16)
def _section(plane: Plane, thorax: Thorax) -> Section:
    v, u = plane.axes()
    bu, bv = thorax.pose.to_body(u, v)
    half = thorax.half_width, thorax.half_depth
    part = plane.window((-half[0], -half[1]), half)
    bu, bv = bu[part], bv[part]
    return Section(part, bu, bv, thorax.ray(bu, bv))


@dataclass(frozen=True)
class ChestScene:
    """The anatomy of the chest of one seed."""

    seed: int

    @cached_property
    def thorax(self) -> Thorax:
        """Sizes and pose."""
        return Thorax.of(self.seed)

    @cached_property
    def vessels(self) -> VesselTree:
        """The vessels of the lungs."""
        return VesselTree.grow(self.seed, self.thorax)

    @cached_property
    def _nodes(self) -> Field:
        rng = np.random.default_rng((self.seed, 3))
        return rng.standard_normal((14, 26, 26), np.float32)

    def anatomy(self, plane: Plane, height_mm: float) -> Field:
        """Hounsfield units of an axial picture without lesions and without noise."""
        thorax, where = self.thorax, _section(plane, self.thorax)
        w = height_mm - thorax.pose.shift[2]
        texture = mottle(self._nodes, height_mm / FIELD_MM[0] + 0.5, plane.rows, plane.cols)
        texture = texture[where.part]
        image = np.full((plane.rows, plane.cols), _AIR, np.float32)
        corner = where.part[0].start, where.part[1].start
        canvas = Canvas(image[where.part], where.u, where.v, w, texture, plane, corner)
        skin = thorax.skin(where.ray, w)
        cavity = skin + thorax.wall(where.ray, w)
        canvas.paint(skin, _SKIN)
        canvas.paint(skin + 2.5, _FAT + 8 * texture)
        canvas.paint(skin + 2.5 + thorax.fat * (0.8 + 0.12 * texture), _MUSCLE + 6 * texture)
        # A thin layer of fat parts the muscles of the wall.
        canvas.paint(np.abs(cavity - 11 - 1.5 * texture) - 0.6, -30.0)
        canvas.paint(cavity, _FAT + 6 * texture)
        paint_upper_abdomen(canvas, thorax, cavity)
        # Lying on the back, the lower lung is denser.
        lung = _LUNG + 0.35 * where.v + 12 * texture
        lung += (40.0 - lung) * self.vessels.cover(plane, thorax, height_mm)[where.part]
        canvas.paint(thorax.lung(where.u, where.v, w, where.ray), lung)
        paint_mediastinum(canvas, thorax)
        paint_bones(canvas, thorax, where.ray, skin, cavity)
        return image

    def _table(self, image: Field, plane: Plane) -> None:
        """The scanner's curved table top under the patient."""
        v, u = plane.axes()
        back = self.thorax.half_depth + self.thorax.pose.shift[1] + 6
        distance = np.abs(v - back - 3 + 0.0009 * u * u) - 1.5
        blend(image, np.maximum(distance, np.abs(u) - 150), -650.0, plane.softness_mm)

    def render(self, plane: Plane, height_mm: float, k: int, lesions: tuple[Lesion, ...]) -> Field:
        """Hounsfield units (rows, cols) of slice ``k`` with noise and ``lesions``."""
        image = self.anatomy(plane, height_mm)
        self._table(image, plane)
        add_lesions(image, plane, height_mm, lesions)
        image += 13 * grain((self.seed, 4, k), plane.rows, plane.cols)
        return np.clip(image, -1024, 3071)


def chest_ct(
    seed: int,
    *,
    shape: tuple[int, int, int] = (40, 128, 128),
    n_lesions: int | None = None,
    diameter_range: tuple[float, float] = (16.0, 30.0),
) -> Phantom:
    """A chest CT with solid nodules in the lungs.

    Parameters
    ----------
    seed : int
        At least 0. The same seed is the same patient at every ``shape``.
    shape : tuple of int
        (slices, rows, cols) over a field of 280 x 320 x 320 mm.
    n_lesions : int, optional
        How many nodules; by default none, one or two with 40, 50 and 10 percent.
    diameter_range : tuple of float
        Smallest and largest in-plane diameter, millimetres.

    Returns
    -------
    Phantom
        Stored values are Hounsfield units.
    """
    scene = ChestScene(seed)
    lesions = draw_lesions(
        np.random.default_rng((seed, 5)),
        Placing("nodule", scene.thorax.room, (120.0, 85.0, 115.0), (20.0, 80.0)),
        n_lesions,
        diameter_range,
        shape[0],
        FIELD_MM[0] / shape[0],
    )
    return Phantom(
        kind="chest_ct",
        modality="CT",
        body_part="CHEST",
        shape=shape,
        field_mm=FIELD_MM,
        lesions=lesions,
        window=(-550.0, 1500.0),
        seed=seed,
        scene=scene,
    )

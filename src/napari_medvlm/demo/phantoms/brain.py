"""A brain MR (as FLAIR shows it: fluid dark, lesions bright) whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from napari_medvlm.demo.phantoms.fields import Canvas, Field, Plane, ellipsoid, grain, mottle
from napari_medvlm.demo.phantoms.head import Head
from napari_medvlm.demo.phantoms.phantom import Lesion, Phantom, add_lesions
from napari_medvlm.demo.phantoms.placing import Placing, draw_lesions

FIELD_MM = (150.0, 220.0, 220.0)
"""Extent (slices, rows, cols) of the brain MR: skull base to vertex."""

_WHITE, _GREY, _FLUID, _BONE, _FAT, _SKIN, _MUSCLE, _AIR = 385, 480, 70, 45, 560, 430, 240, 8
"""Arbitrary units in the order of a FLAIR picture; a lesion (800 and more) outshines them all."""


@lru_cache(maxsize=16)
def _pixels(plane: Plane, head: Head) -> tuple[tuple[slice, slice], Field, Field]:
    v, u = plane.axes()
    bu, bv = head.pose.to_body(u, v)
    reach = head.half_width + 14, head.half_depth + 14
    part = plane.window((-reach[0], -reach[1]), reach)
    return part, bu[part], bv[part]


@dataclass(frozen=True)
class BrainScene:
    """The anatomy of the head of one seed."""

    seed: int

    @cached_property
    def head(self) -> Head:
        """Sizes and pose."""
        return Head.of(self.seed)

    @cached_property
    def _nodes(self) -> Field:
        return np.random.default_rng((self.seed, 13)).standard_normal((12, 20, 20), np.float32)

    def anatomy(self, plane: Plane, height_mm: float) -> Field:
        """Stored values of an axial picture without lesions and without noise."""
        head = self.head
        part, u, v = _pixels(plane, head)
        w = height_mm - head.pose.shift[2]
        texture = mottle(self._nodes, height_mm / FIELD_MM[0] + 0.5, plane.rows, plane.cols)
        image = np.full((plane.rows, plane.cols), _AIR, np.float32)
        corner = part[0].start, part[1].start
        canvas = Canvas(image[part], u, v, w, texture[part], plane, corner)
        dome, out = head.dome(u, v, w)
        cerebrum = head.cerebrum(u, v, w, dome)
        hind = np.minimum(head.cerebellum(u, v, w), head.brainstem(u, v, w))
        self._shell(canvas, dome, np.minimum(cerebrum, hind))
        if w < -8:
            self._face(canvas)
            self._hind(canvas)
        self._cerebrum(canvas, cerebrum, dome, out)
        return image

    def _shell(self, canvas: Canvas, dome: Field, brain: Field) -> None:
        """Scalp, skull and the fluid around the brain."""
        u, v, w = canvas.u, canvas.v, canvas.w
        skin = dome - 14
        if w < 0:
            # Below the widest part the head does not taper to a point: face and neck follow.
            narrow = 1 - 0.0022 * max(-w - 30, 0)
            size = (self.head.half_width + 10) * narrow, (self.head.half_depth + 13) * narrow
            skin = np.minimum(skin, ellipsoid(u, v, 0.0, (0, 0, 0), (*size, 1)))
        canvas.paint(skin, _SKIN)
        canvas.paint(skin + 1.8, _FAT + 20 * canvas.texture)
        canvas.paint(skin + 6, _MUSCLE + 18 * canvas.texture)
        canvas.paint(brain - 8.5, _BONE)
        canvas.paint(np.abs(brain - 5.6) - 1.0, 190.0 + 30 * canvas.texture)
        canvas.paint(brain - 2, _FLUID)

    def _face(self, canvas: Canvas) -> None:
        """Orbits with the eyes, and the air of the nose."""
        w, both = canvas.w, canvas.mirrored()
        if w > -66:
            front = both.crop((-60, -110), (60, -30))
            u, v = front.u, front.v
            front.paint(ellipsoid(u, v, w, (31, -52, -44), (16, 27, 16)), _FAT)
            front.paint(np.abs(ellipsoid(u, v, w, (31, -66, -44), (12.5, 12.5, 12.5))) - 0.8, 300.0)
            front.paint(ellipsoid(u, v, w, (31, -66, -44), (12, 12, 12)), _FLUID + 20)
            front.paint(tube_of_nerve(u, v, w), 330.0)
        nose = canvas.crop((-20, -95), (20, -30))
        nose.paint(ellipsoid(nose.u, nose.v, w, (0, -60, -56), (12, 26, 30)), _AIR + 20)
        nose.paint(np.maximum(np.abs(nose.u) - 0.8, np.abs(nose.v + 60) - 24), 260.0)

    def _hind(self, canvas: Canvas) -> None:
        """Cerebellum with its fine leaves, and the brainstem."""
        part = canvas.crop((-55, -12), (55, 84))
        u, v, w = part.u, part.v, part.w
        cerebellum = self.head.cerebellum(u, v, w)
        part.paint(cerebellum, _GREY - 25 + 6 * part.texture)
        leaves = np.abs(np.sin((cerebellum + 1.5 * part.texture) * 0.8)) * 2 - 0.45
        part.paint(np.maximum(np.maximum(leaves, cerebellum), -cerebellum - 11), _GREY - 150)
        part.paint(np.maximum(cerebellum + 11, 5 - np.abs(u)), _WHITE)
        part.paint(self.head.brainstem(u, v, w), _WHITE + 20 + 6 * part.texture)

    def _cerebrum(self, canvas: Canvas, cerebrum: Field, dome: Field, out: Field) -> None:
        """Cortex, white matter, deep nuclei, the fissure between the hemispheres, ventricles."""
        u, v, w, texture = canvas.u, canvas.v, canvas.w, canvas.texture
        fold = self.head.fold(u, v, w, out, texture)
        # A sulcus is 1.1 mm wide to either side at the surface and closes 18 mm deep.
        sulcus = np.maximum(fold - 1.1 * (1 + dome / 18), -18 - dome)
        # The falx lies in a fissure that reaches down to the corpus callosum.
        fissure = np.maximum(np.abs(u) - 1.3, -34 - dome)
        ribbon = np.minimum(np.minimum(sulcus, -dome), fissure) - 2.9
        canvas.paint(cerebrum, _WHITE + 7 * texture)
        canvas.paint(np.maximum(cerebrum, ribbon), _GREY + 7 * texture)
        both = canvas.mirrored()
        for centre, axes in (
            ((11, 8, 3), (8, 13, 9)),  # thalamus
            ((26, -6, 2), (5.5, 17, 11)),  # putamen and pallidum
            ((14, -24, 8), (4.5, 9, 9)),  # caudate head
        ):
            if abs(w - centre[2]) < axes[2]:
                inner = both.crop((-40, -40), (40, 40))
                inner.paint(ellipsoid(inner.u, inner.v, w, centre, axes), _GREY - 15)
        canvas.paint(np.maximum(sulcus, cerebrum), _FLUID)
        canvas.paint(np.maximum(fissure, cerebrum), _FLUID)
        canvas.paint(np.maximum(np.maximum(np.abs(u) - 0.4, -30 - dome), cerebrum), 230.0)
        if w < 30:
            middle = canvas.crop((-50, -50), (50, 62))
            middle.paint(self.head.ventricle(middle.u, middle.v, w), _FLUID - 5)

    def render(self, plane: Plane, height_mm: float, k: int, lesions: tuple[Lesion, ...]) -> Field:
        """Stored values (rows, cols) of slice ``k`` with noise and ``lesions``."""
        image = self.anatomy(plane, height_mm)
        add_lesions(image, plane, height_mm, lesions)
        v, u = plane.axes()
        # The coil is a little more sensitive at the front and to one side.
        image *= 1 + 0.0006 * (0.5 * u - v)
        image += 11 * grain((self.seed, 14, k), plane.rows, plane.cols)
        return np.abs(image)


def tube_of_nerve(u: Field, v: Field, w: float) -> Field:
    """Distance to the optic nerves, for ``u`` measured to either side."""
    off = np.hypot(u - 31 - 0.45 * (v + 54), w + 44)
    return np.asarray(np.maximum(off - 2.2, np.abs(v + 42) - 14), np.float32)


def brain_mr(
    seed: int,
    *,
    shape: tuple[int, int, int] = (32, 128, 128),
    n_lesions: int | None = None,
    diameter_range: tuple[float, float] = (12.0, 30.0),
) -> Phantom:
    """A brain MR with bright lesions in the hemispheres.

    Parameters
    ----------
    seed : int
        At least 0. The same seed is the same patient at every ``shape``.
    shape : tuple of int
        (slices, rows, cols) over a field of 150 x 220 x 220 mm.
    n_lesions : int, optional
        How many lesions; by default none, one or two with 40, 50 and 10 percent.
    diameter_range : tuple of float
        Smallest and largest in-plane diameter, millimetres.

    Returns
    -------
    Phantom
        Stored values are arbitrary units from 0 to about 1000.
    """
    scene = BrainScene(seed)
    lesions = draw_lesions(
        np.random.default_rng((seed, 15)),
        Placing("lesion", scene.head.room, (60.0, 78.0, 60.0), (800.0, 900.0)),
        n_lesions,
        diameter_range,
        shape[0],
        FIELD_MM[0] / shape[0],
    )
    return Phantom(
        kind="brain_mr",
        modality="MR",
        body_part="BRAIN",
        shape=shape,
        field_mm=FIELD_MM,
        lesions=lesions,
        window=(420.0, 900.0),
        seed=seed,
        scene=scene,
    )

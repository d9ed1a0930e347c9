"""What lies in the chest besides the lungs, painted into an axial picture in Hounsfield units."""

from __future__ import annotations

import numpy as np

from napari_medvlm.demo.phantoms.fields import Canvas, Field, ellipsoid, tube
from napari_medvlm.demo.phantoms.thorax import Ray, Thorax

_BLOOD, _MYOCARDIUM, _SOFT, _LIVER, _SPLEEN = 165.0, 95.0, 40.0, 105.0, 118.0
"""After contrast medium, so that vessels stand out from the fat around them."""

_CORTEX, _MARROW, _CANAL, _GAS = 620.0, 240.0, 15.0, -960.0

Tube = tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float]]
"""Start, end and radii of a straight tube, millimetres."""

_CARINA = (0.0, 4.0, 32.0)


def paint_upper_abdomen(canvas: Canvas, thorax: Thorax, cavity: Field) -> None:
    """Liver on the right, stomach with its gas and spleen on the left, under the domes."""
    if canvas.w > max(thorax.domes) + 5:
        return
    u, v, w, texture = canvas.u, canvas.v, canvas.w, canvas.texture
    under = np.maximum(cavity + 4, w + 5 - thorax.dome(u, v))
    liver = np.maximum(under, ellipsoid(u, v, w, (-52, -8, -120), (92, 86, 100)))
    canvas.paint(liver, _LIVER + 5 * texture)
    spleen = np.maximum(under, ellipsoid(u, v, w, (84, 42, -112), (34, 42, 46)))
    canvas.paint(spleen, _SPLEEN + 4 * texture)
    stomach = np.maximum(under, ellipsoid(u, v, w, (58, -22, -112), (42, 46, 44)))
    canvas.paint(stomach, 60.0)
    canvas.paint(stomach + 4, 22.0 + 4 * texture)
    # Gas rises to the front of a patient who lies on the back.
    canvas.paint(np.maximum(stomach + 4, v + 42), _GAS)


def paint_mediastinum(canvas: Canvas, thorax: Thorax) -> None:
    """Heart, great vessels, oesophagus, trachea and main bronchi."""
    heart_top = thorax.domes[1] + 40
    if canvas.w < heart_top + 48:
        _paint_heart(canvas.crop((-56, -72), (90, 45)), thorax, heart_top)
    vessels: tuple[Tube, ...] = (
        ((-8, -14, heart_top + 10), (-13, -22, 55), (14, 15)),  # ascending aorta
        ((-12, -20, 56), (21, 34, 58), (13.5, 12)),  # arch
        ((21, 34, 58), (17, 36, -140), (12, 10)),  # descending aorta
        ((-26, -14, 100), (-26, -8, heart_top + 10), (8, 10)),  # superior vena cava
        ((6, -34, heart_top + 14), (14, -20, 22), (13, 12)),  # pulmonary trunk
        ((12, -16, 22), (34, 10, 14), (10, 7)),  # left pulmonary artery
        ((8, -10, 18), (-32, 6, 12), (9, 7)),  # right pulmonary artery
        ((-14, -12, 62), (-22, -4, 130), (6, 6)),  # brachiocephalic artery
        ((6, 4, 64), (20, 2, 130), (5, 5)),  # left common carotid artery
        ((14, 22, 64), (34, 12, 130), (5, 5)),  # left subclavian artery
        ((-26, -16, 96), (38, -30, 112), (7, 6)),  # brachiocephalic veins
    )
    for start, end, radii in vessels:
        canvas.tube(start, end, radii, _BLOOD, mottled=3)
    canvas.tube((5, 26, 150), (9, 24, -150), (6.5, 6.5), _SOFT)  # oesophagus
    airways: tuple[Tube, ...] = (
        ((0, -4, 170), _CARINA, (8.5, 8)),  # trachea
        (_CARINA, (-34, 10, 6), (7, 5.2)),  # right main bronchus: the steeper one
        (_CARINA, (42, 14, 0), (6.5, 4.8)),  # left main bronchus
    )
    for start, end, (near, far) in airways:
        canvas.tube(start, end, (near + 1.6, far + 1.6), _SOFT)
    for start, end, radii in airways:
        canvas.tube(start, end, radii, _GAS)


def _paint_heart(canvas: Canvas, thorax: Thorax, top: float) -> None:
    u, v, w, texture = canvas.u, canvas.v, canvas.w, canvas.texture
    heart = thorax.heart_distance(u, v, w)
    canvas.paint(heart, _MYOCARDIUM + 4 * texture)
    left = ellipsoid(u, v + 0.35 * (u - 20), w + 0.45 * (u - 20), (27, -8, top), (30, 17, 25))
    right = ellipsoid(u, v, w, (-6, -26, top + 4), (27, 15, 30))
    for chamber in (left, right):
        canvas.paint(np.maximum(chamber, heart + 4), _BLOOD + 4 * texture)


def paint_bones(canvas: Canvas, thorax: Thorax, ray: Ray, skin: Field, cavity: Field) -> None:
    """Ribs, spine, sternum, shoulder blades and collar bones: bright rims around marrow."""
    w, both = canvas.w, canvas.mirrored()
    _paint_bone(canvas, np.maximum(_ribs(thorax, w, ray, cavity), skin + 5))
    if w > -45:
        front = both.crop((-22, -130), (22, -40))
        breast = np.hypot(np.maximum(front.u - 13, 0), front.v - _front(thorax, w)) - 5
        _paint_bone(front, np.maximum(breast, -45 - w))
    blades = both.crop((-130, 20), (130, 95))
    if -15 < w < 118:
        reach = 106 - 0.12 * max(w - 40, 0)
        blade = tube(blades.u, blades.v, 0.0, (62, 77, 0), (reach, 40, 0), (2.6, 4.2))
        _paint_bone(blades, blade)
    if w > 104:
        _paint_bone(both, tube(both.u, both.v, w, (16, -62, 112), (118, -22, 132), (6, 6)))
    _paint_spine(both.crop((-40, 36), (40, 110)))


def _paint_bone(canvas: Canvas, distance: Field) -> None:
    canvas.paint(distance, _CORTEX)
    canvas.paint(distance + 2.2, _MARROW)


def _ribs(thorax: Thorax, w: float, ray: Ray, cavity: Field) -> Field:
    """All ribs at once: bands around the wall that fall by 95 mm on their way to the front."""
    gap = thorax.rib_gap
    off = (w + ray.drop + thorax.rib_phase + gap / 2) % gap - gap / 2
    ring = (np.sqrt(((cavity - 7) / 4.0) ** 2 + (off / 6.0) ** 2) - 1) * 4.0
    # The spine takes over behind, cartilage in front.
    ends = 30 * np.maximum(0.24 - ray.turn, ray.turn - 2.55)
    return np.asarray(np.maximum(ring, ends), np.float32)


def _front(thorax: Thorax, w: float) -> float:
    """Where the sternum's middle lies: just in front of the chest cavity."""
    wall = thorax.fat + 15 + 0.0055 * max(w - 35, 0) ** 2
    return -0.975 * thorax.half_depth * (1 - 0.00055 * max(w - 60, 0)) + min(wall, 34) - 6


def _paint_spine(canvas: Canvas) -> None:
    """Vertebral bodies with discs between them, the canal, and the processes behind it."""
    side, v, w = canvas.u, canvas.v, canvas.w
    body = ellipsoid(side, v, 0.0, (0, 58, 0), (17.5, 14.5, 1))
    disc = abs((w + 500) % 24 - 12) < 2.6
    arch = np.minimum(
        tube(side, v, 0.0, (11, 66, 0), (8, 84, 0), (3.4, 3.4)),
        tube(side, v, 0.0, (8, 80, 0), (32, 74 + 2 * float(np.sin(w)), 0), (4.2, 3.4)),
    )
    spinous = tube(side, v, 0.0, (0, 84, 0), (0, 96, 0), (3.8, 2.6))
    for part in (spinous, arch):
        canvas.paint(part, _CORTEX * 0.9)
        canvas.paint(part + 2, _MARROW)
    canvas.paint(body, 110.0 if disc else _CORTEX)
    canvas.paint(body + 2, 90.0 if disc else _MARROW - 40)
    canal = ellipsoid(side, v, 0.0, (0, 77, 0), (8.5, 7, 1))
    canvas.paint(canal, _CANAL)
    canvas.paint(canal + 2.5, 40.0)

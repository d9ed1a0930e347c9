"""What lies inside the chest besides the lungs: painted into an axial picture, in Hounsfield units."""

from __future__ import annotations

import numpy as np

from napari_medvlm.demo.phantoms.fields import Field, ellipsoid, paint, tube
from napari_medvlm.demo.phantoms.thorax import Ray, Thorax

_BLOOD, _MYOCARDIUM, _SOFT, _LIVER, _SPLEEN = 165.0, 95.0, 40.0, 105.0, 118.0
"""After contrast medium, so that vessels stand out from the fat around them."""

_CORTEX, _MARROW, _CANAL, _GAS = 620.0, 240.0, 15.0, -960.0

_CARINA = (0.0, 4.0, 32.0)


def paint_upper_abdomen(
    image: Field,
    thorax: Thorax,
    u: Field,
    v: Field,
    w: float,
    cavity: Field,
    texture: Field,
    soft: float,
) -> None:
    """Liver on the right, stomach with its gas and spleen on the left, under the domes."""
    under = np.maximum(cavity + 4, w + 5 - thorax.dome(u, v))
    if not (under < 0).any():
        return
    liver = np.maximum(under, ellipsoid(u, v, w, (-52, -8, -120), (92, 86, 100)))
    paint(image, liver, _LIVER + 5 * texture, soft)
    spleen = np.maximum(under, ellipsoid(u, v, w, (84, 42, -112), (34, 42, 46)))
    paint(image, spleen, _SPLEEN + 4 * texture, soft)
    stomach = np.maximum(under, ellipsoid(u, v, w, (58, -22, -112), (42, 46, 44)))
    paint(image, stomach, 60.0, soft)
    paint(image, stomach + 4, 22.0 + 4 * texture, soft)
    # Gas rises to the front of a patient who lies on the back.
    paint(image, np.maximum(stomach + 4, v + 42), _GAS, soft)


def paint_mediastinum(
    image: Field, thorax: Thorax, u: Field, v: Field, w: float, texture: Field, soft: float
) -> None:
    """Heart, great vessels, oesophagus, trachea and main bronchi."""
    heart_top = thorax.domes[1] + 40
    heart = thorax.heart_distance(u, v, w)
    paint(image, heart, _MYOCARDIUM + 4 * texture, soft)
    left = ellipsoid(u, v + 0.35 * (u - 20), w + 0.45 * (u - 20), (27, -8, heart_top), (30, 17, 25))
    right = ellipsoid(u, v, w, (-6, -26, heart_top + 4), (27, 15, 30))
    for chamber in (left, right):
        paint(image, np.maximum(chamber, heart + 4), _BLOOD + 4 * texture, soft)
    for start, end, radii in (
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
    ):
        paint(image, tube(u, v, w, start, end, radii), _BLOOD + 3 * texture, soft)
    paint(image, tube(u, v, w, (5, 26, 140), (9, 24, -140), (6.5, 6.5)), _SOFT, soft)
    for start, end, radii in (
        ((0, -4, 150), _CARINA, (8.5, 8)),  # trachea
        (_CARINA, (-34, 10, 6), (7, 5.2)),  # right main bronchus: the steeper one
        (_CARINA, (42, 14, 0), (6.5, 4.8)),  # left main bronchus
    ):
        airway = tube(u, v, w, start, end, radii)
        paint(image, airway - 1.6, _SOFT, soft)
        paint(image, airway, _GAS, soft)


def paint_bones(
    image: Field, thorax: Thorax, u: Field, v: Field, w: float, ray: Ray, cavity: Field, soft: float
) -> None:
    """Ribs, spine, sternum, shoulder blades and collar bones: bright rims around marrow."""
    side = np.abs(u)
    sternum = np.maximum(np.abs(v - _front(cavity, thorax, w)) - 5, side - 17)
    parts = [_ribs(thorax, w, ray, cavity)]
    if w > -45:
        parts.append(np.maximum(sternum, -45 - w))
    if -15 < w < 118:
        reach = 106 - 0.12 * max(w - 40, 0)
        parts.append(tube(side, v, 0.0, (62, 77, 0), (reach, 40, 0), (2.6, 4.2)))
    parts.append(tube(side, v, w, (16, -62, 112), (118, -22, 132), (6, 6)))
    for part in parts:
        bone = np.maximum(part, thorax.skin(ray, w) + 5)
        paint(image, bone, _CORTEX, soft)
        paint(image, bone + 2.2, _MARROW, soft)
    _paint_spine(image, side, v, w, soft)


def _ribs(thorax: Thorax, w: float, ray: Ray, cavity: Field) -> Field:
    """All ribs at once: bands around the wall that fall by 95 mm on their way to the front."""
    drop = 95 * 0.5 * (1 - np.cos(np.clip(ray.turn - 0.25, 0, None)))
    gap = thorax.rib_gap
    off = (w + drop + thorax.rib_phase + gap / 2) % gap - gap / 2
    ring = (np.hypot((cavity - 7) / 4.0, off / 6.0) - 1) * 4.0
    # The spine takes over behind, cartilage in front.
    return np.asarray(np.maximum(ring, 30 * np.maximum(0.24 - ray.turn, ray.turn - 2.55)), np.float32)


def _front(cavity: Field, thorax: Thorax, w: float) -> float:
    """Where the sternum's middle lies: just in front of the chest cavity."""
    wall = thorax.fat + 15 + 0.0055 * max(w - 35, 0) ** 2
    return -thorax.half_depth * (1 - 0.00055 * max(w - 60, 0)) + min(wall, 34) - 6


def _paint_spine(image: Field, side: Field, v: Field, w: float, soft: float) -> None:
    """Vertebral bodies with discs between them, the canal, and the processes behind it."""
    body = ellipsoid(side, v, 0.0, (0, 58, 0), (17.5, 14.5, 1))
    disc = abs((w + 500) % 24 - 12) < 2.6
    arch = np.minimum(
        tube(side, v, 0.0, (11, 66, 0), (8, 84, 0), (3.4, 3.4)),
        tube(side, v, 0.0, (8, 80, 0), (32, 74 + 2 * np.sin(w), 0), (4.2, 3.4)),
    )
    spinous = tube(side, v, 0.0, (0, 84, 0), (0, 99, 0), (3.8, 2.6))
    for part in (spinous, arch):
        paint(image, part, _CORTEX * 0.9, soft)
        paint(image, part + 2, _MARROW, soft)
    paint(image, body, 110.0 if disc else _CORTEX, soft)
    paint(image, body + 2, 90.0 if disc else _MARROW - 40, soft)
    canal = ellipsoid(side, v, 0.0, (0, 77, 0), (8.5, 7, 1))
    paint(image, canal, _CANAL, soft)
    paint(image, canal + 2.5, 40.0, soft)

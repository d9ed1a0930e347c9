"""Mosaics: all slices of a volume tiled into one image (Siemens, United Imaging)."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .csa import csa_floats, read_csa
from .dataset import Tag, Tags, read_tags
from .values import floats, number, private, value, words

if TYPE_CHECKING:
    from .header import ImageHeader

_SIEMENS_COUNT: Tag = (0x0019, 0x100A)
_UIH_COUNT: Tag = (0x0065, 0x1050)
_UIH_FRAMES: Tag = (0x0065, 0x1051)
#: Large, and so asked for in mosaics alone.
_CSA: Tag = (0x0029, 0x1010)

TAGS: tuple[Tag, ...] = ("Manufacturer", "ImageType", _SIEMENS_COUNT, _UIH_COUNT)


def is_mosaic(ds: Tags) -> bool:
    """Whether a data set of one frame holds the tiles of many slices."""
    maker = str(value([ds], "Manufacturer") or "").strip().lower()
    if maker.startswith("uih"):
        return (number(private([ds], _UIH_COUNT)) or 0) > 1
    kinds = (kind.upper() for kind in words(value([ds], "ImageType")))
    count = number(private([ds], _SIEMENS_COUNT)) if maker.startswith("siemens") else None
    return "MOSAIC" in kinds or (count or 0) > 1


def tiles(head: ImageHeader, ds: Tags) -> list[ImageHeader]:
    """One header for each slice of a mosaic.

    The first tile is the first slice; tiles follow row by row, in a square grid just large
    enough, and the rest of it is blank. Slices follow each other along the CSA header's
    SliceNormalVector. ImagePositionPatient is that of a slice as large as the whole mosaic
    with the same centre as the first one, and is moved to the first tile's corner (nibabel,
    doc/source/dicom/dicom_mosaic.rst; dcm2niix does the same).
    """
    uih = private([ds], _UIH_COUNT) is not None
    tags = read_csa(_csa_bytes(head)) if not uih else {}
    count = int(
        next(iter(csa_floats(tags, "NumberOfImagesInMosaic")), 0)
        or number(private([ds], _UIH_COUNT if uih else _SIEMENS_COUNT))
        or 0
    )
    side = math.isqrt(max(count, 1) - 1) + 1
    rows, columns, samples = head.shape
    if count < 1 or rows % side or columns % side:
        return [replace(head, notes=(*head.notes, _unknown(count)))]
    height, width = rows // side, columns // side
    told = _uih_positions(head, count) if uih else []
    positions, notes = _positions(head, tags, count, (height, width))
    if told:
        positions, notes = told, (f"{count} slices out of one mosaic image.",)
    # The oldest scanners tell the b-value here alone.
    b_value = head.traits.b_value
    if b_value is None:
        b_value = next(iter(csa_floats(tags, "B_value")), None)
    return [
        replace(
            head,
            traits=replace(head.traits, b_value=b_value),
            shape=(height, width, samples),
            tile=(n // side * height, n % side * width, height, width),
            position=positions[n] if positions else None,
            location=None,
            order=(*head.order, float(n)),
            notes=(*head.notes, *notes),
        )
        for n in range(count)
    ]


def _unknown(count: int) -> str:
    what = f"{count} tiles do not fit it" if count else "how many tiles it has is not told"
    return f"A mosaic image shown as it is stored: {what}."


def _csa_bytes(head: ImageHeader) -> bytes:
    raw = getattr(read_tags(head.path, [_CSA]).get(_CSA), "value", None)
    return raw if isinstance(raw, bytes) else b""


def _positions(
    head: ImageHeader,
    tags: dict[str, tuple[str, ...]],
    count: int,
    size: tuple[int, int],
) -> tuple[list[tuple[float, ...]], tuple[str, ...]]:
    what = f"{count} slices out of one mosaic image"
    if head.position is None or head.orientation is None or head.spacing is None:
        return [], (f"{what}.",)
    cosines = np.asarray(head.orientation)
    along_row, along_column = cosines[:3], cosines[3:]
    normal, notes = _normal(np.cross(along_row, along_column), tags)
    step = head.between or head.thickness
    if step is None:
        return [], (f"{what}; no tag gives their distance.",)
    tag = "SpacingBetweenSlices (0018,0088)" if head.between else "SliceThickness (0018,0050)"
    down = (head.shape[0] - size[0]) / 2 * head.spacing[0]
    right = (head.shape[1] - size[1]) / 2 * head.spacing[1]
    start = np.asarray(head.position) + along_row * right + along_column * down
    positions = [tuple((start + normal * (step * n)).tolist()) for n in range(count)]
    return positions, (f"{what}, {step:.5g} mm apart by {tag}.", *notes)


def _normal(
    normal: npt.NDArray[np.float64], tags: dict[str, tuple[str, ...]]
) -> tuple[npt.NDArray[np.float64], tuple[str, ...]]:
    told = np.asarray(csa_floats(tags, "SliceNormalVector"))
    if told.shape != (3,) or not 0.5 < np.linalg.norm(told) < 1.5:
        return normal, (
            "No CSA header gives the direction in which the mosaic's slices follow each other; "
            "the image's normal is taken.",
        )
    return (normal if np.dot(told, normal) > 0 else -normal), ()


def _uih_positions(head: ImageHeader, count: int) -> list[tuple[float, ...]]:
    found = getattr(read_tags(head.path, [_UIH_FRAMES]).get(_UIH_FRAMES), "value", None)
    items = list(found) if found is not None and not isinstance(found, str | bytes) else []
    positions = [floats(value([item], "ImagePositionPatient")) for item in items]
    sound = len(positions) == count and all(len(position) == 3 for position in positions)
    return positions if sound else []

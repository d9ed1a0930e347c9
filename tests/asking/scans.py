"""Small sources with known geometry."""

from __future__ import annotations

import numpy as np

from napari_medvlm.imaging import Volume, Window

SPACING = (5.0, 0.8, 0.5)


def ct(shape: tuple[int, int, int] = (10, 40, 64), **facts: object) -> Volume:
    """A CT in HU of axial slices from the feet up, rows from front to back, columns to the left."""
    affine = np.zeros((4, 4))
    k, j, i = SPACING
    affine[2, 0], affine[1, 1], affine[0, 2], affine[3, 3] = k, -j, -i, 1
    affine[:3, 3] = 10, 20, -30
    voxels = np.arange(np.prod(shape), dtype=np.int32).reshape(shape) % 2000 - 1000
    given = {"name": "ct", "modality": "CT", "windows": (Window(-600, 1500, "lung"),)} | facts
    return Volume(voxels.astype(np.int16), affine, **given)  # type: ignore[arg-type]

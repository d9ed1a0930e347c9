"""Small sources with known geometry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_medvlm.imaging import Clip, Volume, Window

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


class Decoder:
    """Two seconds of 40 × 64 pixels at 25 frames a second, each frame of one grey."""

    times = tuple(n / 25 for n in range(50))
    size = (40, 64)
    fps = 25.0

    def decode(self, indices: Sequence[int]) -> list[np.ndarray]:
        return [np.full((*self.size, 3), index, np.uint8) for index in indices]


def clip() -> Clip:
    return Clip(Decoder(), digest="0" * 64, modality="US")

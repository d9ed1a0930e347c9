"""Independent readers that say where the voxels of a file lie and what they are."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_medvlm.imaging import Volume, read

LPS_TO_RAS = np.array([-1.0, -1.0, 1.0])


def only(path: Path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


def corners(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Indices of the corner voxels of (slices, rows, columns)."""
    return list(product(*((0, count - 1) for count in shape)))


def positions(volume: Volume) -> npt.NDArray[np.float64]:
    """RAS+ mm of the corner voxels."""
    return np.array([volume.affine @ (*corner, 1) for corner in corners(volume.spatial_shape)])[
        :, :3
    ]


def itk_positions(path: Path) -> npt.NDArray[np.float64]:
    """The same, as ITK reads them."""
    import SimpleITK as sitk

    image = sitk.ReadImage(str(path))
    shape = image.GetSize()[2::-1]
    extra = (0,) * (image.GetDimension() - 3)
    return (
        np.array(
            [
                image.TransformIndexToPhysicalPoint((i, j, k, *extra))[:3]
                for k, j, i in corners(shape)
            ]
        )
        * LPS_TO_RAS
    )


def itk_voxels(path: Path) -> npt.NDArray[np.generic]:
    import SimpleITK as sitk

    return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))


def itk_write(path: Path, array, *, vector=False, compress=False, oblique=True) -> Path:
    """An image that ITK writes, with axes that are turned in space."""
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(array, isVector=vector)
    if image.GetDimension() == 3:
        image.SetSpacing((0.7, 0.8, 2.5))
        image.SetOrigin((-120.5, 33.25, 900.0))
        if oblique:
            turn = sitk.Euler3DTransform()
            turn.SetRotation(0.1, -0.2, 0.3)
            image.SetDirection(turn.GetMatrix())
    sitk.WriteImage(image, str(path), compress)
    return path

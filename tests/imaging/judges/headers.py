"""The headers themselves as a judge: where each pixel of each file lies, by PS3.3 C.7.6.2.1.1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pydicom

from napari_medvlm.imaging import Volume

_RAS = np.array([-1.0, -1.0, 1.0])


def farthest(folder: Path, volume: Volume) -> float:
    """Largest distance (mm) of a slice's corners from where its own header puts them.

    Only for a Volume without time whose slices are single-frame files; every slice is found
    by its values.
    """
    planes = [_plane(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    worst = 0.0
    for k, pixels in enumerate(np.asarray(volume.voxels, np.float64)):
        corners = next(c for values, c in planes if np.array_equal(values, pixels))
        rows, columns = pixels.shape
        for (j, i), told in corners.items():
            index = (k, j * (rows - 1), i * (columns - 1), 1.0)
            got = (volume.affine @ index)[:3]
            worst = max(worst, float(np.linalg.norm(got - told)))
    return worst


def _plane(
    path: Path,
) -> tuple[npt.NDArray[np.float64], dict[tuple[int, int], npt.NDArray[np.float64]]]:
    ds = pydicom.dcmread(path)
    values = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
    origin = np.array(ds.ImagePositionPatient, float)
    cosines = np.array(ds.ImageOrientationPatient, float)
    between_rows, between_columns = (float(v) for v in ds.PixelSpacing)
    across = cosines[:3] * between_columns * (ds.Columns - 1)
    down = cosines[3:] * between_rows * (ds.Rows - 1)
    corners = {(j, i): (origin + j * down + i * across) * _RAS for j in (0, 1) for i in (0, 1)}
    return values, corners

"""Classic series against SimpleITK's series reader (GDCM sorts, ITK rescales)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from napari_medvlm.imaging import Volume, read

from ..dicom.odd_series import CASES
from .niix import Image, disagreements, ours


def with_itk(folder: Path) -> Image:
    """The one series of a folder; ITK's physical points are LPS mm."""
    reader = SimpleITK.ImageSeriesReader()
    (series,) = reader.GetGDCMSeriesIDs(str(folder))
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder), series))
    image = reader.Execute()
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    affine[:2] *= -1
    values = SimpleITK.GetArrayFromImage(image).astype(np.float64).transpose(2, 1, 0)
    return Image(values, affine, "ITK")


@pytest.mark.parametrize(
    "name",
    ["axial", "coronal", "sagittal", "oblique", "double_oblique_coronal", "head_down", "prone",
     "feet_first", "numbers_do_not_help", "thickness_is_no_spacing", "no_thickness", "unsigned",
     "rescale_by_slice", "philips_scaling", "rounded_positions"],
)  # fmt: skip
def test_corners_and_values_are_those_of_itk(name, tmp_path):
    folder = tmp_path / name
    CASES[name](folder)
    (volume,) = read(folder)
    assert isinstance(volume, Volume)
    assert disagreements(ours(volume), [with_itk(folder)]) == []

"""Frames of one file against dcm2niix and SimpleITK: the same slices at the same places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom.sequence import Sequence as Items
from pydicom.uid import CTImageStorage, NuclearMedicineImageStorage

from napari_medvlm.imaging import read

from ..dicom.makers import item
from ..series import image, save
from .niix import Image, converted, disagreements, ours

#: An oblique plane: along rows, along columns.
OBLIQUE = [0.8, 0.6, 0.0, -0.48, 0.64, -0.6]
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])


def frames(count: int = 5) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 999, (count, 6, 7)).astype(np.uint16)


def cone_beam(**tags: Any) -> Any:
    tags = {"SpacingBetweenSlices": 0.3, "SliceThickness": 0.3, **tags}
    return image(
        frames(), position=[-20, -30, 40], orientation=OBLIQUE, Modality="CT", NumberOfFrames=5,
        sop_class=CTImageStorage, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"], **tags,
    )  # fmt: skip


def reconstructed(step: float, *, vector: bool) -> Any:
    ds = image(
        frames(), position=None, orientation=None, Modality="NM", NumberOfFrames=5,
        sop_class=NuclearMedicineImageStorage, SpacingBetweenSlices=step, NumberOfSlices=5,
        SliceThickness=4.4, ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        FrameIncrementPointer=0x00540080,
    )  # fmt: skip
    place = {"ImagePositionPatient": [-20, -30, 100], "ImageOrientationPatient": OBLIQUE}
    ds.DetectorInformationSequence = Items([item(**place)])
    if vector:
        ds.SliceVector = [1, 2, 3, 4, 5]
    return ds


def by_simpleitk(path: Any) -> Image:
    found = sitk.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(found.GetDirection(), (3, 3)) * found.GetSpacing()
    affine[:3, 3] = found.GetOrigin()
    values = sitk.GetArrayFromImage(found).astype(float).transpose(2, 1, 0)
    return Image(values, _LPS_TO_RAS @ affine, str(path))


OBJECTS = {
    "cone beam": cone_beam,
    "reconstruction": lambda: reconstructed(4.4, vector=True),
    "reconstruction without vector": lambda: reconstructed(4.4, vector=False),
    "reconstruction against the normal": lambda: reconstructed(-4.4, vector=True),
    "the same without vector": lambda: reconstructed(-4.4, vector=False),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_slices_lie_where_simpleitk_puts_them(name, tmp_path):
    path = save(OBJECTS[name](), tmp_path / "a.dcm")
    (volume,) = read(path)
    assert disagreements(ours(volume), [by_simpleitk(path)]) == []


#: dcm2niix takes the length of a negative distance alone; PS3.3 C.8.4.15 and SimpleITK its sign.
OTHERWISE = ("reconstruction against the normal", "the same without vector")


@pytest.mark.parametrize("name", [name for name in OBJECTS if name not in OTHERWISE])
def test_slices_lie_where_dcm2niix_puts_them(name, tmp_path):
    (tmp_path / "in").mkdir()
    save(OBJECTS[name](), tmp_path / "in" / "a.dcm")
    (volume,) = read(tmp_path / "in")
    assert disagreements(ours(volume), converted(tmp_path / "in", tmp_path / "out")) == []

"""Which of a NIfTI header's three ways to say where it lies is believed."""

from __future__ import annotations

import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk

from napari_medvlm.imaging import Volume, read

#: Offsets of nifti1.h.
PIXDIM, QFORM_CODE, SFORM_CODE, QUATERNION, SFORM = 76, 252, 254, 256, 280
TURNED = np.array([[0, -2.0, 0, 5], [3.0, 0, 0, 6], [0, 0, 4.0, 7], [0, 0, 0, 1]])
NAN = float("nan")


def write(path: Path, *edits: tuple[int, str, tuple[float, ...]]) -> Path:
    """An image of a sound qform and no sform, and then some bytes of its header changed."""
    image = nib.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.eye(4))
    image.set_qform(TURNED, 1)
    image.set_sform(np.diag([1.0, 1.0, 1.0, 1.0]), 0)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    data = bytearray(path.read_bytes())
    for offset, kind, values in edits:
        struct.pack_into(f"<{len(values)}{kind}", data, offset, *values)
    path.write_bytes(data)
    return path


def only(path: Path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


def by_itk(path: Path) -> np.ndarray:
    """(k, j, i) to RAS+ millimetres as ITK has it."""
    image = sitk.ReadImage(str(path))
    lps = np.eye(4)
    lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    lps[:3, 3] = image.GetOrigin()
    ras = np.diag([-1, -1, 1, 1]) @ lps
    ras[:, :3] = ras[:, 2::-1]
    return ras


BROKEN = {
    "zeros": (0.0,) * 12,
    "flat": (1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0),
    "not finite": (1, 0, 0, NAN, 0, 1, 0, 0, 0, 0, 1, 0),
    "a row of zeros": (2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("sform", BROKEN.values(), ids=BROKEN.keys())
def test_an_sform_that_is_no_transform_leaves_it_to_the_qform(tmp_path, sform):
    path = write(tmp_path / "a.nii", (SFORM_CODE, "h", (1,)), (SFORM, "f", sform))
    volume = only(path)
    assert volume.oriented
    np.testing.assert_allclose(volume.affine[:, 2::-1], TURNED[:, :3], atol=1e-5)
    np.testing.assert_allclose(volume.affine[:, 3], TURNED[:, 3])
    np.testing.assert_allclose(volume.affine, by_itk(path), atol=1e-5)
    assert volume.remarks[:2] == (
        "The sform is set (code 1) but is no transform; it is not used.",
        "Orientation and spacing from the qform (code 1, scanner).",
    )
    assert len(volume.remarks) == 2


@pytest.mark.parametrize("quaternion", [(1.0, 1.0, 1.0), (NAN, 0.0, 0.0)])
def test_a_quaternion_that_is_none_leaves_the_spacing_alone(tmp_path, quaternion):
    volume = only(write(tmp_path / "a.nii", (QUATERNION, "f", quaternion)))
    assert not volume.oriented
    assert volume.spacing == pytest.approx((4, 2, 3))
    assert any("qform is set (code 1) but is no transform" in r for r in volume.remarks)
    assert any("orientation is unknown" in r for r in volume.remarks)
    assert not any("from the qform" in r for r in volume.remarks)


def test_both_forms_may_be_broken(tmp_path):
    path = write(
        tmp_path / "a.nii",
        (SFORM_CODE, "h", (2,)),
        (SFORM, "f", BROKEN["zeros"]),
        (QUATERNION, "f", (2.0, 0.0, 0.0)),
    )
    volume = only(path)
    assert not volume.oriented
    assert volume.spacing == pytest.approx((4, 2, 3))
    assert sum("is no transform" in r for r in volume.remarks) == 2


@pytest.mark.parametrize("steps", [(0.0,), (1.0,)])
def test_qfac_of_zero_means_one(tmp_path, steps):
    path = write(tmp_path / "a.nii", (PIXDIM, "f", steps))
    np.testing.assert_allclose(only(path).affine, by_itk(path), atol=1e-5)


@pytest.mark.parametrize("step", [-2.0, 0.0])
def test_a_spacing_that_is_no_distance_is_told(tmp_path, step):
    volume = only(write(tmp_path / "a.nii", (PIXDIM + 4, "f", (step,))))
    assert volume.spacing[2] == pytest.approx(abs(step) or 1)
    assert any("pixdim is negative or no distance" in r for r in volume.remarks)


def test_without_forms_the_spacing_is_pixdim_s(tmp_path):
    volume = only(write(tmp_path / "a.nii", (QFORM_CODE, "h", (0,))))
    assert not volume.oriented
    assert volume.spacing == pytest.approx((4, 2, 3))
    assert len(volume.remarks) == 1


def test_shear_of_an_sform_is_kept(tmp_path):
    sheared = (1.0, 0, 0.3, 1, 0, 1.0, 0, 2, 0, 0, 2.0, 3)
    path = write(tmp_path / "a.nii", (SFORM_CODE, "h", (2,)), (SFORM, "f", sheared))
    np.testing.assert_allclose(only(path).affine[:3, 2::-1], np.reshape(sheared, (3, 4))[:, :3])
    assert any("disagrees" in r for r in only(path).remarks)


def test_a_flat_image_need_not_have_a_third_spacing(tmp_path):
    image = nib.Nifti1Image(np.ones((3, 4), np.int16), None)
    image.header.set_xyzt_units("mm")
    nib.save(image, tmp_path / "a.nii")
    data = bytearray((tmp_path / "a.nii").read_bytes())
    struct.pack_into("<f", data, PIXDIM + 12, 0.0)
    (tmp_path / "a.nii").write_bytes(data)
    assert not any("pixdim is" in r for r in only(tmp_path / "a.nii").remarks)

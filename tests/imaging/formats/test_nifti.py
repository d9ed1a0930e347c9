from __future__ import annotations

import gzip
from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, read, slice_count, take

from ..series import write_series

RNG = np.random.default_rng(11)


def only(path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


def write(path, array, affine=None, **codes):
    image = nib.Nifti1Image(array, np.diag([2.0, 3.0, 4.0, 1.0]) if affine is None else affine)
    for kind, code in codes.items():
        getattr(image, f"set_{kind}")(image.affine, code=code)
    image.header.set_xyzt_units("mm", "sec")
    nib.save(image, path)
    return path


def test_axes_are_turned_round_and_the_affine_with_them(tmp_path):
    array = RNG.integers(-5, 500, (4, 5, 6)).astype(np.int16)
    affine = np.array([[-2.0, 0, 0, 9], [0, 0, 3.0, -7], [0, 4.0, 0, 5], [0, 0, 0, 1]])
    path = write(tmp_path / "a.nii.gz", array, affine, sform=1)
    volume = only(path)
    np.testing.assert_array_equal(volume.voxels, array.transpose(2, 1, 0))
    for i, j, k in [(0, 0, 0), (3, 4, 5), (1, 2, 3)]:
        np.testing.assert_allclose(volume.affine @ (k, j, i, 1), affine @ (i, j, k, 1))
    assert volume.oriented
    assert "sform (code 1, scanner)" in volume.remarks[0]


@settings(deadline=None, max_examples=15)
@given(
    st.sampled_from(list(permutations(range(3)))),
    st.sampled_from(list(product((-1, 1), repeat=3))),
)
def test_a_stored_layout_never_changes_what_is_shown(tmp_path_factory, order, sign):
    # The same patient, stored in any order and direction, gives the same frames.
    reference = nib.Nifti1Image(RNG.integers(0, 250, (4, 5, 6)).astype(np.uint8), np.eye(4))
    target = np.stack([np.array(order), np.array(sign)], axis=1).astype(float)
    folder = tmp_path_factory.mktemp("layout")
    nib.save(reference, folder / "a.nii")
    nib.save(reference.as_reoriented(target), folder / "b.nii")
    a, b = only(folder / "a.nii"), only(folder / "b.nii")
    for plane in ("axial", "coronal", "sagittal"):
        places = []
        for volume in (a, b):
            count = slice_count(volume, plane)
            frames = take(volume, Selection(tuple(range(count)), plane))
            places.append({f.position: f.pixels for f in frames})
        assert places[0].keys() == places[1].keys()
        for position, pixels in places[0].items():
            np.testing.assert_array_equal(pixels, places[1][position])


def test_nifti_and_dicom_of_one_scan_agree(tmp_path):
    voxels = RNG.integers(-900, 900, (5, 8, 9)).astype(np.int16)
    series = only(write_series(tmp_path / "ct", voxels))
    # Stored as most converters do: from left to right and from back to front.
    lps = np.array([[0.7, 0, 0, -20.0], [0, 0.8, 0, -30], [0, 0, 5, 100], [0, 0, 0, 1]])
    ras = np.diag([-1.0, -1.0, 1.0, 1.0]) @ lps
    stored = nib.as_closest_canonical(nib.Nifti1Image(voxels.transpose(2, 1, 0), ras))
    nib.save(stored, tmp_path / "ct.nii.gz")
    volume = only(tmp_path / "ct.nii.gz")
    for plane, index in (("axial", (2,)), ("coronal", (3,)), ("sagittal", (4,))):
        wanted = take(series, Selection(index, plane))[0]
        frames = take(volume, Selection(tuple(range(slice_count(volume, plane))), plane))
        (same,) = (f for f in frames if f.position == pytest.approx(wanted.position, abs=1e-4))
        np.testing.assert_array_equal(same.pixels, wanted.pixels)


def test_scaling_is_applied_and_whole_numbers_stay_int16(tmp_path):
    image = nib.Nifti1Image(np.full((2, 2, 2), 100, np.uint8), np.eye(4))
    image.header.set_slope_inter(2, -1024)
    nib.save(image, tmp_path / "a.nii")
    image.header.set_slope_inter(0.01, 0)
    nib.save(image, tmp_path / "b.nii")
    # nibabel rewrites scaling on saving, so it is put into the file itself.
    for name, slope, inter in (("a", 2, -1024), ("b", 0.01, 0)):
        data = bytearray((tmp_path / f"{name}.nii").read_bytes())
        data[112:120] = np.array([slope, inter], "<f4").tobytes()
        (tmp_path / f"{name}.nii").write_bytes(data)
    a, b = only(tmp_path / "a.nii"), only(tmp_path / "b.nii")
    assert (a.voxels.dtype, a.voxels[0, 0, 0]) == (np.int16, -824)
    assert b.voxels.dtype == np.float32
    assert b.voxels[0, 0, 0] == pytest.approx(1.0)


def test_four_axes_are_time(tmp_path):
    array = RNG.integers(0, 9, (4, 5, 6, 3)).astype(np.int16)
    image = nib.Nifti1Image(array, np.eye(4))
    image.header.set_xyzt_units("mm", "msec")
    image.header.set_zooms((1, 1, 1, 1500))
    nib.save(image, tmp_path / "a.nii")
    volume = only(tmp_path / "a.nii")
    assert volume.temporal
    assert volume.times == (0.0, 1.5, 3.0)
    np.testing.assert_array_equal(volume.voxels, array.transpose(3, 2, 1, 0))


def test_colour_is_kept(tmp_path):
    rgb = RNG.integers(0, 255, (4, 5, 2, 3)).astype(np.uint8)
    packed = np.ascontiguousarray(rgb).view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    nib.save(nib.Nifti1Image(packed, np.eye(4)), tmp_path / "a.nii")
    volume = only(tmp_path / "a.nii")
    assert volume.coloured
    np.testing.assert_array_equal(volume.voxels, rgb.transpose(2, 1, 0, 3))


def test_qform_and_nothing_are_told_apart(tmp_path):
    zeros = np.zeros((2, 3, 4), np.int16)
    qform = only(write(tmp_path / "q.nii", zeros, sform=0, qform=1))
    assert qform.oriented
    assert "qform (code 1, scanner)" in qform.remarks[0]
    bare = only(write(tmp_path / "n.nii", zeros, sform=0, qform=0))
    assert not bare.oriented
    assert bare.spacing == (4.0, 3.0, 2.0)
    assert "orientation is unknown" in bare.remarks[0]


def test_values_that_are_no_numbers_are_replaced_and_said(tmp_path):
    array = np.full((2, 2, 2), 0.5, np.float32)
    array[0, 0, 0], array[1, 1, 1] = np.nan, 0.25
    volume = only(write(tmp_path / "a.nii", array))
    assert volume.voxels[0, 0, 0] == 0.25
    assert any("1 values were not finite" in r for r in volume.remarks)


def test_content_decides_not_the_name(tmp_path):
    array = RNG.integers(0, 9, (4, 5, 6)).astype(np.int16)
    path = write(tmp_path / "a.nii", array)
    for name, data in (("scan", path.read_bytes()), ("z", gzip.compress(path.read_bytes()))):
        (tmp_path / name).write_bytes(data)
        np.testing.assert_array_equal(only(tmp_path / name).voxels, array.transpose(2, 1, 0))


def test_bent_headers_are_read_without_a_word_on_the_screen(tmp_path, capfd):
    path = write(tmp_path / "a.nii", np.zeros((2, 3, 4), np.int16), sform=0, qform=0)
    data = bytearray(path.read_bytes())
    data[123] = 7  # units of length and time that the standard does not know
    data[252:256] = np.array([0, 97], "<i2").tobytes()  # and a coordinate space
    path.write_bytes(data)
    volume = only(path)
    assert not volume.oriented
    assert "mm is assumed" in volume.remarks[1]
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_truncated_files_are_errors(tmp_path, name):
    path = write(tmp_path / name, RNG.integers(0, 999, (40, 50, 6)).astype(np.int16))
    path.write_bytes(path.read_bytes()[:6000])
    with pytest.raises(ImagingError, match="expected a NIfTI image"):
        read(path)

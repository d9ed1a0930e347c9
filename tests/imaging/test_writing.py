from __future__ import annotations

import gzip
import subprocess
from dataclasses import replace

import dcm2niix
import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.imaging.progress import Cancelled, Step
from napari_medvlm.imaging.writing import UNKNOWN_ORIENTATION, caveats, layer_volume, write_nifti

from .series import write_series
from .test_orientation import affine_of, orders, signs

SHAPE = (3, 4, 5)
RNG = np.random.default_rng(7)


def corners(affine, shape):
    ends = np.array(shape[:3]) - 1
    return np.array([(affine @ (*(ends * bits), 1))[:3] for bits in np.ndindex(2, 2, 2)])


def volume(dtype=np.int16, **more):
    voxels = RNG.integers(0, 100, SHAPE).astype(dtype)
    affine = affine_of((2, 1, 0), (1, -1, -1), (5.0, 0.8, 0.7))
    return Volume(voxels, **({"affine": affine} | more))


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
def test_types_and_voxels_are_kept(tmp_path, dtype):
    made = volume(dtype)
    image = nib.load(write_nifti(made, tmp_path / "a.nii.gz"))
    assert image.get_data_dtype() == np.dtype(dtype)
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), made.voxels.T)
    assert image.header.get_xyzt_units()[0] == "mm"
    np.testing.assert_allclose(image.header.get_zooms(), (0.7, 0.8, 5.0), rtol=1e-6)


def test_flags_become_0_and_1(tmp_path):
    made = replace(volume(), voxels=RNG.random(SHAPE) > 0.5)
    image = nib.load(write_nifti(made, tmp_path / "a.nii"))
    assert image.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), made.voxels.T)


@settings(max_examples=25, deadline=None)
@given(orders, signs, st.floats(-0.4, 0.4))
def test_both_forms_put_every_corner_where_the_volume_has_it(tmp_path_factory, order, sign, angle):
    turn = np.eye(4)
    turn[:2, :2] = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    affine = turn @ affine_of(order, sign, (5.0, 0.8, 0.7))
    path = tmp_path_factory.mktemp("forms") / "a.nii"
    image = nib.load(write_nifti(volume(affine=affine), path))
    expected = corners(affine[:, [2, 1, 0, 3]], SHAPE[::-1])
    for form in (image.get_sform(coded=True), image.get_qform(coded=True)):
        assert form[1] > 0
        np.testing.assert_allclose(corners(form[0], SHAPE[::-1]), expected, atol=1e-3)
    (again,) = read(path)
    np.testing.assert_allclose(again.affine, affine, atol=1e-4)


def test_a_tilted_gantry_is_kept_by_the_sform_and_no_qform_says_otherwise(tmp_path):
    affine = affine_of((2, 1, 0), (1, -1, -1), (5.0, 0.8, 0.7))
    affine[1, 0] += 1.2
    image = nib.load(write_nifti(volume(affine=affine), tmp_path / "a.nii"))
    np.testing.assert_allclose(image.get_sform(), affine[:, [2, 1, 0, 3]], atol=1e-5)
    assert image.header["qform_code"] == 0


def test_an_unknown_orientation_is_claimed_by_no_form(tmp_path):
    made = volume(affine=np.diag([3.0, 2.0, 1.0, 1.0]), oriented=False)
    path = write_nifti(made, tmp_path / "a.nii")
    header = nib.load(path).header
    assert (header["sform_code"], header["qform_code"]) == (0, 0)
    np.testing.assert_allclose(header.get_zooms(), (1, 2, 3))
    (again,) = read(path)
    assert not again.oriented
    assert caveats(made) == [UNKNOWN_ORIENTATION]
    assert caveats(volume()) == []


def test_time_and_colour_have_their_places(tmp_path):
    moving = Volume(
        np.arange(2 * 60, dtype=np.int16).reshape(2, *SHAPE), np.eye(4),
        temporal=True, times=(0.0, 2.5),
    )  # fmt: skip
    image = nib.load(write_nifti(moving, tmp_path / "t.nii"))
    assert image.shape == (5, 4, 3, 2)
    assert image.header.get_zooms()[3] == 2.5
    assert image.header.get_xyzt_units() == ("mm", "sec")
    (again,) = read(tmp_path / "t.nii")
    assert again.times == (0.0, 2.5)
    coloured = Volume(RNG.integers(0, 255, (*SHAPE, 3)).astype(np.uint8), np.eye(4), coloured=True)
    write_nifti(coloured, tmp_path / "c.nii")
    (again,) = read(tmp_path / "c.nii")
    assert again.coloured
    np.testing.assert_array_equal(again.voxels, coloured.voxels)


def test_a_mask_of_a_nifti_scan_lies_on_the_very_grid_of_its_file(tmp_path):
    affine = np.array(
        [[-0.7, 0.1, 0, 33.3], [0.1, 0.69, 0.2, -17.7], [0, -0.2, 2.9, 5.1], [0, 0, 0, 1]]
    )
    source = nib.Nifti1Image(RNG.integers(0, 9, (6, 5, 4)).astype(np.int16), affine)
    nib.save(source, tmp_path / "scan.nii.gz")
    (scan,) = read(tmp_path / "scan.nii.gz")
    _, attributes, _ = layer_data(scan)
    labels = np.zeros(scan.voxels.shape, np.uint8)
    labels[1, 2, 3] = 7
    bare = {key: attributes[key] for key in ("scale", "translate", "units", "axis_labels")}
    mask = layer_volume(labels, {"metadata": {}, **bare}, [scan])
    written = nib.load(write_nifti(mask, tmp_path / "mask.nii.gz"))
    np.testing.assert_array_equal(written.affine, nib.load(tmp_path / "scan.nii.gz").affine)
    assert np.asanyarray(written.dataobj)[3, 2, 1] == 7
    assert written.get_data_dtype() == np.uint8


def test_a_cropped_or_coarser_mask_keeps_its_place(tmp_path):
    made = volume()
    scan = replace(made, affine=affine_of((0, 2, 1), (-1, 1, 1), (2.0, 1.0, 0.5)))
    _, attributes, _ = layer_data(scan)
    scale, translate = np.array(attributes["scale"]), np.array(attributes["translate"])
    half = {"scale": scale * (1, 2, 2), "translate": translate + scale * (1, 0.5, 0.5)}
    placed = layer_volume(np.zeros((2, 2, 2), np.uint8), half, [scan])
    # Its first voxel's centre lies between the scan's voxels (1, 0, 0) and (1, 1, 1).
    np.testing.assert_allclose(
        placed.affine @ (0, 0, 0, 1), scan.affine @ (1, 0.5, 0.5, 1), atol=1e-9
    )
    np.testing.assert_allclose(
        placed.affine @ (1, 1, 1, 1), scan.affine @ (2, 2.5, 2.5, 1), atol=1e-9
    )


def test_a_layer_that_was_moved_is_saved_where_it_was_moved_to():
    scan = volume()
    data, attributes, _ = layer_data(scan)
    moved = np.eye(4)
    moved[0, 3] = 10.0
    placed = layer_volume(data, attributes | {"affine": moved})
    shift = placed.affine - scan.affine
    np.testing.assert_allclose(shift[:3, 3], scan.affine[:3, 0] / 5.0 * 10.0)
    np.testing.assert_allclose(shift[:3, :3], 0, atol=1e-12)


def test_masks_find_their_scan_among_those_in_use():
    # A grid of its own, so that no Volume of another test fits.
    scan = volume(affine=affine_of((0, 1, 2), (-1, -1, 1), (5.5, 0.81, 0.72)))
    _, attributes, _ = layer_data(scan)
    bare = {key: attributes[key] for key in ("scale", "translate")}
    mask = layer_volume(np.zeros(SHAPE, np.uint8), bare)
    assert mask.oriented
    np.testing.assert_array_equal(mask.affine, scan.affine)


def test_scans_of_different_orientation_at_one_place_are_told_apart_or_refused():
    one = volume(affine=np.diag([5.0, 0.8, 0.7, 1.0]))
    other = volume(affine=affine_of((2, 1, 0), (1, 1, 1), (5.0, 0.8, 0.7)))
    same = replace(other, affine=other.affine[[0, 1, 2, 3]])
    same.affine[:3, 3] = 0
    _, attributes, _ = layer_data(one)
    bare = {key: attributes[key] for key in ("scale", "translate")}
    with pytest.raises(ImagingError, match="different orientation"):
        layer_volume(np.zeros(SHAPE, np.uint8), bare, [one, same])


def test_a_mask_of_nothing_known_has_spacing_and_no_orientation():
    made = layer_volume(
        np.zeros(SHAPE, np.uint8), {"scale": (2, 1, 1), "units": ("micrometer",) * 3}, []
    )
    assert not made.oriented
    assert made.unit == "mm"
    np.testing.assert_allclose(made.spacing, (0.002, 0.001, 0.001))


@pytest.mark.parametrize("shape", [(3,), (1, 1, 1, 1, 1), (0, 4, 4)])
def test_layers_of_other_axes_are_refused(shape):
    with pytest.raises(ImagingError, match="two to four axes"):
        layer_volume(np.zeros(shape, np.uint8), {}, [])


def test_complex_numbers_are_refused_by_name(tmp_path):
    made = replace(volume(), voxels=np.zeros(SHAPE, complex))
    with pytest.raises(ImagingError, match=r"a\.nii.*complex128"):
        write_nifti(made, tmp_path / "a.nii")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = write_nifti(volume(), tmp_path / "a.nii")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("napari_medvlm.imaging.writing.os.replace", full)
    with pytest.raises(ImagingError, match=r"a\.nii could not be written: No space left"):
        write_nifti(volume(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.nii"]


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("coloured", [False, True])
def test_what_is_written_with_words_about_it_is_the_same(tmp_path, suffix, coloured):
    made = volume()
    voxels = RNG.integers(0, 250, (4, 700, 900, *(3,) * coloured))
    made = replace(made, voxels=voxels.astype("u1" if coloured else "i2"), coloured=coloured)
    steps: list[Step] = []
    plain = write_nifti(made, tmp_path / f"plain{suffix}")
    told = write_nifti(made, tmp_path / f"told{suffix}", steps.append)
    packed = suffix.endswith("gz")
    a, b = ((gzip.decompress if packed else bytes)(p.read_bytes()) for p in (plain, told))
    assert a == b
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert done[-1] == steps[-1].total == made.voxels.nbytes >> 20
    assert len(set(done)) > 3


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
@pytest.mark.parametrize("words", [1, 2, 4])
def test_a_stopped_write_leaves_the_old_file_and_nothing_else(tmp_path, suffix, words):
    path = write_nifti(volume(), tmp_path / f"a{suffix}")
    before = path.read_bytes()
    made = replace(volume(), voxels=np.zeros((3, 700, 700), np.int16))
    heard: list[Step] = []

    def stop(step: Step) -> None:
        heard.append(step)
        if len(heard) == words:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_nifti(made, path, stop)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_missing_folder_and_a_wrong_name_are_told(tmp_path):
    with pytest.raises(ImagingError, match=r"b\.nii could not be written"):
        write_nifti(volume(), tmp_path / "nowhere" / "b.nii")
    with pytest.raises(ImagingError, match=r"ends in \.nii or \.nii\.gz"):
        write_nifti(volume(), tmp_path / "b.mha")


def test_nothing_of_the_patient_goes_into_the_file(tmp_path):
    folder = write_series(tmp_path / "Doe_Jane", RNG.integers(0, 99, SHAPE).astype(np.int16))
    (scan,) = read(folder)
    raw = write_nifti(scan, tmp_path / "a.nii").read_bytes()
    for secret in (b"Doe", b"Jane", b"SECRET", b"1.2.3.4"):
        assert secret not in raw
    assert bytes(nib.load(tmp_path / "a.nii").header["descrip"]).strip(b"\0") == b""


def test_a_dicom_series_lies_where_dcm2niix_puts_it(tmp_path):
    turned = (0.98, 0.199, 0, -0.199, 0.98, 0)
    folder = write_series(
        tmp_path / "in", RNG.integers(0, 99, (4, 8, 6)).astype(np.int16), orientation=turned,
        StudyInstanceUID="1.2.3", FrameOfReferenceUID="1.2.5", SliceThickness=5.0,
    )  # fmt: skip
    (scan,) = read(folder)
    ours = nib.load(write_nifti(scan, tmp_path / "ours.nii"))
    (tmp_path / "out").mkdir()
    subprocess.run(
        [dcm2niix.bin, "-z", "n", "-f", "theirs", "-o", tmp_path / "out", folder],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    theirs = nib.load(next((tmp_path / "out").glob("*.nii")))
    assert sorted(ours.shape) == sorted(theirs.shape)
    # Rows may run the other way there: the same set of corners, and the same voxels at them.
    mine, other = (corners(x.affine, x.shape) for x in (ours, theirs))
    a, b = (np.asanyarray(x.dataobj) for x in (ours, theirs))
    at = [tuple(np.array(bits) * -1) for bits in np.ndindex(2, 2, 2)]
    for corner, index in zip(mine, at, strict=True):
        nearest = int(np.argmin(np.linalg.norm(other - corner, axis=1)))
        np.testing.assert_allclose(other[nearest], corner, atol=1e-3)
        assert a[index] == b[at[nearest]]

from __future__ import annotations

import gzip
from itertools import permutations, product
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, read, slice_count, take
from napari_medvlm.imaging.progress import Cancelled
from napari_medvlm.imaging.scan import scan

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


def patch(path, **fields):
    """Write header fields of a NIfTI-1 file in place, by their offset and type."""
    places = {
        "dim": (40, "<i2"), "intent": (68, "<i2"), "pixdim": (76, "<f4"), "offset": (108, "<f4"),
        "scaling": (112, "<f4"), "units": (123, "u1"), "quatern": (256, "<f4"),
        "codes": (252, "<i2"),
    }  # fmt: skip
    data = bytearray(path.read_bytes())
    for name, values in fields.items():
        at, kind = places[name]
        packed = np.array(values, kind).tobytes()
        data[at : at + len(packed)] = packed
    path.write_bytes(data)
    return path


def test_files_that_come_with_nibabel():
    folder = Path(nib.__file__).parent / "tests" / "data"
    names = ["anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz",
             "standard.nii.gz", "reoriented_anat_moved.nii"]  # fmt: skip
    for path in (folder / name for name in names):
        (entry,) = scan(path).entries
        volume = only(path)
        image = nib.load(path, mmap=False)
        wanted = np.asanyarray(image.dataobj).T
        np.testing.assert_allclose(volume.voxels, wanted, rtol=1e-6)
        np.testing.assert_allclose(volume.affine[:3, 2::-1], image.affine[:3, :3])
        np.testing.assert_allclose(volume.affine[:3, 3], image.affine[:3, 3])
        assert entry.shape == volume.voxels.shape
        assert (entry.spacing, entry.unit) == (volume.spacing, volume.unit)
        assert entry.preview().dtype == np.uint8
    with pytest.raises(ImagingError, match="CIFTI"):
        read(folder / "row_major.dconn.nii")


@pytest.mark.parametrize("kind", [nib.Nifti1Pair, nib.Nifti2Pair, nib.Spm2AnalyzeImage])
@pytest.mark.parametrize("packed", ["", ".gz"])
def test_a_pair_is_one_entry_whichever_file_is_named(tmp_path, kind, packed):
    array = RNG.integers(0, 99, (4, 5, 6)).astype(np.int16)
    image = kind(array, np.diag([2.0, 3.0, 4.0, 1.0]))
    image.to_filename(tmp_path / f"a.img{packed}")
    volumes = [only(tmp_path / f"a.{ending}{packed}") for ending in ("hdr", "img")]
    for volume in volumes:
        np.testing.assert_array_equal(volume.voxels, array.T)
        assert volume.spacing == (4.0, 3.0, 2.0)
        assert volume.oriented == (kind is not nib.Spm2AnalyzeImage)
    found = scan(tmp_path)
    assert [entry.files for entry in found.entries] == [2]
    # SPM writes its own orientation into a .mat file, which is not read.
    assert all(".mat" in one.path.name for one in found.left_out)
    (tmp_path / f"a.img{packed}").unlink()
    with pytest.raises(ImagingError, match="found none"):
        read(tmp_path / f"a.hdr{packed}")


def test_analyze_has_no_orientation_and_says_so(tmp_path):
    nib.AnalyzeImage(np.zeros((4, 5, 6), np.int16), np.eye(4)).to_filename(tmp_path / "a.img")
    volume = only(tmp_path / "a.img")
    assert not volume.oriented
    assert "Analyze 7.5: spacing from pixdim, the orientation is unknown." in volume.remarks


def test_forms_that_disagree_are_told_with_how_far(tmp_path):
    image = nib.Nifti1Image(np.zeros((11, 5, 6), np.int16), np.eye(4))
    image.set_sform(np.eye(4), 1)
    image.set_qform(np.diag([-1.0, 1, 1, 1]), 1)
    nib.save(image, tmp_path / "a.nii")
    volume = only(tmp_path / "a.nii")
    np.testing.assert_array_equal(volume.affine[:3, 2::-1], np.eye(3))
    assert any("by up to 20 mm at the corners" in r for r in volume.remarks)
    image.set_qform(np.eye(4), 1)
    nib.save(image, tmp_path / "a.nii")
    assert not any("disagrees" in r for r in only(tmp_path / "a.nii").remarks)


@pytest.mark.parametrize("unit", ["meter", "micron", "mm"])
def test_units_of_length_become_mm(tmp_path, unit):
    image = nib.Nifti1Image(np.zeros((2, 3, 4), np.int16), np.diag([2.0, 3.0, 4.0, 1.0]))
    image.header.set_xyzt_units(unit)
    nib.save(image, tmp_path / "a.nii")
    factor = {"meter": 1000, "micron": 0.001, "mm": 1}[unit]
    np.testing.assert_allclose(only(tmp_path / "a.nii").spacing, np.array([4, 3, 2]) * factor)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_in_both_byte_orders(tmp_path, kind, order):
    top = {"u1": 255, "i1": 127, "i2": 32767, "u2": 65535}.get(kind, 2**31 - 1)
    array = np.array([[[0, 1, top, 2]]]).astype(order + kind)
    header = nib.Nifti1Header(endianness=order)
    nib.save(nib.Nifti1Image(array, np.eye(4), header, dtype=array.dtype), tmp_path / "a.nii")
    volume = only(tmp_path / "a.nii")
    assert volume.voxels.dtype.isnative
    np.testing.assert_array_equal(
        volume.voxels, array.T.astype("f4") if kind[0] == "f" else array.T
    )


def test_complex_values_give_their_magnitude(tmp_path):
    nib.save(nib.Nifti1Image(np.full((2, 2, 2), 3 + 4j, np.complex64), np.eye(4)),
             tmp_path / "a.nii")  # fmt: skip
    volume = only(tmp_path / "a.nii")
    assert (volume.voxels == 5).all()
    assert any("complex" in r for r in volume.remarks)


def test_the_components_of_a_vector_lead(tmp_path):
    array = RNG.random((4, 5, 6, 1, 3)).astype(np.float32)
    image = nib.Nifti1Image(array, np.eye(4))
    image.header.set_intent("vector")
    nib.save(image, tmp_path / "a.nii")
    (entry,) = scan(tmp_path / "a.nii").entries
    volume = only(tmp_path / "a.nii")
    assert volume.temporal
    assert entry.shape == (3, 6, 5, 4)
    np.testing.assert_array_equal(volume.voxels, array[:, :, :, 0].transpose(3, 2, 1, 0))
    assert any("3 components of a vector" in r for r in volume.remarks)
    assert any("intent is vector (code 1007)" in r for r in volume.remarks)
    nib.save(nib.Nifti1Image(np.zeros((4, 5, 6, 2, 3), np.float32), np.eye(4)),
             tmp_path / "b.nii")  # fmt: skip
    with pytest.raises(ImagingError, match=r"found shape \(4, 5, 6, 2, 3\)"):
        read(tmp_path / "b.nii")


def test_rgba_and_two_axes(tmp_path):
    kinds = [(letter, "u1") for letter in "RGBA"]
    rgba = RNG.integers(0, 255, (4, 5, 2, 4)).astype(np.uint8)
    rgba[..., 3] = 255
    nib.save(nib.Nifti1Image(np.ascontiguousarray(rgba).view(kinds)[..., 0], np.eye(4)),
             tmp_path / "a.nii")  # fmt: skip
    np.testing.assert_array_equal(
        only(tmp_path / "a.nii").voxels, rgba[..., :3].transpose(2, 1, 0, 3)
    )
    flat = RNG.integers(0, 99, (4, 5)).astype(np.int16)
    nib.save(nib.Nifti1Image(flat, np.eye(4)), tmp_path / "b.nii")
    np.testing.assert_array_equal(only(tmp_path / "b.nii").voxels, flat.T[None])


def test_scaling_that_is_none_is_not_applied(tmp_path):
    array = RNG.integers(0, 99, (2, 3, 4)).astype(np.int16)
    for slope in (0.0, np.nan, np.inf):
        path = patch(write(tmp_path / "a.nii", array), scaling=[slope, 7])
        np.testing.assert_array_equal(only(path).voxels, array.T)
    with pytest.raises(ImagingError, match="invalid intercept"):
        read(patch(write(tmp_path / "a.nii", array), scaling=[2, np.nan]))


def test_header_extensions_are_passed_over(tmp_path):
    array = RNG.integers(0, 99, (2, 3, 4)).astype(np.int16)
    image = nib.Nifti1Image(array, np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"x" * 1000))
    for name in ("a.nii", "a.nii.gz"):
        nib.save(image, tmp_path / name)
        np.testing.assert_array_equal(only(tmp_path / name).voxels, array.T)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_lazy_volume_is_the_same(tmp_path, name):
    path = write(tmp_path / name, RNG.integers(-99, 99, (4, 5, 6)).astype(np.int16), sform=1)
    (entry,) = scan(path).entries
    lazy, eager = entry.open(lazy=True), entry.open()
    assert isinstance(lazy.voxels, np.memmap) == (name == "a.nii")
    assert lazy.digest == eager.digest
    assert lazy.name == eager.name == entry.name
    frames = [take(v, Selection((2,), "axial"))[0].pixels for v in (lazy, eager)]
    np.testing.assert_array_equal(*frames)


def test_the_preview_is_the_middle_slice(tmp_path):
    for shape in ((8, 9, 5), (8, 9, 5, 3)):
        array = RNG.integers(0, 255, shape).astype(np.uint8)
        for name in ("a.nii", "a.nii.gz"):
            path = write(tmp_path / name, array, np.eye(4), sform=1)
            (entry,) = scan(path).entries
            wanted = take(only(path), Selection((2,), "acquired"))[0].pixels
            np.testing.assert_array_equal(entry.preview(), wanted)


def test_reading_tells_how_far_it_is_and_can_be_stopped(tmp_path):
    path = write(tmp_path / "a.nii.gz", np.zeros((64, 64, 9), np.int16))
    (entry,) = scan(path).entries
    steps = []
    entry.open(progress=steps.append)
    assert steps[0].total == 64 * 64 * 9 * 2

    def stop(step):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        entry.open(progress=stop)


def test_names_of_files_do_not_reach_the_volume(tmp_path):
    path = write(tmp_path / "Doe_Jane.nii.gz", np.zeros((4, 5, 6), np.int16))
    (entry,) = scan(path).entries
    assert "Doe" not in repr((entry.name, entry.description, entry.remarks, only(path)))

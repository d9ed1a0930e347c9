from __future__ import annotations

import zipfile

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.formats import npy
from napari_medvlm.imaging.progress import Cancelled
from napari_medvlm.imaging.scan import scan

RNG = np.random.default_rng(5)


def test_npy_shapes_of_one_volume(tmp_path):
    voxels = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    for name, array in (("a", voxels), ("b", voxels[None]), ("c", voxels[0])):
        np.save(tmp_path / f"{name}.npy", array)
        (volume,) = read(tmp_path / f"{name}.npy")
        expected = voxels[:1] if name == "c" else voxels
        np.testing.assert_array_equal(volume.voxels, expected)
        assert volume.voxels.dtype == np.int16
        assert (volume.oriented, volume.unit, volume.spacing) == (False, "pixel", (1, 1, 1))
        assert "neither spacing nor orientation" in volume.remarks[0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{"a": 1}], dtype=object), "Python objects, which are never loaded"),
        (np.zeros((64, 64, 30, 20)), r"found shape \(64, 64, 30, 20\) of float64"),
        (np.zeros((2, 3, 4, 5, 6)), r"found shape \(2, 3, 4, 5, 6\)"),
        (np.zeros(5), r"found shape \(5,\)"),
        (np.zeros((0, 3, 4)), "found shape"),
        (np.zeros((3, 4), complex), "complex128"),
        (np.zeros((3, 4), "U3"), "<U3"),
    ],
)
def test_npy_of_other_things_is_refused(tmp_path, array, words):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ImagingError, match=words):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, ",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999, 9999), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }",
        "[1, 2",
    ],
)
def test_npy_with_a_damaged_header_is_refused(tmp_path, header):
    text = header.ljust(117).encode() + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(ImagingError, match="expected an array of numbers"):
        read(path)


def test_colour_is_three_of_uint8_at_the_end(tmp_path):
    for shape, coloured in (((4, 5, 3), True), ((2, 4, 5, 3), True)):
        array = RNG.integers(0, 255, shape, np.uint8)
        np.save(tmp_path / "a.npy", array)
        (volume,) = read(tmp_path / "a.npy")
        assert volume.coloured == coloured
        np.testing.assert_array_equal(volume.voxels, array.reshape(-1, 4, 5, 3))
        assert any("taken as colour" in r for r in volume.remarks)
    np.save(tmp_path / "a.npy", RNG.integers(0, 255, (4, 5, 3)).astype(np.int16))
    assert not read(tmp_path / "a.npy")[0].coloured


def test_any_order_and_type_gives_the_same_voxels(tmp_path):
    voxels = RNG.integers(0, 2, (2, 3, 4))
    for kind in (bool, "u1", "i1", ">i2", "<u2", "i4", "u8", ">f4", "f8", "f2"):
        for order in "CF":
            np.save(tmp_path / "a.npy", voxels.astype(kind, order=order))
            (volume,) = read(tmp_path / "a.npy")
            np.testing.assert_array_equal(volume.voxels, voxels)
            assert volume.voxels.dtype in (np.uint8, np.int16)
            assert volume.voxels.flags.c_contiguous


def test_large_whole_numbers_stay_exact(tmp_path):
    array = np.array([[[2**32 - 1, 7]]], np.uint32)
    np.save(tmp_path / "a.npy", array)
    (volume,) = read(tmp_path / "a.npy")
    assert volume.voxels.dtype == np.uint32
    np.testing.assert_array_equal(volume.voxels, array)


def test_an_archive_gives_one_entry_for_each_image(tmp_path):
    one, two = RNG.integers(0, 99, (2, 3, 4)), RNG.random((5, 6)).astype(np.float32)
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", image=one, mask=two, spacing=np.ones(3), name=np.array("x"))
        entries = scan(tmp_path / "a.npz").entries
        assert [entry.description for entry in entries] == ["image", "mask"]
        assert [entry.shape for entry in entries] == [(2, 3, 4), (1, 5, 6)]
        assert "2 other arrays of this archive are no images." in entries[0].remarks
        first, second = read(tmp_path / "a.npz")
        np.testing.assert_array_equal(first.voxels, one)
        np.testing.assert_array_equal(second.voxels[0], two)
        assert first.name != second.name
        assert entries[1].preview().shape == (5, 6, 3)


def test_an_archive_without_images_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", objects=np.array([{}], dtype=object))
    with pytest.raises(ImagingError, match="Python objects, which are never loaded"):
        read(tmp_path / "a.npz")


def test_a_changed_byte_in_an_archive_is_found(tmp_path):
    np.savez(tmp_path / "a.npz", image=RNG.integers(0, 255, (20, 30, 40), np.uint8))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[9000] ^= 1
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(ImagingError, match="Bad CRC-32"):
        read(tmp_path / "a.npz")


def test_a_lazy_array_is_the_same_volume(tmp_path):
    np.save(tmp_path / "a.npy", RNG.integers(-99, 99, (4, 5, 6)).astype(np.int16))
    (entry,) = scan(tmp_path / "a.npy").entries
    lazy, eager = entry.open(lazy=True), entry.open()
    assert isinstance(lazy.voxels, np.memmap)
    assert lazy.digest == eager.digest
    assert lazy.name == eager.name == entry.name


@pytest.mark.parametrize("shape", [(4, 6, 24, 32), (50, 6, 16, 16), (8, 8, 20, 20), (2, 3, 4, 5)])
@pytest.mark.parametrize("order", "CF")
def test_four_axes_are_time_slices_rows_columns_where_the_shape_says_so(tmp_path, shape, order):
    array = RNG.integers(-99, 99, shape).astype(np.int16, order=order)
    np.save(tmp_path / "a.npy", array)
    for lazy in (False, True):
        volume = scan(tmp_path / "a.npy").entries[0].open(lazy=lazy)
        assert volume.temporal
        assert volume.times == ()
        np.testing.assert_array_equal(np.asarray(volume.voxels), array)
        assert any("(time, slices, rows, columns)" in remark for remark in volume.remarks)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((64, 64, 36, 300), np.int16),  # columns, rows, slices, time: as nibabel has it
        ((128, 128, 128, 200), np.int16),
        ((182, 218, 182, 50), np.float32),
        ((20, 64, 64, 3), np.float32),  # colour, were it bytes
        ((20, 64, 64, 4), np.uint8),
        ((5, 4, 300, 20), np.int16),
    ],
)
def test_other_arrays_of_four_axes_are_refused_with_a_way_out(tmp_path, shape, kind):
    # Only the header is needed: nothing is read before the shape is understood.
    np.lib.format.open_memmap(tmp_path / "a.npy", "w+", kind, shape)
    with pytest.raises(ImagingError, match="found shape") as refused:
        read(tmp_path / "a.npy")
    assert "NIfTI" in refused.value.advice


def test_an_archive_of_very_many_arrays_is_listed_in_part_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "_MOST_ARRAYS", 5)
    np.savez(tmp_path / "a.npz", **{f"a{n}": np.full((2, 3, 4), n, np.int16) for n in range(12)})
    volumes = read(tmp_path / "a.npz")
    assert [int(volume.voxels[0, 0, 0]) for volume in volumes] == [0, 1, 2, 3, 4]
    for volume in volumes:
        assert any("12 arrays" in r and "7 are left out" in r for r in volume.remarks)


def test_listing_an_archive_reads_its_directory_once_and_can_be_cancelled(tmp_path, monkeypatch):
    np.savez(tmp_path / "a.npz", **{f"a{n}": np.ones((2, 3, 4), np.int16) for n in range(120)})
    opened = []
    plain = zipfile.ZipFile
    monkeypatch.setattr(zipfile, "ZipFile", lambda *a, **k: opened.append(1) or plain(*a, **k))
    steps = []
    assert len([entry.open() for entry in scan(tmp_path / "a.npz", steps.append).entries]) == 120
    assert len(opened) == 1
    assert [step.done for step in steps] == [0, 50, 100]

    def cancel(step):
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        scan(tmp_path / "a.npz", cancel)


def test_a_directory_of_millions_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "_MOST_DIRECTORY", 300)
    np.savez(tmp_path / "a.npz", **{f"a{n}": np.ones((2, 3), np.int16) for n in range(12)})
    with pytest.raises(ImagingError, match="more members than are listed"):
        read(tmp_path / "a.npz")


def test_a_member_that_moved_since_it_was_listed_is_an_error(tmp_path):
    np.savez(tmp_path / "a.npz", a=np.ones((2, 3)), b=np.ones((2, 3)))
    entries = scan(tmp_path / "a.npz").entries
    data = (tmp_path / "a.npz").read_bytes()
    (tmp_path / "a.npz").write_bytes(b"\0" * 40 + data[:-40])
    with pytest.raises(ImagingError, match=r"a\.npz"):
        entries[1].open()

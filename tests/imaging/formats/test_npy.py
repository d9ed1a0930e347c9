from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
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
        (np.zeros((2, 3, 4, 5)), r"found shape \(2, 3, 4, 5\)"),
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

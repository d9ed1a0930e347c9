from __future__ import annotations

import bz2
import gzip

import nrrd
import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.scan import scan

from .judges import itk_positions, itk_voxels, itk_write, only, positions

RNG = np.random.default_rng(7)
LPS = {"space": "left-posterior-superior", "space origin": [-10.0, 20.0, 30.0]}
DIRECTIONS = [[0.7, 0.1, 0.0], [-0.1, 0.8, 0.2], [0.0, -0.3, 2.5]]


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8"])
@pytest.mark.parametrize("ending", ["nrrd", "nhdr"])
def test_what_itk_writes_is_read_as_itk_reads_it(tmp_path, kind, ending):
    array = RNG.integers(0, 100, (4, 5, 6)).astype(kind)
    for compress in (False, True):
        path = itk_write(tmp_path / f"a.{ending}", array, compress=compress)
        volume = only(path)
        np.testing.assert_allclose(positions(volume), itk_positions(path), atol=1e-6)
        np.testing.assert_array_equal(volume.voxels, array)
        assert volume.oriented


def test_vectors_and_colour_of_itk(tmp_path):
    colour = RNG.integers(0, 255, (4, 5, 6, 3), np.uint8)
    path = itk_write(tmp_path / "a.nrrd", colour, vector=True)
    volume = only(path)
    assert volume.coloured
    np.testing.assert_array_equal(volume.voxels, colour)
    np.testing.assert_allclose(positions(volume), itk_positions(path), atol=1e-6)
    field = RNG.random((4, 5, 6, 3)).astype(np.float32)
    volume = only(itk_write(tmp_path / "b.nrrd", field, vector=True))
    assert volume.temporal
    np.testing.assert_array_equal(volume.voxels, np.moveaxis(field, -1, 0))


@pytest.mark.parametrize(
    "space", ["left-posterior-superior", "LPS", "right-anterior-superior", "LAS"]
)
def test_spaces_and_shear_lie_where_itk_puts_them(tmp_path, space):
    array = RNG.integers(0, 99, (3, 4, 5)).astype(np.int16)
    header = LPS | {"space": space, "space directions": np.diag([0.7, 0.8, 2.5])}
    nrrd.write(str(tmp_path / "a.nrrd"), array, header, index_order="C")
    np.testing.assert_allclose(
        positions(only(tmp_path / "a.nrrd")), itk_positions(tmp_path / "a.nrrd"), atol=1e-6
    )
    # Sheared axes are kept as they are written; ITK would make them orthogonal.
    nrrd.write(str(tmp_path / "a.nrrd"), array, header | {"space directions": DIRECTIONS},
               index_order="C")  # fmt: skip
    signs = {"l": -1, "r": 1, "p": -1, "a": 1}
    word = [w[0] for w in space.lower().split("-")] if "-" in space else space.lower()
    flip = np.array([signs[word[0]], signs[word[1]], 1])
    volume = only(tmp_path / "a.nrrd")
    wanted = np.column_stack([np.array(row) * flip for row in reversed(DIRECTIONS)])
    np.testing.assert_allclose(volume.affine[:3, :3], wanted)
    np.testing.assert_allclose(volume.affine[:3, 3], np.array([-10, 20, 30]) * flip)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "bzip2", "ascii"])
def test_encodings_attached_and_detached(tmp_path, encoding):
    array = RNG.integers(-99, 99, (3, 4, 5)).astype(np.int16)
    header = LPS | {"space directions": np.diag([1.0, 2, 3]), "encoding": encoding}
    for name in ("a.nrrd", "b.nhdr"):
        nrrd.write(str(tmp_path / name), array, header, index_order="C")
        volume = only(tmp_path / name)
        np.testing.assert_array_equal(volume.voxels, array)
        assert volume.spacing == (3.0, 2.0, 1.0)
        (entry,) = scan(tmp_path / name).entries
        assert entry.preview().shape == (8, 5, 3)


def test_an_axis_without_direction_counts_images_wherever_it_is_stored(tmp_path):
    array = RNG.integers(0, 99, (2, 3, 4, 5)).astype(np.int16)  # (list, slice, row, column)
    none = [np.nan] * 3
    for at, stored in ((3, array), (0, np.moveaxis(array, 0, -1))):
        directions = np.insert(np.array(DIRECTIONS), at, none, axis=0)
        kinds = ["domain"] * 3
        kinds.insert(at, "list")
        header = LPS | {"space directions": directions, "kinds": kinds}
        nrrd.write(str(tmp_path / "a.nrrd"), stored, header, index_order="C")
        volume = only(tmp_path / "a.nrrd")
        assert volume.temporal
        np.testing.assert_array_equal(volume.voxels, array)
        np.testing.assert_allclose(volume.spacing, np.linalg.norm(DIRECTIONS, axis=1)[::-1])
        assert any("counts 2 images" in r for r in volume.remarks)
        (entry,) = scan(tmp_path / "a.nrrd").entries
        assert entry.shape == (2, 3, 4, 5)
        assert entry.preview().ndim == 3


def test_without_a_space_the_orientation_is_unknown(tmp_path):
    array = RNG.integers(0, 99, (3, 4, 5)).astype(np.int16)
    for header, spacing, unit in (
        ({}, (1.0, 1.0, 1.0), "pixel"),
        ({"spacings": [0.5, 0.6, 3.0]}, (3.0, 0.6, 0.5), "mm"),
        ({"space dimension": 3, "space directions": np.diag([0.5, 0.6, 3.0])}, (3.0, 0.6, 0.5),
         "mm"),
        ({"space": "scanner-xyz", "space directions": np.diag([0.5, 0.6, 3.0])}, (3.0, 0.6, 0.5),
         "mm"),
    ):  # fmt: skip
        nrrd.write(str(tmp_path / "a.nrrd"), array, header, index_order="C")
        volume = only(tmp_path / "a.nrrd")
        assert (volume.oriented, volume.unit) == (False, unit)
        np.testing.assert_allclose(volume.spacing, spacing)
        np.testing.assert_array_equal(volume.voxels, array)


def test_units_and_a_single_slice(tmp_path):
    array = RNG.integers(0, 99, (4, 5)).astype(np.int16)
    header = LPS | {
        "space directions": [[0.05, 0, 0], [0, 0.06, 0]],
        "space units": ["cm", "cm", "cm"],
    }
    nrrd.write(str(tmp_path / "a.nrrd"), array, header, index_order="C")
    volume = only(tmp_path / "a.nrrd")
    assert volume.voxels.shape == (1, 4, 5)
    np.testing.assert_allclose(volume.spacing, (10.0, 0.6, 0.5))
    assert any("unit of length is cm" in r for r in volume.remarks)
    assert any("unknown thickness" in r for r in volume.remarks)


def lines(*more: str, sizes: str = "5 4 3", kind: str = "short") -> bytes:
    head = ["NRRD0004", f"type: {kind}", "dimension: 3", f"sizes: {sizes}", "endian: little"]
    return "\n".join([*head, *more, "", ""]).encode()


def test_skips_lists_and_patterns(tmp_path):
    array = RNG.integers(0, 99, (3, 4, 5)).astype("<i2")
    for k, part in enumerate(array):
        (tmp_path / f"s{k}.raw").write_bytes(b"one\ntwo\nXY" + part.tobytes())
    skips = ("line skip: 2", "byte skip: 2")
    for more in (
        (*skips, "encoding: raw", "data file: s%d.raw 0 2 1"),
        ("byte skip: -1", "encoding: raw", "data file: s%d.raw 0 2 1"),
        (*skips, "encoding: raw", "data file: LIST\ns0.raw\ns1.raw\ns2.raw"),
    ):
        (tmp_path / "a.nhdr").write_bytes(lines(*more))
        np.testing.assert_array_equal(only(tmp_path / "a.nhdr").voxels, array)
    assert scan(tmp_path).left_out == ()


def test_big_endian_as_itk_reads_it(tmp_path):
    array = RNG.integers(0, 999, (3, 4, 5)).astype(">i2")
    head = lines("encoding: raw").replace(b"little", b"big")
    (tmp_path / "a.nrrd").write_bytes(head + array.tobytes())
    np.testing.assert_array_equal(only(tmp_path / "a.nrrd").voxels, array)
    np.testing.assert_array_equal(itk_voxels(tmp_path / "a.nrrd"), array)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (lines("encoding: raw", sizes="99999 99999 9999") + bytes(9), "found 9 bytes"),
        (lines("encoding: gzip", sizes="9999 9999 99") + gzip.compress(bytes(99)), "as its header"),
        (lines("encoding: gzip") + gzip.compress(bytes(119)), "120 bytes.*found 119 bytes"),
        (lines("encoding: gzip") + gzip.compress(bytes(120))[:-6], "could not be read"),
        (lines("encoding: bzip2") + bz2.compress(bytes(119)), "120 bytes.*found 119 bytes"),
        (lines("encoding: hex") + bytes(999), "found hex"),
        (lines("encoding: raw", kind="block") + bytes(999), "found type block"),
        (lines("encoding: raw", "data file: ../../a.raw"), "names another place"),
        (lines("encoding: raw", "byte skip: -5") + bytes(999), "byte skip -5"),
        (lines("encoding: raw").replace(b"endian: little\n", b"") + bytes(120), "byte order"),
        (lines("encoding: raw", "space: LPS", "space directions: (1,0,0) (0,1,0)") + bytes(120),
         "2 space directions for 3 axes"),
        (b"NRRD0009\n", "version"),
        (b"NRRD0004", "could not be read"),
        (b"NRRD0004\ntype short\n\n", "could not be read"),
    ],
)  # fmt: skip
def test_bad_headers_are_errors(tmp_path, data, words):
    (tmp_path / "a.nrrd").write_bytes(data)
    with pytest.raises(ImagingError, match=words) as caught:
        read(tmp_path / "a.nrrd")
    assert "a.nrrd" in str(caught.value)


def test_a_lazy_volume_is_the_same(tmp_path):
    path = itk_write(tmp_path / "a.nrrd", RNG.integers(0, 99, (4, 5, 6)).astype(np.uint8))
    (entry,) = scan(path).entries
    lazy = entry.open(lazy=True)
    assert isinstance(lazy.voxels, np.memmap)
    assert lazy.digest == entry.open().digest

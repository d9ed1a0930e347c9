from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.scan import scan

from .judges import itk_positions, itk_voxels, itk_write, only, positions

RNG = np.random.default_rng(6)
HEAD = "ObjectType = Image\nNDims = 3\n"
GEOMETRY = "TransformMatrix = 0 1 0 -1 0 0 0 0 1\nOffset = 1 2 3\nElementSpacing = 0.5 0.6 2\n"


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "u2", "i4", "u4", "f4", "f8", "i8"])
@pytest.mark.parametrize("ending", ["mha", "mhd"])
def test_what_itk_writes_is_read_as_itk_reads_it(tmp_path, kind, ending):
    array = RNG.integers(0, 100, (4, 5, 6)).astype(kind)
    for compress in (False, True):
        path = itk_write(tmp_path / f"a.{ending}", array, compress=compress)
        volume = only(path)
        np.testing.assert_allclose(positions(volume), itk_positions(path), atol=1e-6)
        np.testing.assert_array_equal(volume.voxels, array)
        assert volume.oriented
        assert "(LPS)" in volume.remarks[0]


def test_channels_are_colour_or_components(tmp_path):
    colour = RNG.integers(0, 255, (4, 5, 6, 3), np.uint8)
    volume = only(itk_write(tmp_path / "a.mha", colour, vector=True))
    assert volume.coloured
    np.testing.assert_array_equal(volume.voxels, colour)
    field = RNG.random((4, 5, 6, 3)).astype(np.float32)
    volume = only(itk_write(tmp_path / "b.mha", field, vector=True, compress=True))
    assert (volume.coloured, volume.temporal) == (False, True)
    np.testing.assert_array_equal(volume.voxels, np.moveaxis(field, -1, 0))
    assert any("3 components of a vector" in r for r in volume.remarks)


def test_two_and_four_axes(tmp_path):
    flat = only(itk_write(tmp_path / "a.mha", RNG.integers(0, 9, (5, 6)).astype("i2")))
    assert (flat.voxels.shape, flat.oriented) == ((1, 5, 6), False)
    series = RNG.integers(0, 9, (3, 4, 5, 6)).astype("i2")
    path = itk_write(tmp_path / "b.mha", series)
    volume = only(path)
    assert volume.temporal
    np.testing.assert_array_equal(volume.voxels, series)
    np.testing.assert_allclose(positions(volume), itk_positions(path), atol=1e-6)


@pytest.mark.parametrize("kind", ["MET_LONG", "MET_ULONG", "MET_LONG_LONG", "MET_DOUBLE"])
@pytest.mark.parametrize("msb", ["True", "False"])
def test_types_and_byte_orders_as_itk_reads_them(tmp_path, kind, msb):
    code = {"MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8", "MET_DOUBLE": "f8"}[kind]
    array = (
        RNG.integers(0, 2**20, (2, 3, 4))
        .astype(code)
        .astype((">" if msb[0] == "T" else "<") + code)
    )
    head = f"{HEAD}BinaryDataByteOrderMSB = {msb}\nDimSize = 4 3 2\nElementType = {kind}\n"
    path = tmp_path / "a.mha"
    path.write_bytes(f"{head}{GEOMETRY}ElementDataFile = LOCAL\n".encode() + array.tobytes())
    np.testing.assert_array_equal(only(path).voxels, array)
    np.testing.assert_array_equal(only(path).voxels, itk_voxels(path))
    np.testing.assert_allclose(positions(only(path)), itk_positions(path), atol=1e-6)


def test_voxels_in_several_files_with_headers_of_their_own(tmp_path):
    array = RNG.integers(0, 999, (3, 4, 5)).astype("<i2")
    for k, part in enumerate(array):
        (tmp_path / f"s{k + 7:02d}.raw").write_bytes(b"ABCD" + part.tobytes())
    head = f"{HEAD}DimSize = 5 4 3\n{GEOMETRY}ElementType = MET_SHORT\n"
    listed = "ElementDataFile = LIST\ns07.raw\ns08.raw\ns09.raw\n"
    for skip, files in (
        ("HeaderSize = 4\n", listed),
        ("HeaderSize = -1\n", listed),
        ("HeaderSize = 4\n", "ElementDataFile = s%02d.raw 7 9 1\n"),
    ):
        (tmp_path / "a.mhd").write_text(head + skip + files)
        np.testing.assert_array_equal(only(tmp_path / "a.mhd").voxels, array)
    (entry,) = scan(tmp_path / "a.mhd").entries
    assert entry.files == 4
    assert entry.preview().shape[2] == 3


def test_a_folder_lists_header_and_voxels_once(tmp_path):
    itk_write(tmp_path / "a.mhd", np.zeros((2, 3, 4), np.int16))
    found = scan(tmp_path)
    assert len(found.entries) == 1
    assert found.left_out == ()


def test_numbers_written_as_text(tmp_path):
    head = f"{HEAD}BinaryData = False\nDimSize = 2 2 1\nElementType = MET_SHORT\n{GEOMETRY}"
    (tmp_path / "a.mha").write_text(f"{head}ElementDataFile = LOCAL\n1 -2\n30 4\n")
    np.testing.assert_array_equal(only(tmp_path / "a.mha").voxels, [[[1, -2], [30, 4]]])


def test_without_a_matrix_the_orientation_is_unknown(tmp_path):
    head = f"{HEAD}DimSize = 2 2 1\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
    (tmp_path / "a.mha").write_bytes(head.encode() + bytes(4))
    volume = only(tmp_path / "a.mha")
    assert (volume.oriented, volume.unit) == (False, "pixel")


def test_a_lazy_volume_is_the_same(tmp_path):
    path = itk_write(tmp_path / "a.mha", RNG.integers(0, 99, (4, 5, 6)).astype(np.int16))
    (entry,) = scan(path).entries
    lazy = entry.open(lazy=True)
    assert isinstance(lazy.voxels, np.memmap)
    assert lazy.digest == entry.open().digest


def raw(lines: str, data: bytes = bytes(12)) -> bytes:
    return f"{HEAD}{lines}".encode() + data


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (raw("DimSize = 99999 99999 9999\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"),
         "as its header declares.*found 12 bytes"),
        (raw("DimSize = 2 2 3\nElementType = MET_STRING\nElementDataFile = LOCAL\n"),
         "found ElementType MET_STRING"),
        (raw("DimSize = 2 2\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n"), "NDims 3"),
        (raw("DimSize = 2 2 3\nElementType = MET_UCHAR\nElementDataFile = gone.raw\n"),
         "No such file"),
        (raw("DimSize = 2 2 3\nElementType = MET_UCHAR\nElementDataFile = /etc/passwd\n"),
         "names another place"),
        (raw("DimSize = 2 2 3\nElementType = MET_UCHAR\nElementDataFile = ../a.raw\n"),
         "names another place"),
        (raw("DimSize = 2 2 3\nElementType = MET_UCHAR\n"), "no “name = value”"),
        (raw("DimSize = 40000 40000 20\nElementType = MET_UCHAR\nCompressedData = True\n"
             "ElementDataFile = LOCAL\n", zlib.compress(bytes(40_000_000))), "as its header"),
        (raw("DimSize = 2 2 3\nElementType = MET_UCHAR\nCompressedData = True\n"
             "ElementDataFile = LOCAL\n", zlib.compress(bytes(12))[:-3]), "end early"),
    ],
)  # fmt: skip
def test_bad_headers_are_errors(tmp_path, data, words):
    (tmp_path / "a.mha").write_bytes(data)
    with pytest.raises(ImagingError, match=words) as caught:
        read(tmp_path / "a.mha")
    assert "a.mha" in str(caught.value)


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.lists(st.floats(0.1, 9), min_size=3, max_size=3),
    st.lists(st.floats(-500, 500), min_size=3, max_size=3),
)
def test_any_rotation_lies_where_itk_puts_it(tmp_path_factory, angles, spacing, origin):
    import SimpleITK as sitk

    image = sitk.GetImageFromArray(np.zeros((3, 4, 5), np.uint8))
    turn = sitk.Euler3DTransform()
    turn.SetRotation(*angles)
    image.SetDirection(turn.GetMatrix())
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    folder = tmp_path_factory.mktemp("turned")
    for ending in ("mha", "nrrd"):
        sitk.WriteImage(image, str(folder / f"a.{ending}"))
        volume = only(folder / f"a.{ending}")
        np.testing.assert_allclose(
            positions(volume), itk_positions(folder / f"a.{ending}"), atol=1e-4
        )

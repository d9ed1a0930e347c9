from __future__ import annotations

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.scan import scan

RNG = np.random.default_rng(4)


def only(path):
    (volume,) = read(path)
    return volume


@pytest.mark.parametrize("kind", ["u1", "u2", ">u2", "i2", "u4", "i4", "f4", "f8", "i1"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_pages_are_slices_and_values_are_kept(tmp_path, kind, compression):
    low, high = (0, 200) if kind == "u1" else (-100, 100) if kind == "i1" else (0, 60000)
    array = RNG.integers(low, high, (3, 5, 6)).astype(kind)
    if kind[-2] == "f":
        array = array / 7
    tifffile.imwrite(tmp_path / "a.tif", array, compression=compression, photometric="minisblack")
    (entry,) = scan(tmp_path / "a.tif").entries
    volume = only(tmp_path / "a.tif")
    assert entry.shape == volume.voxels.shape == (3, 5, 6)
    np.testing.assert_array_equal(volume.voxels, array.astype("f4") if kind[-2] == "f" else array)
    assert (volume.oriented, volume.unit) == (False, "pixel")
    assert any("3 pages are taken as slices" in r for r in volume.remarks)
    assert entry.preview().shape == (5, 6, 3)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"])
@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 3)])
def test_compressions_of_eight_bits(tmp_path, compression, shape):
    array = RNG.integers(0, 255, shape, np.uint8)
    Image.fromarray(array).save(tmp_path / "a.tif", compression=compression)
    with Image.open(tmp_path / "a.tif") as image:
        wanted = np.asarray(image.convert("RGB") if len(shape) == 3 else image)
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels[0], wanted)


@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_lzw_of_deep_grey(tmp_path, kind):
    array = RNG.integers(0, 60000, (16, 24)).astype(kind)
    Image.fromarray(array).save(tmp_path / "a.tif", compression="tiff_lzw")
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels[0], array)


def test_colour_of_sixteen_bits_is_reduced_with_a_word(tmp_path):
    array = RNG.integers(0, 65535, (4, 5, 3)).astype(np.uint16)
    for planar in ("contig", "separate"):
        data = array if planar == "contig" else np.moveaxis(array, -1, 0)
        tifffile.imwrite(tmp_path / "a.tif", data, photometric="rgb", planarconfig=planar)
        volume = only(tmp_path / "a.tif")
        np.testing.assert_array_equal(volume.voxels[0], (array >> 8).astype(np.uint8))
        assert "Its 16 bits a channel were reduced to 8." in volume.remarks


def test_white_as_zero_is_turned_over(tmp_path):
    for kind in (np.uint8, np.uint16):
        array = RNG.integers(0, np.iinfo(kind).max, (4, 5)).astype(kind)
        tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
        volume = only(tmp_path / "a.tif")
        np.testing.assert_array_equal(volume.voxels[0], np.iinfo(kind).max - array)


def test_pages_of_other_sizes_are_left_out(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for shape in ((8, 9), (8, 9), (4, 5)):
            writer.write(np.zeros(shape, np.uint16), photometric="minisblack")
    volume = only(tmp_path / "a.tif")
    assert volume.voxels.shape == (2, 8, 9)
    assert any("1 pages of another size" in r for r in volume.remarks)


def test_resolution_is_no_millimetres(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.uint16), resolution=(300, 300))
    volume = only(tmp_path / "a.tif")
    assert volume.spacing == (1, 1, 1)
    assert any("dots per inch" in r for r in volume.remarks)


def test_giant_and_cut_headers_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RNG.integers(0, 9, (40, 50)).astype(np.uint16))
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[:3000])
    with pytest.raises(ImagingError, match=r"a\.tif: expected"):
        read(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.zeros((40, 50), np.uint16))
    with tifffile.TiffFile(tmp_path / "b.tif", mode="r+") as tiff:
        tiff.pages[0].tags["ImageLength"].overwrite(60000)
    with pytest.raises(ImagingError, match="as its header declares"):
        read(tmp_path / "b.tif")

"""Stacks, orientation and cuts of TIFF files."""

from __future__ import annotations

import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.scan import scan

RNG = np.random.default_rng(8)

#: How a viewer has to turn stored rows and columns (TIFF 6.0, tag 274).
UPRIGHT = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.swapaxes(np.rot90(a, 2), 0, 1),
    8: np.rot90,
}


def only(path: Path) -> Volume:
    """The one volume, whose listing says the same as its reading."""
    (entry,) = scan(path).entries
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    assert entry.shape == volume.voxels.shape[: 3 + volume.temporal]
    assert entry.preview().shape[:2] == volume.spatial_shape[1:]
    return volume


def said(volume: Volume, *words: str) -> bool:
    return any(all(word in remark for word in words) for remark in volume.remarks)


def numbers(kind, shape):
    low, high = (-90, 90) if kind == "i1" else (0, 250) if kind == "u1" else (0, 30_000)
    return RNG.integers(low, high, shape).astype(kind)


# Orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["u1", "i1", "u2", ">u2", "i2", "u4", "f4"])
@pytest.mark.parametrize("compression", [None, "zlib", "packbits"])
def test_grey_of_every_depth_is_turned_upright(tmp_path, orientation, kind, compression):
    array = numbers(kind, (6, 9)) if kind != "f4" else RNG.random((6, 9)).astype("f4")
    tifffile.imwrite(
        tmp_path / "a.tif", array, compression=compression, photometric="minisblack",
        extratags=[(274, "H", 1, orientation, True)],
    )  # fmt: skip
    volume = only(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.voxels[0], UPRIGHT[orientation](array))
    assert said(volume, "Turned upright") == (orientation != 1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "1", "I;16", "F"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate"])
def test_what_pillow_reads_is_turned_once(tmp_path, orientation, mode, compression):
    pixels = RNG.integers(0, 255, (6, 9, 3), np.uint8)
    if mode == "I;16":
        image = Image.fromarray(RNG.integers(0, 60_000, (6, 9)).astype(np.uint16))
    else:
        image = Image.fromarray(pixels).convert(mode)
    image.save(tmp_path / "a.tif", compression=compression)
    plain = only(tmp_path / "a.tif").voxels[0]
    image.save(tmp_path / "a.tif", compression=compression, tiffinfo={274: orientation})
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels[0], UPRIGHT[orientation](plain))


@pytest.mark.parametrize("orientation", [3, 6])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_deep_colour_is_turned_upright(tmp_path, orientation, planar):
    array = RNG.integers(0, 65535, (6, 9, 3)).astype(np.uint16)
    data = array if planar == "contig" else np.moveaxis(array, -1, 0)
    tifffile.imwrite(
        tmp_path / "a.tif", data, photometric="rgb", planarconfig=planar,
        extratags=[(274, "H", 1, orientation, True)],
    )  # fmt: skip
    volume = only(tmp_path / "a.tif")
    np.testing.assert_array_equal(volume.voxels[0], UPRIGHT[orientation](array >> 8))
    assert "Its 16 bits a channel were reduced to 8." in volume.remarks


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pages_are_turned_each_by_its_own_tag(tmp_path, kind):
    pages = RNG.integers(0, 250, (4, 7, 7)).astype(kind)
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page, orientation in zip(pages, (1, 3, 2, 4), strict=True):
            writer.write(
                page, metadata=None, photometric="minisblack",
                extratags=[(274, "H", 1, orientation, True)],
            )  # fmt: skip
    want = [UPRIGHT[o](page) for page, o in zip(pages, (1, 3, 2, 4), strict=True)]
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels, want)


def test_an_orientation_that_there_is_not_means_upright(tmp_path):
    array = numbers("u2", (6, 9))
    tifffile.imwrite(tmp_path / "a.tif", array, extratags=[(274, "H", 1, 77, True)])
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels[0], array)


# Stacks


@pytest.mark.parametrize("kind", ["u1", "u2", "f4"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_images_behind_one_directory_are_all_read(tmp_path, kind, order):
    array = numbers(kind, (6, 20, 30))
    path = one_directory(tmp_path / "a.tif", array, order, "images=6\nslices=6\n")
    volume = only(path)
    np.testing.assert_array_equal(volume.voxels, array)
    assert said(volume, "6 images of one directory are taken as slices")


def one_directory(path: Path, array: np.ndarray, order: str, notes: str, **more) -> Path:
    """As ImageJ writes files above 4 GB: one directory, then all images."""
    tifffile.imwrite(
        path, array[0], byteorder=order, metadata=None, photometric="minisblack",
        description=f"ImageJ=1.54f\n{notes}", **more,
    )  # fmt: skip
    with tifffile.TiffFile(path) as tiff:
        at = tiff.pages[0].dataoffsets[0]
    rest = np.ascontiguousarray(array).astype(array.dtype.newbyteorder(order)).tobytes()
    path.write_bytes(path.read_bytes()[:at] + rest)
    return path


def test_images_behind_one_directory_are_turned_too(tmp_path):
    array = numbers("u2", (4, 6, 9))
    tag = {"extratags": [(274, "H", 1, 6, True)]}
    path = one_directory(tmp_path / "a.tif", array, "<", "images=4\nslices=4\n", **tag)
    want = [UPRIGHT[6](image) for image in array]
    np.testing.assert_array_equal(only(path).voxels, want)


@pytest.mark.parametrize("kept", [1, 3, 5])
def test_images_that_one_directory_promises_and_that_are_cut_away_are_told(tmp_path, kept):
    array = numbers("u2", (6, 20, 30))
    path = one_directory(tmp_path / "a.tif", array, "<", "images=6\nslices=6\n")
    path.write_bytes(path.read_bytes()[: -(6 - kept) * 1200 + 100])
    volume = only(path)
    np.testing.assert_array_equal(volume.voxels, array[:kept])
    assert said(volume, f"promises 6 images; {kept} are there")


@pytest.mark.parametrize("directories", [True, False])
@pytest.mark.parametrize("axes", ["TZCYX", "TZYX", "ZCYX", "TCYX", "ZYX", "CYX", "TYX"])
def test_hyperstacks_of_imagej_have_their_axes_in_order(tmp_path, axes, directories):
    counts = {"T": 2, "Z": 3, "C": 4, "Y": 5, "X": 6}
    array = numbers("u2", tuple(counts[letter] for letter in axes))
    if directories:
        tifffile.imwrite(tmp_path / "a.tif", array, imagej=True, metadata={"axes": axes})
    else:
        names = {"T": "frames", "Z": "slices", "C": "channels"}
        notes = "".join(f"{names[a]}={counts[a]}\n" for a in axes[:-2])
        flat = array.reshape(-1, 5, 6)
        one_directory(
            tmp_path / "a.tif", flat, ">", f"images={len(flat)}\n{notes}hyperstack=true\n"
        )
    check_axes(only(tmp_path / "a.tif"), array, axes)


@pytest.mark.parametrize("axes", ["TZCYX", "CTZYX", "ZTCYX", "TZYX", "CZYX", "ZYX", "TYX"])
@pytest.mark.parametrize("name", ["a.ome.tif", "a.tif"])
def test_axes_that_ome_and_tifffile_note_are_followed(tmp_path, axes, name):
    counts = {"T": 2, "Z": 3, "C": 4, "Y": 15, "X": 16}
    array = numbers("u2", tuple(counts[letter] for letter in axes))
    tifffile.imwrite(tmp_path / name, array, photometric="minisblack", metadata={"axes": axes})
    check_axes(only(tmp_path / name), array, axes)


def check_axes(volume: Volume, array: np.ndarray, axes: str) -> None:
    """Slices are slices, and what else there is leads, in its order."""
    leading = [a for a in axes[:-2] if a != "Z"]
    slices = "Z"
    if "Z" not in axes:
        slices = "T" if "T" in axes else "C"
        leading.remove(slices)
    order = [axes.index(a) for a in (*leading, slices, "Y", "X")]
    want = array.transpose(order)
    want = want.reshape(-1, *want.shape[-3:]) if leading else want
    np.testing.assert_array_equal(volume.voxels, want)
    assert volume.temporal == bool(leading)
    if "C" in leading:
        assert said(volume, "leading axis", "4 channels", "not time")
    elif leading:
        assert said(volume, "leading axis counts 2 times.")
    if slices != "Z":
        assert said(volume, "taken as slices", "which the file calls")


def test_coloured_hyperstacks_keep_colour_last(tmp_path):
    array = RNG.integers(0, 255, (2, 3, 5, 6, 3), np.uint8)
    tifffile.imwrite(
        tmp_path / "a.tif", array, imagej=True, photometric="rgb", metadata={"axes": "TZYXS"}
    )
    volume = only(tmp_path / "a.tif")
    assert volume.coloured
    assert volume.temporal
    np.testing.assert_array_equal(volume.voxels, array)


def test_a_stack_behind_one_directory_of_tifffile(tmp_path):
    array = numbers("u2", (7, 15, 16))
    tifffile.imwrite(tmp_path / "a.tif", array, truncate=True, photometric="minisblack")
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels, array)


def test_pages_appended_one_by_one_are_slices(tmp_path):
    array = numbers("u2", (4, 15, 16))
    for page in array:
        tifffile.imwrite(tmp_path / "a.tif", page, append=True, photometric="minisblack")
    np.testing.assert_array_equal(only(tmp_path / "a.tif").voxels, array)


def test_other_files_that_ome_notes_name_are_not_opened(tmp_path):
    tifffile.imwrite(
        tmp_path / "a.ome.tif", numbers("u2", (2, 15, 16)), metadata={"axes": "ZYX"},
        photometric="minisblack",
    )  # fmt: skip
    data = (tmp_path / "a.ome.tif").read_bytes()
    notes = data[data.index(b"<?xml") : data.index(b"</OME>") + 6]
    other = notes.replace(b'SizeZ="2"', b'SizeZ="9"')
    (tmp_path / "a.ome.tif").write_bytes(data.replace(notes, other))
    volume = only(tmp_path / "a.ome.tif")
    assert volume.voxels.shape[0] == 2
    assert said(volume, "notes tell of 9 images")


OME = (
    '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
    '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint16" SizeX="16" '
    'SizeY="15" SizeZ="2" SizeC="2" SizeT="1">{}</Pixels></Image></OME>'
)


def with_notes(path: Path, array: np.ndarray, notes: bytes) -> Path:
    with tifffile.TiffWriter(path) as writer:
        for n, page in enumerate(array):
            writer.write(
                page, metadata=None, photometric="minisblack", contiguous=False,
                description=notes if n == 0 else None,
            )  # fmt: skip
    return path


def test_images_of_ome_are_where_its_blocks_say(tmp_path):
    array = numbers("u2", (4, 15, 16))
    blocks = "".join(
        f'<TiffData IFD="{ifd}" FirstC="{c}" FirstZ="{z}" FirstT="0" PlaneCount="1"/>'
        for ifd, c, z in ((3, 0, 0), (0, 1, 0), (2, 0, 1), (1, 1, 1))
    )
    volume = only(with_notes(tmp_path / "a.tif", array, OME.format(blocks).encode()))
    # Channels lead, slices follow.
    np.testing.assert_array_equal(volume.voxels, [array[[3, 2]], array[[0, 1]]])


def test_blocks_of_other_files_are_not_taken_for_own_ones(tmp_path):
    array = numbers("u2", (2, 15, 16))
    blocks = "".join(
        f'<TiffData IFD="{n % 2}" FirstC="{n % 2}" FirstZ="{n // 2}" PlaneCount="1">'
        f'<UUID FileName="{name}">urn:uuid:1</UUID></TiffData>'
        for n, name in enumerate(("a.tif", "a.tif", "b.tif", "b.tif"))
    )
    volume = only(with_notes(tmp_path / "a.tif", array, OME.format(blocks).encode()))
    np.testing.assert_array_equal(volume.voxels, array)
    assert said(volume, "notes tell of 4 images")


@pytest.mark.parametrize(
    "notes",
    [
        OME.format("").replace("Pixels", "Pixel").encode(),
        b'{"shape": ' + b"[" * 5000,
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa">]><OME>&a;</OME>',
        b"ImageJ=1.54f\nimages=999999999\nslices=999999999\n",
        b"ImageJ=1.54f\nimages=-5\n",
        b'{"shape": [999999999, 15, 16]}',
        b'{"shape": [-2, 15, 16]}',
        b'<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels ID="Pixels:0" '
        b'DimensionOrder="XYZCT" Type="uint16" SizeX="16" SizeY="15" SizeZ="999999999" SizeC="1" '
        b'SizeT="1"><TiffData/></Pixels></Image></OME>',
        b"<?xml nothing of the kind </OME>",
    ],
)
def test_notes_that_make_no_sense_cost_nothing_but_the_order(tmp_path, notes):
    array = numbers("u2", (2, 15, 16))
    with_notes(tmp_path / "a.tif", array, notes)
    tracemalloc.start()
    volume = only(tmp_path / "a.tif")
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()
    np.testing.assert_array_equal(volume.voxels, array)


# Cuts


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("writer", ["pillow", "tifffile pages", "tifffile stack"])
@pytest.mark.parametrize("part", [0.35, 0.5, 0.8, 0.97])
def test_pages_that_are_cut_away_are_told(tmp_path, writer, part, big, capfd):
    array = numbers("u1", (6, 64, 64))
    path = tmp_path / "a.tif"
    if writer == "pillow":
        first, *rest = map(Image.fromarray, array)
        first.save(path, save_all=True, append_images=rest, big_tiff=big)
    elif writer == "tifffile stack":
        tifffile.imwrite(path, array, photometric="minisblack", bigtiff=big)
    else:
        with tifffile.TiffWriter(path, bigtiff=big) as file:
            for page in array:
                file.write(page, metadata=None, photometric="minisblack", contiguous=False)
    data = path.read_bytes()
    path.write_bytes(data[: int(part * len(data))])
    volume = only(path)
    assert 0 < len(volume.voxels) < 6 or said(volume, "cut")
    np.testing.assert_array_equal(volume.voxels, array[: len(volume.voxels)])
    assert said(volume, "cut")
    assert "tifffile" not in "".join(capfd.readouterr())


def test_a_whole_stack_is_not_said_to_be_cut(tmp_path):
    for name, more in (("a.tif", {}), ("b.tif", {"bigtiff": True}), ("c.tif", {"byteorder": ">"})):
        array = numbers("u2", (6, 9, 9))
        tifffile.imwrite(tmp_path / name, array, photometric="minisblack", **more)
        assert not said(only(tmp_path / name), "cut")


def test_directories_in_a_circle_end(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, numbers("u2", (2, 9, 9)), photometric="minisblack")
    data = bytearray(path.read_bytes())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with tifffile.TiffFile(path) as tiff:
            last, first = tiff.pages[1].offset, tiff.pages[0].offset
    entries = int.from_bytes(data[last : last + 2], "little")
    at = last + 2 + 12 * entries
    data[at : at + 4] = first.to_bytes(4, "little")
    path.write_bytes(data)
    assert only(path).voxels.shape == (2, 9, 9)

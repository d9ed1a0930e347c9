from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, read, take
from napari_medvlm.imaging.scan import scan

RNG = np.random.default_rng(3)


def test_pictures_keep_grey_and_colour(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (5, 6), np.uint8)
    deep = np.random.default_rng(0).integers(0, 65535, (5, 6)).astype(np.uint16)
    rgb = np.random.default_rng(0).integers(0, 255, (5, 6, 3), np.uint8)
    for name, array in (("grey", grey), ("deep", deep), ("rgb", rgb)):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
        (volume,) = read(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(volume.voxels[0], array)
        assert volume.coloured == (name == "rgb")
        assert not volume.oriented
    (frame,) = take(read(tmp_path / "grey.png")[0], Selection((0,), "acquired"))
    np.testing.assert_array_equal(frame.pixels[..., 2], grey)


def test_transparency_is_put_on_black(tmp_path):
    pixels = np.array([[(200, 100, 0, 255), (200, 100, 7, 0), (200, 100, 1, 51)]], np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (volume,) = read(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.voxels[0], [[[200, 100, 0], [0, 0, 0], [40, 20, 0]]])
    assert "Transparent parts are shown on black." in volume.remarks


def test_opaque_alpha_goes_silently_and_empty_alpha_is_not_applied(tmp_path):
    for alpha, said in ((255, False), (0, True)):
        pixels = np.full((2, 3, 4), 9, np.uint8)
        pixels[..., 3] = alpha
        Image.fromarray(pixels).save(tmp_path / "a.png")
        (volume,) = read(tmp_path / "a.png")
        np.testing.assert_array_equal(volume.voxels[0], pixels[..., :3])
        assert any("alpha" in r for r in volume.remarks) == said


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "ending"), [(np.uint8, "png"), (np.uint16, "png"), (np.uint8, "jpg")]
)
def test_the_rotation_of_a_camera_is_applied(tmp_path, orientation, kind, ending):
    # How a viewer has to turn stored rows and columns (Exif 2.3, tag 0x0112).
    undo = {
        1: lambda a: a, 2: np.fliplr, 3: lambda a: np.rot90(a, 2), 4: np.flipud,
        5: np.transpose, 6: lambda a: np.rot90(a, -1), 7: lambda a: np.rot90(a, 2).T,
        8: np.rot90,
    }[orientation]  # fmt: skip
    path = tmp_path / f"a.{ending}"
    Image.fromarray(RNG.integers(0, np.iinfo(kind).max, (4, 7)).astype(kind)).save(path)
    with Image.open(path) as image:
        grey = np.asarray(image)
    exif = Image.Exif()
    exif[0x0112] = orientation
    if ending == "jpg":  # encoded once: the same values, and the tag beside them
        image_data = path.read_bytes()
        body = exif.tobytes()
        size = (len(body) + 2).to_bytes(2, "big")
        path.write_bytes(image_data[:2] + b"\xff\xe1" + size + body + image_data[2:])
    else:
        Image.fromarray(grey).save(path, exif=exif)
    (entry,) = scan(path).entries
    (volume,) = read(path)
    np.testing.assert_array_equal(volume.voxels[0], undo(grey))
    assert entry.shape == volume.voxels.shape
    assert any("EXIF" in r for r in volume.remarks) == (orientation > 1)


@pytest.mark.parametrize(
    ("mode", "ending", "coloured"),
    [
        ("1", "png", False), ("P", "png", True), ("P", "gif", True), ("CMYK", "jpg", True),
        ("L", "bmp", False), ("RGB", "bmp", True), ("RGB", "webp", True), ("LA", "png", False),
        ("1", "bmp", False),
    ],
)  # fmt: skip
def test_every_mode_becomes_grey_or_rgb(tmp_path, mode, ending, coloured):
    colour = RNG.integers(0, 255, (6, 7, 3), np.uint8)
    image = Image.fromarray(colour).convert(mode)
    image.save(tmp_path / f"a.{ending}")
    with Image.open(tmp_path / f"a.{ending}") as stored:
        wanted = np.asarray(stored.convert("RGB" if coloured else "L"))
    (volume,) = read(tmp_path / f"a.{ending}")
    assert (volume.coloured, volume.voxels.dtype) == (coloured, np.uint8)
    np.testing.assert_array_equal(volume.voxels[0], wanted)


def test_a_palette_of_greys_is_grey(tmp_path):
    grey = RNG.integers(0, 255, (6, 7), np.uint8)
    image = Image.fromarray(grey)
    image.putpalette([n for n in range(256) for _ in range(3)])
    image.save(tmp_path / "a.png")
    (volume,) = read(tmp_path / "a.png")
    assert not volume.coloured
    np.testing.assert_array_equal(volume.voxels[0], grey)


def test_the_first_image_of_an_animation(tmp_path):
    images = [Image.fromarray(np.full((5, 6), n, np.uint8)) for n in (10, 200)]
    images[0].save(tmp_path / "a.gif", save_all=True, append_images=images[1:])
    (volume,) = read(tmp_path / "a.gif")
    assert (volume.voxels == 10).all()
    assert "An animation of 2 images; the first is shown." in volume.remarks


def test_dots_per_inch_are_no_millimetres(tmp_path):
    Image.fromarray(np.zeros((4, 5), np.uint8)).save(tmp_path / "a.png", dpi=(300, 300))
    (volume,) = read(tmp_path / "a.png")
    assert (volume.unit, volume.spacing) == ("pixel", (1, 1, 1))
    assert any("dots per inch" in r for r in volume.remarks)


def png(width: int, height: int, depth: int, colour: int, data: bytes) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(data))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def test_sixteen_bit_colour_is_reduced_with_a_word(tmp_path):
    row = b"\0" + struct.pack(">6H", 0x1234, 0xFFFF, 0, 0x8000, 0x00FF, 0xFF00)
    (tmp_path / "a.png").write_bytes(png(2, 1, 16, 2, row))
    (volume,) = read(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.voxels[0, 0], [[0x12, 0xFF, 0], [0x80, 0, 0xFF]])
    assert "Its 16 bits a channel were reduced to 8." in volume.remarks


def test_a_picture_bomb_is_refused_by_its_header(tmp_path):
    for side in (12_000, 100_000):
        (tmp_path / "a.png").write_bytes(png(side, side, 8, 2, bytes(9999)))
        with pytest.raises(ImagingError, match=r"a\.png: expected a picture"):
            read(tmp_path / "a.png")

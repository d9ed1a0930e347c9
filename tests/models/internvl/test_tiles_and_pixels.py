"""Pixels: resize in the image's own mode, tiles, normalisation, and what would be cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from napari_medvlm.errors import QuestionError
from napari_medvlm.imaging import Selection, read, take
from napari_medvlm.models.internvl.pixels import Normaliser, tiled, whole
from napari_medvlm.models.internvl.tiles import tile_count, tile_grid

Picture = Callable[..., Any]
SIDE = 28


@given(st.integers(1, 80), st.integers(1, 80), st.integers(0, 9))
def test_grey_is_the_same_resized_alone_or_as_three_channels(
    rows: int, columns: int, seed: int
) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)
    alone = whole(Image.fromarray(grey), SIDE).tiles
    stacked = whole(np.repeat(grey[..., None], 3, axis=2), SIDE).tiles
    np.testing.assert_array_equal(alone, stacked)


def test_transparency_is_dropped_after_the_resize(picture: Picture) -> None:
    rgb = picture(1)
    alpha = picture(2)[..., :1]
    image = Image.fromarray(np.concatenate([rgb, alpha], axis=2))
    expected = np.asarray(image.resize((SIDE, SIDE)).convert("RGB"))
    np.testing.assert_array_equal(whole(image, SIDE).tiles[0], expected)
    # Colours below transparency weigh less in a resize, so dropping it first is another image.
    assert (whole(rgb, SIDE).tiles[0] != expected).any()


@pytest.mark.parametrize("mode", ["I;16", "I", "F"])
def test_more_than_8_bits_are_refused_rather_than_cut_off(mode: str) -> None:
    values = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000
    image = Image.fromarray(values) if mode == "I;16" else Image.fromarray(values).convert(mode)
    with pytest.raises(QuestionError, match="8-bit"):
        whole(image, SIDE)


def test_a_16_bit_picture_keeps_its_contrast(tmp_path: Path, fleming: Any) -> None:
    values = np.linspace(0, 65535, 64 * 64).astype(np.uint16).reshape(64, 64)
    Image.fromarray(values).save(tmp_path / "deep.png")
    (volume,) = read(tmp_path / "deep.png")
    (frame,) = take(volume, Selection((0,), "acquired"))
    tile = whole(frame.pixels, SIDE).tiles[0, ..., 0]
    assert tile.min() < 10
    assert tile.max() > 245
    assert len(np.unique(tile)) > 100


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(array: Any) -> None:
    with pytest.raises(QuestionError, match="Expected uint8 pixels"):
        whole(array, SIDE)


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((448, 448), (1, 1)),
        ((310, 205), (3, 2)),
        # A tie of shapes: the larger grid only where the image more than half fills it.
        ((600, 600), (1, 1)),
        ((640, 640), (2, 2)),
        ((960, 960), (3, 3)),
        ((100, 1200), (1, 12)),
        ((2000, 100), (12, 1)),
        ((800, 400), (2, 1)),
        ((1400, 700), (4, 2)),
    ],
)
def test_grids(size: tuple[int, int], grid: tuple[int, int]) -> None:
    side = 112 if size == (310, 205) else 448
    assert tile_grid(size, side, (1, 12)) == grid


@given(st.integers(1, 3000), st.integers(1, 3000), st.integers(1, 12))
def test_no_grid_is_nearer_to_the_images_shape(width: int, height: int, most: int) -> None:
    columns, rows = tile_grid((width, height), 448, (1, most))
    assert columns * rows <= most
    apart = abs(width / height - columns / rows)
    every = [(i, j) for i in range(1, most + 1) for j in range(1, most + 1) if i * j <= most]
    assert apart == min(abs(width / height - i / j) for i, j in every)
    count = tile_count((width, height), 448, (1, most))
    assert count == (1 if columns * rows == 1 else columns * rows + 1)


def test_tiles_are_cut_row_by_row_and_the_whole_comes_last(picture: Picture) -> None:
    image = np.zeros((2 * SIDE, 3 * SIDE, 3), np.uint8)
    for number in range(6):
        row, column = divmod(number, 3)
        part = np.s_[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
        image[part] = number * 40
    tiles = tiled(image, SIDE, (1, 12)).tiles
    assert tiles.shape == (7, SIDE, SIDE, 3)
    assert [int(t[SIDE // 2, SIDE // 2, 0]) for t in tiles[:6]] == [0, 40, 80, 120, 160, 200]
    np.testing.assert_array_equal(tiles[6], whole(image, SIDE).tiles[0])
    assert len(tiled(image, SIDE, (1, 12), thumbnail=False).tiles) == 6
    assert len(tiled(picture(1, 40, 40), SIDE, (1, 1)).tiles) == 1


def test_normalising_is_by_channel(picture: Picture) -> None:
    pictures = [whole(picture(1), SIDE), tiled(picture(2), SIDE, (1, 4))]
    planes = Normaliser()(pictures)
    assert planes is not None
    tiles = np.concatenate([p.tiles for p in pictures])
    expected = (tiles / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(planes, expected.transpose(0, 3, 1, 2), atol=1e-6)
    assert Normaliser()([]) is None

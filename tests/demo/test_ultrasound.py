"""The clip phantom: its chamber is where its boxes say, and moves the way it says."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from napari_medvlm.demo.phantoms import ClipPhantom, ultrasound_clip

# One seed for each of the four directions.
SEEDS = {"left": 5, "right": 1, "up": 0, "down": 900_003}


def along(clip: ClipPhantom, start: np.ndarray, end: np.ndarray) -> tuple[float, float]:
    """Way from ``start`` to ``end`` (x, y) along the clip's direction, and across it."""
    way = end - start
    axis = 0 if clip.direction in ("left", "right") else 1
    sign = 1 if clip.direction in ("right", "down") else -1
    return sign * way[axis], abs(way[1 - axis])


def dark_centre(frame: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    """Centroid (x, y) of the dark fluid, looked for in twice the box."""
    x0, y0, x1, y1 = box
    wide, high = (x1 - x0) / 2, (y1 - y0) / 2
    top, left = int(y0 - high), int(x0 - wide)
    part = frame[top : int(y1 + high), left : int(x1 + wide), 0].astype(float)
    # Fluid is dark over several pixels; single dark pixels are speckle.
    part = sum(np.roll(part, (dy, dx), (0, 1)) for dy in (-1, 0, 1) for dx in (-1, 0, 1)) / 9
    rows, cols = np.nonzero(part < 25)
    return np.array([left + cols.mean() + 0.5, top + rows.mean() + 0.5])


@pytest.mark.parametrize("direction", SEEDS)
def test_the_boxes_move_the_way_the_clip_says(direction: str) -> None:
    clip = ultrasound_clip(SEEDS[direction])
    assert clip.direction == direction
    centres = [np.array([(x0 + x1) / 2, (y0 + y1) / 2]) for x0, y0, x1, y1 in clip.boxes]
    forward, aside = along(clip, centres[0], centres[-1])
    assert forward > 0.25 * clip.shape[0]
    assert aside < 0.03 * clip.shape[0]
    for before, after in pairwise(centres):
        assert along(clip, before, after)[0] > 0


@pytest.mark.parametrize("direction", SEEDS)
def test_the_dark_pixels_move_the_way_the_clip_says(direction: str) -> None:
    clip = ultrasound_clip(SEEDS[direction])
    first, last = (dark_centre(clip.frame(t), clip.boxes[t]) for t in (0, clip.count - 1))
    assert along(clip, first, last)[0] > 0.25 * clip.shape[0]


def test_the_chamber_is_in_its_box_on_every_frame() -> None:
    clip = ultrasound_clip(2)
    for t, box in enumerate(clip.boxes):
        middle = np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
        np.testing.assert_allclose(dark_centre(clip.frame(t), box), middle, atol=1.5)


def test_the_chamber_is_dark_and_its_wall_bright() -> None:
    clip = ultrasound_clip(3, shape=(256, 256))
    frame = clip.frame(10)[..., 0].astype(float)
    x0, y0, x1, y1 = clip.boxes[10]
    rows, cols = np.indices(frame.shape) + 0.5
    radius = np.hypot(
        (cols - (x0 + x1) / 2) / ((x1 - x0) / 2), (rows - (y0 + y1) / 2) / ((y1 - y0) / 2)
    )
    fluid, wall = frame[radius < 0.75].mean(), frame[(radius > 0.88) & (radius < 0.98)].mean()
    tissue = frame[(radius > 1.1) & (radius < 1.6)].mean()
    assert fluid < 0.3 * tissue
    assert wall > 1.4 * tissue


def test_the_picture_is_black_outside_of_the_sector() -> None:
    frames = ultrasound_clip(4).frames()
    assert not frames[:, :40, :10].any()
    assert not frames[:, :40, -10:].any()
    assert frames[:, 60:100, 50:80].mean() > 40


def test_frames_repeat_and_agree_with_single_frames() -> None:
    clip = ultrasound_clip(6, frames=8, shape=(96, 112), fps=5)
    frames = clip.frames()
    assert frames.shape == (8, 96, 112, 3)
    assert frames.dtype == np.uint8
    np.testing.assert_array_equal(frames[5], ultrasound_clip(6, frames=8, shape=(96, 112)).frame(5))
    np.testing.assert_array_equal(frames[..., 0], frames[..., 2])


def test_all_four_directions_occur() -> None:
    assert {ultrasound_clip(seed).direction for seed in range(40)} == set(SEEDS)


def test_the_chamber_stays_in_the_picture() -> None:
    for seed in range(60):
        for x0, y0, x1, y1 in ultrasound_clip(seed).boxes:
            assert 0 < x0 < x1 < 128
            assert 0 < y0 < y1 < 128


@pytest.mark.parametrize("bad", [{"frames": 1}, {"fps": 0.0}])
def test_a_clip_that_cannot_move_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Expected at least 2 frames"):
        ultrasound_clip(1, **bad)


def test_a_frame_outside_of_the_clip_is_refused() -> None:
    with pytest.raises(IndexError, match="Expected a frame from 0 to 23, got 24"):
        ultrasound_clip(1).frame(24)

"""What `medvlm ask` sends where nobody chose: as the model was trained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.cli import ask
from napari_medvlm.errors import QuestionError, SelectionError
from napari_medvlm.imaging import Clip, read
from napari_medvlm.models import PROFILES

SAMPLES = Path(__file__).parents[2] / "sample_data"
FLEMING = PROFILES["fleming-vl-8b"].contract
DEMO = PROFILES["demo"].contract


def options(path: Any = "x", *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ask.add_arguments(parser)
    return parser.parse_args([str(path), "What is seen?", *words])


class Frames:
    """A decoder of grey frames, 10 a second."""

    def __init__(self, count: int) -> None:
        self.times = tuple(number / 10 for number in range(count))
        self.size = (8, 8)
        self.fps = 10.0

    def decode(self, indices: Any) -> list[Any]:
        return [np.full((8, 8, 3), index, np.uint8) for index in indices]


@pytest.fixture
def clip() -> Clip:
    return Clip(Frames(96), digest="0" * 64)


def test_a_volume_goes_as_eleven_slices_each_scaled_by_itself() -> None:
    (volume,) = read(SAMPLES / "chest_ct_32.npy")
    chosen = ask.select(volume, options(), FLEMING)
    assert chosen.indices == (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 31)
    assert chosen.scaling == "slice_extremes"
    shown = ask.select(volume, options("x", "--scaling", "window"), FLEMING)
    assert shown.scaling == "window"
    lung = ask.select(volume, options("x", "--window=-600,1500"), FLEMING)
    assert (lung.scaling, lung.window.width) == ("window", 1500)
    demo = ask.select(volume, options(), DEMO)
    assert (len(demo.indices), demo.scaling) == (8, "window")


def test_a_single_image_goes_as_it_is_displayed() -> None:
    (radiograph,) = read(SAMPLES / "radiograph.png")
    chosen = ask.select(radiograph, options(), FLEMING)
    assert (chosen.indices, chosen.scaling) == ((0,), "window")


@pytest.mark.parametrize(
    ("words", "count", "first", "last"),
    [
        ((), 32, 1, 93),
        (("--slices", "per-second"), 9, 5, 89),
        (("--slices", "segments:4", "--seconds", "2,4"), 4, 22, 37),
        (("--slices", "even:3", "--seconds", "2,4"), 3, 20, 40),
        (("--slices", "all"), 96, 0, 95),
    ],
)
def test_frames_of_a_clip(
    clip: Clip, words: tuple[str, ...], count: int, first: int, last: int
) -> None:
    indices = ask.select(clip, options("x", *words), FLEMING).indices
    assert (len(indices), indices[0], indices[-1]) == (count, first, last)


def test_seconds_are_of_clips_and_two(clip: Clip) -> None:
    with pytest.raises(QuestionError, match="needs 2 numbers"):
        ask.select(clip, options("x", "--seconds", "3"), FLEMING)
    (volume,) = read(SAMPLES / "chest_ct_32.npy")
    with pytest.raises(SelectionError, match="this is a volume"):
        ask.select(volume, options("x", "--seconds", "1,2"), FLEMING)


def test_tiles_reach_the_question() -> None:
    path = SAMPLES / "radiograph.png"
    _, composed = ask.build(options(path, "--tiles"), PROFILES["fleming-vl-8b"])
    assert composed.question.tiles
    assert not ask.build(options(path), PROFILES["fleming-vl-8b"])[1].question.tiles

"""What `medvlm ask` sends where nobody chose: as the model was trained."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.cli import ask, choosing
from napari_medvlm.errors import QuestionError, SelectionError
from napari_medvlm.imaging import Clip, Selection, Slab, read
from napari_medvlm.models import PROFILES

SAMPLES = Path(__file__).parents[2] / "sample_data"
FLEMING = PROFILES["fleming-vl-8b"].contract
DEMO = PROFILES["demo"].contract


def options(path: Any = "x", *words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ask.add_arguments(parser)
    return parser.parse_args([str(path), "What is seen?", *words])


def select(source: Any, chosen: argparse.Namespace, contract: Any) -> Selection:
    (wanted,) = choosing.wanted_of(chosen)
    return choosing.select(source, wanted, contract)


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
    chosen = select(volume, options(), FLEMING)
    assert chosen.indices == (0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 31)
    assert chosen.scaling == "slice_extremes"
    shown = select(volume, options("x", "--scaling", "window"), FLEMING)
    assert shown.scaling == "window"
    lung = select(volume, options("x", "--window=-600,1500"), FLEMING)
    assert (lung.scaling, lung.window.width) == ("window", 1500)
    demo = select(volume, options(), DEMO)
    assert (len(demo.indices), demo.scaling) == (8, "window")


def test_a_single_image_goes_as_it_is_displayed() -> None:
    (radiograph,) = read(SAMPLES / "radiograph.png")
    chosen = select(radiograph, options(), FLEMING)
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
    indices = select(clip, options("x", *words), FLEMING).indices
    assert (len(indices), indices[0], indices[-1]) == (count, first, last)


def test_seconds_are_of_clips_and_two(clip: Clip) -> None:
    with pytest.raises(QuestionError, match="needs 2 numbers"):
        select(clip, options("x", "--seconds", "3"), FLEMING)
    (volume,) = read(SAMPLES / "chest_ct_32.npy")
    with pytest.raises(SelectionError, match="this is a volume"):
        select(volume, options("x", "--seconds", "1,2"), FLEMING)


def test_tiles_reach_the_question() -> None:
    path = SAMPLES / "radiograph.png"
    assert ask.build(options(path, "--tiles"), PROFILES["fleming-vl-8b"]).question.tiles
    assert not ask.build(options(path), PROFILES["fleming-vl-8b"]).question.tiles


def _two(*words: str) -> Any:
    return options(SAMPLES / "chest_ct_32.npy", "--also", str(SAMPLES / "radiograph.png"), *words)


def test_several_scans_go_in_their_order_and_are_named() -> None:
    chosen = _two("--slices", "4,9", "--slices", "0", "--label", "prior", "--label", "current")
    question = ask.build(chosen).question
    assert [(f.label, f.index) for f in question.frames] == [
        ("prior", 4),
        ("prior", 9),
        ("current", 0),
    ]
    assert question.text == "What is seen?\nImages 1-2: prior; image 3: current."


def test_the_legend_can_be_left_out_and_two_of_a_name_are_told_apart() -> None:
    question = ask.build(_two("--slices", "0", "--label", "x", "--no-legend")).question
    assert question.text == "What is seen?"
    assert [frame.label for frame in question.frames] == ["x (1)", "x (2)"]


def test_one_scan_has_no_name_and_no_legend() -> None:
    question = ask.build(options(SAMPLES / "chest_ct_32.npy", "--label", "x")).question
    assert (question.text, question.frames[0].label) == ("What is seen?", "")


def test_a_slab_reaches_the_frames() -> None:
    chosen = _two("--slices", "4", "--slices", "0", "--slab", "maximum:3", "--slab", "-")
    thick, thin = ask.build(chosen).question.frames
    assert thick.slab is not None
    assert (thick.slab.kind, thick.slab.first, thick.slab.last) == ("maximum", 3, 5)
    assert thin.slab is None
    facts = ask.frame_facts(0, thick)
    assert facts["slab"]["first"] == 3
    assert facts["source"] == thick.label
    (volume,) = read(SAMPLES / "chest_ct_32.npy")
    assert select(volume, options("x", "--slab", "5"), DEMO).slab == Slab(5)


def test_options_are_given_once_or_for_each_path() -> None:
    with pytest.raises(QuestionError, match="given 3 times for 2 paths"):
        choosing.wanted_of(_two("--slices", "1", "--slices", "2", "--slices", "3"))
    both = choosing.wanted_of(_two("--plane", "acquired", "--time", "0"))
    assert [one.plane for one in both] == ["acquired", "acquired"]


def test_a_clip_has_no_slab(clip: Clip) -> None:
    with pytest.raises(SelectionError, match="this is a clip"):
        select(clip, options("x", "--slab", "5"), FLEMING)

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.asking import model_offer
from napari_medvlm.asking.choose import budget
from napari_medvlm.asking.choose.budget import Budget, plans, sized
from napari_medvlm.dialogue import Turn
from napari_medvlm.engine.hardware import DeviceMemory
from napari_medvlm.errors import CheckpointError
from napari_medvlm.imaging import Frame

FLEMING = Path(__file__).parents[2] / "oracles" / "fleming_vl" / "checkpoint"
FRAMES = tuple(Frame.from_pixels(np.full((60, 80), n, np.uint8)) for n in range(3))


def test_the_line_tells_tokens_and_memory_before_anything_runs() -> None:
    words = Budget().words(model_offer("demo"), FRAMES, tiles=False)
    assert words.startswith("resized to 196 × 140 for the model · 105 image tokens · needs 6")
    assert words.endswith("GB free")


def test_nothing_is_said_without_frames_or_a_model() -> None:
    assert Budget().words(None, FRAMES, tiles=False) == ""
    assert Budget().words(model_offer("demo"), (), tiles=False) == ""


def test_tiles_count_as_images() -> None:
    offer = model_offer(str(FLEMING), device="cpu")
    whole = Budget().words(offer, FRAMES[:1], tiles=False)
    tiled = Budget().words(offer, FRAMES[:1], tiles=True)
    assert "16 image tokens" in whole
    # 80 x 60 is nearest to 4 x 3 tiles, and a thumbnail.
    assert "208 image tokens" in tiled
    assert whole.startswith("resized to ")
    assert tiled.startswith("cut into tiles of ")


def test_images_that_the_model_sees_as_they_are_have_no_other_size() -> None:
    fitting = [Frame.from_pixels(np.zeros((140, 140), np.uint8))]
    assert Budget().words(model_offer("demo"), fitting, tiles=False).startswith("25 image tokens")
    mixed = [*fitting, Frame.from_pixels(np.zeros((60, 100), np.uint8))]
    assert Budget().words(model_offer("demo"), mixed, tiles=False).startswith("resized for the")


def test_a_gpu_is_asked_in_the_background_and_what_is_tight_comes_with_advice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    small = DeviceMemory("cuda:0", "GPU", 700_000_000, 672_000_000)
    monkeypatch.setattr(budget, "device_memory", lambda device: small)
    offer = model_offer(str(FLEMING), device="auto", dtype="auto")
    one = Budget()
    first = one.words(offer, FRAMES * 600, tiles=False)
    deadline = time.monotonic() + 10
    while "needs" not in (told := one.words(offer, FRAMES * 600, tiles=False)):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "needs" not in first or first == told
    assert "tight" in told
    assert "images fit: send fewer." in told


def test_a_model_that_is_not_here_is_reckoned_from_the_catalog() -> None:
    assert sized("fleming-vl-38b").folder is None
    memory, (made,) = plans("fleming-vl-38b", 11, 512, 512, device="cpu", precisions=("int8",))
    assert memory is not None
    assert made.load.image_tokens == 256
    assert 35e9 < made.need.weights < 50e9
    with pytest.raises(CheckpointError):
        sized("no-such-model")


def test_the_offer_decides_the_precision() -> None:
    offer = model_offer("demo")
    eight = replace(offer, choice=replace(offer.choice, dtype="int8"))
    sizes = []
    for one in (offer, eight):
        words = Budget().words(one, FRAMES, tiles=False)
        sizes.append(int(words.split("needs ")[1].split(" MB")[0]))
    assert sizes[0] > sizes[1]


def test_earlier_turns_count_in_tokens_and_memory() -> None:
    reckoned, offer = Budget(), model_offer("demo")
    same, others = Turn("w" * 400, "a" * 400, FRAMES), Turn("?", "no", FRAMES[:1])
    alone = reckoned.words(offer, FRAMES, tiles=False)
    assert "105 image tokens" in alone
    # The same images were sent last: once; others in between: all of them.
    assert "105 image tokens" in reckoned.words(offer, FRAMES, tiles=False, history=[same])
    several = reckoned.words(offer, FRAMES, tiles=False, history=[same, others])
    assert "245 image tokens" in several
    assert reckoned.history_tokens(offer, [same]) == 105 + 200
    assert reckoned.history_tokens(offer, ()) is None
    assert reckoned.history_tokens(None, [same]) is None

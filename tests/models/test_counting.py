"""What is counted beforehand is what the models' own prompts come to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.asking.choose.budget import sized
from napari_medvlm.dialogue import Question
from napari_medvlm.imaging import Frame
from napari_medvlm.models import Model, open_model
from napari_medvlm.models.counting import load_of_images
from napari_medvlm.models.store import locate

ORACLES = Path(__file__).parent.parent / "oracles"
FOLDERS = {
    "demo": locate("demo").path,
    "chexone": ORACLES / "chexone" / "checkpoint",
    "medvlm-r1": ORACLES / "medvlm_r1" / "checkpoint",
    "fleming-vl-8b": ORACLES / "fleming_vl" / "checkpoint",
}
SIZES = [(128, 128), (300, 520), (40, 90)]


@pytest.fixture(scope="module", params=FOLDERS)
def opened(request: pytest.FixtureRequest) -> tuple[Path, Model]:
    folder = FOLDERS[request.param]
    return folder, open_model(folder, profile=request.param)


def frames(sizes: list[tuple[int, int]]) -> tuple[Frame, ...]:
    grey = np.random.default_rng(0)
    return tuple(Frame.from_pixels(grey.integers(0, 255, size, np.uint8)) for size in sizes)


def sent(model: Model, question: Question) -> int:
    prompt = model.encode(question)
    return sum(stop - start for start, stop, _ in prompt.image_spans)


def counted(folder: Path, model: Model, sizes: list[tuple[int, int]], **how: bool) -> int:
    profile = model.profile  # type: ignore[attr-defined]
    size = sized(str(folder)).footprint
    return load_of_images(size, profile, sizes, folder=folder, **how).visual_tokens


@pytest.mark.parametrize("sizes", [SIZES[:1], SIZES, SIZES[:1] * 5])
def test_images_of_any_size_are_counted_as_the_prompt_holds_them(
    opened: tuple[Path, Model], sizes: list[tuple[int, int]]
) -> None:
    folder, model = opened
    question = Question("What is it?", frames(sizes))
    assert counted(folder, model, sizes) == sent(model, question)


@pytest.mark.parametrize("count", [2, 5, 8])
def test_frames_of_a_clip_are_counted_as_the_prompt_holds_them(
    opened: tuple[Path, Model], count: int
) -> None:
    folder, model = opened
    sizes = [(240, 320)] * count
    question = Question("What moves?", frames(sizes), frame_kind="video")
    assert counted(folder, model, sizes, video=True) == sent(model, question)


@pytest.mark.parametrize("size", SIZES)
def test_tiles_are_counted_as_the_prompt_holds_them(size: tuple[int, int]) -> None:
    folder = FOLDERS["fleming-vl-8b"]
    model = open_model(folder, profile="fleming-vl-8b")
    question = Question("What is it?", frames([size]), tiles=True)
    assert counted(folder, model, [size], tiles=True) == sent(model, question)

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medvlm.asking import (
    PlacedBox,
    answer_words,
    frame_words,
    frames_words,
    sent_words,
)
from napari_medvlm.asking.answer.wording import asked_words, slab_words, strip_captions
from napari_medvlm.asking.model.engine_words import state_tone, state_words
from napari_medvlm.dialogue import Question, Region, Turn
from napari_medvlm.engine import EngineState
from napari_medvlm.imaging import Frame, FrameSlab, Selection, take
from napari_medvlm.records.captions import frame_caption

from ..scans import ct


def test_a_frame_says_its_number_slice_position_and_window() -> None:
    frames = take(ct(), Selection(indices=(0, 6)))
    assert frame_words(0, frames[0]) == (
        "Image 1: axial slice 0, −30 mm, lung window (C −600, W 1500)"
    )
    assert frame_words(1, frames[1]).startswith("Image 2: axial slice 6, 0.0 mm")


def test_a_frame_of_a_clip_says_its_second() -> None:
    frame = Frame.from_pixels(
        np.zeros((4, 6), np.uint8), plane="frame", index=31, position=1.24, unit="s"
    )
    assert frame_words(2, frame) == "Image 3: frame 31, 1.24 s"


def test_all_frames_in_one_line() -> None:
    frames = take(ct(), Selection(indices=(0, 6)))
    width, height = frames[0].size_wh
    assert frames_words(frames) == (
        f"2 images · axial · {width} × {height} pixels · lung window (C −600, W 1500)"
    )
    assert frames_words(frames[:1]).startswith("1 image · ")
    assert frames_words(()) == ""


def test_a_slab_and_a_source_say_so() -> None:
    slab = FrameSlab("mean", 34, 38, 12.5)
    frame = replace(take(ct(), Selection(indices=(6,)))[0], slab=slab, label="prior", time=2)
    assert frame_words(2, frame) == (
        "Image 3: prior, axial slice 6, time point 2, mean of slices 34 to 38 (12.5 mm), 0.0 mm, "
        "lung window (C −600, W 1500)"
    )
    assert "mean 12.5 mm" in frames_words([frame])
    assert frame_caption(2, frame) == (
        "Image 3: prior · axial slice 6 · time point 2 · mean of slices 34 to 38 (12.5 mm) "
        "· 0.0 mm · lung window (C −600, W 1500) · R left, L right"
    )
    thin = replace(slab, thickness=None)
    assert slab_words(thin) == "mean of slices 34 to 38"


def test_captions_say_what_differs() -> None:
    axial = take(ct(), Selection(indices=(0, 6)))
    assert strip_captions(axial) == ("0\n−30 mm", "6\n0.0 mm")
    coronal = replace(take(ct(), Selection((3,), "coronal"))[0], label="current", window=None)
    thick = replace(axial[0], slab=FrameSlab("maximum", 0, 2, 15.0), label="prior")
    first, second = strip_captions((thick, coronal))
    assert first == "axial 0\n−30 mm\nmax 15 mm\nlung\nprior"
    assert second.splitlines()[0] == "coronal 3"
    assert second.splitlines()[-1] == "current"
    assert frames_words((thick, coronal)).startswith(
        "2 images · axial and coronal, reformatted; 5 mm between samples · of several"
    )


def test_images_of_several_sources_are_told_apart() -> None:
    pixels = np.zeros((4, 6), np.uint8)
    frames = [Frame.from_pixels(pixels, label=label) for label in ("prior", "prior", "current")]
    assert "3 images (1-2 prior, 3 current)" in sent_words(Question("what?", tuple(frames)))


def test_what_went_with_a_question() -> None:
    pixels = np.zeros((4, 6), np.uint8)
    question = Question(
        "what?",
        (pixels, pixels),
        regions=(Region(1, (0, 0, 2, 2)), Region(0, (0, 0, 2, 2), "mass")),
        history=(Turn("a", "b"),),
    )
    assert sent_words(question, "demo (toy)") == (
        "demo (toy) · 2 images · ▣ region 1 on image 2 · ▣ mass on image 1 · follow-up · reasoning"
    )


@pytest.mark.parametrize(
    ("state", "tone", "words"),
    [
        (EngineState(), "idle", "not loaded"),
        (EngineState("loading", queued=1), "busy", "loading · 1 waiting"),
        (
            EngineState("ready", device="cuda:1", memory_bytes=7_500_000_000),
            "ready",
            "ready · GPU 1 · 7.5 GB",
        ),
        (
            EngineState("answering", device="cpu", memory_bytes=640_000_000),
            "busy",
            "answering · CPU · 640 MB",
        ),
        (EngineState("dead"), "failed", "ended; restarts at the next question"),
    ],
)
def test_the_engines_state_in_words(state: EngineState, tone: str, words: str) -> None:
    assert (state_tone(state), state_words(state)) == (tone, words)


def _boxes(*found: tuple[str, int]) -> list[PlacedBox]:
    corners, box = np.zeros((4, 3)), (0.0, 0.0, 1.0, 1.0)
    return [PlacedBox(label, corners, frame, 0, box, False, box) for label, frame in found]


def test_a_task_without_words_is_told_by_its_own() -> None:
    assert asked_words(Question("where?"), "CheXOne") == "where?"
    findings = Question("", task="findings")
    trained = "Write an example findings section for the CXR."
    assert asked_words(findings, "CheXOne") == trained
    assert asked_words(findings, "CheXOne (my folder)") == trained
    assert asked_words(findings, "demo (toy)") == "Describe the findings."
    assert asked_words(findings, "gone") == "findings"
    pixels = np.zeros((4, 6), np.uint8)
    two = tuple(Frame.from_pixels(pixels, label=label) for label in ("prior", "current"))
    words = "Image 1: prior; image 2: current."
    told = asked_words(Question(words, two, task="findings"), "demo (toy)")
    assert told == f"Describe the findings.\n{words}"


def test_a_bare_list_of_boxes_is_put_into_words() -> None:
    written = '[{"image": 3, "bbox_2d": [1, 2, 3, 4], "label": "nodule"}]'
    assert answer_words(written, _boxes(("nodule", 2))) == "nodule on image 3"
    assert answer_words(f"```json\n{written}\n```", _boxes(("nodule", 2))) == "nodule on image 3"
    several = _boxes(("nodule", 2), ("nodule", 0), ("", 1))
    assert answer_words(written, several) == "nodule on images 1, 3; box on image 2"


@pytest.mark.parametrize("written", ["none", "Right lung, on image 3.", "[not json", "[" * 100_000])
def test_any_other_answer_stays_as_it_was_written(written: str) -> None:
    assert answer_words(written, _boxes(("nodule", 2))) == written


def test_boxes_without_a_place_leave_the_answer_as_it_was_written() -> None:
    assert answer_words('[{"bbox_2d": [1, 2, 3, 4]}]', []) == '[{"bbox_2d": [1, 2, 3, 4]}]'


@pytest.mark.parametrize(
    "written",
    [
        "A <ref>nodule</ref><box>[[1, 2, 3, 4]]</box> is <b>there</b>.",
        "A <|object_ref_start|>nodule<|object_ref_end|><|box_start|>(1,2),(3,4)<|box_end|>"
        " is <b>there</b>.",
        "A <|ref|>nodule<|/ref|><|box|>(1,2),(3,4)<|/box|> is <b>there</b>.",
    ],
)
def test_tags_around_names_and_boxes_are_left_out_and_no_others(written: str) -> None:
    assert answer_words(written, _boxes(("nodule", 2))) == "A nodule ▣ is <b>there</b>."
    assert answer_words(written, []) == written


def test_a_reformatted_plane_is_called_so_with_its_sampling() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    frames = [Frame(pixels, plane="sagittal", index=k, reformatted=9.0) for k in range(2)]
    assert "sagittal, reformatted; 9 mm between samples" in frames_words(frames)

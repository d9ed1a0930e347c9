"""Chips: what is sent against what each model was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking import Part, chips_of, sent_frames, sent_question
from napari_medvlm.asking.choose.chips import Sent, chip_facts, chip_words, has_options, spoken
from napari_medvlm.dialogue import Question, Region
from napari_medvlm.imaging import Clip, Frame, Scaling, Selection, Volume, take
from napari_medvlm.imaging.slab import SLAB_KINDS, Slab
from napari_medvlm.models import PROFILES, Chip

from ..scans import clip, ct

CHEXONE, R1, FLEMING, DEMO = (
    PROFILES[name] for name in ("chexone", "medvlm-r1", "fleming-vl-8b", "demo")
)


def radiograph(**facts: object) -> Volume:
    return Volume(np.zeros((1, 8, 8), np.int16), np.eye(4), modality="DX", **facts)  # type: ignore[arg-type]


def of(
    source: Volume | Clip, frames: Sequence[Frame], scaling: Scaling = "window"
) -> tuple[Part, ...]:
    """What these frames were taken by."""
    return (Part(source, Selection(tuple(frame.index for frame in frames), scaling=scaling)),)


def by_topic(chips: tuple[Chip, ...]) -> dict[str, Chip]:
    return {chip.topic: chip for chip in chips}


def test_a_chest_radiograph_is_what_chexone_reads() -> None:
    source = radiograph(body_part="CHEST")
    frames = take(source, Selection((0,), "acquired"))
    chips = by_topic(chips_of(CHEXONE, sent_frames(frames, of(source, frames))))
    assert {chip.tone for chip in chips.values()} == {"inside"}
    assert chips["modality"].sentence == "CheXOne was trained on chest radiographs; this is one."
    assert chips["count"].words == "✓ 1 image"
    assert "plane" not in chips


def test_a_ct_is_not() -> None:
    frames = take(ct(), Selection((0, 6, 9)))
    chips = by_topic(chips_of(CHEXONE, sent_frames(frames, of(ct(), frames))))
    assert chips["modality"] == Chip(
        "modality", "against", "CT", "CheXOne was trained on chest radiographs; this is CT."
    )
    assert chips["count"].words == "! 3 slices"
    assert "about 11 fit" in chips["count"].sentence
    assert chips["scaling"].words == "✓ lung window"


def test_a_radiograph_of_something_else_is_not_either() -> None:
    source = radiograph(body_part="HAND")
    frames = take(source, Selection((0,), "acquired"))
    sent = sent_frames(frames, of(source, frames))
    chip = by_topic(chips_of(CHEXONE, sent))["modality"]
    assert (chip.tone, chip.label) == ("against", "radiograph, hand")
    unsaid = by_topic(chips_of(CHEXONE, replace(sent, body_part="")))["modality"]
    assert unsaid.tone == "inside"
    assert "does not say of what" in unsaid.sentence


def test_two_radiographs_are_no_slices() -> None:
    views = [Frame.from_pixels(np.zeros((4, 4), np.uint8), source=name) for name in "ab"]
    chips = by_topic(chips_of(CHEXONE, sent_frames(views)))
    assert chips["count"].words == "✓ 2 images"
    assert chips["modality"].words == "! kind unknown"


@pytest.mark.parametrize(("frames", "tone"), [(2, "inside"), (11, "unsure"), (12, "against")])
def test_more_than_the_context_holds_is_against_it(frames: int, tone: str) -> None:
    assert by_topic(chips_of(CHEXONE, Sent(frames)))["count"].tone == tone


def test_a_video_is_against_a_model_of_still_images() -> None:
    frames = take(clip(), Selection((0, 10, 20), "acquired"))
    chips = by_topic(chips_of(CHEXONE, sent_frames(frames, of(clip(), frames))))
    assert chips["count"].words == "✕ 3 frames as video"
    assert chips["modality"].words == "✕ ultrasound"
    alone = by_topic(chips_of(CHEXONE, sent_frames(frames[:1], of(clip(), frames[:1]))))
    assert alone["count"].words == "✓ 1 image"


@pytest.mark.parametrize(
    ("code", "tone"), [("MR", "inside"), ("CT", "unsure"), ("DX", "unsure"), ("US", "against")]
)
def test_being_measured_on_something_is_not_being_trained_on_it(code: str, tone: str) -> None:
    assert by_topic(chips_of(R1, Sent(1, modalities=(code,))))["modality"].tone == tone


def test_a_model_of_multiple_choice_says_that_there_are_no_options() -> None:
    sent = Sent(1, modalities=("MR",))
    assert "options" not in by_topic(chips_of(R1, sent))
    assert by_topic(chips_of(R1, replace(sent, options=False)))["options"].words == "! no options"
    assert by_topic(chips_of(R1, replace(sent, options=True)))["options"].tone == "inside"
    assert "options" not in by_topic(chips_of(CHEXONE, replace(sent, options=False)))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Which side?\nA) left\nB) right", True),
        ("Which view? Options: (a) PA, (b) AP", True),
        ("Which side? A. left B. right", True),
        ("Is vitamin B. or A) meant?", False),
        ("Where is it?", False),
    ],
)
def test_options_in_the_words_of_a_question(text: str, found: bool) -> None:
    assert has_options(text) is found
    assert sent_question(Question(text)).options is found


def test_slices_scaled_one_by_one_are_what_fleming_was_trained_on() -> None:
    eleven = (*range(10), 9)
    choice = Selection(eleven, scaling="slice_extremes")
    frames = take(ct(), choice)
    chips = by_topic(chips_of(FLEMING, sent_frames(frames, of(ct(), frames, choice.scaling))))
    assert {chip.tone for chip in chips.values()} == {"inside"}
    assert chips["scaling"].words == "✓ scaled slice by slice"
    assert "your window is not used" in chips["scaling"].sentence
    windowed = take(ct(), replace(choice, scaling="window", indices=(0, 3)))
    chips = by_topic(chips_of(FLEMING, sent_frames(windowed, of(ct(), windowed))))
    assert chips["scaling"].words == "! lung window"
    assert chips["count"].words == "! 2 slices"
    # The other way round it is the model of windows that has not seen it.
    other = by_topic(chips_of(CHEXONE, sent_frames(frames, of(ct(), frames, "slice_extremes"))))
    assert other["scaling"].tone == "unsure"


def test_the_planes_of_volumes_bind_several_slices_and_no_single_image() -> None:
    several = Sent(11, slices=True, planes=("coronal",))
    assert by_topic(chips_of(FLEMING, several))["plane"].words == "! coronal"
    assert "plane" not in by_topic(chips_of(FLEMING, Sent(1, planes=("coronal",))))
    unknown = by_topic(chips_of(FLEMING, replace(several, planes=("acquired",))))
    assert unknown["plane"].words == "! plane unknown"
    assert by_topic(chips_of(DEMO, Sent(1, planes=("sagittal",))))["plane"].tone == "against"


@pytest.mark.parametrize(
    ("frames", "pace", "tone"),
    [(32, 0.2, "inside"), (9, 1.0, "inside"), (9, 0.5, "unsure"), (121, 1.0, "against")],
)
def test_videos_as_they_were_trained(frames: int, pace: float, tone: str) -> None:
    sent = Sent(frames, kind="video", seconds_per_frame=pace)
    assert by_topic(chips_of(FLEMING, sent))["count"].tone == tone


def test_slabs_are_told() -> None:
    for kind in SLAB_KINDS:
        frames = take(ct(), Selection((3,), slab=Slab(3, kind)))
        chip = by_topic(chips_of(DEMO, sent_frames(frames)))["slab"]
        assert (chip.tone, chip.label) == ("unsure", f"slab, {kind}")
    thin = take(ct(), Selection((3,)))
    assert "slab" not in by_topic(chips_of(DEMO, sent_frames(thin)))


def test_regions_and_tiles_are_told() -> None:
    frames = take(ct(), Selection((0, 6)))
    question = Question("?", frames, regions=(Region(0, (0, 0, 2, 2)),), tiles=True)
    sent = sent_question(question, of(ct(), question.frames))
    chips = by_topic(chips_of(FLEMING, sent))
    assert chips["tiles"].words == "✕ in tiles"
    assert chips["region"].sentence == (
        "Fleming-VL-8B was not trained on drawn regions; they are sent as text."
    )
    assert by_topic(chips_of(FLEMING, Sent(1, tiles=True)))["tiles"].tone == "unsure"
    assert "tiles" not in by_topic(chips_of(CHEXONE, sent))
    assert by_topic(chips_of(DEMO, sent))["region"].tone == "inside"
    assert by_topic(chips_of(DEMO, replace(sent, regions=2)))["region"].tone == "unsure"


def test_of_an_unknown_checkpoint_one_thing_is_said() -> None:
    for name in ("qwen2.5-vl", "qwen2-vl", "internvl"):
        (chip,) = chips_of(PROFILES[name], Sent(3, modalities=("CT",), regions=1))
        assert (chip.tone, chip.label) == ("unsure", "training unknown")


def test_the_toy_says_that_it_is_one() -> None:
    frames = take(ct(), Selection((0, 6)))
    first, *others = chips_of(DEMO, sent_frames(frames, of(ct(), frames)))
    assert first.words == "! toy"
    assert chip_words(others) == "✓ CT   ✓ axial   ✓ 2 slices   ✓ lung window"
    assert spoken(others[1]) == "axial: as trained"
    assert chip_facts(others[1])["sentence"] == "demo (toy) was trained on axial slices; these are."


SENT = st.builds(
    Sent,
    frames=st.integers(0, 200),
    kind=st.sampled_from(["images", "video"]),
    slices=st.booleans(),
    modalities=st.lists(st.sampled_from(["CT", "MR", "DX", "CR", "US", "OT", "", "XYZ"])).map(
        tuple
    ),
    planes=st.lists(st.sampled_from(["axial", "coronal", "acquired"]), unique=True).map(tuple),
    windows=st.lists(st.sampled_from(["lung window", "C 40 W 400"]), unique=True).map(tuple),
    own_scaling=st.booleans(),
    slab=st.sampled_from(["", "mean"]),
    body_part=st.sampled_from(["", "CHEST", "KNEE"]),
    regions=st.integers(0, 3),
    tiles=st.booleans(),
    options=st.sampled_from([None, True, False]),
    seconds_per_frame=st.sampled_from([None, 0.1, 1.0]),
)


@given(st.sampled_from(sorted(PROFILES)), SENT)
def test_whatever_is_sent_each_part_is_told_once_in_a_sentence(name: str, sent: Sent) -> None:
    chips = chips_of(PROFILES[name], sent)
    assert bool(chips) == bool(sent.frames)
    told = [chip.words for chip in chips]
    assert len(set(told)) == len(told)
    for chip in chips:
        assert chip.label == chip.label.strip() != ""
        assert chip.sentence[0].isupper() or chip.sentence.startswith(PROFILES[name].title)
        assert chip.sentence.endswith(".")

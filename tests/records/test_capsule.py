from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from napari_medvlm.dialogue import Question, Turn
from napari_medvlm.errors import RecordError
from napari_medvlm.imaging import Frame
from napari_medvlm.records.capsule import Capsule, ModelRecord, read_capsule

from .questions import QUESTIONS, question

MODEL = ModelRecord("demo (toy)", "12" * 32, "demo", "cpu", "float32")
VERSIONS = {"napari-medvlm": "0.1.0", "torch": "2.13.0", "transformers": "5.23.0"}
#: Written down by hand from the description: a change of this text needs a new version.
JSON = (
    '{"capsule":1,"model":{"device":"","digest":"","dtype":"","label":"m","profile":""},'
    '"prompt":"","question":{"choices":[],"frame_kind":"images","frames":[{"digest":"'
    + hashlib.sha256(b"(1, 2, 3)" + bytes(6)).hexdigest()
    + '","index":0,"modality":"","plane":"acquired","position":null,"size":[2,1],"source":"",'
    '"to_source":[[0.0,0.0,0.0],[0.0,1.0,-0.5],[1.0,0.0,-0.5]],"unit":"","window":null}],'
    '"generation":{"max_new_tokens":1024,"repetition_penalty":null,"seed":0,"temperature":0.0,'
    '"top_p":1.0},"history":[],"mode":"reasoning","regions":[],"seconds_per_frame":null,'
    '"task":"ask","text":"Where?","tiles":false,"volume":null},"versions":{}}'
)


def _capsule(asked: Question) -> Capsule:
    return Capsule.of(asked, MODEL, prompt="<user>…", versions=VERSIONS)


def _pixels(asked: Question) -> dict[str, np.ndarray]:
    turns = [frame for turn in asked.history for frame in turn.frames]
    return {frame.digest: frame.pixels for frame in [*turns, *asked.frames]}


@settings(max_examples=60, deadline=None)
@given(QUESTIONS)
def test_a_capsule_survives_its_json_and_gives_the_same_question(asked: Question) -> None:
    capsule = _capsule(asked)
    again = read_capsule(capsule.json)
    assert again == capsule
    assert again.digest == capsule.digest
    assert again.model == MODEL
    assert dict(again.versions) == VERSIONS
    restored = again.ask_again(_pixels(asked))
    assert _capsule(restored).json == capsule.json
    for left, right in zip(asked.frames, restored.frames, strict=True):
        np.testing.assert_array_equal(left.pixels, right.pixels)
        np.testing.assert_array_equal(left.to_source, right.to_source)


def test_the_hash_is_that_of_the_canonical_json() -> None:
    asked = Question("Where?", (np.zeros((1, 2), np.uint8),))
    capsule = Capsule.of(asked, ModelRecord("m"))
    assert capsule.json == JSON
    assert capsule.digest == hashlib.sha256(JSON.encode()).hexdigest()


def test_all_that_decides_an_answer_changes_the_hash() -> None:
    asked = question()
    first = asked.frames[0]
    generation = asked.generation
    other_pixels = replace(first, pixels=first.pixels ^ np.uint8(1))
    others = [
        replace(asked, text="What is it?"),
        replace(asked, task="report"),
        replace(asked, mode="instruct"),
        replace(asked, tiles=True),
        replace(asked, choices=(("A", "yes"),)),
        replace(asked, regions=()),
        replace(asked, frames=asked.frames[::-1]),
        replace(asked, frames=(other_pixels, *asked.frames[1:])),
        replace(asked, frames=(replace(first, window=None), *asked.frames[1:])),
        replace(asked, frames=(replace(first, index=3), *asked.frames[1:])),
        replace(asked, frame_kind="video", seconds_per_frame=1.0),
        replace(asked, generation=replace(generation, seed=1)),
        replace(asked, history=(Turn("a", "b"),)),
        replace(asked, volume=np.zeros((1, 2, 2), np.float32)),
        replace(asked, volume=np.ones((1, 2, 2), np.float32)),
    ]
    capsules = [_capsule(asked), *map(_capsule, others)]
    capsules += [Capsule.of(asked, replace(MODEL, dtype="int8"), prompt="<user>…")]
    capsules += [Capsule.of(asked, MODEL, prompt="<user>…", versions={"torch": "2.6"})]
    assert len({capsule.digest for capsule in capsules}) == len(capsules)
    assert _capsule(question()).digest == capsules[0].digest


def test_a_source_that_is_no_hash_is_not_written_down() -> None:
    frame = Frame.from_pixels(np.zeros((2, 2), np.uint8), source="Doe^John.dcm")
    capsule = _capsule(Question("Where?", (frame,)))
    assert "Doe" not in capsule.json
    assert capsule.study == ""
    assert _capsule(question()).study == "abcdef012345"


def test_a_position_that_is_not_finite_is_unknown_and_a_box_that_is_not_is_refused() -> None:
    frame = Frame.from_pixels(np.zeros((2, 2), np.uint8), position=float("nan"))
    assert _capsule(Question("Where?", (frame,))).question["frames"][0]["position"] is None
    asked = question()
    wrong = replace(asked, regions=(replace(asked.regions[0], box=(0, 0, float("inf"), 1)),))
    with pytest.raises(RecordError, match="not finite"):
        _ = _capsule(wrong).json


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"capsule": 1}', "null", '{"capsule":1,"model":{"x":1}}', "[" * 100_000],
)
def test_what_is_no_capsule_is_refused(text: str) -> None:
    with pytest.raises(RecordError, match="no run capsule"):
        read_capsule(text)


def test_a_capsule_of_a_newer_version_is_refused_with_advice() -> None:
    with pytest.raises(RecordError, match=r"says 2\.") as caught:
        read_capsule('{"capsule": 2}')
    assert "newer" in caught.value.advice


def test_missing_pixels_are_told() -> None:
    with pytest.raises(RecordError, match="missing"):
        _capsule(question()).ask_again({})

"""What the recipe says of its images is true of the phantoms."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.demo import held_out, phantoms, questions, recipe, scoring
from napari_medvlm.demo.questions import Mark, Scene
from napari_medvlm.demo.store import SEED_BASE, SHARD, Store, fill, write_shard


@pytest.fixture(scope="module")
def study() -> recipe.Study:
    for seed in range(50):
        found = recipe.render_study("ct", seed)
        if len({mark.lesion for mark in found.marks}) == 2:
            return found
    raise AssertionError("no phantom with two nodules among 50 seeds")


def test_training_and_held_out_seeds_are_apart(tmp_path: Path) -> None:
    assert max(SEED_BASE.values()) + SHARD <= recipe.TRAIN_SEEDS < recipe.HELD_OUT_SEED
    with pytest.raises(ValueError, match="held-out seeds"):
        next(held_out.cases(1, first_seed=recipe.TRAIN_SEEDS - 1))
    with pytest.raises(ValueError, match="training seeds"):
        write_shard(tmp_path, "us", 10**6)


def test_no_chosen_slice_is_ambiguous() -> None:
    for seed in range(6):
        phantom = phantoms.chest_ct(seed, n_lesions=2)
        chosen = recipe.choose_slices(phantom, np.random.default_rng(seed))
        part = recipe.fractions(phantom)[:, chosen]
        assert chosen == sorted(set(chosen))
        assert ((part == 0) | (part >= recipe.VISIBLE)).all()
        assert (part >= recipe.VISIBLE).any()


def test_boxes_hold_the_brightest_of_a_nodule(study: recipe.Study) -> None:
    _, rows, cols = study.values.shape
    for mark in study.marks:
        x0, y0, x1, y1 = np.array(mark.box) * (cols, rows, cols, rows)
        middle = study.values[mark.image, int((y0 + y1) / 2), int((x0 + x1) / 2)]
        assert middle > -300  # soft tissue, in a lung of about -850 HU


def test_side_is_the_patients_side(study: recipe.Study) -> None:
    # Seen from the feet: the patient's right is on the left of the picture.
    for mark in study.marks:
        middle = (mark.box[0] + mark.box[2]) / 2
        assert mark.side == ("right" if middle < 0.5 else "left")


@pytest.mark.parametrize("seed", range(4))
def test_augmentation_moves_the_truth_with_the_pixels(study: recipe.Study, seed: int) -> None:
    frames, scene = recipe.draw_scene(study, np.random.default_rng(seed), count=8)
    assert len(scene.marks) == len(study.marks)
    for mark in scene.marks:
        x0, y0, x1, y1 = (np.array(mark.box) * frames.shape[-1]).round().astype(int)
        inside = frames[mark.image, y0:y1, x0:x1]
        wide = frames[mark.image, max(0, y0 - 9) : y1 + 9, max(0, x0 - 9) : x1 + 9]
        assert np.median(inside) > np.median(wide)
        assert mark.side == ("right" if x0 + x1 < frames.shape[-1] else "left")


def test_plain_scene_leaves_the_truth_alone(study: recipe.Study) -> None:
    rng = np.random.default_rng(0)
    frames, scene = recipe.draw_scene(study, rng, count=len(study.values), plain=True)
    assert frames.shape[1:] == (140, 140)
    assert scene.marks == study.marks


def test_direction_and_track_of_a_clip_agree() -> None:
    for seed in range(8):
        study = recipe.render_study("us", seed)
        _, scene = recipe.draw_scene(study, np.random.default_rng(seed), count=1)
        x, y = np.array(scene.track[-1][:2]) - np.array(scene.track[0][:2])
        right, down = scene.direction == "right", scene.direction == "down"
        sideways = scene.direction in ("left", "right")
        assert (abs(x) > abs(y)) == sideways
        assert (x > 0) == right if sideways else (y > 0) == down


MARKS = (
    Mark(1, (0.1, 0.2, 0.3, 0.4), "right", 0, 21.4),
    Mark(1, (0.6, 0.2, 0.7, 0.3), "left", 1, 17.0),
    Mark(2, (0.1, 0.2, 0.3, 0.4), "right", 0, 19.0),
)


@pytest.mark.parametrize(
    ("task", "answer"),
    [
        ("modality", "CT, chest"),
        ("presence", "yes"),
        ("what", "nodule"),
        ("side", "both"),
        ("images", "2, 3"),
        ("size", "21 mm"),
        ("finding", "Several nodules in both lungs on images 2, 3, the largest 21 mm."),
    ],
)
def test_answers_follow_from_the_truth(task: str, answer: str) -> None:
    assert questions.answer_for(task, Scene("ct", 4, MARKS)) == answer


@pytest.mark.parametrize("task", ["what", "side", "images", "size", "where"])
def test_nothing_there_is_answered_with_none(task: str) -> None:
    assert questions.answer_for(task, Scene("mr", 3)) == "none"


def test_reasoning_names_every_image_by_its_number() -> None:
    text = questions.reasoning_for("where", Scene("ct", 4, MARKS))
    assert text == (
        "Image 2 shows nodules in both lungs. Image 3 shows a nodule in the right lung. "
        "Images 1, 4 do not."
    )


def test_reasoning_about_many_images_names_those_that_show_something() -> None:
    assert questions.reasoning_for("where", Scene("ct", 11, MARKS[2:])) == (
        "Image 3 shows a nodule in the right lung."
    )
    assert questions.reasoning_for("where", Scene("mr", 11)) == (
        "Images 1 to 11 show no nodule or lesion."
    )


def test_box_answer_is_json_in_thousandths() -> None:
    scene = Scene("ct", 4, MARKS)
    items = json.loads(questions.answer_for("where", scene))
    assert [item["image"] for item in items] == [2, 2, 3]
    assert items[0]["bbox_2d"] == [100, 200, 300, 400]
    told = scoring.boxes_of(questions.answer_for("where", scene))
    assert scoring.scene_iou(told, scene) == pytest.approx(1.0)
    assert scoring.scene_iou(told[:2], scene) == pytest.approx(2 / 3)
    assert scoring.scene_iou([*told, told[0]], scene) == pytest.approx(3 / 4)
    wrong_image = [(image + 1, box) for image, box in told]
    assert scoring.scene_iou(wrong_image, replace(scene, marks=MARKS[:1])) == 0


@pytest.mark.parametrize("text", ["none", "[{", '[{"image": 1}]', '{"bbox_2d": [1, 2, 3, 4]}', "3"])
def test_unreadable_boxes_are_no_boxes(text: str) -> None:
    assert scoring.boxes_of(text) == []


def test_store_gives_back_what_was_rendered(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("store")
    write_shard(folder, "us", 0, size=2)
    store = Store(folder)
    assert store.kinds == ("us",)
    drawn = store.draw("us", np.random.default_rng(0))
    rendered = {recipe.render_study("us", SEED_BASE["us"] + i).direction for i in range(2)}
    assert drawn.direction in rendered
    assert drawn.values.shape == (24, 128, 128)


def test_filling_a_full_store_renders_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shard(tmp_path, "us", 0, size=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    fill(tmp_path, {"us": 1})
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    assert capsys.readouterr().out == ""

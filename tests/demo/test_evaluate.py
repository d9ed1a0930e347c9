"""The shipped toy model answers about phantoms it never saw as well as its card says."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medvlm.demo import evaluate as bench
from napari_medvlm.demo import held_out
from napari_medvlm.demo.evaluate import evaluate
from napari_medvlm.models.store import DEMO_FOLDER

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    return evaluate(n=60, per_study=4)


def test_closed_questions_are_answered_right(figures: dict[str, float]) -> None:
    assert figures["count_closed_accuracy"] > 120
    assert figures["closed_accuracy"] >= 0.95


def test_boxes_lie_on_the_lesions(figures: dict[str, float]) -> None:
    assert figures["count_iou_one_image"] >= 12
    assert figures["count_iou_several_images"] >= 8
    assert figures["iou_one_image"] >= 0.66
    assert figures["iou_several_images"] >= 0.56


def test_it_says_none_where_there_is_nothing(figures: dict[str, float]) -> None:
    assert figures["none_right"] >= 0.94


def test_the_folder_is_small_and_complete() -> None:
    names = {path.name for path in DEMO_FOLDER.iterdir()}
    assert names == {
        "README.md",
        "chat_template.json",
        "config.json",
        "generation_config.json",
        "merges.txt",
        "model.safetensors",
        "preprocessor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "vocab.json",
    }
    assert sum(path.stat().st_size for path in DEMO_FOLDER.iterdir()) < 15e6


def test_the_card_calls_it_a_toy() -> None:
    text = (DEMO_FOLDER / "README.md").read_text(encoding="utf-8")
    assert "TOY: trained on synthetic phantoms" in text
    assert "knows nothing of real patients" in text


def test_shipped_files_are_those_of_the_training_script(tmp_path: Path) -> None:
    from napari_medvlm.demo import architecture

    architecture.write_folder(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (DEMO_FOLDER / path.name).read_bytes(), path.name


def test_a_region_reaches_the_prompt_as_it_was_drawn() -> None:
    case = held_out.make_case("ct", held_out.HELD_OUT_SEED, several=True)
    (exchange,) = [x for x in case.exchanges if x.task == "region"][:1]
    question = bench.question_of(case, exchange)
    assert exchange.region is not None
    image, norm = exchange.region
    assert question.regions[0].frame == image - 1
    width, height = question.frames[0].size_wh
    told = [1000 * v / s for v, s in zip(question.regions[0].box, (width, height) * 2, strict=True)]
    assert [round(v) for v in told] == list(norm)

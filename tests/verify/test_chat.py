"""Recorded chats of Fleming-VL: all are met, and any change in one fails where it is."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.verify import Report, verify_folder

ORACLE = Path(__file__).parents[1] / "oracles" / "fleming_vl"
CASE = "single_image_gray"
Record = dict[str, Any]


@cache
def loaded(name: str) -> Any:
    from napari_medvlm.models import open_model

    return open_model(ORACLE / name)


class Kept:
    """A model that stays open for the next test."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def close(self) -> None:
        pass


def verify(folder: Path) -> Report:
    return verify_folder(folder, lambda checkpoint: Kept(loaded(checkpoint.name)))


def failed(report: Report) -> set[str]:
    return {row.quantity for row in report.rows if not row.ok}


def test_every_recorded_quantity_is_met() -> None:
    report = verify(ORACLE)
    assert failed(report) == set()
    inputs = {
        "checkpoint", "kind", "reasoning_prompt", "question", "history", "inputs", "bound_s",
        "num_segments",
    }  # fmt: skip
    for case in (ORACLE / "cases").iterdir():
        record = json.loads((case / "case.json").read_text("utf-8"))
        with np.load(case / "expected.npz") as archive:
            recorded = {*archive.files, *record} - inputs
        rows = {row.quantity for row in report.rows if row.case == case.name}
        assert recorded <= {quantity.split(".")[0] for quantity in rows}
        # An image with transparency cannot be asked about as it is: it is shown on white.
        assert ("frames: prompt" in rows) == (case.name != "s38_single_image_rgba")
    sampled = [row for row in report.rows if row.case == "sampling"]
    assert len(sampled) == 11 + 1 + 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of one checkpoint with one small case."""
    copy = tmp_path / "copy"
    shutil.copytree(ORACLE / "checkpoint", copy / "checkpoint")
    shutil.copytree(ORACLE / "cases" / CASE, copy / "cases" / CASE)
    shutil.copy(ORACLE / "sampling.json", copy)
    return copy


def change(path: Path, edit: Callable[[Record], object]) -> None:
    record = json.loads(path.read_text("utf-8"))
    edit(record)
    path.write_text(json.dumps(record), "utf-8")


def test_one_changed_number_in_each_array_fails_each_row(folder: Path) -> None:
    path = folder / "cases" / CASE / "expected.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name].copy() for name in archive.files}
    for name, array in arrays.items():
        whole = array.dtype.kind == "i"
        step = 1 if whole else 1e-5 if name.startswith("pixel") else 1e-4
        array.flat[array.size // 2] += step
    arrays["more"] = np.zeros(1)
    np.savez(path, **arrays)
    # The margin is of logits that are read after the recorded tokens.
    assert failed(verify(folder)) - {"min_top1_margin"} == set(arrays)


def test_each_changed_entry_fails_its_row(folder: Path) -> None:
    def edit(record: Record) -> None:
        for key, value in record.items():
            if key in {"prompt", "full_question", "system_message"} or key.startswith("expected_"):
                record[key] = value.replace("a", "b", 1) if "a" in value else value + "x"
            elif isinstance(value, int | float):
                record[key] = value + 1
        record["num_patches_list"] = [2]
        record.update(name="another", kind="smell")
        record["generation"].update(eos_token="<|endoftext|>", eos_token_id=1, beams=2)
        pixels = record["pixel_values"]
        pixels.update(
            shape=[1, 3, 112, 113], dtype="float64", sub_slice="", sum_float64=1.0, more=1,
            sha256_float32_le="0", sha256_uint8_after_resize="0",
        )  # fmt: skip
        record["more"] = 1

    recorded = json.loads((folder / "cases" / CASE / "case.json").read_text("utf-8"))
    change(folder / "cases" / CASE / "case.json", edit)
    named = failed(verify(folder))
    expected = set(recorded) - {
        "checkpoint", "reasoning_prompt", "question", "inputs", "pixel_values", "generation",
    }  # fmt: skip
    expected |= {f"pixel_values.{key}" for key in [*recorded["pixel_values"], "more"]}
    expected |= {"generation", "generation.eos_token", "generation.eos_token_id", "more"}
    assert expected <= named


def test_inputs_that_are_not_known_or_not_there_fail(folder: Path) -> None:
    path = folder / "cases" / CASE / "case.json"
    change(path, lambda record: record["inputs"].update(sound="hello.wav"))
    assert {"input_ids", "prompt", "frames"} <= failed(verify(folder))
    change(path, lambda record: record.update(inputs={"image": "nothing.png"}))
    assert {"input_ids", "prompt", "frames"} <= failed(verify(folder))


def test_changed_and_unknown_samplings_fail(folder: Path) -> None:
    def edit(records: Record) -> None:
        records["frame_indices"][3]["indices"][5] += 1
        records["frame_indices"][4]["more"] = 1
        records["slice_indices_11_of_32"][10] = 30
        records["normalize"][0]["output"][0][1] += 1
        records["normalize"][1]["dtype"] = "nothing"
        records["more"] = []

    change(folder / "sampling.json", edit)
    assert failed(verify(folder)) == {
        "frame_indices[3]", "frame_indices[4]", "slice_indices_11_of_32", "normalize[0]",
        "normalize[1]", "more",
    }  # fmt: skip
    (folder / "sampling.json").write_text("{}")
    assert failed(verify(folder)) == {"file"}

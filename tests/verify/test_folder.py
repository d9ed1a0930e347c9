"""Folders with a checkpoint: recorded ones pass, any change in them fails where it is."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.verify import Report, verify_folder

ORACLES = Path(__file__).parents[1] / "oracles"
Arrays = dict[str, Any]
Record = dict[str, Any]


def one_array() -> bytes:
    """A file of one array, which is not an archive of arrays."""
    stream = io.BytesIO()
    np.save(stream, np.zeros(3))
    return stream.getvalue()


@cache
def loaded(checkpoint: Path) -> Any:
    from napari_medvlm.models import open_model

    return open_model(checkpoint, device="cpu", dtype="float32")


class Kept:
    """A model that stays open for the next test."""

    def __init__(self, model: Any) -> None:
        self._model = model

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def close(self) -> None:
        pass


def open_recorded(checkpoint: Path) -> Any:
    """Open the recorded checkpoint that a copied folder was copied from."""
    return Kept(loaded(ORACLES / "medvlm_r1" / checkpoint.name))


def failures(report: Report) -> list[tuple[str, str]]:
    return [(row.case, row.quantity) for row in report.rows if not row.ok]


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A copy of one checkpoint with one small case."""
    copy = tmp_path / "copy"
    source = ORACLES / "medvlm_r1"
    shutil.copytree(source / "checkpoint", copy / "checkpoint")
    shutil.copytree(source / "cases" / "mc_tiny_image", copy / "cases" / "mc_tiny_image")
    return copy


@pytest.fixture
def folder(whole: Path) -> Path:
    """The same without its margins, which take a forward pass for each token."""
    case = whole / "cases" / "mc_tiny_image" / "case.json"
    record = json.loads(case.read_text("utf-8"))
    del record["expected"]["min_top1_top2_margin_over_24_steps"]
    case.write_text(json.dumps(record), "utf-8")
    return whole


def edit(
    folder: Path,
    record: Callable[[Record], None] | None = None,
    arrays: Callable[[Arrays], None] | None = None,
) -> Report:
    case = folder / "cases" / "mc_tiny_image"
    if record is not None:
        values = json.loads((case / "case.json").read_text("utf-8"))
        record(values)
        (case / "case.json").write_text(json.dumps(values), "utf-8")
    if arrays is not None:
        with np.load(case / "expected.npz") as archive:
            stored = {name: archive[name].copy() for name in archive.files}
        arrays(stored)
        np.savez(case / "expected.npz", **stored)
    return verify_folder(folder, open_recorded)


@pytest.mark.parametrize("name", ["chexone", "medvlm_r1"])
def test_every_recorded_quantity_is_met(name: str) -> None:
    report = verify_folder(ORACLES / name)
    assert failures(report) == []
    assert report.passed
    cases = {path.name for path in (ORACLES / name / "cases").iterdir()}
    assert cases <= {row.case for row in report.rows}
    for case in cases:
        with np.load(ORACLES / name / "cases" / case / "expected.npz") as archive:
            # Which rows a slice holds, and what another library version does, have no row.
            left_out = ("_rows", "__tf5")
            recorded = {n for n in archive.files if not n.endswith(left_out)}
        assert recorded <= {row.quantity for row in report.rows if row.case == case}


def test_one_changed_number_in_each_array_fails_each_row(folder: Path) -> None:
    def change(arrays: Arrays) -> None:
        for name, array in arrays.items():
            if not name.endswith("_rows"):
                whole = array.dtype.kind == "i"
                array.flat[array.size // 2] += 1 if whole else 2e-3

    report = edit(folder, arrays=change)
    kept = {row.quantity for row in report.rows if row.ok and row.case == "mc_tiny_image"}
    recorded = json.loads((folder / "cases/mc_tiny_image/case.json").read_text("utf-8"))
    assert {quantity.split(".")[0].split(" ")[0] for quantity in kept} == set(
        recorded["expected"]
    ) - {"image_processor_class", "transformers"}


def test_each_changed_entry_of_the_record_fails_its_row(whole: Path) -> None:
    def change(record: Record) -> None:
        expected = record["expected"]
        expected["prompt"] = expected["prompt"].replace("    Your", "   Your")
        expected["pixel_values_sha256_f32le"] = "0" * 64
        expected["image_sizes_after_process_vision_info_wh"] = [[84, 84]]
        expected["first_top5_id_logit"][4][0] += 1
        expected["first_top5_id_logit"][2][1] += 0.01
        for margins in expected["min_top1_top2_margin_over_24_steps"], expected["text"]:
            for short in margins:
                margins[short] += "x" if isinstance(margins[short], str) else 0.003
        for short in expected["stopped_on_eos"]:
            expected["stopped_on_eos"][short] = True
        expected["image_processor_class"] = "SomeOtherProcessor"

    report = edit(whole, change)
    with np.load(whole / "cases/mc_tiny_image/expected.npz") as archive:
        names = set(archive.files)
    assert {row.quantity for row in report.rows if row.ok} - names == {"loads"}


@pytest.mark.parametrize(
    ("name", "index", "step"),
    [
        ("input_ids", 40, 1),
        ("greedy_ids_rep1.05", 23, -1),
        ("position_ids", 100, 1),
        ("rope_delta", 0, 1),
        ("first_logits", 500, 1.1e-3),
        ("first_logits__pil", 500, 1.1e-3),
        ("image_features", 7, 1.1e-4),
        ("pixel_values_slice", 7, 2e-6),
        ("pixel_values_row_mean", 7, 2e-6),
        ("pixel_values_stats", 2, 0.01),
        ("pixel_values_stats", 1, 1e-6),
        ("pixel_values_shape", 0, 4),
    ],
)
def test_a_change_just_outside_the_tolerance_fails_that_row_alone(
    folder: Path, name: str, index: int, step: float
) -> None:
    def change(arrays: Arrays) -> None:
        arrays[name].flat[index] += step

    report = edit(folder, arrays=change)
    assert failures(report) == [("mc_tiny_image", name)]


def test_unknown_arrays_and_entries_fail(folder: Path) -> None:
    def change(arrays: Arrays) -> None:
        arrays["mood"] = np.zeros(3)
        arrays["first_logits__gpu"] = arrays["first_logits"]
        arrays["pixel_values_median"] = np.zeros(3)
        arrays["first_logits__tf5"] = arrays["first_logits"] + 1

    report = edit(folder, lambda record: record["expected"].update(weather="fine"), change)
    assert failures(report) == [
        ("mc_tiny_image", "weather"),
        ("mc_tiny_image", "mood"),
        ("mc_tiny_image", "first_logits__gpu"),
        ("mc_tiny_image", "pixel_values_median"),
    ]


def test_arrays_of_another_kind_fail(folder: Path) -> None:
    def change(arrays: Arrays) -> None:
        arrays["first_logits"] = arrays["first_logits"][:-1]
        arrays["input_ids"] = np.array(["a", "b"])
        arrays["image_features"] = np.full_like(arrays["image_features"], np.nan)
        arrays["video_grid_thw"] = np.ones((1, 3), np.int64)
        arrays["pixel_values_videos_shape"] = np.ones(2, np.int64)
        arrays["pixel_values_rows"] = arrays["pixel_values_rows"] + 1000
        arrays["pixel_values_stats"] = arrays["pixel_values_stats"][:3]

    report = edit(folder, arrays=change)
    assert {quantity for _, quantity in failures(report)} == {
        *("first_logits", "input_ids", "image_features", "video_grid_thw"),
        *("pixel_values_videos_shape", "pixel_values_slice", "pixel_values_stats"),
        "pixel_values_slice__pil",
    }


@pytest.mark.parametrize(
    "settings",
    [
        {"do_sample": True, "max_new_tokens": 24},
        {"max_new_tokens": 24, "num_beams": 4},
        {"do_sample": False},
        "with the settings of the paper",
        None,
    ],
)
def test_settings_that_cannot_be_repeated_fail(folder: Path, settings: Any) -> None:
    def change(record: Record) -> None:
        record["generation"]["quickstart_ids"] = settings

    report = edit(folder, change)
    assert {quantity.split(".")[0] for _, quantity in failures(report)} == {
        *("quickstart_ids", "text", "stopped_on_eos")
    }


@pytest.mark.parametrize(
    "break_it",
    [
        lambda case: (case / "images" / "mr.png").unlink(),
        lambda case: (case / "images" / "mr.png").write_bytes(b"no picture"),
    ],
)
def test_a_picture_that_cannot_be_read_fails_all_that_needs_it(
    folder: Path, break_it: Callable[[Path], None]
) -> None:
    break_it(folder / "cases" / "mc_tiny_image")
    report = verify_folder(folder, open_recorded)
    assert [row.quantity for row in report.rows if row.ok] == ["loads"]


@pytest.mark.parametrize(
    "break_it",
    [
        lambda case: (case / "case.json").unlink(),
        lambda case: (case / "case.json").write_text("{", "utf-8"),
        lambda case: (case / "case.json").write_text("[]", "utf-8"),
        lambda case: (case / "case.json").write_text("{}", "utf-8"),
        lambda case: (case / "case.json").write_bytes(b"\xff\xfe"),
        lambda case: (case / "expected.npz").unlink(),
        lambda case: (case / "expected.npz").write_bytes(b"PK nothing"),
        lambda case: np.savez(case / "expected.npz"),
        lambda case: np.savez(case / "expected.npz", x=np.array([{"a": 1}], dtype=object)),
        lambda case: (case / "expected.npz").write_bytes(one_array()),
    ],
)
def test_a_case_that_cannot_be_read_fails_once(
    folder: Path, break_it: Callable[[Path], None]
) -> None:
    break_it(folder / "cases" / "mc_tiny_image")
    report = verify_folder(folder, open_recorded)
    assert failures(report) == [("mc_tiny_image", "case")]


def test_a_case_of_a_checkpoint_that_is_not_there_fails(folder: Path) -> None:
    report = edit(folder, lambda record: record.update(checkpoint="checkpoint_2"))
    assert failures(report) == [("mc_tiny_image", "case")]


def test_a_case_says_which_of_several_checkpoints_it_needs(folder: Path) -> None:
    (folder / "checkpoint").rename(folder / "checkpoint_small")
    shutil.copytree(folder / "checkpoint_small", folder / "checkpoint_other")

    def open_named(checkpoint: Path) -> Any:
        assert checkpoint.name in {"checkpoint_small", "checkpoint_other"}
        return open_recorded(checkpoint.with_name("checkpoint"))

    case = folder / "cases" / "mc_tiny_image" / "case.json"
    assert failures(verify_folder(folder, open_named)) == [("mc_tiny_image", "case")]
    record = json.loads(case.read_text("utf-8"))
    case.write_text(json.dumps({**record, "checkpoint": "../checkpoint_small"}), "utf-8")
    assert verify_folder(folder, open_named).passed


def test_a_checkpoint_of_an_unknown_family_fails(folder: Path) -> None:
    config = folder / "checkpoint" / "config.json"
    record = json.loads(config.read_text("utf-8"))
    config.write_text(json.dumps({**record, "model_type": "nobody_knows"}), "utf-8")
    report = verify_folder(folder)
    assert failures(report) == [("checkpoint", "loads"), ("mc_tiny_image", "case")]
    assert "nobody_knows" in report.rows[0].reason


def test_a_damaged_checkpoint_fails(folder: Path) -> None:
    weights = folder / "checkpoint" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    report = verify_folder(folder)
    assert failures(report) == [("checkpoint", "loads"), ("mc_tiny_image", "case")]


def test_a_configuration_of_another_network_fails(folder: Path) -> None:
    source = ORACLES / "medvlm_r1" / "config_variants"
    variants = folder / "config_variants"
    shutil.copytree(source, variants)
    record = json.loads(next(variants.iterdir()).read_text("utf-8"))
    for part in (record, record["text_config"]):
        part["rms_norm_eps"] = 1e-2
    (variants / "other_epsilon.json").write_text(json.dumps(record), "utf-8")
    (variants / "other_layout.json").write_text('{"model_type": "gpt2"}', "utf-8")
    report = verify_folder(folder)
    assert failures(report) == [
        ("other_epsilon.json", "first_logits of mc_tiny_image"),
        ("other_layout.json", "configuration"),
    ]
    assert sum(row.case == "config_resaved_by_4.56.2.json" for row in report.rows) == 4


def sizes_of(folder: Path, rows: Any) -> Report:
    (folder / "smart_resize_cases.json").write_text(json.dumps({"rows": rows}), "utf-8")
    return verify_folder(folder, open_recorded)


@pytest.fixture
def sizes() -> list[dict[str, Any]]:
    table = json.loads((ORACLES / "chexone" / "smart_resize_cases.json").read_text("utf-8"))
    rows: list[dict[str, Any]] = table["rows"][:3]
    return rows


def test_changed_missing_and_unknown_sizes_fail(folder: Path, sizes: list[dict[str, Any]]) -> None:
    sizes[0]["image_tokens"] += 1
    del sizes[1]["grid_thw"]
    sizes[2]["depth"] = 3
    assert failures(sizes_of(folder, sizes)) == [
        ("smart_resize_cases[0]", "image_tokens"),
        ("smart_resize_cases[1]", "grid_thw"),
        ("smart_resize_cases[2]", "depth"),
    ]


@pytest.mark.parametrize("rows", [[], None, [3], [{"original_wh": [0, 5]}]])
def test_sizes_that_cannot_be_read_fail(folder: Path, rows: Any) -> None:
    found = failures(sizes_of(folder, rows))
    assert len(found) == 1
    assert found[0][0].startswith("smart_resize_cases")


@pytest.mark.parametrize(
    "make",
    [
        lambda root: None,
        lambda root: root.mkdir(),
        lambda root: root.write_text("a file", "utf-8"),
        lambda root: (root / "checkpoint").mkdir(parents=True),
        lambda root: (root / "cases" / "one").mkdir(parents=True),
        lambda root: (root / "something").mkdir(parents=True),
    ],
)
def test_a_folder_of_no_known_form_fails(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "records")
    report = verify_folder(tmp_path / "records")
    assert not report.passed
    assert ("records", "folder") in failures(report)


def test_records_of_an_unknown_form_beside_known_ones_fail(folder: Path) -> None:
    (folder / "weather.json").write_text("{}", "utf-8")
    report = verify_folder(folder, open_recorded)
    assert failures(report) == [("weather.json", "file")]

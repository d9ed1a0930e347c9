"""Parsing tables: the one that is recorded passes, a changed one fails where it was changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.verify import Report, verify_folder

TABLE = Path(__file__).parents[1] / "oracles" / "output_parsing"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    folder = tmp_path / "table"
    shutil.copytree(TABLE, folder)
    return folder


def changed(table: Path, case: str, *keys: str | int, to: Any) -> Report:
    file = table / "cases.json"
    record = json.loads(file.read_text("utf-8"))
    target = next(row for row in record["cases"] if row["id"] == case)
    for key in keys[:-1]:
        target = target[key]
    target[keys[-1]] = to
    file.write_text(json.dumps(record), "utf-8")
    return verify_folder(table)


def failures(report: Report) -> list[tuple[str, str]]:
    return [(row.case, row.quantity) for row in report.rows if not row.ok]


def test_the_recorded_table_passes() -> None:
    report = verify_folder(TABLE)
    assert failures(report) == []
    assert report.passed
    assert len({row.case for row in report.rows}) == 38


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reasoning", None),
        ("answer", "C"),
        ("choice", "C"),
        ("choices", ["A", "B"]),
        ("complete", False),
        ("complete", 1),
        ("partial_answer", ""),
        ("conflict", True),
        ("dropped_boxes", 1),
    ],
)
def test_one_changed_field_fails_its_row(table: Path, field: str, value: Any) -> None:
    report = changed(table, "think_answer_plain", "expected", field, to=value)
    assert failures(report) == [("think_answer_plain", field)]
    assert not report.passed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "mass"),
        ("raw", [55, 60, 90, 89]),
        ("system", "norm_1000"),
        ("original_px", [660.0, 480.0, 1080.0, 704.0002]),
        ("clipped", True),
        ("reordered", True),
        ("colour", "red"),
    ],
)
def test_one_changed_number_of_a_box_fails_its_row(table: Path, field: str, value: Any) -> None:
    report = changed(table, "chexone_ref_box", "expected", "boxes", 0, field, to=value)
    assert failures(report) == [("chexone_ref_box", f"boxes[0].{field}")]


def test_a_missing_box_fails(table: Path) -> None:
    report = changed(table, "chexone_ref_box", "expected", "boxes", to=[])
    assert failures(report) == [("chexone_ref_box", "box count")]


@pytest.mark.parametrize(
    ("keys", "value", "quantity"),
    [
        (("expected", "mood"), "good", "mood"),
        (("expected",), {}, "case"),
        (("expected",), None, "case"),
        (("family",), "other_model", "family"),
        (("text",), 5, "case"),
        (("context",), None, "case"),
        (("context", "image_size_wh"), [1], "case"),
        (("context", "finish_reason"), "tired", "case"),
        (("context", "temperature"), 0.5, "case"),
    ],
)
def test_what_cannot_be_run_fails_and_the_rest_is_still_checked(
    table: Path, keys: tuple[str, ...], value: Any, quantity: str
) -> None:
    report = changed(table, "boxed_letter", *keys, to=value)
    assert failures(report) == [("boxed_letter", quantity)]
    assert len({row.case for row in report.rows}) == 38


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '{"format": 2, "cases": [1]}',
        '{"format": 1, "cases": []}',
        "[" * 9999,
    ],
)
def test_a_file_that_is_no_table_fails(table: Path, content: str) -> None:
    (table / "cases.json").write_text(content, "utf-8")
    report = verify_folder(table)
    assert [row.ok for row in report.rows] == [False]
    assert report.rows[0].case == "cases.json"


def test_cases_of_no_shape_at_all_fail(table: Path) -> None:
    (table / "cases.json").write_text('{"format": 1, "cases": [7, {"id": "x"}, null]}', "utf-8")
    report = verify_folder(table)
    assert [row.ok for row in report.rows] == [False] * 3


def test_a_size_for_each_image_is_read(table: Path) -> None:
    sizes = [[1200, 800], [600, 400]]
    report = changed(table, "chexone_ref_box", "context", "image_size_wh", to=sizes)
    assert report.passed

"""The table: its verdict and its three forms."""

from __future__ import annotations

import json

from napari_medvlm.verify import Report, Row

GOOD = Row("a", "logits", ok=True, difference=2.5e-5, tolerance=1e-3)
BAD = Row("b|c", "ids", ok=False, difference=3.0, tolerance=0.0, reason="Expected <x>, found y.")


def test_nothing_measured_is_not_a_pass() -> None:
    assert not Report("empty", ()).passed


def test_one_failure_fails_the_report() -> None:
    assert Report("r", (GOOD,)).passed
    assert not Report("r", (GOOD, BAD)).passed


def test_the_text_table_has_a_line_for_each_row_and_a_summary() -> None:
    lines = Report("r", (GOOD, BAD)).as_text().splitlines()
    assert lines[0].split() == ["case", "quantity", "largest", "difference", "tolerance", "verdict"]
    assert lines[2].split() == ["a", "logits", "2.5e-05", "0.001", "ok"]
    assert lines[3].endswith("exact      FAIL: Expected <x>, found y.")
    assert lines[-1] == "FAIL: 2 rows, 1 failed"


def test_markdown_cells_cannot_break_the_table() -> None:
    lines = Report("r", (BAD,)).as_markdown().splitlines()
    assert lines[1] == "| --- | --- | --- | --- | --- |"
    assert lines[2] == "| b\\|c | ids | 3 | exact | FAIL: Expected &lt;x>, found y. |"


def test_json_is_one_line_and_has_no_numbers_that_json_lacks() -> None:
    row = Row("a", "q", ok=False, difference=float("nan"), tolerance=1e-3, reason="x")
    text = Report("r", (row,)).as_json()
    assert "\n" not in text
    assert json.loads(text) == {
        "folder": "r",
        "passed": False,
        "rows": [
            {
                "case": "a",
                "quantity": "q",
                "ok": False,
                "difference": None,
                "tolerance": 1e-3,
                "reason": "x",
            }
        ],
    }


def test_the_condensed_report_keeps_the_largest_difference_and_every_failure() -> None:
    rows = (
        GOOD,
        Row("b", "logits", ok=True, difference=5e-4, tolerance=1e-3),
        Row("a", "boxes[0].raw", ok=True, difference=0.0, tolerance=0.0),
        Row("a", "boxes[1].raw", ok=True, difference=0.0, tolerance=0.0),
        BAD,
    )
    report = Report("r", rows).condensed()
    assert report.rows == (
        Row("2 cases", "logits", ok=True, difference=5e-4, tolerance=1e-3),
        Row("1 case", "boxes.raw", ok=True, difference=0.0, tolerance=0.0),
        BAD,
    )

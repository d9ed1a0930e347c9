"""Every row of the parsing table, every field of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.dialogue import ParseContext, parse

ORACLE = Path(__file__).parents[1] / "oracles" / "output_parsing" / "cases.json"
ROWS: list[dict[str, Any]] = json.loads(ORACLE.read_text("utf-8"))["cases"]


def context_of(row: dict[str, Any]) -> ParseContext:
    given = dict(row["context"])
    for key in ("image_size_wh", "resized_size_wh"):
        if key in given:
            given[key] = (tuple(given[key]),)
    return ParseContext(family=row["family"], **given)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: str(row["id"]))
def test_the_parser_reads_every_row_of_the_table(row: dict[str, Any]) -> None:
    parsed = parse(row["text"], context_of(row))
    got: dict[str, Any] = {
        "reasoning": parsed.reasoning,
        "answer": parsed.answer,
        "choice": parsed.choice,
        "choices": list(parsed.choices),
        "complete": parsed.complete,
        "partial_answer": parsed.partial_answer,
        "conflict": parsed.conflict,
        "dropped_boxes": parsed.dropped_boxes,
        "boxes": [
            {
                "label": box.label,
                "raw": list(box.raw),
                "system": box.system,
                "original_px": [round(value, 4) for value in box.box],
                "clipped": box.clipped,
                "reordered": box.reordered,
            }
            for box in parsed.boxes
        ],
    }
    assert got == row["expected"]


def test_the_table_is_the_whole_one() -> None:
    assert len(ROWS) == 38

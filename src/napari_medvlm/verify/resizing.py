"""Recorded sizes of images after each of the two resizes of the Qwen-VL pipelines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..models.qwen_vl.resize import PATCH, PixelLimits, first_size, second_size, tokens
from . import compare
from .files import RecordError, read_json
from .report import Row, guarded

_GIVEN = {"original_wh", "processor_min_pixels", "processor_max_pixels"}
_KNOWN = {"after_process_vision_info_wh", "model_input_wh", "grid_thw", "image_tokens"}


def verify_resizing(path: Path) -> Iterator[Row]:
    """Compare the sizes of every row of a table.

    Parameters
    ----------
    path
        ``smart_resize_cases.json``: ``{"rows": [...]}``.

    Yields
    ------
    row

    Raises
    ------
    RecordError
        If the file holds no rows.
    """
    rows = read_json(path).get("rows")
    if not isinstance(rows, list) or not rows:
        raise RecordError(f"Expected rows in {path.name}, found none.")
    for number, row in enumerate(rows):
        name = f"{path.stem}[{number}]"
        yield from guarded(name, "sizes", _verify_row(name, row))


def _verify_row(name: str, row: Mapping[str, Any]) -> Iterator[Row]:
    width, height = row["original_wh"]
    limits = PixelLimits(row["processor_min_pixels"], row["processor_max_pixels"])
    first = first_size((height, width), {})
    final = second_size(first, limits)
    computed = {
        "after_process_vision_info_wh": (first[1], first[0]),
        "model_input_wh": (final[1], final[0]),
        "grid_thw": (1, final[0] // PATCH, final[1] // PATCH),
        "image_tokens": tokens(final),
    }
    for quantity, expected in row.items():
        if quantity in computed:
            yield compare.exact(name, quantity, computed[quantity], expected)
        elif quantity not in _GIVEN:
            yield Row.failed(name, quantity, "This quantity is not known.")
    for quantity in sorted(_KNOWN - set(row)):
        yield Row.failed(name, quantity, "Expected this quantity in the row, found none.")

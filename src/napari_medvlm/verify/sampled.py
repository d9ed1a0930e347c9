"""Which slices and frames are taken, and how slices become 8 bit: ``sampling.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..imaging import even, segments
from ..imaging.windowing import apply_extremes
from . import compare
from .files import RecordError, read_json
from .report import Row, guarded

_FRAME_KEYS = {"bound_s", "fps", "num_frames", "num_segments", "indices"}
#: ``intermediate_dtype`` tells what the authors' arithmetic was done in; the result is the same.
_NORMALIZE_KEYS = {"dtype", "input", "output", "intermediate_dtype"}


def verify_sampling(path: Path) -> Iterator[Row]:
    """Compare every record of the file.

    Parameters
    ----------
    path
        ``sampling.json``.

    Yields
    ------
    row

    Raises
    ------
    RecordError
        If the file cannot be read or holds nothing.
    """
    records = read_json(path)
    if not records:
        raise RecordError(f"Expected records in {path.name}, found none.")
    for key, value in records.items():
        yield from guarded(path.stem, key, _records(path.stem, key, value))


def _records(case: str, key: str, value: Any) -> Iterator[Row]:
    if key == "slice_indices_11_of_32":
        yield compare.exact(case, key, even(32, 11), value)
    elif key == "frame_indices":
        yield from _each(case, key, value, _FRAME_KEYS)
    elif key == "normalize":
        yield from _each(case, key, value, _NORMALIZE_KEYS)
    else:
        yield Row.failed(case, key, "This quantity is not known.")


def _each(case: str, key: str, records: Any, keys: set[str]) -> Iterator[Row]:
    if not isinstance(records, list) or not records:
        raise RecordError(f"Expected a list of records in {key}, found none.")
    for number, record in enumerate(records):
        name = f"{key}[{number}]"
        if not isinstance(record, Mapping) or set(record) != keys:
            yield Row.failed(case, name, f"Expected {sorted(keys)}, found another record.")
        else:
            yield from guarded(case, name, _one(case, name, record))


def _one(case: str, name: str, record: Mapping[str, Any]) -> Iterator[Row]:
    if "indices" in record:
        bound = record["bound_s"]
        stretch = None if bound is None else (float(bound[0]), float(bound[1]))
        count, parts = int(record["num_frames"]), int(record["num_segments"])
        taken = segments(count, parts, float(record["fps"]), stretch)
        yield compare.exact(case, name, taken, record["indices"])
    else:
        values = np.array(record["input"], dtype=str(record["dtype"]))
        grey = apply_extremes(values, float(values.min()), float(values.max()))
        yield compare.exact(case, name, grey, record["output"])

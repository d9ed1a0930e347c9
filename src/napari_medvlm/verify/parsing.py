"""Parsing cases: a table of model texts with what is to be read from each.

The file holds ``{"format": 1, "cases": [...]}``. Each case has ``id``, ``family``, ``text``,
``context`` and ``expected``. Every field of ``expected`` is compared exactly, but for the
boxes' ``original_px``, which the table gives with four decimals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..dialogue import Box, ParseContext, Parsed, parse
from ..dialogue.markup import FAMILIES
from . import compare
from .files import read_json
from .report import Row

FORMAT = 1
#: Half a unit of the fourth decimal, and a little for the float arithmetic of the record.
PIXEL_TOLERANCE = 5.1e-5
_CONTEXT_KEYS = {"finish_reason", "choices", "mode", "prompt_ends_with_think"}
_SIZE_KEYS = {"image_size_wh", "resized_size_wh"}
_FINISH_REASONS = {"stop", "length", "stopped"}


def verify_parsing(path: Path) -> Iterator[Row]:
    """Read every text of a table and compare.

    Parameters
    ----------
    path
        ``cases.json``.

    Yields
    ------
    row
        One for each field of each case, and one for what could not be read.
    """
    table = read_json(path)
    cases = table.get("cases")
    if table.get("format") != FORMAT or not isinstance(cases, list) or not cases:
        found = f"format {table.get('format')!r} with {type(cases).__name__}"
        yield Row.failed(path.name, "form", f"Expected format {FORMAT} with cases, found {found}.")
        return
    for number, case in enumerate(cases):
        name = f"{number}"
        try:
            name = str(case["id"])
            yield from _verify_case(name, case)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            yield Row.failed(name, "case", f"Cannot read the case: {error!r}.")


def _verify_case(name: str, case: Mapping[str, Any]) -> Iterator[Row]:
    if case["family"] not in FAMILIES:
        known = ", ".join(FAMILIES)
        yield Row.failed(name, "family", f"Expected one of {known}, found {case['family']!r}.")
        return
    context = context_of(case["family"], case["context"])
    if not isinstance(case["text"], str):
        raise TypeError(f"text is {type(case['text']).__name__}")
    parsed = parse(case["text"], context)
    expected = case["expected"]
    if not isinstance(expected, Mapping) or not expected:
        raise ValueError("expected holds nothing to compare")
    for field, value in expected.items():
        if field == "boxes":
            yield from _verify_boxes(name, parsed.boxes, value)
        elif field in _FIELDS:
            yield compare.text(name, field, _plain(getattr(parsed, field)), value)
        else:
            yield Row.failed(name, field, "This quantity is not known.")


_FIELDS = set(Parsed.__dataclass_fields__)


def context_of(family: str, given: Mapping[str, Any]) -> ParseContext:
    """Make the parser's context of what a table gives.

    Parameters
    ----------
    family
        Who wrote the text.
    given
        The case's ``context``; a size is one ``[w, h]`` or a list of them, one per image.

    Returns
    -------
    context

    Raises
    ------
    ValueError
        For a key or a finish reason that is not known.
    """
    unknown = sorted(set(given) - _CONTEXT_KEYS - _SIZE_KEYS)
    if unknown:
        raise ValueError(f"unknown context: {', '.join(unknown)}")
    if given.get("finish_reason", "stop") not in _FINISH_REASONS:
        raise ValueError(f"unknown finish reason {given['finish_reason']!r}")
    values: dict[str, Any] = {k: v for k, v in given.items() if v is not None}
    for key in _SIZE_KEYS & set(values):
        values[key] = _sizes(values[key])
    return ParseContext(family=family, **values)


def _sizes(value: Any) -> tuple[tuple[int, int], ...]:
    pairs = value if value and isinstance(value[0], list | tuple) else [value]
    return tuple((int(w), int(h)) for w, h in pairs)


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _verify_boxes(
    name: str, boxes: tuple[Box, ...], expected: list[dict[str, Any]]
) -> Iterator[Row]:
    yield compare.exact(name, "box count", len(boxes), len(expected))
    for number, (box, record) in enumerate(zip(boxes, expected, strict=False)):
        for field, value in record.items():
            quantity = f"boxes[{number}].{field}"
            if field == "original_px":
                yield compare.close(name, quantity, box.box, value, PIXEL_TOLERANCE)
            elif field == "raw":
                yield compare.exact(name, quantity, box.raw, value)
            elif field in {"label", "system", "clipped", "reordered", "frame"}:
                yield compare.text(name, quantity, getattr(box, field), value)
            else:
                yield Row.failed(name, quantity, "This quantity is not known.")

"""The table that a verification ends in, and how it is shown."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

_HEADS = ("case", "quantity", "largest difference", "tolerance", "verdict")


@dataclass(frozen=True)
class Row:
    """One quantity of one case.

    Parameters
    ----------
    case
        Name of the case.
    quantity
        What was compared.
    ok
        Whether it lies inside the tolerance.
    difference
        The largest difference found; None where there was nothing to measure.
    tolerance
        The largest difference allowed; 0 means exact, None that nothing was measured.
    reason
        Why it failed; empty where it did not.
    """

    case: str
    quantity: str
    ok: bool
    difference: float | None = None
    tolerance: float | None = None
    reason: str = ""

    @classmethod
    def failed(cls, case: str, quantity: str, reason: str) -> Row:
        """Make the row of something that could not be measured, which is a failure."""
        return cls(case, quantity, ok=False, reason=" ".join(reason.split()))


@dataclass(frozen=True)
class Report:
    """All rows of one folder.

    Parameters
    ----------
    folder
        Name of the folder (not its path).
    rows
        In the order in which they were measured.
    """

    folder: str
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether every row is inside its tolerance; nothing measured is not a pass."""
        return bool(self.rows) and all(row.ok for row in self.rows)

    @property
    def summary(self) -> str:
        """One line: how many rows, how many failed."""
        failed = sum(not row.ok for row in self.rows)
        verdict = "ok" if self.passed else "FAIL"
        return f"{verdict}: {len(self.rows)} rows, {failed} failed"

    def condensed(self) -> Report:
        """Give one row for each quantity: its largest difference over all cases.

        Returns
        -------
        report
            A quantity with a failure keeps the first of them. Entries of lists are counted
            under the name of the list.
        """
        groups: dict[str, list[Row]] = {}
        for row in self.rows:
            groups.setdefault(re.sub(r"\[\d+\]| of .*", "", row.quantity), []).append(row)
        return Report(self.folder, tuple(_joined(name, rows) for name, rows in groups.items()))

    def as_text(self) -> str:
        """Render as a table with aligned columns for a terminal."""
        lines = [_HEADS, *(_cells(row) for row in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADS))]
        table = ["  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines]
        table.insert(1, "  ".join("-" * width for width in widths))
        return "\n".join(line.rstrip() for line in [*table, "", self.summary])

    def as_markdown(self) -> str:
        """Render as a Markdown table."""
        lines = [_HEADS, tuple("---" for _ in _HEADS), *(_cells(row) for row in self.rows)]
        table = ["| " + " | ".join(_escaped(cell) for cell in line) + " |" for line in lines]
        return "\n".join([*table, "", self.summary])

    def as_json(self) -> str:
        """Render as one JSON object on one line; numbers that JSON lacks become null."""
        rows = [{k: _number(v) for k, v in asdict(row).items()} for row in self.rows]
        value = {"folder": self.folder, "passed": self.passed, "rows": rows}
        return json.dumps(value, ensure_ascii=False, allow_nan=False)


def guarded(case: str, quantity: str, rows: Iterator[Row]) -> Iterator[Row]:
    """Turn an error in the middle of a check into a failed row.

    Parameters
    ----------
    case, quantity
        Names for that row.
    rows
        The check.

    Yields
    ------
    row
    """
    try:
        yield from rows
    except Exception as error:
        # Whatever goes wrong while a quantity is computed is the result of its check, and is
        # shown in the table: a check never ends in a traceback.
        yield Row.failed(case, quantity, f"{type(error).__name__}: {error}")


def _joined(quantity: str, rows: list[Row]) -> Row:
    for row in rows:
        if not row.ok:
            return row
    largest = max((row.difference for row in rows if row.difference is not None), default=None)
    cases = len({row.case for row in rows})
    name = f"{cases} case{'s' if cases > 1 else ''}"
    return Row(name, quantity, True, largest, rows[0].tolerance)


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "ok" if row.ok else f"FAIL: {row.reason}".rstrip(": ")
    tolerance = "exact" if row.tolerance == 0 else _figure(row.tolerance)
    return (row.case, row.quantity, _figure(row.difference), tolerance, verdict)


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2g}" if value else "0"


def _escaped(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")

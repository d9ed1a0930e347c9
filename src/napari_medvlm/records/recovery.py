"""What can still be read of a damaged journal, row by row, carried over into a new one."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from ..errors import RecordError
from .capsule import read_capsule

#: A damaged file may claim any number of rows.
_MOST_ROWS = 1_000_000
#: Bytes that a file may lack: a damaged header may claim any length.
_MOST_LOST = 64 << 20
_EXCHANGE = (
    "number, conversation, asked_at, question, capsule, digest, state, reasoning, answer, tokens,"
    " reasoning_tokens, seconds, reply, message, advice"
)


def recover(damaged: Path, into: sqlite3.Connection) -> tuple[int, int]:
    """Carry over what can be read.

    Parameters
    ----------
    damaged
        The file, which is only read.
    into
        A new journal, in autocommit mode.

    Returns
    -------
    carried, known
        How many questions were carried over, and how many the file is known to have held.
    """
    into.execute("BEGIN IMMEDIATE")
    try:
        found = _carried(damaged, into)
        into.execute("COMMIT")
        return found
    except sqlite3.Error:
        into.execute("ROLLBACK")
        return 0, 0


def _carried(damaged: Path, into: sqlite3.Connection) -> tuple[int, int]:
    # With what its log holds; without that, made as long as its header says it is: SQLite reads
    # nothing at all of a file that lacks pages.
    with tempfile.TemporaryDirectory(dir=damaged.parent) as folder:
        for place, options in ((damaged, "mode=ro"), (Path(folder) / "whole", "immutable=1")):
            if place is not damaged:
                _lengthen(damaged, place)
            try:
                source = sqlite3.connect(f"{place.absolute().as_uri()}?{options}", uri=True)
            except sqlite3.Error:
                continue
            source.text_factory = lambda raw: raw.decode("utf-8", "replace")
            with closing(source):
                carried, known = _copy(source, into)
            if carried:
                return carried, known
    return 0, 0


def _lengthen(damaged: Path, whole: Path) -> None:
    """Copy a file with empty pages for those that it lacks (https://www.sqlite.org/fileformat.html)."""
    shutil.copyfile(damaged, whole)
    whole.chmod(0o600)
    with whole.open("r+b") as file:
        head = file.read(100)
        size = int.from_bytes(head[16:18], "big")
        size = 65536 if size == 1 else size
        pages = int.from_bytes(head[28:32], "big")
        length = file.seek(0, 2)
        if head[:15] == b"SQLite format 3" and 0 < pages * size - length <= length + _MOST_LOST:
            file.truncate(pages * size)


def _copy(source: sqlite3.Connection, into: sqlite3.Connection) -> tuple[int, int]:
    exchanges = dict(_rows(source, "exchanges", "number", _EXCHANGE))
    if not exchanges:
        return 0, 0
    talks = dict(_rows(source, "conversations", "number", "number, study, began, changed"))
    frames = dict(_rows(source, "frames", "rowid", "digest, png"))
    for row in exchanges.values():
        # A conversation whose own row is lost is made anew around its questions.
        talks.setdefault(row[1], (row[1], _study(row[4]), row[2], row[2]))
    used = {row[1] for row in exchanges.values()}
    _put(into, "conversations", [row for number, row in talks.items() if number in used])
    _put(into, "exchanges", list(exchanges.values()))
    _put(into, "frames", list(frames.values()))
    there = {row[0] for row in frames.values()}
    for number, row in exchanges.items():
        digests, studies = _named(row[4])
        _put(into, "strips", [(number, digest) for digest in digests if digest in there])
        _put(into, "shown", [(study, number) for study in studies[1:]])
    return len(exchanges), max(len(exchanges), _count(source))


def _rows(
    source: sqlite3.Connection, table: str, key: str, columns: str
) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Rows by their number, each asked for by itself: a damaged page costs its own rows."""
    for number in range(1, _last(source, table, key) + 1):
        try:
            row = source.execute(
                f"SELECT {columns} FROM {table} WHERE {key} = ?", (number,)
            ).fetchone()
        except sqlite3.Error:
            continue
        if row is not None:
            yield number, row


def _last(source: sqlite3.Connection, table: str, key: str) -> int:
    for statement in (
        f"SELECT max({key}) FROM {table}",
        f"SELECT seq FROM sqlite_sequence WHERE name = '{table}'",
    ):
        try:
            (found,) = source.execute(statement).fetchone() or (None,)
        except sqlite3.Error:
            continue
        if isinstance(found, int):
            return max(0, min(found, _MOST_ROWS))
    return 10_000  # the end cannot be found: asking in vain costs microseconds


def _count(source: sqlite3.Connection) -> int:
    try:
        (count,) = source.execute("SELECT count(*) FROM exchanges").fetchone()
    except sqlite3.Error:
        return _last(source, "exchanges", "number")
    return int(count)


def _put(into: sqlite3.Connection, table: str, rows: list[tuple[Any, ...]]) -> None:
    for row in rows:
        marks = ", ".join("?" * len(row))
        into.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", row)


def _named(capsule: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    try:
        found = read_capsule(str(capsule))
        return found.frame_digests, found.studies
    except (RecordError, TypeError, KeyError, AttributeError):
        return (), ()


def _study(capsule: Any) -> str:
    studies = _named(capsule)[1]
    return studies[0] if studies else ""

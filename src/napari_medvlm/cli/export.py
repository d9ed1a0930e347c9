"""``medvlm export``: kept conversations as Markdown or as one HTML file."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..errors import RecordError
from ..records import Journal, journal_path
from ..records.exporting import WRITERS, export
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("number", nargs="?", type=int, help="of the conversation; none lists all")
    parser.add_argument("out", nargs="?", metavar="OUT.md|OUT.html", help="the file to write")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_journal() as journal:
        if options.number is None:
            _list(journal)
        else:
            _export(journal, options.number, options.out)
    return EXIT_OK


def open_journal() -> Journal:
    """Open the user's journal, which must be there.

    Raises
    ------
    RecordError
        If nothing is kept, or nothing has been kept yet.
    """
    path = journal_path()
    if path is None:
        raise RecordError("The journal is off.", "Unset MEDVLM_JOURNAL to keep conversations.")
    if not path.is_file():
        raise RecordError(f"Nothing has been kept yet: there is no {path}.")
    journal = Journal(path)
    if journal.notice:
        print(f"medvlm: {journal.notice}", file=sys.stderr)
    return journal


def _list(journal: Journal) -> None:
    for one in journal.conversations():
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(one.changed))
        count = "1 question" if one.questions == 1 else f"{one.questions} questions"
        words = "".join(c if c.isprintable() else " " for c in " ".join(one.first.split()))
        print(f"{one.number:>5}  {when}  scan {one.study or 'unknown':12}  {count}: {words[:60]}")


def _export(journal: Journal, number: int, out: str | None) -> None:
    ending = Path(out or "").suffix.lower()
    if out is None or ending not in WRITERS:
        raise RecordError(
            f"A file that ends in .md or .html is expected; got {out or 'none'}.",
            f"Write: medvlm export {number} conversation.html",
        )
    exchanges = journal.exchanges(number)
    if not exchanges:
        raise RecordError(
            f"There is no conversation {number}.", "`medvlm export` alone lists them."
        )
    export(out, exchanges, f"Conversation {number}")
    print(out)

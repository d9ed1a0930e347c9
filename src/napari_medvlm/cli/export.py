"""``medvlm export``: kept conversations as Markdown, one HTML file, JSON or a table."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..asking.talk.exporting import account_of
from ..errors import RecordError
from ..records import Journal, Kept, journal_path
from ..records.exporting import ENDINGS, TABLES, WRITERS, export
from ..safe_text import visible
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("number", nargs="?", help="of the conversation, or “all”; none lists all")
    parser.add_argument(
        "out",
        nargs="?",
        metavar="OUT.md|.html|.json|.csv",
        help="the file to write; .json and .csv hold all facts of each run, without images",
    )


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
        first = one.first or asked_words_of(journal.exchanges(one.number, pixels=False)[0])
        words = "".join(c if c.isprintable() else " " for c in " ".join(first.split()))
        print(f"{one.number:>5}  {when}  scan {one.study or 'unknown':12}  {count}: {words[:60]}")


def asked_words_of(kept: Kept) -> str:
    """What a kept question asked, the words of its task where it has none of its own."""
    return account_of(kept).asked_words


def _export(journal: Journal, number: str, out: str | None) -> None:
    ending = Path(out or "").suffix.lower()
    if out is None or ending not in WRITERS:
        raise RecordError(
            f"A file that ends in {ENDINGS} is expected; got {out or 'none'}.",
            f"Write: medvlm export {number} conversation.html",
        )
    known = [one.number for one in journal.conversations()]
    if number != "all" and (not number.isdecimal() or int(number) not in known):
        raise RecordError(
            f"There is no conversation {number}.", "`medvlm export` alone lists them."
        )
    numbers = known if number == "all" else [int(number)]
    accounts = [
        account_of(kept)
        for one in numbers
        for kept in journal.exchanges(one, pixels=ending not in TABLES)
    ]
    name = "All conversations" if number == "all" else f"Conversation {number}"
    export(out, accounts, name)
    print(visible(str(out)))

"""``medvlm journal``: where conversations are kept, how large that is, and wiping it."""

from __future__ import annotations

import argparse

from .export import open_journal
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("action", nargs="?", choices=("wipe",), help="delete all that is kept")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    with open_journal() as journal:
        kept = journal.conversations()
        count = sum(one.questions for one in kept)
        words = f"conversations: {len(kept)}, questions: {count}, {journal.nbytes / 1e6:.1f} MB"
        if options.action == "wipe":
            journal.wipe()
            print(f"wiped: {words}")
        else:
            print(f"{journal.path}\n{words}")
        aside = sorted(journal.path.parent.glob(f"{journal.path.name}.damaged-*"))
        for file in aside:
            print(f"still there, set aside as damaged: {file}")
    return EXIT_OK

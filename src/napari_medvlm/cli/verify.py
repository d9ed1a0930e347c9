"""``medvlm verify FOLDER``: this installation against recorded outputs of the authors' code."""

from __future__ import annotations

import argparse

from ..safe_text import visible
from ..verify import verify_folder
from .main import EXIT_FAILED, EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("folder", help="an oracle folder: a checkpoint with cases, or cases.json")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--markdown", action="store_true", help="print a Markdown table")
    parser.add_argument(
        "--condensed", action="store_true", help="one row a quantity: its worst case of all"
    )


def run(options: argparse.Namespace) -> int:
    """Run the command; 1 where anything lies outside its tolerance."""
    report = verify_folder(options.folder)
    if options.condensed:
        report = report.condensed()
    if options.json:
        print(report.as_json())
    elif options.markdown:
        print(visible(report.as_markdown(), newlines=True))
    else:
        print(visible(report.as_text(), newlines=True))
    return EXIT_OK if report.passed else EXIT_FAILED

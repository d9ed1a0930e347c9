"""``medvlm models``: what is known, what it is for, and whether it is here."""

from __future__ import annotations

import argparse
import json

from ..models.catalog import CATALOG
from ..models.store import folder_of, is_present
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    rows = [
        {
            "name": entry.name,
            "label": entry.label,
            "purpose": entry.purpose,
            "repository": entry.repository,
            "size_gb": entry.size_gb,
            "licence": entry.licence,
            "present": is_present(entry),
            "folder": str(folder_of(entry)),
        }
        for entry in CATALOG.values()
    ]
    if options.json:
        print(json.dumps({"models": rows}))
        return EXIT_OK
    for row in rows:
        state = "here" if row["present"] else "absent"
        print(f"{row['name']:12} {state:7} {row['size_gb']:>6g} GB  {row['purpose']}")
        print(f"{'':12} {row['folder']}")
        if row["repository"]:
            print(f"{'':12} published as {row['repository']}; licence: {row['licence']}")
    return EXIT_OK

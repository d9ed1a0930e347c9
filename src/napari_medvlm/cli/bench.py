"""``medvlm bench demo-model``: score the toy model on phantoms it never saw."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ..models.store import DEMO_FOLDER
from .main import EXIT_OK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments."""
    parser.add_argument("what", choices=["demo-model"])
    parser.add_argument("--model", default=None, help="a checkpoint folder; the toy by default")
    parser.add_argument("-n", type=int, default=200, help="held-out studies (default 200)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(options: argparse.Namespace) -> int:
    """Run the command."""
    from ..demo.evaluate import evaluate

    figures = evaluate(Path(options.model) if options.model else DEMO_FOLDER, n=options.n)
    if options.json:
        print(json.dumps(figures))
        return EXIT_OK
    for name, value in figures.items():
        print(f"{name:32} {value:.4f}" if isinstance(value, float) else f"{name:32} {value}")
    return EXIT_OK

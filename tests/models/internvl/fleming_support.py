"""Where the recorded checkpoints lie, and a way to change their files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ORACLE = Path(__file__).resolve().parents[2] / "oracles" / "fleming_vl"
CASES = ORACLE / "cases"


def edit(path: Path, **changes: Any) -> None:
    """Change entries of a JSON file; None takes one out, a dict changes a block."""
    value = json.loads(path.read_text("utf-8"))
    for key, change in changes.items():
        if change is None:
            value.pop(key, None)
        elif isinstance(change, dict):
            value[key] = {k: v for k, v in {**value[key], **change}.items() if v is not None}
        else:
            value[key] = change
    path.write_text(json.dumps(value), "utf-8")

"""Runs as JSON and as CSV, for whoever counts and compares them. No pixels."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from .account import Account
from .captions import clean

#: Raised when the meaning of a field changes.
FORMAT = "napari-medvlm runs"
VERSION = 1
#: Spreadsheets run a cell that begins so as a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def runs_json(title: str, accounts: Sequence[Account]) -> str:
    """Write runs as one JSON object: ``format``, ``version``, ``title`` and a list ``runs``.

    Parameters
    ----------
    title
        What they are.
    accounts
        The runs, in order.

    Returns
    -------
    text
        ASCII: whatever a model wrote is escaped, and read back as it was.
    """
    runs = [account.plain() for account in accounts]
    whole = {"format": FORMAT, "version": VERSION, "title": title, "runs": runs}
    return json.dumps(whole, indent=1, allow_nan=False) + "\n"


def runs_csv(title: str, accounts: Sequence[Account]) -> str:
    """Write runs as a table, one a row, with a row of names above.

    Parameters
    ----------
    title
        Not written: a table has no place for it.
    accounts
        The runs, in order.

    Returns
    -------
    text
        CSV (RFC 4180). A text that a spreadsheet would run as a formula begins with an apostrophe;
        control characters are left out. JSON holds the exact text.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    rows = [_row(account) for account in accounts]
    writer.writerow(list(rows[0]) if rows else [])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def _row(account: Account) -> dict[str, Any]:
    plain, question = account.plain(), account.kept.capsule.question
    frames, settings, model = question["frames"], question["generation"], plain["model"]
    choices = "; ".join(f"{letter}: {text}" for letter, text in question["choices"])
    return {
        "run": plain["run"],
        "conversation": plain["conversation"],
        "asked_at": plain["asked_at"],
        "scans": " ".join(dict.fromkeys(str(frame["source"]) for frame in frames)),
        "model": model["label"],
        "model_content": model["digest"],
        "profile": model["profile"],
        "device": model["device"],
        "precision": model["dtype"],
        "question": plain["question"],
        "task": question["task"],
        "mode": question["mode"],
        "options": choices,
        "images": len(frames),
        "planes": " ".join(dict.fromkeys(str(frame["plane"]) for frame in frames)),
        "slices": " ".join(str(frame["index"]) for frame in frames),
        "regions": json.dumps(question["regions"]) if question["regions"] else "",
        "earlier_turns": len(question["history"]),
        "sent": plain["sent"],
        "state": plain["state"],
        "answer": plain["answer"],
        "answer_as_written": plain["answer_as_written"],
        "choice": plain["choice"],
        "reasoning": plain["reasoning"],
        "outside": plain["outside"],
        "boxes": json.dumps(plain["boxes"]) if plain["boxes"] else "",
        "remarks": " ".join(plain["remarks"]),
        "finish_reason": plain["finish_reason"],
        "prompt_tokens": plain["prompt_tokens"],
        "new_tokens": plain["new_tokens"],
        "seconds": plain["seconds"],
        **{name: settings[name] for name in settings},
        "versions": account.versions_words,
        "run_hash": plain["run_hash"],
    }


def _cell(value: Any) -> Any:
    if not isinstance(value, str):
        return "" if value is None else value
    text = clean(value)
    return f"'{text}" if text.startswith(_FORMULA) else text

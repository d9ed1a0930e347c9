"""A conversation into a file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..errors import RecordError
from ..safe_text import visible
from .account import Account
from .html import html
from .markdown import markdown
from .tables import runs_csv, runs_json

#: What an export may end in, and who writes it.
WRITERS: Mapping[str, Callable[[str, Sequence[Account]], str]] = {
    ".md": markdown,
    ".html": html,
    ".json": runs_json,
    ".csv": runs_csv,
}
#: Those that hold no image: frames need not be read for them.
TABLES = (".json", ".csv")
ENDINGS = ".md, .html, .json or .csv"


def export(path: str | os.PathLike[str], accounts: Sequence[Account], name: str = "") -> None:
    """Write a conversation, or a table of runs.

    Parameters
    ----------
    path
        Ends in ``.md`` or ``.html`` (with frames inside), ``.json`` or ``.csv`` (without).
    accounts
        The questions, in order; at least one.
    name
        How the heading calls it.

    Raises
    ------
    RecordError
        For another ending, no question, a missing frame, or a file that cannot be written.
    """
    file = Path(path)
    writer = WRITERS.get(file.suffix.lower())
    if writer is None:
        raise RecordError(
            f"A file that ends in {ENDINGS} is expected; got {file.name or 'none'}.",
            "Choose one of these endings.",
        )
    if not accounts:
        raise RecordError("There is no question to export.", "Ask one first.")
    studies = dict.fromkeys(account.kept.capsule.study or "unknown" for account in accounts)
    about = f"scan {next(iter(studies))}" if len(studies) == 1 else f"{len(studies)} scans"
    written = writer(f"{name or 'Conversation'} about {about}", accounts)
    # What a model or a file wrote is shown, never obeyed. Tables keep their ends of lines.
    text = "\r\n".join(visible(part, newlines=True) for part in written.split("\r\n"))
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        # Whole or not at all: what lay there before stays until then.
        partial.write_text(text, encoding="utf-8", newline="")
        os.replace(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RecordError(f"{file.name} cannot be written: {error.strerror}.") from error

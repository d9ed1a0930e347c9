"""A conversation into a file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..errors import RecordError
from .html import html
from .kept import Kept
from .markdown import markdown

#: What an export may end in, and who writes it.
WRITERS: Mapping[str, Callable[[str, Sequence[Kept]], str]] = {".md": markdown, ".html": html}


def export(path: str | os.PathLike[str], exchanges: Sequence[Kept], name: str = "") -> None:
    """Write a conversation with its frames inside.

    Parameters
    ----------
    path
        Ends in ``.md`` or ``.html``, which decides the format.
    exchanges
        Its questions, in order; at least one.
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
            f"A file that ends in .md or .html is expected; got {file.name or 'none'}.",
            "Choose one of the two endings.",
        )
    if not exchanges:
        raise RecordError("There is no question to export.", "Ask one first.")
    study = exchanges[0].capsule.study or "unknown"
    text = writer(f"{name or 'Conversation'} about scan {study}", exchanges)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        # Whole or not at all: what lay there before stays until then.
        partial.write_text(text, encoding="utf-8", newline="\n")
        os.replace(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RecordError(f"{file.name} cannot be written: {error.strerror}.") from error

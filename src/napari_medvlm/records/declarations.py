"""What people declared about scans, kept by content: one small file for each scan.

Its name is the SHA-256 of the scan's content, it holds values of fixed lists alone: no file name,
no date, no identity. So it holds wherever the scan's file lies, and is found by who has the scan.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path

from ..errors import DeclarationError, RecordError
from ..imaging.declaration import Declaration, declaration_from

#: A folder; or "off", which keeps nothing.
DECLARATIONS_VARIABLE = "MEDVLM_DECLARATIONS"
OFF = "off"
FOLDER_NAME = "declarations"
_VERSION = 1
_KEY = re.compile(r"[0-9a-f]{64}")
#: More than this is none of ours.
_MOST_BYTES = 10_000


def declarations_folder() -> Path | None:
    """Where they are kept: ``MEDVLM_DECLARATIONS``, or beside the journal; None if "off"."""
    chosen = os.environ.get(DECLARATIONS_VARIABLE, "").strip()
    if chosen.lower() == OFF:
        return None
    if chosen:
        return Path(chosen).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("napari-medvlm", appauthor=False)) / FOLDER_NAME


def any_declared() -> bool:
    """Whether anything is kept at all: if not, no scan needs to be looked at."""
    folder = declarations_folder()
    try:
        return folder is not None and any(folder.glob("*.json"))
    except OSError:
        return False


def kept_declaration(key: str) -> Declaration:
    """What was declared about the scan of this content; empty where nothing was, or is readable."""
    path = _path(key)
    try:
        if path is None or path.stat().st_size > _MOST_BYTES:
            return Declaration()
        plain = json.loads(path.read_text(encoding="utf-8"))
        return declaration_from(plain["declared"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError, DeclarationError):
        return Declaration()


def keep_declaration(key: str, declaration: Declaration) -> bool:
    """Keep what is declared; an empty declaration is taken back.

    Returns
    -------
    kept
        False where nothing is kept, because ``MEDVLM_DECLARATIONS`` says so.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    path = _path(key)
    if path is None:
        return False
    draft = ""
    try:
        if not declaration:
            path.unlink(missing_ok=True)
            return True
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft.")
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump({"version": _VERSION, "declared": declaration.plain()}, stream)
        os.replace(draft, path)
    except OSError as error:
        if draft:
            with contextlib.suppress(OSError):
                os.unlink(draft)
        raise RecordError(
            f"What was declared could not be saved: {error.strerror or error}.",
            f"Set {DECLARATIONS_VARIABLE} to a folder that can be written, or to “{OFF}”.",
        ) from error
    return True


def _path(key: str) -> Path | None:
    folder = declarations_folder()
    return folder / f"{key}.json" if folder is not None and _KEY.fullmatch(key) else None

"""Whether the files of a model are still those that were loaded."""

from __future__ import annotations

import os
from pathlib import Path

#: Of each file its name, size, time of the last change (ns) and number on its disk.
FolderState = tuple[tuple[str, int, int, int], ...]

#: Files beside a model that do not make its answers.
_ASIDE = (".md", ".txt", ".log", ".png", ".jpg", ".pdf")
_NEEDED_TEXT = frozenset({"merges.txt"})


def folder_state(folder: str | os.PathLike[str]) -> FolderState:
    """Look at the files of a folder, without reading them.

    Parameters
    ----------
    folder
        A checkpoint.

    Returns
    -------
    state
        Equal for as long as no file is written, replaced, added or taken away; notes and
        pictures beside the model do not count. Empty where the folder cannot be read.
    """
    found = []
    try:
        for path in Path(folder).expanduser().iterdir():
            aside = path.suffix.lower() in _ASIDE and path.name not in _NEEDED_TEXT
            if path.name.startswith(".") or aside or not path.is_file():
                continue
            state = path.stat()
            found.append((path.name, state.st_size, state.st_mtime_ns, state.st_ino))
    except OSError:
        return ()
    return tuple(sorted(found))

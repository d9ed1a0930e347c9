"""The files below a folder, however odd the folder is."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path


def files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder and its subfolders, in order of name, hidden ones left out.

    Links to folders are followed, each folder is visited once. Folders that may not be read
    are passed over.
    """
    # A list of our own: os.walk calls itself up to Python 3.11, and ends on deep folders.
    waiting = [folder]
    seen: set[tuple[int, int]] = set()
    while waiting:
        place = waiting.pop()
        try:
            about = place.stat()
            if (about.st_dev, about.st_ino) in seen:
                continue
            seen.add((about.st_dev, about.st_ino))
            with os.scandir(place) as listing:
                entries = sorted((e for e in listing if not e.name.startswith(".")), key=_name)
        except OSError:
            continue
        folders = [entry for entry in entries if _is_folder(entry)]
        names = {entry.name for entry in folders}
        # A DICOMDIR only lists the files beside it.
        yield from (
            place / entry.name
            for entry in entries
            if entry.name not in names and entry.name.upper() != "DICOMDIR"
        )
        waiting += [place / entry.name for entry in reversed(folders)]


def is_regular(path: Path) -> bool:
    """Whether a path leads to an ordinary file: opening a pipe waits, a device never ends.

    Raises
    ------
    OSError
        If nothing can be told about it.
    """
    return stat.S_ISREG(path.stat().st_mode)


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False

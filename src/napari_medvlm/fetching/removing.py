"""Taking a model's files off the disk: those of a checkpoint by name, and nothing else.

A folder that a person added may hold other things too; they stay, and are told.
"""

from __future__ import annotations

from pathlib import Path

from ..models.catalog import CatalogEntry
from ..models.store import partial_folder_of
from .download import BEGUN, PART, alone
from .manifest import MANIFEST
from .selecting import is_wanted
from .space import written_to


def remove_partial(entry: CatalogEntry) -> int:
    """Delete what has come of a download that was not finished.

    Returns
    -------
    freed
        Bytes.

    Raises
    ------
    FetchError
        If a download of it runs, or the files cannot be deleted.
    """
    with alone(entry):
        return remove_files(partial_folder_of(entry))[0]


def remove_files(folder: Path) -> tuple[int, tuple[str, ...]]:
    """Delete a checkpoint's files, and the folder if nothing else lies in it.

    Parameters
    ----------
    folder
        Of a model; a link to one is taken off, and what it leads to stays.

    Returns
    -------
    freed, left
        Bytes, and the names of what was left because it is no file of a model.

    Raises
    ------
    FetchError
        If something cannot be deleted.
    """
    with written_to(folder):
        if folder.is_symlink():
            folder.unlink()
            return 0, ()
        freed = 0
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if _is_ours(path.name) and (path.is_symlink() or path.is_file()):
                freed += 0 if path.is_symlink() else path.stat().st_size
                path.unlink()
        left = tuple(sorted(path.name for path in folder.iterdir())) if folder.is_dir() else ()
        if folder.is_dir() and not left:
            folder.rmdir()
        return freed, left


def _is_ours(name: str) -> bool:
    return is_wanted(name.removesuffix(PART)) or name in (MANIFEST, f".{MANIFEST}{PART}", BEGUN)

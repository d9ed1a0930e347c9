"""Whether there is room, said before anything is written; and what a full disk means after."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import FetchError

#: Left free beside the model, in bytes, so that the disk is not filled to its last block.
MARGIN = 200_000_000


def require_space(folder: Path, needed: int) -> None:
    """Check the disk of a folder, which need not exist yet.

    Parameters
    ----------
    folder
        Where it will be written.
    needed
        Bytes.

    Raises
    ------
    FetchError
        If there is less, with both figures.
    """
    place = _place(folder)
    free = shutil.disk_usage(place).free
    if free < needed + MARGIN:
        raise FetchError(
            f"Expected {(needed + MARGIN) / 1e9:.1f} GB of free space at {place}, found "
            f"{free / 1e9:.1f} GB.",
            "Free some, or choose another disk (MEDVLM_MODELS names the folder of all models).",
        )


def free_space(folder: Path) -> int | None:
    """Bytes free on the disk of a folder, which need not exist yet; None where that is hidden."""
    try:
        return shutil.disk_usage(_place(folder)).free
    except OSError:
        return None


def _place(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Turn the system's refusals to write into sentences.

    Raises
    ------
    FetchError
        Instead of every ``OSError``.
    """
    try:
        yield
    except OSError as error:
        advice = ""
        if error.errno == errno.EFBIG:
            advice = "A disk in the FAT32 format takes no file above 4 GiB; exFAT does."
        elif error.errno in (errno.ENOSPC, errno.EDQUOT):
            advice = "Free some space. What has come is kept."
        raise FetchError(
            f"{folder} could not be written ({error.strerror or error}).", advice
        ) from (error)

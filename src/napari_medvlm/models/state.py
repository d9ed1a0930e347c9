"""Whether a known model can be used as it lies on this machine, and if not, why. No torch.

Only the files that its family needs and the headers of its safetensors files are looked at: a
look takes milliseconds, whatever the size. What lies inside the tensors is compared by
``medvlm models check``, where checksums came with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import CheckpointError
from .catalog import CatalogEntry, profile_of
from .checkpoint import open_checkpoint, require_files
from .needs import NEEDED
from .store import folder_of, partial_folder_of

StateKind = Literal["absent", "partial", "ready", "broken"]


@dataclass(frozen=True)
class ModelState:
    """What lies on this machine of one model.

    Parameters
    ----------
    kind
        "absent"; "partial": a download that was not finished and can go on; "ready"; "broken".
    why
        What is wrong, in a sentence, where it is broken.
    held
        Bytes on the disk.
    """

    kind: StateKind
    why: str = ""
    held: int = 0


def state_of(entry: CatalogEntry) -> ModelState:
    """Look where an entry's checkpoint belongs."""
    folder = folder_of(entry)
    if folder.is_symlink() and not folder.exists():
        return ModelState("broken", f"{folder} is a link to a folder that is gone.")
    if folder.is_dir() and any(folder.iterdir()):
        why = what_is_wrong(folder, entry.profile.name)
        return ModelState("broken" if why else "ready", why, held_bytes(folder))
    partial = partial_folder_of(entry)
    if partial.is_dir():
        return ModelState("partial", held=held_bytes(partial))
    return ModelState("absent")


def what_is_wrong(folder: Path, profile: str | None = None) -> str:
    """Say why a folder cannot be used as a model; empty where it can.

    Parameters
    ----------
    folder
        The checkpoint.
    profile
        What it should be, by the profile's name; without it any known layout will do.
    """
    try:
        checkpoint = open_checkpoint(folder)
        found = profile_of(checkpoint.folder, checkpoint.config, profile)
        require_files(checkpoint.folder, NEEDED[found.family])
    except CheckpointError as error:
        return error.message
    except OSError as error:
        return f"{folder} cannot be read ({error.strerror})."
    return ""


def held_bytes(folder: Path) -> int:
    """Bytes of the files that lie in a folder itself."""
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())

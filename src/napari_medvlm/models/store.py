"""Where checkpoints are looked for: by catalog name, or by folder."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError
from .catalog import CATALOG, CatalogEntry

#: The toy model ships with the package.
DEMO_FOLDER = Path(__file__).parents[1] / "demo" / "model"


@dataclass(frozen=True)
class Located:
    """A checkpoint folder and what is known of it.

    Parameters
    ----------
    path
        The folder.
    label
        What to call it on the screen; the toy model is labelled as one.
    entry
        Its catalog entry; None for a folder that was given by path.
    """

    path: Path
    label: str
    entry: CatalogEntry | None = None

    @property
    def profile(self) -> str | None:
        """The profile to open it with; None lets the folder's config decide."""
        return None if self.entry is None else self.entry.profile


def models_folder() -> Path:
    """Folder that holds one folder for each downloaded model.

    ``MEDVLM_MODELS`` in the environment overrides the user's data folder.
    """
    if named := os.environ.get("MEDVLM_MODELS"):
        return Path(named).expanduser()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share"))
    return base / "napari-medvlm" / "models"


def folder_of(entry: CatalogEntry) -> Path:
    """Where a catalog entry's checkpoint lies, whether or not it is there."""
    return DEMO_FOLDER if entry.name == "demo" else models_folder() / entry.name


def is_present(entry: CatalogEntry) -> bool:
    """Whether the entry's folder holds a configuration."""
    return (folder_of(entry) / "config.json").is_file()


def locate(name_or_folder: str | os.PathLike[str]) -> Located:
    """Find a checkpoint by catalog name or by folder.

    Raises
    ------
    CheckpointError
        If the name is unknown and no such folder exists, or the model is not downloaded.
    """
    text = os.fspath(name_or_folder)
    entry = CATALOG.get(text.lower())
    if entry is None:
        path = Path(text).expanduser()
        if path.is_dir():
            return Located(path, path.resolve().name)
        raise CheckpointError(
            f"“{text}” is neither a folder nor a known model.",
            f"Known models: {', '.join(CATALOG)}; or give a checkpoint folder.",
        )
    if not is_present(entry):
        raise CheckpointError(
            f"{entry.label} is not on this machine: {folder_of(entry)} holds no config.json.",
            f"Download {entry.repository} into that folder, or give another folder.",
        )
    return Located(folder_of(entry), entry.label, entry)

"""Where checkpoints lie on this machine. No torch, no network.

The toy ships with the program. Others lie below one folder, by catalog name:
``MEDVLM_MODELS`` of the environment where it is set, otherwise the user's data folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ..errors import CheckpointError
from .catalog import CATALOG, CatalogEntry, find, profile_of
from .checkpoint import read_json, require_config

#: The toy's checkpoint folder inside the package.
DEMO_FOLDER = Path(__file__).resolve().parent.parent / "demo" / "model"
MODELS_VARIABLE = "MEDVLM_MODELS"


@dataclass(frozen=True)
class Located:
    """A checkpoint folder and how it is talked to.

    Parameters
    ----------
    path
        The folder.
    label
        What people read; a toy says so.
    profile
        Name of the profile, for ``open_model``.
    """

    path: Path
    label: str
    profile: str


def models_folder() -> Path:
    """Return the folder that holds downloaded models, one folder each; it may not exist."""
    chosen = os.environ.get(MODELS_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    if os.name == "nt":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "napari-medvlm" / "models"


def folder_of(entry: CatalogEntry) -> Path:
    """Return where an entry's checkpoint is looked for."""
    return DEMO_FOLDER if entry.name == "demo" else models_folder() / entry.name


def partial_folder_of(entry: CatalogEntry) -> Path:
    """Return where a download lies until it is whole; beside the folder it becomes."""
    return models_folder() / f"{entry.name}.partial"


def is_present(entry: CatalogEntry) -> bool:
    """Say whether an entry's folder holds a model."""
    return (folder_of(entry) / "config.json").is_file()


def locate(name_or_folder: str | os.PathLike[str]) -> Located:
    """Find a checkpoint by catalog name or by its folder.

    Parameters
    ----------
    name_or_folder
        A name of the catalog, or a path. A folder that exists wins over a name only where it
        is written as a path.

    Raises
    ------
    CheckpointError
        If there is no such folder, or it holds no model.
    """
    entry = find(os.fspath(name_or_folder))
    if entry is not None:
        folder = folder_of(entry)
        if not is_present(entry):
            raise CheckpointError(
                f"{entry.label} is not on this machine: expected it in {folder}.",
                f"Get it with medvlm models get {entry.name}, copy its published folder there, "
                "or give the folder where it lies.",
            )
        return Located(folder, entry.label, entry.profile.name)
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        require_config(folder)
    elif not (folder / "config.json").is_file():
        raise CheckpointError(
            f"Expected a model's name ({', '.join(CATALOG)}) or a folder with config.json, "
            f"found neither in {os.fspath(name_or_folder)!r}.",
            "medvlm models lists the names.",
        )
    profile = profile_of(folder, read_json(folder / "config.json"))
    label = profile.title if profile.name in CATALOG else f"{profile.title} ({folder.name})"
    return Located(folder, label, profile.name)

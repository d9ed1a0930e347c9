"""A checkpoint folder on disk: its files, its configuration, and where each tensor lies.

Nothing here runs code from the folder, unpickles anything, or touches the network. No torch:
the headers of safetensors files are read as JSON (https://github.com/huggingface/safetensors,
section "Format": eight bytes of length, then the header).
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
#: A header longer than this is not one of a published checkpoint.
MAX_HEADER_BYTES = 100_000_000


@dataclass(frozen=True)
class StoredTensor:
    """One tensor of the folder: its file and its shape."""

    file: Path
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Checkpoint:
    """A folder whose needed files are there.

    Parameters
    ----------
    folder
        Where it lies.
    config
        ``config.json`` as it is.
    generation
        ``generation_config.json``, empty without one.
    tensors
        Every stored tensor by its name in the files.
    """

    folder: Path
    config: Mapping[str, Any]
    generation: Mapping[str, Any]
    tensors: Mapping[str, StoredTensor]

    @property
    def model_type(self) -> str:
        """What ``config.json`` says it is; empty where it does not say."""
        return str(self.config.get("model_type", ""))

    def json(self, name: str) -> dict[str, Any] | None:
        """Read another JSON file of the folder; None where it does not exist."""
        path = self.folder / name
        return read_json(path) if path.is_file() else None


def open_checkpoint(path: str | Path) -> Checkpoint:
    """Look at a folder and read everything but the tensors' values.

    Parameters
    ----------
    path
        A local folder in the published layout.

    Returns
    -------
    checkpoint

    Raises
    ------
    CheckpointError
        If the folder, ``config.json``, or a file with weights is missing or cannot be read.
    """
    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise CheckpointError(
            f"Expected a folder with a model, found none at {folder}.",
            "Give the folder that holds config.json and the .safetensors files.",
        )
    if not (folder / "config.json").is_file():
        raise CheckpointError(
            f"Expected config.json in {folder}, found {_listing(folder)}.",
            "Choose the folder of one model as it was published.",
        )
    return Checkpoint(
        folder=folder,
        config=read_json(folder / "config.json"),
        generation=_optional(folder / "generation_config.json"),
        tensors=_tensors(folder),
    )


def require_files(folder: Path, groups: Sequence[Sequence[str]]) -> None:
    """Check that of each group of alternatives at least one set of files is there.

    Parameters
    ----------
    folder
        The checkpoint.
    groups
        Each group is a list of alternatives; an alternative names files joined by ``+``.

    Raises
    ------
    CheckpointError
        Naming every group that is missing.
    """
    missing = [
        " or ".join(group)
        for group in groups
        if not any(all((folder / f).is_file() for f in option.split("+")) for option in group)
    ]
    if missing:
        raise CheckpointError(
            f"Expected {'; '.join(missing)} in {folder}, found {_listing(folder)}.",
            "Copy the missing files from the place where the model was published.",
        )


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    CheckpointError
        If the file is not one.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"Expected JSON in {path}, could not read it ({error}).",
            "The file may be cut or damaged; copy it again.",
        ) from error
    if not isinstance(value, dict):
        raise CheckpointError(f"Expected a JSON object in {path}, found {type(value).__name__}.")
    return value


def _optional(path: Path) -> dict[str, Any]:
    return read_json(path) if path.is_file() else {}


def _listing(folder: Path) -> str:
    names = sorted(p.name for p in folder.iterdir())
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "") if names else "nothing"


def _tensors(folder: Path) -> dict[str, StoredTensor]:
    if (folder / INDEX).is_file():
        return _sharded(folder)
    if (folder / SINGLE).is_file():
        return _header(folder / SINGLE)
    raise CheckpointError(
        f"Expected {SINGLE} or {INDEX} with its parts in {folder}, found {_listing(folder)}.",
        "Only the safetensors form is read here: other forms can run code when they are opened.",
    )


def _sharded(folder: Path) -> dict[str, StoredTensor]:
    places = read_json(folder / INDEX).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"Expected a weight_map in {folder / INDEX}, found none.")
    files = sorted({str(name) for name in places.values()})
    # A name with a path in it could point anywhere on the disk.
    strange = [name for name in files if Path(name).name != name]
    if strange:
        raise CheckpointError(f"Expected plain file names in {INDEX}, found {strange[0]!r}.")
    require_files(folder, [[name] for name in files])
    found: dict[str, StoredTensor] = {}
    for name in files:
        found.update(_header(folder / name))
    lacking = sorted(set(places) - set(found))
    if lacking:
        raise CheckpointError(
            f"{INDEX} names {len(lacking)} tensors that its files lack, such as {lacking[0]}.",
            "A part of the checkpoint may be cut or from another version; copy it again.",
        )
    return found


def _header(path: Path) -> dict[str, StoredTensor]:
    advice = "The file may be cut or damaged; copy it again."
    try:
        with path.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if length > MAX_HEADER_BYTES:
                raise CheckpointError(f"{path.name} has no readable header.", advice)
            header = json.loads(stream.read(length))
            entries = {k: v for k, v in header.items() if k != "__metadata__"}
            end = max((int(v["data_offsets"][1]) for v in entries.values()), default=0)
            shapes = {k: tuple(int(n) for n in v["shape"]) for k, v in entries.items()}
        size = path.stat().st_size
    except (OSError, struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path.name} is not a safetensors file ({error}).", advice
        ) from error
    # The library that reads it takes neither a cut file nor one with bytes after its tensors.
    if 8 + length + end != size:
        raise CheckpointError(
            f"{path.name} should have {8 + length + end} bytes, found {size}.", advice
        )
    return {name: StoredTensor(path, shape) for name, shape in shapes.items()}

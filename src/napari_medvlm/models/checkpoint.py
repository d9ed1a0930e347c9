"""A checkpoint folder on disk: its files, its configuration, and where each tensor lies.

Nothing here runs code from the folder, unpickles anything, or touches the network, and no torch
is needed. Each file is read in one place, bounded and checked against a schema: JSON in
:mod:`.json_files`, the headers of safetensors files in :mod:`.safetensors_header`. The plan, the
panel, the model manager and the loader all come this way, so that all of them refuse alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from ..safe_text import visible
from .folder_contents import listing, refuse_adapter, what_instead
from .json_files import checked, read_json
from .safetensors_header import MAX_HEADER_BYTES, StoredTensor, read_header

__all__ = [
    "INDEX",
    "MAX_HEADER_BYTES",
    "SINGLE",
    "Checkpoint",
    "StoredTensor",
    "open_checkpoint",
    "read_json",
    "require_config",
    "require_files",
]

INDEX = "model.safetensors.index.json"
SINGLE = "model.safetensors"
#: Files that are checked when a folder is opened, whoever reads them later.
_CHECKED = (
    "preprocessor_config.json",
    "video_preprocessor_config.json",
    "processor_config.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.json",
    "tokenizer.json",
    "vocab.json",
)
_PARTS = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
_DECODER_LAYER = re.compile(r"^(?!.*(?:visual|vision)).*\blayers\.(\d+)\.")


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
            f"Expected a folder with a model, found none at {visible(str(folder))}.",
            "Give the folder that holds config.json and the .safetensors files.",
        )
    require_config(folder)
    refuse_adapter(folder)
    config = read_json(folder / "config.json")
    _refuse_quantised(config)
    for name in _CHECKED:
        if (folder / name).is_file():
            checked(folder / name)
    generation = folder / "generation_config.json"
    opened = Checkpoint(
        folder=folder,
        config=config,
        generation=read_json(generation) if generation.is_file() else {},
        tensors=_tensors(folder),
    )
    _check_layers(opened)
    return opened


def require_config(folder: Path) -> None:
    """Refuse a folder without ``config.json``, and say what it holds instead.

    Raises
    ------
    CheckpointError
    """
    if not (folder / "config.json").is_file():
        refuse_adapter(folder)
        found, advice = what_instead(folder)
        raise CheckpointError(
            f"Expected config.json in {visible(str(folder))}, found {found}.", advice
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
            f"Expected {'; '.join(missing)} in {visible(str(folder))}, found {listing(folder)}.",
            "Copy the missing files from the place where the model was published.",
        )


def _refuse_quantised(config: Mapping[str, Any]) -> None:
    stored = config.get("quantization_config")
    if stored:
        how = visible(str(stored.get("quant_method") or stored.get("quant_type") or "unnamed")[:40])
        raise CheckpointError(
            f"The weights are quantised (quantization_config in config.json: {how}); "
            "such checkpoints cannot be read here.",
            "Take the checkpoint in 16 bit; int8 or int4 can then be chosen when it is loaded.",
        )


def _check_layers(checkpoint: Checkpoint) -> None:
    """Compare the decoder's layers with those that are stored, before a network is built."""
    config = checkpoint.config
    block = config.get("llm_config") or config.get("text_config") or config
    stated = block.get("num_hidden_layers", config.get("num_hidden_layers"))
    numbers = (_DECODER_LAYER.match(name) for name in checkpoint.tensors)
    stored = {int(found[1][:9]) for found in numbers if found is not None}
    if stated is not None and stored and int(stated) != max(stored) + 1:
        raise CheckpointError(
            f"Expected num_hidden_layers in config.json to be {max(stored) + 1}, as many layers "
            f"as the weights hold, found {int(stated)}.",
            "Check that all files of the folder belong to the same model.",
        )


def _tensors(folder: Path) -> dict[str, StoredTensor]:
    index, single = (folder / INDEX).is_file(), (folder / SINGLE).is_file()
    named = _files_of_index(folder) if index else {}
    parts = sorted(set(named.values()) - {SINGLE})
    present = [name for name in parts if (folder / name).is_file()]
    if single and not index:
        present = [p.name for p in folder.iterdir() if _PARTS.fullmatch(p.name)]
    if single and present:
        raise CheckpointError(
            f"{visible(str(folder))} holds two sets of weights: {SINGLE}, and the parts "
            f"of an index ({visible(sorted(present)[0])}); which one is meant cannot be known.",
            f"Move one of them out of the folder: {SINGLE}, or the parts together with {INDEX}.",
        )
    if index and not (single and parts):
        # Where all its parts are gone and one file is there, the index is a leftover.
        return _sharded(folder, named)
    if single:
        return read_header(folder / SINGLE)
    found, advice = what_instead(folder)
    if found == listing(folder):
        advice = "Only the safetensors form is read here: others can run code when opened."
    raise CheckpointError(
        f"Expected {SINGLE} or {INDEX} with its parts in {visible(str(folder))}, found {found}.",
        advice,
    )


def _files_of_index(folder: Path) -> dict[str, str]:
    """The file of each tensor, as the index says."""
    places = read_json(folder / INDEX).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(f"Expected a weight_map in {INDEX}, found none.")
    # A name with a path in it could point anywhere on the disk.
    strange = [n for n in places.values() if Path(n).name != n or "\\" in n or "\0" in n]
    if strange:
        raise CheckpointError(
            f"Expected plain file names in {INDEX}, found {visible(strange[0][:60])!r}.",
            "Copy the file again from the place where the model was published.",
        )
    return places


def _sharded(folder: Path, places: Mapping[str, str]) -> dict[str, StoredTensor]:
    files = sorted(set(places.values()))
    require_files(folder, [[name] for name in files])
    found: dict[str, StoredTensor] = {}
    for name in files:
        found.update(read_header(folder / name))
    lacking = sorted(set(places) - set(found))
    if lacking:
        raise CheckpointError(
            f"{INDEX} names {len(lacking)} tensors that its files lack, such as "
            f"{visible(lacking[0][:100])}.",
            "A part of the checkpoint may be cut or from another version; copy it again.",
        )
    return found

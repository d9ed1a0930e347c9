"""A checkpoint folder to a loaded model: :func:`open_model`."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError
from ..extras import require
from .catalog import profile_of
from .checkpoint import open_checkpoint

if TYPE_CHECKING:
    from .family import AnsweringModel
    from .weights import Progress

#: ``model_type`` of ``config.json`` to the function that loads it; imported when it is needed.
FAMILIES = {
    "qwen2_vl": "napari_medvlm.models.qwen_vl.model:load",
    "qwen2_5_vl": "napari_medvlm.models.qwen_vl.model:load",
    "internvl_chat": "napari_medvlm.models.internvl.model:load",
    "internvl": "napari_medvlm.models.internvl.model:load",
}
DTYPES = ("float32", "bfloat16", "float16", "auto")


def open_model(
    path: str | os.PathLike[str],
    device: str = "cpu",
    dtype: str = "float32",
    *,
    profile: str | None = None,
    progress: Progress | None = None,
) -> AnsweringModel:
    """Load a local checkpoint folder in its published layout.

    Runs no code from the folder, unpickles nothing, and never touches the network.

    Parameters
    ----------
    path
        The folder.
    device
        A torch device such as "cpu", "cuda" or "cuda:1"; "auto" takes a GPU where there is one.
    dtype
        "float32", "bfloat16", "float16", or "auto": bfloat16 on a GPU, float32 on the CPU.
    profile
        How the checkpoint is talked to; see :mod:`napari_medvlm.models.catalog` for what is
        chosen without it.
    progress
        Told the stage, and the fraction of the tensors that are there.

    Returns
    -------
    model

    Raises
    ------
    CheckpointError
        If files are missing, damaged, of an unknown layout, or do not fit together.
    MissingExtraError
        If torch or transformers is not installed.
    """
    checkpoint = open_checkpoint(os.fspath(path))
    chosen = profile_of(checkpoint.folder, checkpoint.config, profile)
    torch = require("torch", "to run a model")
    place = _device(torch, device)
    module, _, name = FAMILIES[checkpoint.model_type].partition(":")
    load = getattr(importlib.import_module(module), name)
    model: AnsweringModel = load(
        checkpoint, chosen, device=place, dtype=_dtype(torch, dtype, place), progress=progress
    )
    return model


def _device(torch: Any, name: str) -> Any:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise CheckpointError(f"There is no device named {name!r} ({error}).") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise CheckpointError(
            f"Expected a CUDA GPU for device {name!r}, found {torch.cuda.device_count()} of them.",
            "Use device cpu, or check the driver and that torch was installed with CUDA.",
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise CheckpointError("Expected an Apple GPU for device 'mps', found none.")
    return device


def _dtype(torch: Any, name: str, device: Any) -> Any:
    if name not in DTYPES:
        raise CheckpointError(f"Unknown dtype {name!r}.", f"Known: {', '.join(DTYPES)}.")
    if name == "auto":
        name = "bfloat16" if device.type == "cuda" else "float32"
    return getattr(torch, name)

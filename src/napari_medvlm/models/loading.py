"""A checkpoint folder to a loaded model: :func:`open_model`."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

from ..errors import CheckpointError
from ..extras import require
from .catalog import profile_of
from .checkpoint import open_checkpoint
from .form import QUANTIZATIONS, Form
from .kv_cache import new_cache
from .spread import SPREAD

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
DTYPES = ("float32", "bfloat16", "float16", *QUANTIZATIONS, "auto")


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
        A torch device such as "cpu", "cuda" or "cuda:1"; "auto" takes a GPU where there is one;
        "spread" lays the layers over all GPUs.
    dtype
        "float32", "bfloat16", "float16"; "int8" or "int4" keep the language model's matrices in
        so many bits; "auto" is bfloat16 on a GPU, float32 on the CPU.
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
        checkpoint, chosen, form=_form(torch, dtype, place), progress=progress
    )
    return model


def import_libraries(path: str | os.PathLike[str]) -> None:
    """Import what loading a checkpoint takes, and load nothing: seconds, the first time.

    Parameters
    ----------
    path
        The checkpoint's folder.

    Raises
    ------
    CheckpointError, MissingExtraError
        As :func:`open_model`.
    """
    model_type = open_checkpoint(os.fspath(path)).model_type
    require("torch", "to run a model")
    for name in ("safetensors", "jinja2.sandbox", "tokenizers", "PIL.Image"):
        require(name, "to run a model")
    transformers = require("transformers", "to run a model")
    family = importlib.import_module(FAMILIES[model_type].partition(":")[0])
    for name in family.library_classes(model_type):
        getattr(transformers, name)  # its module is imported when it is first asked for
    new_cache()


def _device(torch: Any, name: str) -> Any:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == SPREAD:
        if torch.cuda.device_count() < 1:
            raise CheckpointError("Expected CUDA GPUs to spread a model over, found none.")
        return SPREAD
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


def _form(torch: Any, name: str, device: Any) -> Form:
    if name not in DTYPES:
        raise CheckpointError(f"Unknown dtype {name!r}.", f"Known: {', '.join(DTYPES)}.")
    on_cpu = device != SPREAD and device.type == "cpu"
    quantization = name if name in QUANTIZATIONS else ""
    if name == "auto" or quantization:
        name = "float32" if on_cpu else "bfloat16"
    return Form(device, getattr(torch, name), quantization)

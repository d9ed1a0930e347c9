"""The toy model on disk: published parameter names, and a training state without pickle."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

_RENAMES = (("model.language_model.", "model."), ("model.visual.", "visual."))


def published_name(name: str) -> str:
    """Return a parameter's name as published Qwen2.5-VL folders have it."""
    for native, published in _RENAMES:
        if name.startswith(native):
            return published + name[len(native) :]
    return name


def save_weights(model: Any, folder: Path, *, half: bool = True) -> None:
    """Write ``model.safetensors`` in float16 (or float32); the tied output matrix is left out."""
    import torch
    from safetensors.torch import save_file

    dtype = torch.float16 if half else torch.float32
    tensors = {
        published_name(name): weight.detach().to(dtype).contiguous()
        for name, weight in model.named_parameters()
        if name != "lm_head.weight"
    }
    half_written = folder / "model.safetensors.part"
    save_file(tensors, half_written, metadata={"format": "pt"})
    half_written.chmod(0o644)  # safetensors makes files that only their owner can read
    half_written.replace(folder / "model.safetensors")


def load_weights(model: Any, folder: Path) -> None:
    """Read ``model.safetensors`` into a native model; every parameter must be there."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(folder / "model.safetensors")
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if name != "lm_head.weight":
                weight.copy_(tensors[published_name(name)])


def save_state(
    folder: Path, model: Any, heads: Any, optimizer: Any, progress: dict[str, Any]
) -> None:
    """Write everything that training needs to go on: tensors as safetensors, numbers as JSON."""
    from safetensors.torch import save_file

    tensors = {}
    for prefix, module in (("model", model), ("heads", heads)):
        for name, weight in module.named_parameters():
            tensors[f"{prefix}.{name}"] = weight.detach().contiguous()
            for key, value in optimizer.state.get(weight, {}).items():
                tensors[f"adam.{key}.{prefix}.{name}"] = value.detach().clone()
    fresh = folder / "state.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(tensors, fresh / "state.safetensors")
    (fresh / "progress.json").write_text(json.dumps(progress, indent=1), encoding="utf-8")
    shutil.rmtree(folder / "state", ignore_errors=True)
    fresh.rename(folder / "state")


def load_state(folder: Path, model: Any, heads: Any, optimizer: Any) -> dict[str, Any]:
    """Read what :func:`save_state` wrote; returns the progress."""
    import torch
    from safetensors.torch import load_file

    tensors = load_file(folder / "state" / "state.safetensors")
    with torch.no_grad():
        for prefix, module in (("model", model), ("heads", heads)):
            for name, weight in module.named_parameters():
                weight.copy_(tensors[f"{prefix}.{name}"])
                kept = {
                    # Steps are counted on the CPU, as AdamW keeps them by default.
                    key: tensors[f"adam.{key}.{prefix}.{name}"].to(
                        "cpu" if key == "step" else weight.device
                    )
                    for key in ("step", "exp_avg", "exp_avg_sq")
                    if f"adam.{key}.{prefix}.{name}" in tensors
                }
                if kept:
                    optimizer.state[weight] = kept
    text = (folder / "state" / "progress.json").read_text(encoding="utf-8")
    progress: dict[str, Any] = json.loads(text)
    return progress

"""What a folder that is no model holds instead, and what to do about it. No torch."""

from __future__ import annotations

from pathlib import Path

from ..errors import CheckpointError
from ..safe_text import visible

ADAPTER = "adapter_config.json"
_SHOWN = 12


def names_of(folder: Path) -> list[str]:
    """Names in a folder, safe to show, in order; none where it cannot be read."""
    try:
        return sorted(visible(path.name[:80]) for path in folder.iterdir())
    except OSError:
        return []


def listing(folder: Path) -> str:
    """The first names of a folder for a sentence."""
    names = names_of(folder)
    more = ", …" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more if names else "nothing"


def refuse_adapter(folder: Path) -> None:
    """Refuse a folder that holds an adapter, beside a model or alone.

    Other programs apply an adapter that lies beside a model; here it would be passed over, and
    another model than the named one would answer.

    Raises
    ------
    CheckpointError
    """
    names = names_of(folder)
    found = [n for n in names if n == ADAPTER or n.startswith("adapter_model.")]
    if found:
        raise CheckpointError(
            f"{visible(str(folder))} holds an adapter, such as LoRA ({', '.join(found)}); "
            "adapters are not applied here.",
            "Merge it into its base model (merge_and_unload of peft), save the result into a "
            "folder of its own and give that one; or, to ask the plain model, move the adapter's "
            "files out of the folder.",
        )


def what_instead(folder: Path) -> tuple[str, str]:
    """Say what a folder holds that is no model here: the finding, and what to do.

    Returns
    -------
    found, advice
        ``found`` completes "Expected …, found …".
    """
    names = names_of(folder)
    low = [name.lower() for name in names]

    def first(*ends: str) -> str | None:
        return next((n for n, flat in zip(names, low, strict=True) if flat.endswith(ends)), None)

    if "snapshots" in low:
        return (
            "a download cache (snapshots)",
            "Give the folder below snapshots: its name is the revision, 40 hexadecimal digits.",
        )
    if gguf := first(".gguf"):
        return (
            f"a GGUF file ({gguf}), the form of llama.cpp",
            "Give the published folder with .safetensors files; GGUF cannot be read here.",
        )
    if "model_index.json" in low:
        return ("a diffusion pipeline (model_index.json)", "Give the folder of a language model.")
    inner = [n for n in names if (folder / n / "config.json").is_file()]
    if inner:
        return (
            f"folders with models in it ({', '.join(inner[:_SHOWN])})",
            "Give one of these folders.",
        )
    if pickled := first(".bin", ".pth", ".pt", ".ckpt"):
        return (
            f"weights in a form that can run code when it is opened ({pickled})",
            "Convert them to safetensors (save_pretrained of transformers does), or take the "
            "published safetensors.",
        )
    if other := first(".onnx", ".h5", ".msgpack", ".npz", ".mlpackage"):
        return (f"weights of another program ({other})", "Give the folder with .safetensors files.")
    if part := first(".incomplete", ".partial", ".part", ".aria2", ".crdownload"):
        return (f"a download that has not ended ({part})", "Let it end, or download it again.")
    return (listing(folder), "Choose the folder of one model as it was published.")

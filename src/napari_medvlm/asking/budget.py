"""What a question will need, in words, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ..engine.hardware import DeviceMemory, device_memory
from ..errors import MedvlmError
from ..models.catalog import PROFILES, find
from ..models.checkpoint import open_checkpoint
from ..models.counting import load_of
from ..models.footprint import KNOWN, Footprint, footprint_of
from ..models.planning import Plan, Precision, plan
from ..models.profiles import Profile
from ..models.store import locate
from .engine_words import size_in_bytes


@dataclass(frozen=True)
class Sized:
    """A model whose memory can be reckoned: a folder here, or a catalog entry not yet here."""

    label: str
    footprint: Footprint
    profile: Profile
    folder: Path | None


@lru_cache(maxsize=16)
def sized(name_or_folder: str) -> Sized:
    """Measure a model by its catalog name or folder; a folder's own files come first.

    Raises
    ------
    CheckpointError
        If there is no such model, or its files do not tell its size.
    """
    entry = find(name_or_folder)
    try:
        located = locate(name_or_folder)
    except MedvlmError:
        if entry is None or entry.name not in KNOWN:
            raise
        return Sized(entry.label, KNOWN[entry.name], entry.profile, None)
    size = footprint_of(open_checkpoint(located.path))
    return Sized(located.label, size, PROFILES[located.profile], located.path)


def plans(
    name_or_folder: str,
    images: int,
    rows: int,
    columns: int,
    *,
    device: str = "auto",
    precisions: tuple[Precision, ...] = ("bfloat16", "int8", "int4"),
    new_tokens: int | None = None,
) -> tuple[DeviceMemory | None, tuple[Plan, ...]]:
    """Reckon one question in several precisions against what a device has free.

    Parameters
    ----------
    name_or_folder
        The model.
    images, rows, columns
        How many images are sent, and their size in pixels.
    device
        "auto" takes a GPU where there is one.
    precisions
        Which to reckon.
    new_tokens
        The longest answer; the model's own default without it.

    Returns
    -------
    memory, plans
        The device (None where unknown) and a plan for each precision.
    """
    model = sized(name_or_folder)
    load = load_of(
        model.footprint,
        model.profile,
        images,
        rows,
        columns,
        folder=model.folder,
        new_tokens=new_tokens,
    )
    memory = device_memory(device)
    free = None if memory is None else memory.free
    return memory, tuple(plan(model.footprint, load, p, free) for p in precisions)


def plan_words(one: Plan, memory: DeviceMemory | None) -> str:
    """One line: "11 images · 2,816 tokens · needs 17.5 GB of 24.0 GB free"."""
    count = one.load.images
    words = [
        f"{count} image{'' if count == 1 else 's'}",
        f"{one.load.images * one.load.image_tokens:,} tokens",
        f"needs {size_in_bytes(one.need.total)}",
    ]
    if memory is not None:
        words[-1] += f" of {size_in_bytes(memory.free)} free"
    return " · ".join(words)

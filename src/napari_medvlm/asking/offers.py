"""Which models are at hand, and what each can be asked, as plain values. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..engine import ModelChoice
from ..models.catalog import CATALOG, PROFILES
from ..models.profiles import Profile
from ..models.store import is_present, locate


@dataclass(frozen=True)
class ModelOffer:
    """A model that can be asked.

    Parameters
    ----------
    label
        For people, "demo (toy)" where it is one.
    choice
        What the engine is to load.
    profile
        Its tasks, modes and input contract.
    about
        What it is for, what it was trained on and its licence, as far as known.
    """

    label: str
    choice: ModelChoice
    profile: Profile
    about: str = ""


def model_offer(
    name_or_folder: str | os.PathLike[str], *, device: str = "cpu", dtype: str = "float32"
) -> ModelOffer:
    """Look a model up by its catalog name or folder.

    Parameters
    ----------
    name_or_folder
        As on the command line.
    device, dtype
        How it is to be loaded.

    Raises
    ------
    CheckpointError
        If there is no such model here, or its layout is unknown.
    """
    located = locate(name_or_folder)
    profile = PROFILES[located.profile]
    choice = ModelChoice(
        os.fspath(located.path), located.label, device, dtype, profile=located.profile
    )
    entry = CATALOG.get(str(name_or_folder).lower())
    words = [entry.purpose, f"Licence: {entry.licence}."] if entry else [str(located.path)]
    return ModelOffer(located.label, choice, profile, " ".join(words))


def known_models(*, device: str = "cpu", dtype: str = "float32") -> tuple[ModelOffer, ...]:
    """The models of the catalog that lie on this machine, in the catalog's order."""
    here = (name for name, entry in CATALOG.items() if is_present(entry))
    return tuple(model_offer(name, device=device, dtype=dtype) for name in here)

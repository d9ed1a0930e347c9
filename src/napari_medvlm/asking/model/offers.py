"""Which models are at hand, and what each can be asked, as plain values. No torch."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ...engine import ModelChoice
from ...models.catalog import CATALOG, PROFILES
from ...models.profiles import Profile
from ...models.store import is_present, locate

#: Profile of the model that ships with the program.
TOY = "demo"


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
    name_or_folder: str | os.PathLike[str],
    *,
    device: str | None = None,
    dtype: str | None = None,
) -> ModelOffer:
    """Look a model up by its catalog name or folder.

    Parameters
    ----------
    name_or_folder
        As on the command line.
    device, dtype
        How it is to be loaded; None takes a GPU in bfloat16 where there is one and the CPU in
        float32 otherwise. The toy stays on the CPU, where its figures were measured.

    Raises
    ------
    CheckpointError
        If there is no such model here, or its layout is unknown.
    """
    located = locate(name_or_folder)
    profile = PROFILES[located.profile]
    default = ("cpu", "float32") if located.profile == TOY else ("auto", "auto")
    choice = ModelChoice(
        os.fspath(located.path),
        located.label,
        device or default[0],
        dtype or default[1],
        profile=located.profile,
    )
    entry = CATALOG.get(str(name_or_folder).lower())
    words = [entry.purpose, f"Licence: {entry.licence}."] if entry else [str(located.path)]
    return ModelOffer(located.label, choice, profile, " ".join(words))


def known_models() -> tuple[ModelOffer, ...]:
    """The models of the catalog that lie on this machine, in the catalog's order."""
    return tuple(model_offer(name) for name, entry in CATALOG.items() if is_present(entry))

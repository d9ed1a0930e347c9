"""The known checkpoints, and which profile a folder is read with. No torch.

A profile is chosen by the first of these that says something:

1. the caller (``open_model(folder, profile="chexone")``);
2. the key ``medvlm_profile`` in ``config.json``;
3. a known name, whatever its case, blanks, dashes and dots: of the folder itself, then in
   ``_name_or_path`` of ``config.json`` (a download of ``Somebody/CheXOne`` is CheXOne wherever
   it lies), then of the folder above, which is asked only where the folder's own name says
   nothing (a revision below ``snapshots``, ``model``, ``checkpoint-500``); the folder that
   ships with this program is the demo;
4. the layout alone: a profile that promises nothing about training.

A profile whose layout is not the folder's is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import CheckpointError
from .contracts import InputContract
from .internvl import profiles as internvl
from .profiles import Profile
from .qwen_vl import profiles as qwen

NOT_STATED = "not stated here"


@dataclass(frozen=True)
class CatalogEntry:
    """One known checkpoint.

    Parameters
    ----------
    name
        As the command line takes it.
    profile
        How it is talked to.
    layout
        ``model_type`` of its ``config.json``.
    purpose
        One sentence.
    repository
        Where it is published; empty for what ships with this program.
    size_gb
        Of the weights, in 10⁹ bytes.
    licence
        Of the weights.
    weight_bytes
        Of the weights in 16 bit, computed from their shapes; None where that was not done.
    revision
        The commit that a download takes; empty where none is known here: then the newest one
        is taken, and written down beside the files.
    gated
        Whether its publisher lets in only who has accepted terms; None where that is not
        known before the hub is asked.
    """

    name: str
    profile: Profile
    layout: str
    purpose: str
    repository: str
    size_gb: float
    licence: str = NOT_STATED
    weight_bytes: int | None = None
    revision: str = ""
    gated: bool | None = None

    @property
    def label(self) -> str:
        """What people read; a toy says so."""
        return self.profile.title

    @property
    def contract(self) -> InputContract:
        """What it was trained on."""
        return self.profile.contract


#: By name, in the order that lists show.
CATALOG: Mapping[str, CatalogEntry] = {
    entry.name: entry
    for entry in (
        CatalogEntry(
            name="demo",
            profile=qwen.DEMO,
            layout="qwen2_5_vl",
            purpose="A toy trained on synthetic phantoms, for trying the software out.",
            repository="",
            size_gb=0.006,
            licence="BSD-3-Clause",
            gated=False,
        ),
        CatalogEntry(
            name="chexone",
            profile=qwen.CHEXONE,
            layout="qwen2_5_vl",
            purpose="Chest radiographs: reports, questions, boxes, with reasoning (3B).",
            repository="StanfordAIMI/CheXOne",
            size_gb=7.5,
            licence="CC-BY-NC-4.0 as reported; see the published card",
        ),
        CatalogEntry(
            name="medvlm-r1",
            profile=qwen.MEDVLM_R1,
            layout="qwen2_vl",
            purpose="Multiple-choice questions about MRI, CT and X-ray, with reasoning (2B).",
            repository="JZPeterPan/MedVLM-R1",
            size_gb=4.4,
            licence="Apache-2.0",
        ),
        CatalogEntry(
            name="fleming-vl-8b",
            profile=internvl.FLEMING_8B,
            layout="internvl_chat",
            purpose="Medical images, CT and MR volumes, and videos, with reasoning (8B).",
            repository="UbiquantAI/Fleming-VL-8B",
            size_gb=15.9,
            weight_bytes=15_888_747_520,
            licence="unknown; see the published card",
        ),
        CatalogEntry(
            name="fleming-vl-38b",
            profile=internvl.FLEMING_38B,
            layout="internvl_chat",
            purpose="The same as Fleming-VL-8B, larger and slower (38B).",
            repository="UbiquantAI/Fleming-VL-38B",
            size_gb=76.8,
            weight_bytes=76_776_329_984,
            licence="unknown; see the published card",
        ),
    )
}

#: Every profile by name, those of unknown checkpoints too.
PROFILES: Mapping[str, Profile] = {
    profile.name: profile for profile in (*qwen.PROFILES, *internvl.PROFILES)
}
_BY_LAYOUT: Mapping[str, Profile] = {**qwen.BY_LAYOUT, **internvl.BY_LAYOUT}
_LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "chexone": ("qwen2_5_vl",),
    "demo": ("qwen2_5_vl",),
    "qwen2.5-vl": ("qwen2_5_vl",),
    "medvlm-r1": ("qwen2_vl",),
    "qwen2-vl": ("qwen2_vl",),
    **{profile.name: tuple(internvl.BY_LAYOUT) for profile in internvl.PROFILES},
}
#: Profiles that a folder's name can choose, longer names first.
_NAMES = ("chexone", "medvlm-r1", "fleming-vl-38b", "fleming-vl-8b", "fleming-vl")
#: Names of folders that say nothing of the model in them.
_SAYS_NOTHING = re.compile(
    r"(?:model|models|checkpoint|ckpt|weights|final|last|best|merged|output|export|main|master|hf"
    r"|safetensors|snapshot|snapshots|v?\d+(?:\.\d+)*|(?:checkpoint|ckpt|epoch|step|global_step)"
    r"[-_ ]?\d+|[0-9a-f]{40})",
    re.IGNORECASE,
)
_DEMO_PARTS = ("napari_medvlm", "demo", "model")


def find(name: str) -> CatalogEntry | None:
    """Look an entry up by its name, whatever its case; None where there is none."""
    return CATALOG.get(name.strip().lower())


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _named(folder: Path, config: Mapping[str, Any]) -> str | None:
    parts = folder.resolve().parts
    if parts[-len(_DEMO_PARTS) :] == _DEMO_PARTS:
        return "demo"
    written = re.split(r"[/\\]", str(config.get("_name_or_path") or "").rstrip("/\\"))
    own: tuple[str, ...] = parts[-1:]
    above: tuple[str, ...] = ()
    while own and (_SAYS_NOTHING.fullmatch(own[0]) or parts[-2:-1] == ("snapshots",)):
        parts = parts[:-1]
        own = above = parts[-1:]
    told = (*(() if above else own), _telling(written), *above)
    for part in told:
        for name in _NAMES:
            if _plain(name) in _plain(part):
                return name
    return None


def _telling(parts: list[str]) -> str:
    """The last part of a path that says something."""
    return next((part for part in reversed(parts) if not _SAYS_NOTHING.fullmatch(part)), "")


def profile_of(folder: Path, config: Mapping[str, Any], wanted: str | None = None) -> Profile:
    """Choose how a folder is talked to.

    Parameters
    ----------
    folder
        The checkpoint.
    config
        Its ``config.json``.
    wanted
        The caller's choice.

    Raises
    ------
    CheckpointError
        If the layout is unknown, or the profile is, or they do not go together.
    """
    layout = str(config.get("model_type", ""))
    if layout not in _BY_LAYOUT:
        known = ", ".join(_BY_LAYOUT)
        raise CheckpointError(
            f"Expected a model_type among {known} in config.json of {folder}, "
            f"found {layout or 'none'}.",
            "Models of this kind cannot be run here.",
        )
    asked = wanted or config.get("medvlm_profile")
    if asked is not None:
        name = str(asked).strip().lower()
        if name not in PROFILES:
            raise CheckpointError(
                f"There is no profile named {asked!r}.", f"Known: {', '.join(PROFILES)}."
            )
        if layout not in _LAYOUTS[name]:
            raise CheckpointError(
                f"The profile {name} is for {', '.join(_LAYOUTS[name])} checkpoints, "
                f"{folder} holds {layout}."
            )
        return PROFILES[name]
    named = _named(folder, config)
    if named is not None and layout in _LAYOUTS[named]:
        return PROFILES[named]
    return _BY_LAYOUT[layout]

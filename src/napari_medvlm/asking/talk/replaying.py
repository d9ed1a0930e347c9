"""A kept turn run again: with what, what is not as it was, and whether the answers agree."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...dialogue import Question
from ...errors import MedvlmError, RecordError
from ...models import sent_text
from ...models.store import models_folder
from ...records import Capsule, Kept
from ...records.fingerprint import folder_digest
from ..model.offers import ModelOffer, known_models, model_offer
from .keeping import versions

_WORD = re.compile(r"\s+|[^\s]+")


@dataclass(frozen=True)
class Replay:
    """A kept turn that is about to run again.

    Parameters
    ----------
    question
        As it was asked, with its frames.
    offer
        The model, to be loaded as it was.
    differences
        A line for everything that is not as it was; empty where nothing is.
    """

    question: Question
    offer: ModelOffer
    differences: tuple[str, ...]


def prepare(kept: Kept, model: str | None = None) -> Replay:
    """Find what a kept turn needs.

    Parameters
    ----------
    kept
        From the journal.
    model
        Catalog name or folder; None finds the folder by its hash.

    Raises
    ------
    RecordError
        If a frame is missing, or the question had a volume, whose voxels are not kept.
    CheckpointError
        If there is no such model here.
    """
    capsule = kept.capsule
    if capsule.question["volume"] is not None:
        raise RecordError(
            "This question was asked about a whole volume, whose voxels are not kept.",
            "Open the scan and ask it again.",
        )
    question = kept.question
    record = capsule.model
    found = model if model is not None else find_model(record.digest, record.label)
    offer = model_offer(found, device=record.device or None, dtype=record.dtype or None)
    return Replay(question, offer, (*kept.damage, *differences(capsule, question, offer)))


def find_model(digest: str, label: str = "the model") -> str:
    """The folder with this content, among the models that are here.

    Raises
    ------
    RecordError
        If there is none.
    """
    known = [Path(offer.choice.path) for offer in known_models()]
    base = models_folder()
    others = sorted(path.parent for path in base.glob("*/config.json")) if base.is_dir() else []
    for folder in dict.fromkeys([*known, *others]):
        if digest and folder_digest(folder) == digest:
            return str(folder)
    raise RecordError(
        f"No model here has the content of {label} as it was asked ({digest[:12] or 'unknown'}).",
        "Give its folder, or another model's to compare: --model FOLDER.",
    )


def differences(
    capsule: Capsule,
    question: Question,
    offer: ModelOffer,
    now: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """Say what is not as it was when a turn was asked.

    Parameters
    ----------
    capsule
        As it was kept.
    question
        The same, with its frames.
    offer
        The model that is to answer now.
    now
        Versions; None takes those of this program.
    """
    record, choice = capsule.model, offer.choice
    digest = folder_digest(choice.path)
    pairs = [
        ("model", record.digest[:12], digest[:12], record.digest == digest),
        ("profile", record.profile, choice.profile or "", record.profile == choice.profile),
        ("device", record.device, choice.device, record.device == choice.device),
        ("precision", record.dtype, choice.dtype, record.dtype == choice.dtype),
    ]
    for name, version in (versions() if now is None else now).items():
        then = capsule.versions.get(name, "")
        pairs.append((name, then, version, then == version))
    words = [
        f"{name}: {then or 'unknown'} then, {present or 'unknown'} now"
        for name, then, present, same in pairs
        if not same
    ]
    if capsule.prompt and capsule.prompt != _sent(question, offer):
        words.append("prompt: the words around the question are others now")
    return tuple(words)


def _sent(question: Question, offer: ModelOffer) -> str:
    try:
        return sent_text(question, offer.profile, offer.choice.path)
    except MedvlmError:
        return ""  # asking will say why


def word_diff(then: str, now: str) -> str:
    """Two texts as one: what went in ``[-…-]``, what came in ``{+…+}``."""
    before, after = _WORD.findall(then), _WORD.findall(now)
    parts: list[str] = []
    matcher = difflib.SequenceMatcher(a=before, b=after, autojunk=False)
    for kind, a0, a1, b0, b1 in matcher.get_opcodes():
        if kind == "equal":
            parts.append("".join(before[a0:a1]))
            continue
        parts += _marked("[-", before[a0:a1], "-]") + _marked("{+", after[b0:b1], "+}")
    return "".join(parts)


def _marked(opening: str, words: Iterable[str], closing: str) -> list[str]:
    text = "".join(words)
    return [f"{opening}{text}{closing}"] if text else []


def kept_text(kept: Kept) -> tuple[str, bool]:
    """The model's text as it was kept, and whether that is the whole of it.

    Raises
    ------
    RecordError
        If no text was kept.
    """
    state = kept.progress
    if state.reply is None or not state.reply.raw:
        raise RecordError(
            "No answer of this question was kept to compare with.",
            state.message or "It was never finished.",
        )
    return state.reply.raw, state.state == "replied"

"""What a question will need, in words, before anything runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from ...dialogue import Question, Turn
from ...dialogue.question import FrameKind
from ...engine.hardware import DeviceMemory, cpu_memory, device_memory
from ...errors import MedvlmError
from ...imaging import Frame
from ...models.catalog import PROFILES, find
from ...models.checkpoint import open_checkpoint
from ...models.counting import load_of, load_of_images, sizes_seen
from ...models.footprint import KNOWN, Footprint, footprint_of
from ...models.planning import PRECISIONS, Load, Plan, Precision, plan
from ...models.profiles import Profile
from ...models.store import locate
from ...models.subject import sent_with, subject_of
from ..model.engine_words import size_in_bytes
from ..model.offers import ModelOffer


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
        f"{one.load.visual_tokens:,} tokens",
        f"needs {size_in_bytes(one.need.total)}",
    ]
    if memory is not None:
        words[-1] += f" of {size_in_bytes(memory.free)} free"
    return " · ".join(words)


#: Letters of a token of text, on average: how many there are is known only once it was read.
_LETTERS = 4


class Budget:
    """What the questions of a panel will need, against the memory that was found.

    A GPU's driver can take seconds to answer, so it is asked once for each device, in a thread
    of its own; until then only the tokens are told.
    """

    def __init__(self) -> None:
        self._found: dict[str, DeviceMemory | None] = {}
        self._asked: set[str] = set()

    def words(
        self,
        offer: ModelOffer | None,
        frames: Sequence[Frame],
        *,
        tiles: bool,
        video: bool = False,
        history: Sequence[Turn] = (),
    ) -> str:
        """One line: "1,280 image tokens · needs 0.7 GB of 22.3 GB free", with advice if need be.

        Where the model sees images at another size, that size stands first.

        Parameters
        ----------
        offer
            The chosen model.
        frames
            What is sent.
        tiles
            Whether images are cut into tiles.
        video
            Whether they are sent as the frames of one clip.
        history
            Earlier turns that go along; their images and words are counted.

        Returns
        -------
        words
            Empty where nothing can be said.
        """
        if offer is None or not frames:
            return ""
        memory = self._memory(offer.choice.device)
        try:
            model = sized(offer.choice.path)
            load = _load(model, offer, frames, tiles=tiles, video=video)
            if history:
                kind: FrameKind = "video" if video else "images"
                asked = Question(
                    "", tuple(frames), frame_kind=kind, history=tuple(history), tiles=tiles
                )
                load = _with_history(load, model, offer, asked)
            seen = _seen(model, offer, frames, tiles=tiles, video=video)
        except MedvlmError:
            return ""  # the question itself will say what is wrong with it
        free = None if memory is None else memory.free
        made = plan(model.footprint, load, _precision(offer, memory), free)
        told = f"{seen} · " if seen else ""
        told += f"{load.visual_tokens:,} image tokens"
        if memory is not None:
            told += f" · needs {size_in_bytes(made.need.total)} of "
            told += f"{size_in_bytes(memory.free)} free"
        return f"{told}. ! {made.verdict}: {made.advice}" if made.advice else told

    def history_tokens(self, offer: ModelOffer | None, history: Sequence[Turn]) -> int | None:
        """About how many tokens earlier turns take; None where that is not known."""
        if offer is None or not history:
            return None
        try:
            return sum(_turn_loads(sized(offer.choice.path), offer, history)[1:])
        except MedvlmError:
            return None

    def _memory(self, device: str) -> DeviceMemory | None:
        if device == "cpu":
            return cpu_memory()
        if device not in self._asked:
            self._asked.add(device)
            threading.Thread(target=self._ask, args=(device,), daemon=True).start()
        return self._found.get(device)

    def _ask(self, device: str) -> None:
        self._found[device] = device_memory(device)


def _load(
    model: Sized, offer: ModelOffer, frames: Sequence[Frame], *, tiles: bool, video: bool
) -> Load:
    return load_of_images(
        model.footprint,
        offer.profile,
        [frame.size_wh[::-1] for frame in frames],
        video=video,
        tiles=tiles,
        folder=Path(offer.choice.path),
    )


def _turn_loads(
    model: Sized, offer: ModelOffer, history: Sequence[Turn]
) -> tuple[list[Load], int, int]:
    """Images of earlier turns, their tokens, and about how many tokens of words there are."""
    loads = []
    for index, turn in enumerate(history):
        frames = sent_with(history, index)
        if frames:
            video = turn.frame_kind == "video"
            loads.append(_load(model, offer, frames, tiles=turn.tiles, video=video))
    letters = sum(len(turn.text) + len(turn.reply) for turn in history)
    return loads, sum(load.visual_tokens for load in loads), letters // _LETTERS


def _with_history(own: Load, model: Sized, offer: ModelOffer, asked: Question) -> Load:
    earlier, _, words = _turn_loads(model, offer, asked.history)
    parts = [*earlier, own] if subject_of(asked).sent or not earlier else earlier
    return replace(
        own,
        images=sum(part.images for part in parts),
        image_tokens=max(part.image_tokens for part in parts),
        patches=max(part.patches for part in parts),
        text_tokens=own.text_tokens + words,
        counted=sum(part.visual_tokens for part in parts),
    )


def _seen(
    model: Sized, offer: ModelOffer, frames: Sequence[Frame], *, tiles: bool, video: bool
) -> str:
    """What becomes of the size of images before the model sees them; "" where nothing does."""
    sizes = [frame.size_wh[::-1] for frame in frames]
    folder = Path(offer.choice.path)
    seen = sizes_seen(model.footprint, offer.profile, sizes, video=video, folder=folder)
    if not video and list(seen) == sizes:
        return ""
    one = "{1} × {0}".format(*seen[0]) if len(set(seen)) == 1 else ""
    if tiles and not video and model.footprint.image_tokens:
        return f"cut into tiles of {one}"
    return f"resized to {one} for the model" if one else "resized for the model"


def _precision(offer: ModelOffer, memory: DeviceMemory | None) -> Precision:
    for known in PRECISIONS:
        if offer.choice.dtype == known:
            return known
    return "float32" if memory is not None and memory.device == "cpu" else "bfloat16"

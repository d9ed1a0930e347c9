"""From studies to training batches: which scenes, which questions, which soft targets."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import packing, questions
from . import tokenizer as toy_tokenizer
from .questions import Exchange, Scene
from .recipe import IMAGES, draw_scene
from .store import Store

COORDINATE_SPREAD = 6.0
SIZE_SPREAD = 1.0
SINGLES, MULTIS, CLIPS = 6, 6, 1
STILL_SHARES = {"ct": 0.6, "mr": 0.2, "xr": 0.2}
MULTI_SHARES = {"ct": 0.7, "mr": 0.3}


class Encoder:
    """Token ids of prefixes and branches.

    Parameters
    ----------
    folder
        A checkpoint folder with the toy tokenizer.
    """

    def __init__(self, folder: Path) -> None:
        self.tokenizer = toy_tokenizer.load(folder)
        self.numbers = toy_tokenizer.number_ids(self.tokenizer)
        self.image_id: int = self.tokenizer.token_to_id("<|image_pad|>")
        self.video_id: int = self.tokenizer.token_to_id("<|video_pad|>")
        self.pad_id: int = self.tokenizer.token_to_id("<|endoftext|>")
        self.stop_id: int = self.tokenizer.token_to_id("<|im_end|>")
        self._box_id = self.ids(', "bbox_2d": [')[0]
        self._mm_id = self.ids(" mm")[0]
        self._prefixes: dict[tuple[int, int], list[int]] = {}

    def ids(self, text: str) -> list[int]:
        """Return the token ids of a text."""
        found: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return found

    def prefix(self, count: int, steps: int = 0) -> list[int]:
        """Return the ids of the prompt up to the question."""
        if (count, steps) not in self._prefixes:
            text = packing.prefix_text(count, steps=steps)
            self._prefixes[count, steps] = self.ids(text)
        return self._prefixes[count, steps]

    def branch(self, exchange: Exchange, scene: Scene) -> packing.Branch:
        """Return a question with its answer, and which of its numbers are measured."""
        question = self.ids(packing.question_text(exchange.prompt_text))
        reply = [*self.ids(exchange.reply_text), self.stop_id]
        soft: list[tuple[int, float, float]] = []
        boxes = iter(scene.marks)
        for index, token in enumerate(reply):
            place = len(question) + index
            if token == self._box_id:
                mark = next(boxes)
                # The four numbers stand at every second token: commas lie between them.
                soft += [
                    (place + 1 + 2 * axis, 1000 * mark.box[axis], COORDINATE_SPREAD)
                    for axis in range(4)
                ]
            elif token == self._mm_id:
                value = max(mark.size_mm for mark in scene.marks)
                soft.append((place - 1, value, SIZE_SPREAD))
        return packing.Branch([*question, *reply], len(question), tuple(soft))


@dataclass
class Group:
    """Scenes with equally many images, packed together.

    Attributes
    ----------
    frames
        (temporal patches, 1 or 2, side, side) float32 in 0..1.
    scenes
        The truth of each row.
    pack
        The packed questions; ``None`` when only the vision tower is trained.
    """

    frames: Any
    scenes: list[Scene]
    pack: packing.Pack | None

    def to(self, device: Any) -> Group:
        """Return the same with its tensors on another device."""
        pack = None if self.pack is None else self.pack.to(device)
        return Group(self.frames.to(device), self.scenes, pack)


def draw_group(
    store: Store,
    encoder: Encoder | None,
    rng: np.random.Generator,
    kinds: dict[str, float],
    rows: int,
    count: int,
) -> Group:
    """Draw scenes of ``count`` images each; without an encoder, no questions."""
    import torch

    shares = {kind: share for kind, share in kinds.items() if kind in store.kinds}
    weights = np.array(list(shares.values())) / sum(shares.values())
    pictures: list[NDArray[np.uint8]] = []
    scenes: list[Scene] = []
    for _ in range(rows):
        kind = str(rng.choice(list(shares), p=weights))
        frames, scene = draw_scene(store.draw(kind, rng), rng, count=count)
        pictures.append(
            frames.reshape(-1, 2, *frames.shape[1:]) if scene.is_clip else frames[:, None]
        )
        scenes.append(scene)
    pixels = torch.from_numpy(np.concatenate(pictures)).float() / 255
    if encoder is None:
        return Group(pixels, scenes, None)
    prefixes, branches = [], []
    for picture, scene in zip(pictures, scenes, strict=True):
        steps = len(picture) if scene.is_clip else 0
        prefixes.append(encoder.prefix(0 if steps else scene.count, steps))
        branches.append([encoder.branch(x, scene) for x in draw_exchanges(scene, rng)])
    pack = packing.pack(
        prefixes,
        branches,
        image_id=encoder.image_id,
        video_id=encoder.video_id,
        pad_id=encoder.pad_id,
    )
    return Group(pixels, scenes, pack)


def draw_exchanges(scene: Scene, rng: np.random.Generator) -> list[Exchange]:
    """Draw the questions that are asked about one scene in one step."""
    if scene.is_clip:
        tasks = ["direction", "direction", str(rng.choice(["modality", "presence"]))]
    else:
        pool = ("modality", "presence", "what", "side", "images", "size", "finding")
        odds = np.array([0.2, 0.6, 0.3, 1.2, 0.3, 0.5, 0.5])
        tasks = [str(rng.choice(pool, p=odds / odds.sum())), "region"]
        if scene.count > 1 and tasks[0] != "images":
            tasks[int(rng.random() < 0.5)] = "images"
        if scene.marks or rng.random() < 0.4:
            tasks.append("where")
    # The reasoning about a scene is the same for most questions: once or twice is enough. About
    # several images it is the harder part, since every image has to be named.
    least, share = (1, 0.3) if scene.count > 1 else (0, 0.7)
    times = least + int(rng.random() < share)
    thinks = rng.permutation(len(tasks)) < times
    return [
        questions.ask(task, scene, rng, thinks=bool(think))
        for task, think in zip(tasks, thinks, strict=True)
    ]


def draw_batch(
    store: Store, encoder: Encoder | None, seed: int, step: int
) -> tuple[list[Group], list[Group]]:
    """Draw the two halves of one optimizer step; a pure function of the arguments.

    The halves hold equally many images and questions, one for each core.
    """
    rng = np.random.default_rng([seed, step])
    count = int(rng.integers(2, IMAGES + 1))
    return _draw_half(store, encoder, rng, count), _draw_half(store, encoder, rng, count)


def _draw_half(
    store: Store, encoder: Encoder | None, rng: np.random.Generator, count: int
) -> list[Group]:
    if encoder is None:
        return [draw_group(store, None, rng, STILL_SHARES, 24, 1)]
    groups = [draw_group(store, encoder, rng, STILL_SHARES, SINGLES, 1)]
    if set(MULTI_SHARES) & set(store.kinds):
        groups.append(draw_group(store, encoder, rng, MULTI_SHARES, MULTIS, count))
    if "us" in store.kinds:
        groups.append(draw_group(store, encoder, rng, {"us": 1.0}, CLIPS, 1))
    return groups


def stream(
    store: Store, encoder: Encoder, seed: int, first: int, warm_up: int
) -> Iterator[tuple[list[Group], list[Group]]]:
    """Yield the batches of step ``first`` onwards, prepared in a thread ahead of their use."""
    ready: queue.Queue[tuple[list[Group], list[Group]]] = queue.Queue(maxsize=3)
    stop = threading.Event()

    def produce() -> None:
        step = first
        while not stop.is_set():
            if step % 50 == 0:
                store.refresh()
            batch = draw_batch(store, None if step < warm_up else encoder, seed, step)
            while not stop.is_set():
                try:
                    ready.put(batch, timeout=0.5)
                    break
                except queue.Full:
                    continue
            step += 1

    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while True:
            try:
                yield ready.get(timeout=60)
            except queue.Empty:
                msg = "Expected a batch within a minute; the thread that prepares them has ended."
                raise RuntimeError(msg) from None
    finally:
        stop.set()
        thread.join()

"""A quick look at a model in training: greedy answers to held-out questions, batched.

The figures that count are those of :mod:`napari_medvlm.demo.evaluate`, which goes the whole way
through the model family as a user's question does.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from . import packing, scoring
from .batches import Encoder
from .held_out import KIND_CYCLE, Case, cases
from .questions import CLOSED_TASKS
from .recipe import resized


@lru_cache(maxsize=2)
def _cases(count: int, kinds: tuple[str, ...]) -> tuple[Case, ...]:
    return tuple(cases(count, kinds=kinds))


def measure(
    model: Any, encoder: Encoder, count: int, kinds: Sequence[str] = KIND_CYCLE
) -> dict[str, float]:
    """Return the share of right answers for each task, and the mean IoU of boxes."""
    import torch

    asked: list[tuple[Case, int]] = []
    prompts: list[tuple[list[int], Any]] = []
    with torch.inference_mode():
        for case in _cases(count, tuple(kinds)):
            features = _features(model, case)
            steps = len(case.frames) // 2 if case.scene.is_clip else 0
            prefix = encoder.prefix(0 if steps else case.scene.count, steps)
            for index, exchange in enumerate(case.exchanges):
                text = packing.question_text(exchange.prompt_text)
                prompts.append(([*prefix, *encoder.ids(text)], features))
                asked.append((case, index))
        written = _decode(model, encoder, prompts)
    return _figures(asked, [encoder.tokenizer.decode(ids) for ids in written])


def _features(model: Any, case: Case) -> Any:
    import torch

    frames = np.stack([resized(frame) for frame in case.frames])
    pixels = torch.from_numpy(frames).to(model.device).float()[:, None] / 255
    if case.scene.is_clip:
        pixels = pixels.reshape(-1, 2, *pixels.shape[2:])
    merged, _ = packing.image_features(model.model.visual, pixels)
    return merged.flatten(0, 1)


def _decode(model: Any, encoder: Encoder, prompts: list[tuple[list[int], Any]]) -> list[list[int]]:
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i][0]))
    out: list[list[int]] = [[] for _ in prompts]
    for first in range(0, len(order), 64):
        rows = order[first : first + 64]
        written = packing.greedy(
            model,
            [prompts[i] for i in rows],
            image_id=encoder.image_id,
            video_id=encoder.video_id,
            stop_id=encoder.stop_id,
        )
        for row, ids in zip(rows, written, strict=True):
            out[row] = ids
    return out


def _figures(asked: list[tuple[Case, int]], texts: list[str]) -> dict[str, float]:
    scores: dict[str, list[float]] = {}
    for (case, index), text in zip(asked, texts, strict=True):
        exchange = case.exchanges[index]
        answer = scoring.answer_of(text)
        if exchange.task == "where" and case.scene.marks:
            where = "iou_one" if case.scene.count == 1 else "iou_several"
            score = scoring.scene_iou(scoring.boxes_of(answer), case.scene)
            scores.setdefault(where, []).append(score)
            scores.setdefault(f"{where}_{case.scene.kind}", []).append(score)
            continue
        right = float(answer == exchange.answer)
        scores.setdefault(exchange.task, []).append(right)
        if exchange.task in CLOSED_TASKS:
            scores.setdefault("closed", []).append(right)
            size = "one" if case.scene.count == 1 else "several"
            scores.setdefault(f"closed_{case.scene.kind}_{size}", []).append(right)
    return {name: float(np.mean(values)) for name, values in sorted(scores.items())}

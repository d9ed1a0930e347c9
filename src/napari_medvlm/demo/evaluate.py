"""Measure the toy model on phantoms it never saw, the whole way that a user's question goes.

Frames at the phantom's own resolution become a :class:`~napari_medvlm.dialogue.Question`; the
model family writes the prompt, decodes greedily and freely, and the room's own parser reads the
reply. ``medvlm bench demo-model`` prints what :func:`evaluate` returns.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..models.store import DEMO_FOLDER
from . import scoring
from .held_out import Case, cases
from .questions import CLOSED_TASKS, Exchange, largest_mm
from .recipe import HELD_OUT_SEED

if TYPE_CHECKING:
    from ..dialogue.question import Question
    from ..dialogue.reply import Reply


def evaluate(
    model_folder: Path = DEMO_FOLDER,
    n: int = 200,
    seeds: int = HELD_OUT_SEED,
    *,
    per_study: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, float]:
    """Ask held-out questions and score the answers.

    Parameters
    ----------
    model_folder
        Checkpoint folder.
    n
        Number of held-out studies; each gives every question that makes sense for it.
    seeds
        Seed of the first phantom; nothing below
        :data:`~napari_medvlm.demo.recipe.HELD_OUT_SEED` is accepted.
    per_study
        Ask only so many questions of each study, the box question first.
    progress
        Told how many studies of how many are done.

    Returns
    -------
    dict
        ``closed_accuracy`` over all closed questions (modality and body part, whether and what,
        side, which images, direction of a clip) and ``accuracy_TASK`` for each of them;
        ``accuracy_region`` for questions about a drawn region;
        ``iou_one_image`` and ``iou_several_images``, the mean over studies with a lesion, where a
        missed box and one too many count as 0; ``none_right``, the share of "none", "no" or no box
        where there is nothing; ``size_error_mm``, mean absolute; how many of each; seconds.
    """
    from ..models import open_model

    model = open_model(model_folder, profile="demo")
    started = time.perf_counter()
    scores: dict[str, list[float]] = {}
    try:
        for index, case in enumerate(cases(n, seeds)):
            for exchange in _chosen(case, per_study):
                for name, value in _score(case, exchange, ask(model, case, exchange)).items():
                    scores.setdefault(name, []).append(value)
            if progress is not None:
                progress(index + 1, n)
    finally:
        model.close()
    figures = {name: float(np.mean(values)) for name, values in sorted(scores.items())}
    counts = {
        f"count_{name}": float(len(scores.get(name, ())))
        for name in ("closed_accuracy", "iou_one_image", "iou_several_images")
    }
    seconds = {"seconds": time.perf_counter() - started}
    return {**figures, **counts, "studies": float(n), "first_seed": float(seeds), **seconds}


def _chosen(case: Case, per_study: int | None) -> tuple[Exchange, ...]:
    if per_study is None:
        return case.exchanges
    rng = np.random.default_rng([case.seed, 12])
    where = [exchange for exchange in case.exchanges if exchange.task == "where"]
    closed = [exchange for exchange in case.exchanges if exchange.task in CLOSED_TASKS]
    order = rng.permutation(len(closed))
    return tuple([*where, *(closed[i] for i in order)][:per_study])


def question_of(case: Case, exchange: Exchange) -> Question:
    """Return one held-out question as the plugin would ask it."""
    from ..dialogue.question import Generation, Question, Region

    _, rows, cols = case.frames.shape
    regions: tuple[Region, ...] = ()
    if exchange.region is not None:
        image, (x0, y0, x1, y1) = exchange.region
        box = (x0 * cols / 1000, y0 * rows / 1000, x1 * cols / 1000, y1 * rows / 1000)
        regions = (Region(image - 1, box),)
    frames: Any = tuple(np.repeat(frame[..., None], 3, axis=2) for frame in case.frames)
    return Question(
        exchange.question,
        frames,
        frame_kind="video" if case.scene.is_clip else "images",
        regions=regions,
        mode="reasoning" if exchange.thinks else "instruct",
        generation=Generation(max_new_tokens=400, temperature=0.0, repetition_penalty=1.0),
    )


def ask(model: Any, case: Case, exchange: Exchange) -> Reply:
    """Ask one held-out question, greedily, and return the parsed reply."""
    from ..dialogue.events import Replied

    *_, last = model.stream(question_of(case, exchange))
    if not isinstance(last, Replied):
        msg = f"Expected a reply as the last event, got {type(last).__name__}."
        raise TypeError(msg)
    return last.reply


def _score(case: Case, exchange: Exchange, reply: Reply) -> dict[str, float]:
    scene, answer = case.scene, scoring.answer_of(reply.raw)
    out: dict[str, float] = {}
    if exchange.task == "where" and scene.marks:
        _, rows, cols = case.frames.shape
        scale = np.array([1000 / cols, 1000 / rows] * 2)
        told = [(box.frame, tuple((np.array(box.box) * scale).tolist())) for box in reply.boxes]
        name = "iou_one_image" if scene.count == 1 else "iou_several_images"
        return {name: scoring.scene_iou(told, scene)}
    right = float(answer == exchange.answer)
    if exchange.answer in ("none", "no", "No nodule or lesion."):
        out["none_right"] = right
    if exchange.task in CLOSED_TASKS:
        out |= {"closed_accuracy": right, f"accuracy_{exchange.task}": right}
    if exchange.task == "region":
        out["accuracy_region"] = right
    if exchange.task == "finding":
        out["finding_exact"] = right
    if exchange.task == "size" and scene.marks and answer.endswith(" mm"):
        number = answer.removesuffix(" mm")
        out["size_error_mm"] = abs(float(number) - largest_mm(scene)) if number.isdigit() else 99.0
    return out

"""Questions about phantoms that were never trained on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import questions
from .questions import Exchange, Scene
from .recipe import HELD_OUT_SEED, IMAGES, clip_frames, marks_on, render_study, to_grey

KIND_CYCLE = ("ct", "mr", "ct", "xr", "ct", "mr", "us", "ct", "mr", "xr")


@dataclass(frozen=True)
class Case:
    """The images of one question set, as a viewer would send them.

    Attributes
    ----------
    seed
        Seed of the phantom.
    frames
        (images, rows, cols) uint8 at the phantom's own resolution.
    scene
        The truth.
    exchanges
        Questions with their true answers.
    """

    seed: int
    frames: NDArray[np.uint8]
    scene: Scene
    exchanges: tuple[Exchange, ...]


def cases(
    count: int, first_seed: int = HELD_OUT_SEED, kinds: Sequence[str] = KIND_CYCLE
) -> Iterator[Case]:
    """Yield held-out cases: kinds in turn, one image and several images by turns.

    Parameters
    ----------
    count
        How many.
    first_seed
        Seed of the first phantom, at least :data:`~napari_medvlm.demo.recipe.HELD_OUT_SEED`.
    kinds
        The kinds, taken in turn.
    """
    if first_seed < HELD_OUT_SEED:
        msg = f"Expected held-out seeds from {HELD_OUT_SEED} on, got {first_seed}."
        raise ValueError(msg)
    for index in range(count):
        kind = kinds[index % len(kinds)]
        yield make_case(kind, first_seed + index, several=(index // len(kinds)) % 2 == 1)


def make_case(kind: str, seed: int, *, several: bool) -> Case:
    """Make one held-out case with its default window and no augmentation."""
    study = render_study(kind, seed, IMAGES)
    rng = np.random.default_rng([seed, 11])
    total = len(study.values)
    if kind == "us":
        chosen: list[int] = clip_frames(total, rng, plain=True)
    elif several and total > 1:
        chosen = sorted(int(i) for i in rng.permutation(total)[: rng.integers(2, IMAGES + 1)])
    else:
        shown = sorted({mark.image for mark in study.marks})
        chosen = [int(rng.choice(shown if shown and rng.random() < 0.7 else np.arange(total)))]
    marks = marks_on(study, chosen)
    count = 1 if kind == "us" else len(chosen)
    scene = Scene(kind, count, marks, study.direction)
    return Case(seed, to_grey(study.values[chosen], study.window), scene, _exchanges(scene, rng))


def _exchanges(scene: Scene, rng: np.random.Generator) -> tuple[Exchange, ...]:
    tasks: list[Any] = list(questions.tasks_for(scene))
    if not scene.is_clip:
        tasks.append("region")  # once where a lesion is, once where none is, as the draw goes
    return tuple(questions.ask(task, scene, rng, thinks=bool(rng.random() < 0.5)) for task in tasks)

"""What the toy model is asked and what it has to answer, as text.

One :class:`Scene` holds everything that is true of the images that are sent; the functions here
turn it into a question in words and the answer that follows from the truth. No pixels, no torch.

Two modes, as the published reasoning models have them: *reasoning* (the question ends with
:data:`REASONING_SUFFIX`, the answer is ``<think>...</think><answer>...</answer>``) and *instruct*
(no suffix, ``<answer>...</answer>`` alone). Images are counted from 1, boxes are integers
0..999 of the image sent (the 0..1000 frame of Qwen2-VL).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from . import wordings

REASONING_SUFFIX = " Think first."

FINDING_TASKS = ("presence", "what", "side", "images", "size", "where", "finding")
CLOSED_TASKS = ("modality", "presence", "what", "side", "images", "direction")
NAMED_ONE_BY_ONE = 5
"""Of more images than this, the reasoning does not count up those that show nothing."""

DIRECTION_WORDS = ("left", "right", "up", "down")


@dataclass(frozen=True)
class Kind:
    """The words for one sort of study."""

    modality: str
    body_part: str
    label: str
    organ: str
    place: str


KINDS = {
    "ct": Kind("CT", "chest", "nodule", "lung", "lungs"),
    "mr": Kind("MRI", "brain", "lesion", "side of the brain", "sides of the brain"),
    "xr": Kind("radiograph", "chest", "nodule", "lung", "lungs"),
    "us": Kind("ultrasound", "abdomen", "structure", "side", "sides"),
}


@dataclass(frozen=True)
class Mark:
    """One lesion on one image.

    Attributes
    ----------
    image
        Index of the image, from 0.
    box
        ``(x0, y0, x1, y1)`` as fractions 0..1 of the image, pixel-edge coordinates.
    side
        Side of the patient, ``"left"`` or ``"right"``.
    lesion
        Index of the lesion in its study: the same lesion on two images has one number.
    size_mm
        Longer side of the box in mm.
    """

    image: int
    box: tuple[float, float, float, float]
    side: str
    lesion: int
    size_mm: float


@dataclass(frozen=True)
class Scene:
    """Everything that is true of one set of images.

    Attributes
    ----------
    kind
        A key of :data:`KINDS`.
    count
        Number of images; 1 for a clip.
    marks
        Lesions, in the order of the images and from left to right on each.
    direction
        Which way the structure of a clip moves on the screen, ``None`` for still images.
    track
        Where that structure is in each temporal step (two frames) of a clip, as fractions.
    """

    kind: str
    count: int
    marks: tuple[Mark, ...] = ()
    direction: str | None = None
    track: tuple[tuple[float, float, float, float], ...] = ()

    @property
    def is_clip(self) -> bool:
        """Whether the set is one clip and not still images."""
        return self.direction is not None


@dataclass(frozen=True)
class Exchange:
    """One question and the answer that is true of its scene."""

    task: str
    question: str
    reasoning: str
    answer: str
    thinks: bool
    region: tuple[int, tuple[int, int, int, int]] | None = None

    @property
    def prompt_text(self) -> str:
        """The user's text as it follows the images: question, region, mode."""
        region = "" if self.region is None else region_text(*self.region)
        return self.question + region + (REASONING_SUFFIX if self.thinks else "")

    @property
    def reply_text(self) -> str:
        """The whole text that the model has to write."""
        think = f"<think>{self.reasoning}</think>" if self.thinks else ""
        return f"{think}<answer>{self.answer}</answer>"


def norm_1000(box: Sequence[float]) -> tuple[int, int, int, int]:
    """Round a box of fractions 0..1 to the integers 0..999 that the model writes."""
    x0, y0, x1, y1 = (int(min(999, max(0, round(float(value) * 1000)))) for value in box)
    return x0, y0, x1, y1


def region_text(image: int, box: tuple[int, int, int, int]) -> str:
    """Write a region drawn by the user into the question; ``image`` counts from 1."""
    return f" Region: image {image} [{', '.join(str(value) for value in box)}]."


def answer_for(task: str, scene: Scene) -> str:
    """Return the true answer of one of the tasks that need no region."""
    kind = KINDS[scene.kind]
    if task == "modality":
        return f"{kind.modality}, {kind.body_part}"
    if task == "direction":
        return str(scene.direction)
    if task == "presence":
        return "yes" if scene.marks else "no"
    if task == "finding":
        return _finding(scene)
    if not scene.marks:
        return "none"
    if task == "what":
        return kind.label
    if task == "side":
        return _side(scene.marks)
    if task == "images":
        return _listed(sorted({mark.image + 1 for mark in scene.marks}))
    if task == "size":
        return f"{largest_mm(scene)} mm"
    return boxes_json(scene)


def boxes_json(scene: Scene) -> str:
    """Return all boxes of a scene as the JSON list that the model writes."""
    label = KINDS[scene.kind].label
    boxes = [
        {"image": mark.image + 1, "bbox_2d": list(norm_1000(mark.box)), "label": label}
        for mark in scene.marks
    ]
    return json.dumps(boxes)


def largest_mm(scene: Scene) -> int:
    """Return the longest side of any box of the scene in whole mm."""
    return round(max(mark.size_mm for mark in scene.marks))


def reasoning_for(task: str, scene: Scene) -> str:
    """Return the reasoning text: what each image, by its number, shows."""
    kind = KINDS[scene.kind]
    if task == "direction":
        return f"In video 1 the structure moves {scene.direction}."
    if task == "modality":
        if scene.is_clip:
            return f"Video 1 is an {kind.modality} clip of the {kind.body_part}."
        image = f"image of the {kind.body_part}."
        if scene.count == 1:
            return f"Image 1 is a {kind.modality} {image}"
        return f"Images 1 to {scene.count} are {kind.modality} {image.replace('image', 'images')}"
    return _who_shows_what(scene)


def _who_shows_what(scene: Scene) -> str:
    kind = KINDS[scene.kind]
    if scene.is_clip:
        return "Video 1 shows no nodule or lesion."
    if not scene.marks and scene.count > NAMED_ONE_BY_ONE:
        return f"Images 1 to {scene.count} show no nodule or lesion."
    if not scene.marks:
        return f"{_images(list(range(1, scene.count + 1)), 'shows', 'show')} no nodule or lesion."
    groups: dict[str, list[int]] = {}
    for image in range(scene.count):
        side = _side([mark for mark in scene.marks if mark.image == image])
        groups.setdefault(side, []).append(image + 1)
    silent = groups.pop("none", [])
    parts = [
        f"{_images(numbers, 'shows', 'show')} {_lesions(kind, side)}."
        for side, numbers in groups.items()
    ]
    if silent and scene.count <= NAMED_ONE_BY_ONE:
        parts.append(f"{_images(silent, 'does', 'do')} not.")
    return " ".join(parts)


def _finding(scene: Scene) -> str:
    if not scene.marks:
        return "No nodule or lesion."
    kind = KINDS[scene.kind]
    side = _side(scene.marks)
    numbers = sorted({mark.image + 1 for mark in scene.marks})
    where = ("image " if len(numbers) == 1 else "images ") + _listed(numbers)
    if len({mark.lesion for mark in scene.marks}) == 1:
        return f"A {largest_mm(scene)} mm {kind.label} in the {side} {kind.organ} on {where}."
    place = f"both {kind.place}" if side == "both" else f"the {side} {kind.organ}"
    return f"Several {kind.label}s in {place} on {where}, the largest {largest_mm(scene)} mm."


def _lesions(kind: Kind, side: str) -> str:
    if side == "both":
        return f"{kind.label}s in both {kind.place}"
    return f"a {kind.label} in the {side} {kind.organ}"


def _images(numbers: list[int], singular: str, plural: str) -> str:
    if len(numbers) == 1:
        return f"Image {numbers[0]} {singular}"
    return f"Images {_listed(numbers)} {plural}"


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _side(marks: Sequence[Mark]) -> str:
    sides = {mark.side for mark in marks}
    if len(sides) > 1:
        return "both"
    return sides.pop() if sides else "none"


def ask(task: str, scene: Scene, rng: np.random.Generator, *, thinks: bool) -> Exchange:
    """Draw one wording of a task's question and give the true answer with it."""
    if task == "region":
        return _ask_region(scene, rng, thinks=thinks)
    question = wordings.draw(wordings.TEMPLATES[task], rng)
    return Exchange(
        task, question, reasoning_for(task, scene), answer_for(task, scene), thinks=thinks
    )


def _ask_region(scene: Scene, rng: np.random.Generator, *, thinks: bool) -> Exchange:
    image, box, mark = _draw_region(scene, rng)
    label = KINDS[scene.kind].label
    what = rng.random() < 0.3
    question = wordings.draw(wordings.REGION_WHAT if what else wordings.REGION_YES_NO, rng)
    held = "no nodule or lesion" if mark is None else f"a {label}"
    reasoning = f"The region on image {image + 1} holds {held}."
    answer = (label if mark else "none") if what else ("yes" if mark else "no")
    region = (image + 1, norm_1000(box))
    return Exchange("region", question, reasoning, answer, thinks=thinks, region=region)


def _draw_region(
    scene: Scene, rng: np.random.Generator
) -> tuple[int, tuple[float, float, float, float], Mark | None]:
    """Draw a region that clearly holds a lesion, or clearly holds none."""
    if scene.marks and rng.random() < 0.5:
        mark = scene.marks[rng.integers(len(scene.marks))]
        x0, y0, x1, y1 = mark.box
        grow = rng.uniform(0.0, 0.06, size=4)
        box = (x0 - grow[0], y0 - grow[1], x1 + grow[2], y1 + grow[3])
        return mark.image, _clipped(box), mark
    for _ in range(50):
        image = int(rng.integers(scene.count))
        width, height = rng.uniform(0.06, 0.25, size=2)
        x0, y0 = rng.uniform(0.05, 0.95 - width), rng.uniform(0.05, 0.95 - height)
        box = (x0, y0, x0 + width, y0 + height)
        if not any(_touch(box, mark.box) for mark in scene.marks if mark.image == image):
            return image, box, None
    return 0, (0.0, 0.0, 0.05, 0.05), None


def _clipped(box: tuple[float, ...]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(value))) for value in box)
    return x0, y0, x1, y1


def _touch(a: Sequence[float], b: Sequence[float]) -> bool:
    return bool(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])


def tasks_for(scene: Scene) -> tuple[str, ...]:
    """Return the tasks that make sense for a scene."""
    if scene.is_clip:
        return ("modality", "direction", "presence")
    return ("modality", *FINDING_TASKS, "region")

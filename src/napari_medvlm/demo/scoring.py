"""How answers about phantoms are scored."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from ..dialogue.boxes import iou
from .questions import Scene

Box = Sequence[float]


def answer_of(text: str) -> str:
    """Return what stands in the last ``<answer>`` of a reply, or the whole of it."""
    found = re.findall(r"<answer>(.*?)</answer>", text, flags=re.DOTALL)
    return (found[-1] if found else text).strip()


def boxes_of(answer: str) -> list[tuple[int, Box]]:
    """Return ``(image from 0, box 0..1000)`` of an answer; an unreadable one has no boxes."""
    try:
        items: Any = json.loads(answer)
    except json.JSONDecodeError:
        return []
    if not isinstance(items, list):
        return []
    return [
        (int(item["image"]) - 1, tuple(float(v) for v in item["bbox_2d"]))
        for item in items
        if isinstance(item, dict) and len(item.get("bbox_2d", ())) == 4 and "image" in item
    ]


def scene_iou(told: Iterable[tuple[int, Box]], scene: Scene) -> float:
    """Return the mean IoU of a scene's boxes; a missed box and a box too many both count as 0."""
    true = [(mark.image, tuple(1000 * value for value in mark.box)) for mark in scene.marks]
    left = list(told)
    most = max(len(true), len(left))
    total = 0.0
    for image, box in true:
        best = max(
            (other for other in left if other[0] == image),
            key=lambda other: iou(other[1], box),
            default=None,
        )
        if best is not None:
            total += iou(best[1], box)
            left.remove(best)
    return total / most if most else 1.0

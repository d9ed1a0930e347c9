"""An answer's boxes against the known truth of a phantom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ...dialogue.boxes import iou
from ...imaging import BoxXYXY
from .placing import PlacedBox


@dataclass(frozen=True)
class TrueBox:
    """Where a lesion really is on one slice, in the slice's pixel-edge coordinates."""

    index: int
    box: BoxXYXY
    label: str
    side: str


def true_boxes(truth: Mapping[str, Any]) -> tuple[TrueBox, ...]:
    """All boxes of one entry of ``sample_data/truth.json``."""
    return tuple(
        TrueBox(int(box["slice"]), tuple(box["box"]), lesion["label"], lesion["side"])
        for lesion in truth.get("lesions", [])
        for box in lesion["boxes"]
    )


def best_overlap(placed: PlacedBox, truth: Sequence[TrueBox]) -> float:
    """Largest intersection over union with a true box of the same slice, 0 without one."""
    return max((iou(placed.box, t.box) for t in truth if t.index == placed.index), default=0.0)

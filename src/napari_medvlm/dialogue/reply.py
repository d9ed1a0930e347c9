"""The Reply: what came back, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..imaging.frame import BoxXYXY

FinishReason = Literal["stop", "length", "stopped"]
#: Coordinate frames that models write boxes in; see ``boxes.py``.
BoxSystem = Literal["percent_100", "norm_1000", "abs_resized"]


@dataclass(frozen=True)
class Box:
    """A box that the model wrote, mapped to the frame it was shown.

    Parameters
    ----------
    label
        The model's name for it, or None.
    box
        ``(x0, y0, x1, y1)`` in pixel-edge coordinates of the frame, clipped to it.
    frame
        Which of the question's frames, from 0.
    raw
        The four numbers as written.
    system
        The coordinate frame they were read in.
    clipped, reordered
        Whether the raw box left the image, and whether its corners were swapped.
    """

    label: str | None
    box: BoxXYXY
    frame: int = 0
    raw: tuple[float, float, float, float] = (0, 0, 0, 0)
    system: BoxSystem = "norm_1000"
    clipped: bool = False
    reordered: bool = False


@dataclass(frozen=True, eq=False)
class Mask:
    """A mask on one frame: bool (rows, columns) of that frame."""

    label: str
    pixels: npt.NDArray[np.bool_]
    frame: int = 0


@dataclass(frozen=True)
class Reference:
    """A place in the text that names an image: characters [start, stop) mean ``frame``."""

    start: int
    stop: int
    frame: int
    field: Literal["reasoning", "answer"] = "answer"


@dataclass(frozen=True)
class Timings:
    """Seconds: encoding pixels and prompt, prefill until the first token, and decoding."""

    encode: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0

    @property
    def total(self) -> float:
        """All of it."""
        return self.encode + self.prefill + self.decode


@dataclass(frozen=True, eq=False)
class Reply:
    """A finished (or stopped) answer.

    ``raw`` is the text as decoded; the other fields are read from it by ``parse``.
    ``complete`` is false when the final container was never closed; ``partial_answer``
    holds what the token limit cut; ``conflict`` says that several final answers differ.
    ``outside`` holds words that are neither reasoning nor answer; ``thought_opened`` says that the
    prompt began the reasoning. Boxes without a place: ``dropped_boxes`` have no area or name an
    image that was not sent, the numbers of ``misfit_boxes`` cannot be of the model's coordinate
    system, and ``unread_boxes`` are written in a form that is not read here.
    """

    raw: str
    reasoning: str = ""
    answer: str = ""
    choice: str | None = None
    choices: tuple[str, ...] = ()
    complete: bool = True
    partial_answer: str | None = None
    conflict: bool = False
    boxes: tuple[Box, ...] = ()
    dropped_boxes: int = 0
    misfit_boxes: int = 0
    unread_boxes: int = 0
    outside: str = ""
    thought_opened: bool = False
    masks: tuple[Mask, ...] = ()
    references: tuple[Reference, ...] = ()
    finish_reason: FinishReason = "stop"
    prompt_tokens: int = 0
    reused_tokens: int = 0
    new_tokens: int = 0
    timings: Timings = field(default_factory=Timings)
    token_ids: tuple[int, ...] = ()

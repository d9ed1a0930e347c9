"""The Question: the only thing that crosses to the worker. Frozen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..imaging.frame import BoxXYXY, Frame

Mode = Literal["reasoning", "instruct"]
#: How the frames reach the model: as separate images, or as one video.
FrameKind = Literal["images", "video"]


@dataclass(frozen=True)
class Region:
    """A box that the user drew, as part of the question.

    Parameters
    ----------
    frame
        Which of the question's frames, from 0.
    box
        ``(x0, y0, x1, y1)`` in pixel-edge coordinates of that frame.
    label
        What the user calls it.
    """

    frame: int
    box: BoxXYXY
    label: str = ""


def _as_frame(item: Frame | npt.NDArray[np.uint8]) -> Frame:
    return item if isinstance(item, Frame) else Frame.from_pixels(item)


@dataclass(frozen=True)
class Turn:
    """An earlier question of the conversation with the model's raw answer."""

    text: str
    reply: str
    frames: tuple[Frame, ...] = ()
    frame_kind: FrameKind = "images"
    seconds_per_frame: float | None = None
    tiles: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "frames", tuple(_as_frame(f) for f in self.frames))


@dataclass(frozen=True)
class Generation:
    """Settings of the decode loop.

    Parameters
    ----------
    max_new_tokens
        Upper bound on the answer's tokens.
    temperature
        0 is greedy.
    top_p
        Nucleus; used only with a temperature.
    repetition_penalty
        None takes what the checkpoint's authors use.
    seed
        Of the sampler; the same seed gives the same answer on the same machine.
    """

    max_new_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    repetition_penalty: float | None = None
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked, with everything the model will see.

    Parameters
    ----------
    text
        The user's words. The family adds its own task and mode templates.
    frames
        Frames, or uint8 arrays (rows, columns [, 3]), in the order they are sent.
    frame_kind
        "images", or "video" for frames of one clip.
    seconds_per_frame
        Time between frames of a video; None takes the family's default.
    volume
        float32 (slice, row, column) in stored units, for families that take a 3D tensor.
    regions
        The user's boxes.
    task
        Key of a prompt template of the family ("ask" sends the text as it is).
    mode
        "reasoning" or "instruct".
    choices
        Options of a multiple-choice question, as (letter, text) pairs.
    history
        Earlier turns, oldest first.
    generation
        Decode settings.
    tiles
        Whether each frame is cut into tiles for more detail, where the family can do that.
    """

    text: str
    frames: tuple[Frame, ...] = ()
    frame_kind: FrameKind = "images"
    seconds_per_frame: float | None = None
    volume: npt.NDArray[np.float32] | None = None
    regions: tuple[Region, ...] = ()
    task: str = "ask"
    mode: Mode = "reasoning"
    choices: tuple[tuple[str, str], ...] = ()
    history: tuple[Turn, ...] = ()
    generation: Generation = field(default_factory=Generation)
    tiles: bool = False

    def __post_init__(self) -> None:
        frames: Sequence[Frame | npt.NDArray[np.uint8]] = self.frames
        object.__setattr__(self, "frames", tuple(_as_frame(f) for f in frames))
        for name in ("regions", "history", "choices"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

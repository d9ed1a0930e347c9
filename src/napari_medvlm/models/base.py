"""What every family gives: a Question in, tokens and a Reply out.

A family module has the same fixed parts: how it recognises a checkpoint folder, how it
writes a prompt, how it turns frames into pixels, how it places tokens (1-D or 3-D
positions), and how its boxes are to be read. The decode loop, caches and streaming are
shared and live in ``decode.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..dialogue.events import Event
from ..dialogue.question import Question


@dataclass(frozen=True, eq=False)
class Prompt:
    """A question as one family's tokens and pixels.

    Parameters
    ----------
    text
        The exact string given to the tokenizer, one placeholder for each image or video.
    input_ids
        int64 (length,), placeholders expanded to one id for each visual token.
    pixels
        What the vision tower gets, in the family's own shape; float32. None without images.
    positions
        int64 (axes, length): 1 axis for plain rotary positions, 3 for Qwen-VL's
        (time, height, width).
    image_spans
        (start, stop, digest) of each run of visual tokens in ``input_ids``; the digest is
        the key under which its encoded form is cached.
    extra
        Whatever else the family needs (grids, masks, region grids), by name.
    """

    text: str
    input_ids: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.float32] | None = None
    positions: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros((1, 0), np.int64))
    image_spans: tuple[tuple[int, int, str], ...] = ()
    extra: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class Model(Protocol):
    """A loaded model."""

    name: str
    family: str

    def encode(self, question: Question) -> Prompt:
        """Turn a question into tokens and pixels. Raises QuestionError for what it cannot take."""

    def next_token_logits(self, prompt: Prompt) -> npt.NDArray[np.float32]:
        """Logits (vocabulary,) that choose the first new token."""

    def stream(
        self, question: Question, should_stop: Callable[[], bool] | None = None
    ) -> Iterator[Event]:
        """Yield Prefill, Tokens, then one Replied; ``should_stop`` is asked between tokens."""

    def close(self) -> None:
        """Free the weights and caches."""

"""A question as it is kept, and what has come back of it so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..dialogue import Question, Reply
from .capsule import Capsule

#: "asked" and "answering" are on their way, or ended with their program.
State = Literal["asked", "answering", "replied", "stopped", "failed"]
STATES: tuple[State, ...] = ("asked", "answering", "replied", "stopped", "failed")


@dataclass(frozen=True, eq=False)
class Progress:
    """What has come back of a question so far.

    Parameters
    ----------
    state
        How far it is.
    reasoning, answer
        Text so far, as the model wrote it.
    tokens, reasoning_tokens
        New tokens so far, and how many of them came before the answer began.
    seconds
        From asking until now or until its end.
    reply
        The finished (or stopped) answer; None before it.
    message, advice
        Why there is no answer, and what to do.
    """

    state: State = "asked"
    reasoning: str = ""
    answer: str = ""
    tokens: int = 0
    reasoning_tokens: int = 0
    seconds: float = 0.0
    reply: Reply | None = None
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, eq=False)
class Kept:
    """A question of a kept conversation.

    Parameters
    ----------
    number
        Of the question in the journal, from 1; never given twice.
    conversation
        Number of its conversation.
    asked_at
        Seconds since 1970 (UTC).
    capsule
        Everything that decides its answer.
    progress
        What has come back.
    pixels
        Its frames and those of its history: uint8 (rows, columns, 3) by content hash.
    damage
        What of it was changed or damaged since it was written, a sentence each.
    """

    number: int
    conversation: int
    asked_at: float
    capsule: Capsule
    progress: Progress
    pixels: Mapping[str, npt.NDArray[np.uint8]] = field(default_factory=dict)
    damage: tuple[str, ...] = ()

    @property
    def question(self) -> Question:
        """The question with its frames, but for a volume, whose voxels are not kept.

        Raises
        ------
        RecordError
            If a frame is missing.
        """
        return self.capsule.ask_again(self.pixels)


@dataclass(frozen=True)
class Listed:
    """A conversation in the list of all.

    Parameters
    ----------
    number
        Of the conversation, from 1.
    study
        Content hash of the scan or clip that it is about.
    began, changed
        Seconds since 1970 (UTC).
    questions
        How many.
    first
        Text of the first question.
    """

    number: int
    study: str
    began: float
    changed: float
    questions: int
    first: str

"""What happens to a question on its way, as plain values.

Models yield ``Prefill``, ``Token`` and ``Replied``; the engine adds the rest and stamps
``request``, the number of the question, so that a stale answer can be dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .reply import Reply


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events; ``request`` is the engine's number of the question."""

    request: int = 0


@dataclass(frozen=True, kw_only=True)
class Queued(Event):
    """The question waits for the model; ``ahead`` questions come before it."""

    ahead: int = 0


@dataclass(frozen=True, kw_only=True)
class Loading(Event):
    """The model is being loaded; ``fraction`` of the tensors are there, if known."""

    stage: str = ""
    fraction: float | None = None


@dataclass(frozen=True, kw_only=True)
class Loaded(Event):
    """The model is ready."""

    name: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    memory_bytes: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Prefill(Event):
    """The prompt is being read.

    Parameters
    ----------
    tokens, reused
        Of the prompt, and how many of them were reused.
    sent
        The words of the question's turn as they stand in the prompt.
    opens_thought
        Whether the prompt itself opened the reasoning: the text begins within it.
    """

    tokens: int = 0
    reused: int = 0
    sent: str = ""
    opens_thought: bool = False


@dataclass(frozen=True, kw_only=True)
class Token(Event):
    """More text: ``text`` is the newly decodable piece (may be several tokens or empty)."""

    text: str = ""
    count: int = 0


@dataclass(frozen=True, kw_only=True)
class Replied(Event):
    """The answer is whole (or was stopped: see ``reply.finish_reason``)."""

    reply: Reply


@dataclass(frozen=True, kw_only=True)
class Failed(Event):
    """No answer: ``message`` and ``advice`` are for the user."""

    kind: Literal["user", "memory", "crash", "model"] = "model"
    message: str = ""
    advice: str = ""


@dataclass(frozen=True, kw_only=True)
class Unloaded(Event):
    """The model is gone and its memory is free."""

"""What the engine's thread needs of a place where a model runs, and what comes from there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..dialogue.events import Event
from ..dialogue.question import Question
from .choice import ModelChoice


@dataclass(frozen=True)
class Ready:
    """The place takes orders now."""

    pid: int | None


@dataclass(frozen=True)
class Prepared:
    """What loading a model takes is imported, as far as it could be."""


@dataclass(frozen=True)
class Memory:
    """How many bytes the model takes now."""

    bytes: int


@dataclass(frozen=True)
class Ended:
    """The place is gone by itself; ``reason`` and ``advice`` are for the user."""

    reason: str
    advice: str = ""


News = Event | Ready | Prepared | Memory | Ended
#: Called from a backend's own thread.
Sink = Callable[["Backend", News], None]


class Backend(Protocol):
    """One child process, or one thread; used once and never restarted."""

    def start(self) -> None:
        """Start; ``Ready`` or ``Ended`` follows. Raises EngineError where it cannot begin."""

    def prepare(self, choice: ModelChoice) -> None:
        """Order the import of what loading this model takes; ``Prepared`` follows."""

    def load(self, request: int, choice: ModelChoice) -> None:
        """Order a load; it ends in one Loaded, Failed or Unloaded."""

    def ask(self, request: int, question: Question, choice: ModelChoice) -> None:
        """Order an answer; it ends in one Replied or Failed."""

    def stop(self, request: int) -> None:
        """Ask the running order to end early."""

    def end(self, patience: float = 0.0) -> None:
        """End for good, by force after ``patience`` seconds; harmless when ended already."""

    def kill(self) -> None:
        """End by force at once; the only call allowed from another thread."""

    def last_words(self) -> str:
        """Give what it printed last, on one line; empty when unknown."""

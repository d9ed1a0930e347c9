"""The engine as the asking side uses it: what a double must offer in tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...dialogue import Event, Question
from ...engine import EngineState, ModelChoice


class AskingThread(Protocol):
    """The part of `engine.ModelThread` that panels use. No method waits for the model."""

    @property
    def state(self) -> EngineState:
        """A snapshot of what the engine is doing."""

    def ask(self, question: Question, choice: ModelChoice) -> int:
        """Queue a question; returns the number that its events carry."""

    def load(self, choice: ModelChoice) -> int:
        """Load a model before it is needed; returns the number that its events carry."""

    def stop(self, request: int | None = None) -> object:
        """End an answer, between two tokens; None means the one that runs."""

    def unload(self) -> object:
        """Free the model's memory."""

    def drain(self) -> Sequence[Event]:
        """The events since the last call."""

    def close(self) -> object:
        """End the model process."""

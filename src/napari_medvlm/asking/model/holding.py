"""A model loaded and unloaded by hand, and what is said about it."""

from __future__ import annotations

from collections.abc import Sequence

from ...dialogue import Event, Failed, Loaded, Loading, Replied, Token, Unloaded
from ...engine import EngineState
from ..talk.thread import AskingThread
from .engine_words import device_words, size_in_bytes
from .offers import ModelOffer


class Holding:
    """Which model is in memory, by whose wish, and what came of the last one.

    Parameters
    ----------
    thread
        The engine.
    """

    def __init__(self, thread: AskingThread) -> None:
        self._thread = thread
        self._request: int | None = None
        self._label = ""
        self._loading: Loading | None = None
        #: What came of the last wish; empty before the first.
        self.words = ""

    @property
    def loading(self) -> str:
        """How far a load is: "weights 43 %"; empty where none goes on."""
        if self._loading is None or self._thread.state.status != "loading":
            return ""
        part = self._loading.fraction
        return self._loading.stage + ("" if part is None else f" {round(100 * part)} %")

    def load(self, offer: ModelOffer) -> None:
        """Begin to load a model, in place of another.

        Raises
        ------
        EngineError
            If the engine was closed.
        """
        self._label = offer.label
        self.words = f"{offer.label} is being loaded."
        self._request = self._thread.load(offer.choice)

    def unload(self) -> None:
        """Free the model's memory; an answer on its way ends with what has come.

        Raises
        ------
        EngineError
            If the engine was closed.
        """
        state = self._thread.state
        self._thread.unload()
        self.words = freed_words(state)

    def stop(self) -> None:
        """Give up the load that was begun by hand."""
        if self._request is not None:
            self._thread.stop(self._request)

    def hear(self, events: Sequence[Event]) -> None:
        """Take what the engine reports."""
        for event in events:
            if isinstance(event, Loading):
                self._loading = event
            elif isinstance(event, Loaded | Failed | Unloaded | Token | Replied):
                self._loading = None
            if self._request is None or event.request != self._request:
                continue
            if isinstance(event, Loaded):
                where = f"on the {device_words(event.device)} in {event.dtype}"
                took = f"{size_in_bytes(event.memory_bytes)}, {event.seconds:.1f} s"
                self.words = f"{self._label} is loaded {where} ({took})."
            elif isinstance(event, Failed):
                self.words = f"{event.message} {event.advice}".strip()
            elif isinstance(event, Unloaded):
                self.words = f"{self._label} was not loaded: it was stopped."
            if isinstance(event, Loaded | Failed | Unloaded):
                self._request = None


def freed_words(state: EngineState) -> str:
    """What unloading gives back, told from the state before it."""
    if state.choice is None or state.status in ("empty", "dead"):
        return "No model was in memory."
    name = state.choice.name or "The model"
    if not state.memory_bytes:
        return f"{name} is unloaded."
    where = f" on the {device_words(state.device)}" if state.device else ""
    return f"{name} is unloaded: {size_in_bytes(state.memory_bytes)} freed{where}."

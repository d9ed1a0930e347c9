"""The model thread: what panels and commands talk to."""

from __future__ import annotations

import itertools
import threading
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Literal

from ..dialogue.events import Event
from ..dialogue.question import Question
from ..errors import EngineError
from .backend import Backend, Sink
from .choice import EngineState, ModelChoice
from .in_process import InProcessBackend
from .life import Job, Life
from .mailbox import Callback, Mailbox
from .process import ProcessBackend
from .runner import DEFAULT_OPENER

Engine = Literal["process", "in-process"]


class ModelThread:
    """Owns one model's life. Every call returns at once, but ``events`` and ``close``.

    Each request ends with exactly one last event: Replied or Failed for a question; Loaded,
    Failed, or Unloaded (it was stopped) for a load; Unloaded for an unload. Nothing with its
    number comes after that.

    Parameters
    ----------
    engine
        "process" runs the model in a child process. "in-process" runs it in a thread of this
        one: for tests and debugging, without protection from crashes and hangs.
    opener
        "module:function" that opens a checkpoint; None takes ``models.open_model``.
    grace_seconds
        How long a stopped answer may take to end before its process is ended.
    start_seconds
        How long the process may take to start (the model's loading not included).
    beside_window
        Whether a window wants to stay smooth: a model that computes on the CPU then runs at a
        lower priority.

    Raises
    ------
    ValueError
        For an unknown engine.
    """

    def __init__(
        self,
        engine: Engine = "process",
        opener: str | None = None,
        grace_seconds: float = 2.0,
        *,
        start_seconds: float = 60.0,
        beside_window: bool = False,
    ) -> None:
        backends: dict[str, Callable[[str, Sink], Backend]] = {
            "process": partial(ProcessBackend, yields=beside_window),
            "in-process": InProcessBackend,
        }
        if engine not in backends:
            msg = f"Expected engine 'process' or 'in-process', found {engine!r}."
            raise ValueError(msg)
        backend, dotted = backends[engine], opener or DEFAULT_OPENER
        self._mailbox = Mailbox()
        self._life = Life(
            lambda sink: backend(dotted, sink), self._mailbox, grace_seconds, start_seconds
        )
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        # Also when the interpreter exits, and when the last reference goes.
        self._close = weakref.finalize(self, self._life.close)
        self._life.start()

    @property
    def state(self) -> EngineState:
        """What the engine is doing now."""
        return self._life.state

    def prepare(self, choice: ModelChoice) -> None:
        """Start the process and import what loading this model takes, before it is asked for."""
        self._life.prepare(choice)

    def load(self, choice: ModelChoice) -> int:
        """Load a model, in place of another. Returns the request's number."""
        return self._submit(choice, None)

    def ask(self, question: Question, choice: ModelChoice) -> int:
        """Ask; loads the model where needed, and waits behind earlier questions.

        Returns
        -------
        request
            Number that all events of this question carry; greater than all before.

        Raises
        ------
        EngineError
            If the engine was closed.
        """
        return self._submit(choice, question)

    def stop(self, request: int | None = None) -> None:
        """End a running answer with the text so far, or take a waiting one off the queue.

        Parameters
        ----------
        request
            None means the one that runs. Unknown and finished numbers do nothing.
        """
        self._life.stop(request)

    def unload(self) -> int:
        """Stop everything and end the process, so that its memory is free. Returns a number."""
        request = self._number()
        self._life.unload(request)
        return request

    def close(self) -> None:
        """End the process and this engine; waits at most ``grace_seconds`` and a second."""
        self._close()

    def drain(self) -> list[Event]:
        """Take every event that arrived since the last call; never waits. For a timer."""
        return self._mailbox.drain()

    def events(self, request: int, timeout: float | None = None) -> Iterator[Event]:
        """Wait for and yield the events of one request until its last one. Once for each.

        Parameters
        ----------
        request
            Number that ``ask``, ``load`` or ``unload`` returned.
        timeout
            Longest wait for the next event, in seconds; None waits on.

        Raises
        ------
        TimeoutError
            If nothing came for that long.
        ValueError
            If the request is unknown or was read already.
        """
        return self._mailbox.events(request, timeout)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call ``callback(event)`` in the engine's thread for every event.

        Returns
        -------
        unsubscribe
            Ends it.
        """
        return self._mailbox.subscribe(callback)

    def _submit(self, choice: ModelChoice, question: Question | None) -> int:
        with self._lock:  # so that numbers grow in the order of the queue
            request = self._number()
            self._life.submit(Job(request, choice, question))
        return request

    def _number(self) -> int:
        if not self._close.alive:
            raise EngineError("This engine was closed.", "Make another ModelThread.")
        request = next(self._numbers)
        self._mailbox.open(request)
        return request

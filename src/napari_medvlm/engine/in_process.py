"""The model in a thread of this process: for tests and for debugging with breakpoints.

The same interface, without its guarantees: a crash takes the program along, and a model that
hangs cannot be ended, only be left alone in its thread.
"""

from __future__ import annotations

import logging
import os
import queue
import threading

from ..dialogue.events import Event
from ..dialogue.question import Question
from .backend import Ended, Memory, Prepared, Ready, Sink
from .choice import ModelChoice
from .runner import Runner

_log = logging.getLogger(__name__)

_Order = tuple[int, ModelChoice, Question | None]


class InProcessBackend:
    """A Runner in a thread."""

    def __init__(self, opener: str, sink: Sink) -> None:
        self._opener = opener
        self._sink = sink
        self._orders: queue.Queue[_Order | None] = queue.Queue()
        self._stopped: set[int] = set()
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def prepare(self, choice: ModelChoice) -> None:
        """Order the imports."""
        self._orders.put((0, choice, None))

    def load(self, request: int, choice: ModelChoice) -> None:
        """Order a load."""
        self._orders.put((request, choice, None))

    def ask(self, request: int, question: Question, choice: ModelChoice) -> None:
        """Order an answer."""
        self._orders.put((request, choice, question))

    def stop(self, request: int) -> None:
        """Raise the flag that the model looks at between tokens."""
        self._stopped.add(request)

    def end(self, patience: float = 0.0) -> None:
        """Let the thread finish; it is left behind where it does not within the patience."""
        self._leaving.set()
        self._orders.put(None)
        if self._thread.is_alive():
            self._thread.join(patience)

    def kill(self) -> None:
        """Nothing can end a thread by force."""

    def last_words(self) -> str:
        """Nothing: what the model prints goes where this process prints."""
        return ""

    def _run(self) -> None:
        runner = Runner(self._opener, self._emit)
        self._sink(self, Ready(os.getpid()))
        try:
            while (order := self._orders.get()) is not None:
                self._work(runner, *order)
                self._sink(self, Memory(runner.memory()))
        except SystemExit:
            _log.exception("A library called sys.exit, which ends only its thread")
        finally:
            self._sink(self, Ended("The thread of the model ended unexpectedly."))
            runner.unload()

    def _work(
        self, runner: Runner, request: int, choice: ModelChoice, question: Question | None
    ) -> None:
        def should_stop() -> bool:
            return self._leaving.is_set() or request in self._stopped

        if not request:
            runner.prepare(choice)
            self._sink(self, Prepared())
        elif question is None:
            runner.load(request, choice, should_stop)
        else:
            runner.ask(request, question, choice, should_stop)

    def _emit(self, event: Event) -> None:
        self._sink(self, event)

"""Work beside the window: a thread that says how far it is and stops when it is asked to.

Python only, no Qt: the window looks at it from a timer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from ...imaging.progress import Cancelled, Progress, Step

T = TypeVar("T")


class Background(Generic[T]):
    """One piece of work in a thread of its own.

    Parameters
    ----------
    work
        Called in the thread with a ``Progress``, which raises ``Cancelled`` once ``cancel``
        was called.
    name
        Of the thread.
    """

    def __init__(self, work: Callable[[Progress], T], name: str) -> None:
        self._work = work
        self._stop = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        self.step: Step | None = None
        # A daemon: a drive that does not answer must not keep the program from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether the thread has ended."""
        return not self._thread.is_alive()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Ask it to stop at its next step."""
        self._stop.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(seconds)
        return self.done

    def result(self) -> T:
        """What the work gave, or raises what it raised; to be called when ``done``."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._result = self._work(self._progress)
        except BaseException as error:
            # Carried over to whoever asks for the result.
            self._error = error

    def _progress(self, step: Step) -> None:
        self.step = step
        if self._stop.is_set():
            raise Cancelled("The work was stopped.")

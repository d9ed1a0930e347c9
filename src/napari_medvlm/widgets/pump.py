"""Carries the engine's events to the GUI thread, at most 30 times a second."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

#: Milliseconds between two looks while something is on its way: 30 a second at most.
BUSY_MS = 34
#: And while nothing is: only the state line changes then.
IDLE_MS = 500


class Pump(QObject):
    """A timer that calls ``work`` often while it says that there is more to come.

    Parameters
    ----------
    work
        Called in the GUI thread; returns whether something is still on its way.
    """

    def __init__(self, work: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self._timer = QTimer(self)
        self._timer.setInterval(IDLE_MS)
        self._timer.timeout.connect(self._turn)

    def start(self) -> None:
        """Begin; looks at once, then at intervals."""
        self._timer.start(BUSY_MS)

    def hurry(self) -> None:
        """Something is on its way: look often until it has come."""
        if self._timer.interval() != BUSY_MS:
            self._timer.setInterval(BUSY_MS)

    def stop(self) -> None:
        """Never call ``work`` again."""
        self._timer.stop()

    def _turn(self) -> None:
        busy = self._work()
        wanted = BUSY_MS if busy else IDLE_MS
        if self._timer.isActive() and self._timer.interval() != wanted:
            self._timer.setInterval(wanted)

"""Carries the engine's events to the GUI thread, at most 30 times a second."""

from __future__ import annotations

import time
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

#: Milliseconds between two looks while something is on its way: 30 a second at most.
BUSY_MS = 34
#: And while nothing is: only the state line changes then.
IDLE_MS = 500
#: Part of the GUI thread's time that looking and painting may take, and the longest pause that
#: this leads to. Without a GPU a repaint of the panel composes the whole window, canvas included.
SHARE = 1 / 3
SLOWEST_MS = 200


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
        self._began = 0.0
        # Comes when what has changed is painted.
        self._painted = QTimer(self)
        self._painted.setSingleShot(True)
        self._painted.setInterval(0)
        self._painted.timeout.connect(self._pace)

    def start(self) -> None:
        """Begin; looks at once, then at intervals."""
        self._timer.start(BUSY_MS)

    def hurry(self) -> None:
        """Something is on its way: look often until it has come."""
        if self._timer.interval() > SLOWEST_MS:
            self._timer.setInterval(BUSY_MS)

    def stop(self) -> None:
        """Never call ``work`` again."""
        self._timer.stop()

    def _turn(self) -> None:
        self._began = time.perf_counter()
        busy = self._work()
        if busy:
            self._painted.start()
        elif self._timer.isActive() and self._timer.interval() != IDLE_MS:
            self._timer.setInterval(IDLE_MS)

    def _pace(self) -> None:
        """Leave the window its time, by what this turn took until all was painted."""
        spent = time.perf_counter() - self._began
        wanted = int(min(max(BUSY_MS, 1000 * spent / SHARE), SLOWEST_MS))
        # Restarting the timer for a millisecond more or less would only delay it.
        if self._timer.isActive() and not 0.8 <= self._timer.interval() / wanted <= 1.25:
            self._timer.setInterval(wanted)

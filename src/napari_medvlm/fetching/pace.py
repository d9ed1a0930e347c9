"""How fast a work goes, and how long it still takes."""

from __future__ import annotations

from collections import deque

#: Seconds over which the speed is the mean: a moment's stall does not make it jump.
WINDOW = 8.0
#: Seconds before anything is said.
SETTLED = 1.0


class Pace:
    """Bytes a second over the last seconds."""

    def __init__(self) -> None:
        self._came: deque[tuple[float, int]] = deque()
        self._began: float | None = None

    def more(self, now: float, length: int) -> None:
        """Note bytes that came."""
        if self._began is None:
            self.restart(now)
        if self._came and now - self._came[-1][0] < 0.1:
            # Pieces come by the thousand each second; ten sums a second tell as much.
            then, before = self._came[-1]
            self._came[-1] = (then, before + length)
        else:
            self._came.append((now, length))
        self._forget(now)

    def restart(self, now: float) -> None:
        """Forget all: what comes from now on is of another kind."""
        self._came.clear()
        self._began = now

    def rate(self, now: float) -> float | None:
        """Bytes a second; None where too little is known."""
        if self._began is None or now - self._began < SETTLED:
            return None
        self._forget(now)
        return sum(length for _, length in self._came) / min(now - self._began, WINDOW)

    def seconds_left(self, now: float, left: int) -> float | None:
        """Seconds that ``left`` bytes will take; None where nothing comes."""
        rate = self.rate(now)
        return left / rate if rate else None

    def _forget(self, now: float) -> None:
        while self._came and now - self._came[0][0] > WINDOW:
            self._came.popleft()

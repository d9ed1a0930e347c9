"""When a model that nobody asks is unloaded."""

from __future__ import annotations

from ...engine import EngineState


class Idle:
    """Watches an engine; the clock is whoever asks."""

    def __init__(self) -> None:
        self._since: float | None = None

    def look(self, state: EngineState, now: float, minutes: float) -> bool:
        """Whether the model should be unloaded now; says so once.

        Parameters
        ----------
        state
            What the engine is doing.
        now
            Seconds from any fixed point.
        minutes
            How long a loaded model may wait for a question; 0 for ever.
        """
        if state.status != "ready" or minutes <= 0:
            self._since = None
            return False
        if self._since is None:
            self._since = now
        if now - self._since < 60 * minutes:
            return False
        self._since = None
        return True

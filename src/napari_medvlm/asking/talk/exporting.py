"""The conversation on the screen as it is exported, whether it is kept or not."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ...engine import ModelChoice
from ...records import Kept
from .exchange import Exchange
from .keeping import capsule_of, progress_of


@dataclass(frozen=True, eq=False)
class Exported:
    """A question with what an export tells of it beside its words.

    Parameters
    ----------
    exchange
        The question.
    origin
        The model that was asked; or what was kept of it in an earlier sitting.
    seconds_ago
        Since it was asked.
    """

    exchange: Exchange
    origin: ModelChoice | Kept
    seconds_ago: float = 0.0

    def kept(self) -> Kept:
        """As the journal would keep it; reads parts of the model's files, for their hash."""
        exchange = self.exchange
        if isinstance(self.origin, Kept):
            return self.origin
        asked = exchange.question
        frames = [*asked.frames, *(frame for turn in asked.history for frame in turn.frames)]
        return Kept(
            exchange.number,
            1,
            time.time() - self.seconds_ago,
            capsule_of(exchange, self.origin),
            progress_of(exchange, exchange.asked_at + self.seconds_ago),
            {frame.digest: frame.pixels for frame in frames},
        )

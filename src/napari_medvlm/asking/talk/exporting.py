"""What an export tells: of the conversation on the screen, kept or not, and of kept runs."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ...engine import ModelChoice
from ...records import Account, Kept
from ..answer.ending import choice_words, remarks
from ..answer.placing import place
from ..answer.wording import answer_words, asked_words
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


def account_of(kept: Kept) -> Account:
    """A run with its words for people, as an export writes it.

    Raises
    ------
    RecordError
        If a frame is missing.
    """
    bare, state = Account(kept), kept.progress
    question, reply = bare.question, state.reply
    asked = asked_words(question, kept.capsule.model.label)
    if reply is None:
        return Account(kept, asked, remarks=kept.damage)
    return Account(
        kept,
        asked,
        answer_words(state.answer, place(reply, question.frames)),
        choice_words(reply, question.choices),
        (*kept.damage, *remarks(reply, question)),
    )

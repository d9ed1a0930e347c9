"""Finding words in a conversation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..talk.exchange import Exchange
from .formatting import shown_words
from .wording import answer_words, asked_words

Field = Literal["question", "reasoning", "answer"]


@dataclass(frozen=True)
class Hit:
    """Characters [start, stop) of a field of question ``number``, as the panel shows it."""

    number: int
    field: Field
    start: int
    stop: int


def search(exchanges: Sequence[Exchange], words: str) -> tuple[Hit, ...]:
    """Find words in all questions, reasonings and answers.

    Parameters
    ----------
    exchanges
        The conversation, oldest first.
    words
        Looked for as they are, but for case and the width of gaps; blank ones find nothing.

    Returns
    -------
    hits
        In the order in which they are read, without overlap.
    """
    parts = [re.escape(part) for part in words.split()]
    if not parts:
        return ()
    pattern = re.compile(r"\s+".join(parts), re.IGNORECASE)
    return tuple(
        Hit(exchange.number, field, match.start(), match.end())
        for exchange in exchanges
        for field, text in _texts(exchange)
        for match in pattern.finditer(text)
    )


def _texts(exchange: Exchange) -> Iterator[tuple[Field, str]]:
    yield "question", asked_words(exchange.question, exchange.model)
    yield "reasoning", shown_words(exchange.reasoning.strip())
    yield "answer", shown_words(answer_words(exchange.answer, exchange.boxes))

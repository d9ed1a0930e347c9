"""Which conversation a question belongs to: one about a scan, or about a set of scans.

A panel shows many scans one after another. Questions about the same scans are one conversation,
until a person begins a new one; what a follow-up sends along comes from its own conversation, and
of that only what the same model answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...dialogue import Turn
from ...models.subject import sent_with
from .exchange import Exchange

#: Content hashes of the scans and clips that a question shows.
Scans = frozenset[str]
#: Letters of a conversation's first question in a list.
_SHOWN = 50


@dataclass(frozen=True)
class ListedConversation:
    """One conversation of a list.

    Parameters
    ----------
    number
        Of the conversation in its panel.
    questions
        How many it has.
    models
        Who answered, each once.
    first
        Its first question, as it was asked, in short.
    """

    number: int
    questions: int
    models: tuple[str, ...]
    first: str

    @property
    def words(self) -> str:
        """One line: "3 questions · demo (toy): where is the nodule?"."""
        count = "1 question" if self.questions == 1 else f"{self.questions} questions"
        return f"{count} · {', '.join(self.models)}: {self.first}"


class Belonging:
    """Numbers of conversations, and which one is going on about which scans."""

    def __init__(self) -> None:
        self._last = 0
        self._current: dict[Scans, int] = {}
        self._earlier: dict[tuple[int, Scans], int] = {}

    def current(self, scans: Scans) -> int:
        """The conversation that a next question about these scans belongs to."""
        if scans not in self._current:
            self._current[scans] = self._new()
        return self._current[scans]

    def begin(self, scans: Scans) -> int:
        """Begin a new conversation about these scans."""
        self._current[scans] = self._new()
        return self._current[scans]

    def choose(self, scans: Scans, number: int) -> None:
        """Go on with an earlier conversation about these scans."""
        self._current[scans] = number

    def of_earlier(self, scans: Scans, kept: int, exchanges: Iterable[Exchange]) -> int:
        """The conversation of a question that was kept in an earlier sitting.

        Parameters
        ----------
        scans
            That it is about.
        kept
            Number of its conversation where it was kept.
        exchanges
            What is on the screen: the kept conversation goes on where nothing was asked yet.
        """
        key = kept, scans
        if key not in self._earlier:
            self._earlier[key] = self._new()
        now = self._current.get(scans)
        came_back = now in self._earlier.values()
        empty = now is None or not any(one.conversation == now for one in exchanges)
        # The newest of those that came back goes on, where nothing was asked meanwhile.
        if (came_back and (now or 0) < self._earlier[key]) or (empty and not came_back):
            self._current[scans] = self._earlier[key]
        return self._earlier[key]

    def kept_as(self, number: int) -> int | None:
        """The number under which a conversation was kept in an earlier sitting, if it was."""
        return next((kept for (kept, _), now in self._earlier.items() if now == number), None)

    def _new(self) -> int:
        self._last += 1
        return self._last


def listed(exchanges: Sequence[Exchange], scans: Scans) -> tuple[ListedConversation, ...]:
    """The conversations about scans that have a question, the newest first."""
    # Imported here: the words of an answer need what this module is a part of.
    from ..answer.wording import asked_words

    by_number: dict[int, list[Exchange]] = {}
    for exchange in exchanges:
        if exchange.scans == scans:
            by_number.setdefault(exchange.conversation, []).append(exchange)
    found = []
    for number, members in by_number.items():
        words = " ".join(asked_words(members[0].question, members[0].model).split())
        first = words if len(words) <= _SHOWN else f"{words[: _SHOWN - 1]}…"
        models = tuple(dict.fromkeys(one.model for one in members))
        found.append(ListedConversation(number, len(members), models, first))
    return tuple(sorted(found, key=lambda one: one.number, reverse=True))


def follow_up_words(turns: Sequence[Turn], others: int = 0, tokens: int | None = None) -> str:
    """What a follow-up sends along: "sends 2 earlier turns with 11 images, about 1,200 tokens".

    Parameters
    ----------
    turns
        The earlier turns.
    others
        Answers of other models in the same conversation, which are not sent.
    tokens
        How many tokens they take, where that is known.

    Returns
    -------
    words
        "" where there is nothing to say.
    """
    words = []
    if turns:
        images = sum(len(sent_with(turns, index)) for index in range(len(turns)))
        said = f"Follow-up sends {_many(len(turns), 'earlier turn')} with {_many(images, 'image')}"
        words.append(said if tokens is None else f"{said}, about {tokens:,} tokens")
    if others:
        was = "answer of another model is" if others == 1 else "answers of other models are"
        words.append(f"{others} {was} not sent")
    return f"{'; '.join(words)}." if words else ""


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"

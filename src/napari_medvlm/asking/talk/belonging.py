"""Which conversation a question belongs to: one about a scan, or about a set of scans.

A panel shows many scans one after another. Questions about the same scans are one conversation,
until a person begins a new one; what a follow-up sends along comes from its own conversation, and
of that only what the same model answered.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    """Numbers of conversations, the scans that each is about, and which one is going on.

    A conversation is about the scans of its first question. Questions about some of these scans
    belong to it as well: who asked about two scans together may go on about one of them.
    """

    def __init__(self) -> None:
        self._scans: dict[int, Scans] = {}
        self._current: dict[Scans, int] = {}
        self._begun: set[int] = set()
        self._kept: dict[int, int] = {}
        self._on_screen: int | None = None

    def current(self, scans: Scans) -> int:
        """The conversation that a next question about these scans belongs to."""
        if scans not in self._current:
            self._current[scans] = self._new(scans)
        return self._current[scans]

    def look_at(self, scans: Scans, used: Collection[int]) -> int:
        """Show a conversation about these scans; it is the current one from now on.

        Parameters
        ----------
        scans
            That are shown.
        used
            Numbers of the conversations that have a question. The one on the screen stays where
            it is about these scans too; else the current one of these scans is shown, or, where
            nobody has begun that, the newest that is about them.
        """
        now, own = self._on_screen, self._current.get(scans)
        if now is not None and now in used and scans <= self._scans[now]:
            self._current[scans] = now
        elif own not in used and own not in self._begun:
            fitting = [n for n, about in self._scans.items() if n in used and scans <= about]
            if fitting:
                self._current[scans] = max(fitting, key=lambda n: (self._scans[n] == scans, n))
        self._on_screen = self.current(scans)
        return self._on_screen

    def begin(self, scans: Scans) -> int:
        """Begin a new conversation about these scans, and show it."""
        number = self._new(scans)
        self._begun.add(number)
        self.choose(scans, number)
        return number

    def choose(self, scans: Scans, number: int) -> None:
        """Go on with another conversation about these scans, and show it."""
        self._current[scans] = self._on_screen = number

    def about(self, number: int) -> Scans:
        """The scans that a conversation is about."""
        return self._scans.get(number, frozenset())

    def of_earlier(self, scans: Scans, kept: int) -> int:
        """The conversation of a question that was kept in an earlier sitting.

        Parameters
        ----------
        scans
            That the question shows.
        kept
            Number of its conversation where it was kept. What an older version kept together of
            several sets of scans comes apart.
        """
        same = [n for n, then in self._kept.items() if then == kept and scans <= self._scans[n]]
        if same:
            return max(same, key=lambda n: (self._scans[n] == scans, n))
        number = self._new(scans)
        self._kept[number] = kept
        return number

    def kept_as(self, number: int) -> int | None:
        """The number under which a conversation was kept in an earlier sitting, if it was."""
        return self._kept.get(number)

    def _new(self, scans: Scans) -> int:
        number = len(self._scans) + 1
        self._scans[number] = scans
        return number


def listed(
    exchanges: Sequence[Exchange], numbers: Collection[int]
) -> tuple[ListedConversation, ...]:
    """The conversations of these numbers that have a question, the newest first."""
    # Imported here: the words of an answer need what this module is a part of.
    from ..answer.wording import asked_words

    by_number: dict[int, list[Exchange]] = {}
    for exchange in exchanges:
        if exchange.conversation in numbers:
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

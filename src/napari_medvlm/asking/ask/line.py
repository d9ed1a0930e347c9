"""Questions that wait for the answer ahead of them.

They wait here and not in the engine: a follow-up question needs the answer ahead of it, which is
not there yet, and a question that still waits can be taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...dialogue import Question, Turn
from ..choose.legend import with_legend, without_legend
from ..model.offers import ModelOffer

#: Characters of a waiting question that are shown.
SHOWN = 60


@dataclass(frozen=True, eq=False)
class Waiting:
    """One question of the line.

    Parameters
    ----------
    number
        Of its exchange.
    question
        With the frames as they were when it was asked.
    offer
        The model as it was chosen then.
    follows
        Whether the answers ahead of it are to become part of it.
    """

    number: int
    question: Question
    offer: ModelOffer
    follows: bool = False

    def complete(self, history: tuple[Turn, ...]) -> Question:
        """The question as it goes to the model, now that what is ahead of it has ended."""
        asked = self.question
        if not self.follows or history == asked.history:
            return asked
        return with_history(asked, history)


def with_history(asked: Question, history: tuple[Turn, ...]) -> Question:
    """A question with other earlier turns.

    Its legend numbers images as the conversation does, so it is written anew.
    """
    bare = without_legend(asked)
    whole = replace(asked, text=bare, history=history)
    return whole if bare == asked.text else replace(whole, text=with_legend(whole))


class Line:
    """First come, first asked."""

    def __init__(self) -> None:
        self._waiting: list[Waiting] = []
        self._aside: dict[int, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def numbers(self) -> tuple[int, ...]:
        """Numbers of the exchanges, the next one first."""
        return tuple(one.number for one in self._waiting)

    def add(self, waiting: Waiting) -> None:
        """Stand at the end."""
        self._waiting.append(waiting)

    def next(self) -> Waiting | None:
        """Take the first; None where nobody waits."""
        return self._waiting.pop(0) if self._waiting else None

    def remove(self, number: int) -> None:
        """Forget an exchange, if it is in the line or was put aside."""
        self._waiting = [one for one in self._waiting if one.number != number]
        self._aside.pop(number, None)

    def put_aside(self, number: int) -> None:
        """Take an exchange out of the line, if it is in it, until it is taken back."""
        found = [one for one in self._waiting if one.number == number]
        self.remove(number)
        self._aside.update({one.number: one for one in found})

    def take_back(self, number: int) -> None:
        """Let an exchange that was put aside wait again, at the end."""
        if number in self._aside:
            self._waiting.append(self._aside.pop(number))

    def words(self, number: int) -> str:
        """What an exchange waits for: "2 ahead · follows them"."""
        place = self.numbers.index(number)
        ahead = place + 1  # the one on its way too
        words = f"{ahead} ahead"
        if self._waiting[place].follows:
            words += " · follows it" if ahead == 1 else " · follows them"
        return words


def waiting_words(questions: Sequence[str]) -> str:
    """What waits, for people: "2 questions wait; the last: “where is it?”"."""
    if not questions:
        return ""
    last = " ".join(questions[-1].split())
    last = f"“{last[:SHOWN]}…”" if len(last) > SHOWN else f"“{last}”"
    if len(questions) == 1:
        return f"1 question waits: {last}"
    return f"{len(questions)} questions wait; the last: {last}"

"""Questions asked before, brought back with the arrow keys; what is being typed is never lost."""

from __future__ import annotations

from collections.abc import Iterable

#: More than anybody goes back through with a key.
MOST = 200


class Recall:
    """Goes back and forth through questions, from the newest; the draft comes after it."""

    def __init__(self) -> None:
        self._asked: list[str] = []
        self._place: int | None = None
        self._draft = ""

    @property
    def asked(self) -> tuple[str, ...]:
        """The questions, oldest first, each once."""
        return tuple(self._asked)

    def add(self, words: str) -> None:
        """Remember a question, or a draft that is about to be replaced, as the newest."""
        self._place, self._draft = None, ""
        if words.strip():
            self._asked = [*(one for one in self._asked if one != words), words][-MOST:]

    def learn(self, earlier: Iterable[str]) -> None:
        """Take questions of earlier sittings, oldest first; they come before all others."""
        known = set(self._asked)
        fresh = [one for one in dict.fromkeys(earlier) if one.strip() and one not in known]
        room = MOST - len(self._asked)
        fresh = fresh[-room:] if room > 0 else []
        self._asked = fresh + self._asked
        if self._place is not None:
            self._place += len(fresh)

    def back(self, now: str) -> str | None:
        """The question before the one that is shown; None where there is none.

        Parameters
        ----------
        now
            What stands in the field. Words that were changed there become the draft.
        """
        place = self._settle(now)
        if place == 0:
            return None
        self._place = place - 1
        return self._asked[self._place]

    def forth(self, now: str) -> str | None:
        """The question after the one that is shown, at last the draft; None at the draft."""
        place = self._settle(now)
        if place == len(self._asked):
            return None
        self._place = place + 1
        if self._place == len(self._asked):
            self._place = None
            return self._draft
        return self._asked[self._place]

    def _settle(self, now: str) -> int:
        """Where we are: len(asked) is the draft."""
        if self._place is None or now != self._asked[self._place]:
            changed = self._place is not None
            if changed and self._draft.strip() and self._draft != now:
                # Two drafts: the one that was put aside first stays in the list.
                draft, self._draft = self._draft, ""
                self.add(draft)
            self._place, self._draft = None, now
            return len(self._asked)
        return self._place

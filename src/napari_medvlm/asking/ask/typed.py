"""What stands in the question box, as plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from ...dialogue import Generation
from ...dialogue.question import Mode
from ..choose.chips import has_options
from . import options
from .templates import Offered

ASK = Offered("ask", "Ask anything")


class Terms(TypedDict):
    """What `compose` is told besides the words."""

    mode: Mode
    task: str
    choices: tuple[tuple[str, str], ...]
    generation: Generation
    needs_text: bool


@dataclass(frozen=True)
class Typed:
    """What would be asked now.

    Parameters
    ----------
    words
        As typed.
    offered
        The chosen entry of the list of tasks.
    mode, generation
        As in `Question`.
    rows
        Options as typed, empty ones included; None where the question has none.
    """

    words: str
    offered: Offered = ASK
    mode: Mode = "reasoning"
    generation: Generation = field(default_factory=Generation)
    rows: tuple[str, ...] | None = None

    @property
    def text(self) -> str:
        """The question's text: the words, within a general wording where one was chosen."""
        return self.offered.words(self.words)

    @property
    def has_options(self) -> bool:
        """Whether it brings options, in rows or in its own words."""
        return self.rows is not None or has_options(f"{self.offered.wording}\n{self.words}")

    @property
    def missing(self) -> str:
        """What has to be typed before it can be asked; "" where it can."""
        if self.offered.needs_text and not self.words.strip():
            hint = f": {self.offered.hint}" if self.offered.hint else ""
            return f"Type a question{hint}" if not hint else f"Type what is asked for{hint}"
        return "" if self.rows is None else options.problem(self.rows)

    @property
    def terms(self) -> Terms:
        """What `compose` is told besides the text."""
        return {
            "mode": self.mode,
            "task": self.offered.task,
            "choices": () if self.rows is None else options.lettered(self.rows),
            "generation": self.generation,
            "needs_text": self.offered.needs_text,
        }

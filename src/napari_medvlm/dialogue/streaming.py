r"""Text that is still arriving, sorted into reasoning and answer for live display.

The sorting is that of ``parse`` itself, applied to what has arrived so far, so that the two
can never disagree. Parts can still change their mind: words before the first ``\boxed`` of an
instruct answer turn out to have been reasoning. A piece then says ``restart``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .containers import Parts, split_containers
from .context import ParseContext
from .reply import FinishReason

Part = Literal["reasoning", "answer"]

_MARKS = ("<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "\\\\boxed{")
_LONGEST = max(len(mark) for mark in _MARKS) - 1


@dataclass(frozen=True)
class Piece:
    """More text of one part.

    Parameters
    ----------
    part
        "reasoning" or "answer".
    text
        What is new; tags are never in it.
    restart
        Whether ``text`` replaces all that this part has shown so far.
    """

    part: Part
    text: str
    restart: bool = False


class PartSplitter:
    """Sort a model's text into reasoning and answer while it arrives.

    Parameters
    ----------
    context
        ``mode`` and ``prompt_ends_with_think`` decide how the text begins.

    Examples
    --------
    >>> splitter = PartSplitter(ParseContext(mode="reasoning"))
    >>> [piece.text for piece in splitter.feed("<think>Clear lungs.</thi")]
    ['Clear lungs.']
    >>> splitter.feed("nk><answer>B")
    [Piece(part='answer', text='B', restart=False)]
    """

    def __init__(self, context: ParseContext) -> None:
        # Until the end is known, an open container is one that is still being written.
        self._context = replace(context, finish_reason="length")
        self._text = ""
        self._shown: dict[Part, str] = {"reasoning": "", "answer": ""}

    @property
    def raw(self) -> str:
        """All that has arrived."""
        return self._text

    @property
    def reasoning(self) -> str:
        """What the reasoning shows by now."""
        return self._shown["reasoning"]

    @property
    def answer(self) -> str:
        """What the answer shows by now; what a cut left of it, after the end."""
        return self._shown["answer"]

    def feed(self, text: str) -> list[Piece]:
        """Take more text.

        Parameters
        ----------
        text
            The next piece, cut anywhere; it may be empty.

        Returns
        -------
        pieces
            What is to be shown in addition. The start of a tag is held back until it is
            known whether it is one.
        """
        self._text += text
        visible = self._text[: len(self._text) - _held(self._text)]
        return self._show(split_containers(visible, self._context))

    def finish(self, finish_reason: FinishReason = "stop") -> list[Piece]:
        """Take the end of the text.

        Parameters
        ----------
        finish_reason
            Why it ended.

        Returns
        -------
        pieces
            What is still to be shown. Afterwards both parts are what ``parse`` gives.
        """
        context = replace(self._context, finish_reason=finish_reason)
        return self._show(split_containers(self._text, context))

    def _show(self, parts: Parts) -> list[Piece]:
        now: dict[Part, str] = {
            "reasoning": parts.reasoning or "",
            "answer": parts.answer or parts.partial_answer or "",
        }
        pieces = []
        for part, text in now.items():
            shown = self._shown[part]
            if text.startswith(shown):
                if text != shown:
                    pieces.append(Piece(part, text[len(shown) :]))
            else:
                pieces.append(Piece(part, text, restart=True))
        self._shown = now
        return pieces


def _held(text: str) -> int:
    """Length of the end of a text that may become a tag."""
    tail = text[-_LONGEST:].lower()
    for length in range(len(tail), 0, -1):
        if any(mark.startswith(tail[-length:]) for mark in _MARKS):
            return length
    return 0

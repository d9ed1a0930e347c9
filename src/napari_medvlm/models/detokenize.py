"""Token ids to pieces of text that never break a character."""

from __future__ import annotations

from collections.abc import Callable, Sequence

#: What a decoder writes for bytes that are no character, or not one yet.
_BROKEN = "\ufffd"


class TextStream:
    """Turns tokens into text as they come.

    A token may end inside a character of several bytes; its text is held back until the rest is
    there. The pieces joined are the text of all tokens.

    Parameters
    ----------
    decode
        Ids to text.
    """

    def __init__(self, decode: Callable[[Sequence[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        # Text before `_done` is out; decoding starts at `_start`, a little earlier, because
        # some tokenizers write the first token of a text without its blank.
        self._start = 0
        self._done = 0

    def push(self, token: int) -> str:
        """Take one token and return the text that is now certain; often empty."""
        self._ids.append(token)
        text = self._pending()
        if not text or text.endswith(_BROKEN):
            return ""
        self._advance()
        return text

    def finish(self) -> str:
        """Return what was still held back."""
        text = self._pending()
        self._advance()
        return text

    def _pending(self) -> str:
        shown = self._decode(self._ids[self._start : self._done])
        return self._decode(self._ids[self._start :])[len(shown) :]

    def _advance(self) -> None:
        self._start, self._done = self._done, len(self._ids)

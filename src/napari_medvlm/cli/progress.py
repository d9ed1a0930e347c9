"""One line on stderr that tells how far a long work is."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from ..asking.engine_words import size_in_bytes

#: Seconds between two repaints of the line.
_EVERY = 0.2


class Line:
    """Call it with a file's name, the bytes done and the bytes of all; silent without a screen."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._width = 0
        self._on = sys.stderr.isatty()

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._width:
            print(file=sys.stderr)

    def __call__(self, name: str, done: int, total: int) -> None:
        """Show where it is."""
        now = time.monotonic()
        if not self._on or (now - self._shown < _EVERY and done < total):
            return
        self._shown = now
        share = 100 * done // total if total else 100
        words = f"{share:3d} %  {size_in_bytes(done)} of {size_in_bytes(total)}  {name}"
        print(f"\r{words:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = len(words)

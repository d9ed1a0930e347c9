"""One line on stderr that tells how far a long work is."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

from ..asking.model.engine_words import size_in_bytes
from ..fetching.progress import Step

#: Seconds between two repaints of the line.
_EVERY = 0.2
_DOING = {"waiting": "waiting to go on with", "checking": "comparing"}


class Line:
    """Call it with each step of a work; silent without a screen."""

    def __init__(self) -> None:
        self._shown = 0.0
        self._width = 0
        self._on = sys.stderr.isatty()
        self._columns = shutil.get_terminal_size().columns - 1

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

    def __call__(self, step: Step) -> None:
        """Show where it is."""
        now = time.monotonic()
        if not self._on or (now - self._shown < _EVERY and step.done < step.total):
            return
        self._shown = now
        share = 100 * step.done // step.total if step.total else 100
        doing = "" if step.doing in ("fetching", "copying") else f"{_DOING[step.doing]} "
        sizes = f"{size_in_bytes(step.done)} of {size_in_bytes(step.total)}"
        # A line that wraps cannot be drawn over.
        words = f"{share:3d} %  {sizes}  {doing}{step.name}"[: self._columns]
        print(f"\r{words:<{self._width}}", end="", file=sys.stderr, flush=True)
        self._width = len(words)

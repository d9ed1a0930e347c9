"""How far a long work is, as the plain value that a line or a bar shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Doing = Literal["fetching", "waiting", "checking", "copying"]


@dataclass(frozen=True)
class Step:
    """Where a work stands.

    Parameters
    ----------
    doing
        What is being done with the file: "waiting" is for a connection that broke.
    name
        The file.
    here, size
        Bytes of the file that are done, and all of its bytes.
    done, total
        The same of all files together.
    """

    doing: Doing
    name: str
    here: int
    size: int
    done: int
    total: int


#: Told each step. What it raises ends the work.
Progress = Callable[[Step], None]


class Count:
    """Adds up bytes over files.

    Parameters
    ----------
    total
        Bytes of all files.
    progress
        Told each step; None tells nobody.
    """

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._total, self._progress = total, progress
        self._name, self._size, self._before, self._here = "", 0, 0, 0
        self._most = 0

    def begin(self, name: str, size: int) -> None:
        """Go on to the next file; the one before counts as whole."""
        self._before += self._size
        self._name, self._size, self._here = name, size, 0

    def at(self, doing: Doing, here: int) -> None:
        """Say how many bytes of the file are done."""
        self._here = here
        if self._progress is not None:
            # A file that came is looked at once more from its first byte: that takes nothing back.
            self._most = max(self._most, self._before + min(here, self._size))
            self._progress(Step(doing, self._name, here, self._size, self._most, self._total))

    def more(self, doing: Doing, length: int) -> None:
        """Say how many bytes of the file came in addition."""
        self.at(doing, self._here + length)

"""The first bytes of many files, read in one go."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Offsets = npt.NDArray[np.int64]

#: Bytes of a file that are read at first: the headers of most DICOM images are shorter.
WIDTH = 8192
#: Binary on Windows; not inherited by other programs.
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


NOT_REGULAR = "not a regular file"


@dataclass(frozen=True, eq=False)
class Heads:
    """First bytes of some files, one row each.

    Parameters
    ----------
    paths
        The files.
    data
        (file, byte); what lies behind ``lengths`` is undefined.
    lengths
        Bytes of each file that are there.
    problems
        Why a file has none, by its number; ``NOT_REGULAR`` where it is a pipe or the like.
    """

    paths: Sequence[Path]
    data: Bytes
    lengths: Offsets
    problems: dict[int, str]

    def head(self, n: int, size: int) -> bytes:
        """The first bytes of a file, ``size`` at most."""
        return self.data[n, : min(size, int(self.lengths[n]))].tobytes()

    def begin_with(self, mark: bytes, at: int) -> list[bool]:
        """Whether each file has these bytes at a place."""
        end = at + len(mark)
        there = (self.data[:, at:end] == np.frombuffer(mark, np.uint8)).all(axis=1)
        marked: list[bool] = (there & (self.lengths >= end)).tolist()
        return marked

    def more(self, rows: npt.NDArray[np.intp], offsets: Offsets) -> tuple[Bytes, Offsets]:
        """Further bytes of some of the files, each from an offset on: as ``data``, ``lengths``.

        A file that cannot be read any more has none.
        """
        data, lengths, view = _room(len(rows), self.data.shape[1])
        for n, (row, offset) in enumerate(zip(rows.tolist(), offsets.tolist(), strict=True)):
            with contextlib.suppress(OSError, OverflowError):
                lengths[n] = _read(self.paths[row], view, n * data.shape[1], data.shape[1], offset)
        return data, lengths


def read_heads(
    paths: Sequence[Path], width: int = WIDTH, tell: Callable[[int], None] | None = None
) -> Heads:
    """Read the first bytes of files; those that are no regular files are not opened.

    Parameters
    ----------
    paths
        Any files.
    width
        How many bytes of each.
    tell
        Told now and then how many were read; what it raises ends the reading.
    """
    data, lengths, view = _room(len(paths), width)
    problems: dict[int, str] = {}
    for n, path in enumerate(paths):
        if tell is not None and n % 32 == 0:
            tell(n)
        try:
            # Opening a pipe waits, a device never ends.
            if stat.S_ISREG(os.stat(path).st_mode):
                lengths[n] = _read(path, view, n * width, width, 0)
            else:
                problems[n] = NOT_REGULAR
        except OSError as error:
            problems[n] = error.strerror or str(error)
    return Heads(paths, data, lengths, problems)


def _room(count: int, width: int) -> tuple[Bytes, Offsets, memoryview]:
    data = np.empty((count, width), np.uint8)
    return data, np.zeros(count, np.int64), data.reshape(-1).data


def _read(path: Path, into: memoryview, at: int, width: int, offset: int) -> int:
    file = os.open(path, _FLAGS)
    try:
        if offset:
            os.lseek(file, offset, os.SEEK_SET)
        found = os.read(file, width)
    finally:
        os.close(file)
    into[at : at + len(found)] = found
    return len(found)

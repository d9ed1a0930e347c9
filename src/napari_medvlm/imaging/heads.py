"""The first bytes of many files, read in one go."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
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


#: Files between two words about how far the reading is.
_TOGETHER = 32
#: Seconds for each file from which on they come from a drive that waits: several are then asked
#: for at once. From memory they come faster one by one.
_SLOW = 200e-6
_THREADS = 8
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

    def read(n: int) -> None:
        try:
            # Opening a pipe waits, a device never ends.
            if stat.S_ISREG(os.stat(paths[n]).st_mode):
                lengths[n] = _read(paths[n], view, n * width, width, 0)
            else:
                problems[n] = NOT_REGULAR
        except OSError as error:
            problems[n] = error.strerror or str(error)

    for start in range(0, len(paths), _TOGETHER):
        if tell is not None:
            tell(start)
        some = range(start, min(start + _TOGETHER, len(paths)))
        began = time.perf_counter()
        for n in some:
            read(n)
        if time.perf_counter() - began > _SLOW * len(some):
            _in_threads(read, range(some.stop, len(paths)), tell)
            break
    return Heads(paths, data, lengths, problems)


def _in_threads(
    read: Callable[[int], None], rows: range, tell: Callable[[int], None] | None
) -> None:
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="medvlm-heads")
    try:
        for n, _ in zip(rows, pool.map(read, rows), strict=True):
            if tell is not None and n % _TOGETHER == 0:
                tell(n)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


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

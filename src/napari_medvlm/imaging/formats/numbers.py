"""Where the numbers of an image lie in its files, and how they are fetched within limits.

Every format that is a header and an array ends here, so that each is checked in the same
way: what the header declares is compared with the size of the file before any memory is
asked for, and no more than that is ever unpacked.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any
from zipfile import ZipInfo

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ..progress import Progress, Step
from .damage import ADVICE, damaged
from .inflate import BZIP2_LIMIT, DEFLATE_LIMIT, Packing, ends, fill, open_packed, packing_of, skip

#: Above this size an image that shrinks more than ``BOMB_RATIO`` times is refused: a small
#: file that would fill the memory. Label maps shrink as well as that, and are smaller.
BOMB_BYTES = 3 << 28
BOMB_RATIO = 200
#: Most bytes of numbers written out as text; parsing takes many times as many.
_TEXT_BYTES = 1 << 26
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Numbers:
    """An array in one or several files.

    Parameters
    ----------
    path
        The file that is named in errors (the header).
    expected
        What it is, as in "a NIfTI image".
    pieces
        File and offset of each part, in order; all parts have the same size.
    dtype
        As stored, with its byte order.
    shape
        The slowest axis first.
    packing
        How each piece is compressed.
    skip
        Bytes to pass over after unpacking.
    text
        Whether the numbers are written out in decimal.
    member
        Entry in the archive's directory, where the packing is "zip".
    """

    path: Path
    expected: str
    pieces: tuple[tuple[Path, int], ...]
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    packing: Packing = "raw"
    skip: int = 0
    text: bool = False
    member: ZipInfo | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the whole array; exact, however large."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def mappable(self) -> bool:
        """Whether the file's own bytes can stand in for the array."""
        return self.packing == "raw" and not self.text and len(self.pieces) == 1

    def refuse(self, found: str, advice: str = ADVICE) -> ImagingError:
        """An error of this file."""
        return ImagingError(f"{self.path.name}: expected {self.expected}{found}", advice)

    def check(self) -> None:
        """Compare what the header declares with what the files can hold.

        Raises
        ------
        ImagingError
            If the declared size is impossible, or larger than this machine's memory.
        """
        if not self.shape or min(self.shape) < 1:
            raise self.refuse(f"; found no voxels (shape {self.shape}).")
        if prod(self.shape) % len(self.pieces):
            raise self.refuse(f"; found {len(self.pieces)} files of unequal size.")
        share = self.nbytes // len(self.pieces)
        size = 0
        for path, offset in self.pieces:
            if offset < 0:
                raise self.refuse(f"; found an offset of {offset:,} bytes.")
            where = "" if path == self.path else f" whose voxels are in {path.name}"
            with damaged(self.path, self.expected + where):
                size += (here := path.stat().st_size)
            self._check_piece(share, here - offset)
        if self.packing != "raw" and self.nbytes > max(BOMB_BYTES, BOMB_RATIO * size):
            raise self.refuse(
                f" of a plausible size; found {_human(self.nbytes)} packed into "
                f"{_human(size)}, which would fill the memory.",
                "If it is sound, save it uncompressed or with fewer bytes a voxel.",
            )
        if self.nbytes > memory():
            raise self.refuse(
                f" that fits this machine's memory; found {_human(self.nbytes)} of voxels.",
                "Choose a part of it, or use a larger machine.",
            )

    def _check_piece(self, declared: int, available: int) -> None:
        if self.skip < 0:
            raise self.refuse(f"; found an offset of {self.skip}.")
        if self.text:
            # A number and a space take two characters at least.
            enough = declared // self.dtype.itemsize * 2 <= available + 1 <= _TEXT_BYTES
        elif self.packing == "raw":
            enough = declared + self.skip <= available
        else:
            limit = BZIP2_LIMIT if self.packing == "bzip2" else DEFLATE_LIMIT
            enough = declared + self.skip <= limit * max(0, available)
        if not enough:
            packed = "" if self.packing == "raw" and not self.text else " packed or as text"
            raise self.refuse(
                f" with {declared:,} bytes of voxels, as its header declares (shape "
                f"{self.shape}, {self.dtype.name}); found {max(0, available):,} bytes{packed}."
            )

    def load(self, progress: Progress | None = None) -> npt.NDArray[Any]:
        """The whole array, in the stored type and byte order."""
        self.check()
        with damaged(self.path, self.expected):
            array: npt.NDArray[Any] = np.empty(self.shape, self.dtype)
            flat = _bytes(array)
            share = len(flat) // len(self.pieces)
            for n, (path, offset) in enumerate(self.pieces):
                part = flat[n * share : (n + 1) * share]
                if self.text:
                    self._parse(path, offset, part)
                else:
                    self._fill(path, offset, part, progress, n * share)
        return array

    def block(self, index: tuple[int, ...]) -> npt.NDArray[Any]:
        """The part at an index along the slowest axes: read alone, as far as the packing lets.

        Parameters
        ----------
        index
            One number for each of the first axes.

        Returns
        -------
        array
            Of the remaining axes.
        """
        self.check()
        if self.text or len(self.pieces) > 1:
            part: npt.NDArray[Any] = self.load()[index]
            return part
        rest = self.shape[len(index) :]
        with damaged(self.path, self.expected):
            array: npt.NDArray[Any] = np.empty(rest, self.dtype)
            before = 0
            for count, at in zip(self.shape, index, strict=False):
                before = before * count + at
            path, offset = self.pieces[0]
            ahead = self.skip + before * prod(rest) * self.dtype.itemsize
            raw = self.packing == "raw"
            start = offset + ahead if raw else offset
            with open_packed(path, start, self.packing, self.member) as stream:
                if not raw:
                    skip(stream, ahead)
                flat = _bytes(array)
                self._full(fill(stream, flat), flat)
        return array

    def mapped(self) -> npt.NDArray[Any]:
        """The array as a view of its file, read as it is looked at."""
        self.check()
        with damaged(self.path, self.expected):
            path, offset = self.pieces[0]
            at = offset + self.skip
            array: npt.NDArray[Any] = np.memmap(path, self.dtype, "r", at, self.shape)
        return array

    def _fill(
        self, path: Path, offset: int, part: memoryview, progress: Progress | None, before: int
    ) -> None:
        with open_packed(path, offset, self.packing, self.member) as stream:
            skip(stream, self.skip)
            for start in range(0, len(part), _CHUNK):
                if progress is not None:
                    progress(Step(before + start, self.nbytes, "reading voxels"))
                chunk = part[start : start + _CHUNK]
                self._full(fill(stream, chunk), chunk, start, len(part))
            if self.packing != "raw":
                ends(stream)  # a checksum that is wrong raises

    def _full(self, count: int, chunk: memoryview, before: int = 0, of: int = 0) -> None:
        if count < len(chunk):
            raise self.refuse(
                f" with {of or len(chunk):,} bytes of voxels, as its header declares; found "
                f"{before + count:,} bytes."
            )

    def _parse(self, path: Path, offset: int, part: memoryview) -> None:
        count = len(part) // self.dtype.itemsize
        with path.open("rb") as file:
            file.seek(offset)
            words = file.read(_TEXT_BYTES).split(maxsplit=count)[:count]
        if len(words) < count:
            raise self.refuse(f" with {count:,} numbers, as its header declares; found fewer.")
        values = np.array(words, np.float64) if self.dtype.kind == "f" else _whole(words)
        part[:] = _bytes(values.astype(self.dtype))


def unpacked_at(
    path: Path,
    expected: str,
    place: tuple[Path, int],
    dtype: np.dtype[Any],
    shape: tuple[int, ...],
) -> Numbers:
    """Numbers at an offset of a file that is gzipped as a whole, or not at all."""
    file, offset = place
    packing = packing_of(file)
    if packing == "raw":
        return Numbers(path, expected, (place,), dtype, shape)
    return Numbers(path, expected, ((file, 0),), dtype, shape, packing, skip=offset)


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    # Of the array's own memory, to be read into.
    view: Any = array.reshape(-1).view(np.uint8)
    return memoryview(view)


def _whole(words: list[bytes]) -> npt.NDArray[Any]:
    return np.array([int(word) for word in words], np.int64)


def memory() -> int:
    """Bytes of this machine's memory."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # Windows; there an allocation fails by itself
        return 1 << 62


def _human(count: int) -> str:
    size = float(count)
    for unit in ("bytes", "KB", "MB", "GB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:,.0f} TB"

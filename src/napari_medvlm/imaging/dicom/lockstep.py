"""Headers of many files at once: files of one series have the same elements in the same order.

The walk of ``quick`` with a vector of positions, one for each file. At each element the tags and
value representations of all files are compared with those of the first; while they agree, all
go on by their own lengths. A file that is out of step is left: to a walk of its like, or to
``quick``. Values that are the same bytes in all files are converted once.

What comes out is equal, file by file, to what ``quick_header`` gives.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .plain_values import Unexpected, plain_value
from .quick import (
    DEPTH,
    FLOAT_PIXELS,
    HEAD,
    IMPLICIT_LITTLE,
    ITEM,
    ITEM_END,
    META,
    PIXELS,
    SEQUENCE_END,
    SYNTAXES_LEFT,
    UNDEFINED,
    PixelPlace,
    QuickHeader,
    Tag,
    Wanted,
    can_be_sequence,
)  # fmt: skip
from .step_values import Bytes, InMemory, Offsets, Place, Rows, block_at, values_of

#: Reads from each of some files (numbers of rows) from an offset on: bytes (file, width), and
#: how many there are.
ReadMore = Callable[[Rows, Offsets], tuple[Bytes, Offsets]]

#: Fewer files than this are not worth a walk together.
FEWEST = 4
#: Walks with another first file, before the rest is left.
_ROUNDS = 24
#: Times that more of the files is read within one walk.
_REFILLS = 64
_TAG_AND_VR = np.uint64(0xFFFFFFFFFFFF)
_TAG = np.uint64(0xFFFFFFFF)
_32, _48 = np.uint64(32), np.uint64(48)


@dataclass(frozen=True)
class InStep:
    """Headers of files that are in step.

    Parameters
    ----------
    rows
        Numbers of the files, ascending.
    meta
        As ``QuickHeader.file_meta``.
    shared
        Values that all have.
    own
        Values that differ, one for each file.
    pixels
        As ``QuickHeader.pixels``, one for each file.
    """

    rows: list[int]
    meta: dict[str, str]
    shared: dict[Tag, Any]
    own: dict[Tag, list[Any]]
    pixels: list[PixelPlace]

    def header(self, n: int) -> QuickHeader:
        """The header of the n-th of these files."""
        values = self.shared | {name: column[n] for name, column in self.own.items()}
        return QuickHeader(self.meta, self.pixels[n], values)


def headers_in_step(
    data: Bytes, lengths: Offsets, rows: Sequence[int], wanted: Wanted, more: ReadMore
) -> Iterator[InStep]:
    """Walk through files together.

    Parameters
    ----------
    data
        First bytes of files, (file, width).
    lengths
        How many bytes of each row there are.
    rows
        The files to look at; each has a preamble with "DICM".
    wanted
        What to look for.
    more
        Reads more of them.

    Yields
    ------
    group
        Files that are in step; a file that is in no group is left to ``quick_header``.
    """
    rest = np.asarray(rows, np.intp)
    for _ in range(_ROUNDS):
        if len(rest) < FEWEST:
            return
        walk = _Walk(data, lengths, rest, wanted, more)
        # What is odd about one is odd about all that are in step with it.
        with contextlib.suppress(Unexpected):
            yield walk.group()
        rest = np.sort(np.concatenate(walk.apart)) if walk.apart else rest[:0]


class _Walk:
    def __init__(
        self,
        data: Bytes,
        lengths: Offsets,
        rows: Rows,
        wanted: Wanted,
        more: ReadMore,
    ) -> None:
        self._wanted = wanted.by_key
        self._more = more
        self._refills = 0
        #: Files that differ from those that are in step, and so may be in step with each other.
        self.apart: list[Rows] = []
        self._rows = rows
        self._now = InMemory(data.reshape(-1))
        self._base = rows.astype(np.int64) * data.shape[1]
        self._origin = np.zeros(len(rows), np.int64)
        self._at = self._base + 132
        self._end = self._base + lengths[rows]
        #: Ends of the items that the walk is in.
        self._ends: list[Offsets] = []
        #: At least so many bytes follow in every file.
        self._room = 0
        self._places: dict[int, Place] = {}

    def group(self) -> InStep:
        """Walk to the pixels.

        Raises
        ------
        Unexpected
            If all that are in step should be read in another way.
        """
        meta = self._file_meta()
        syntax = meta.get("TransferSyntaxUID")
        if not syntax or syntax in SYNTAXES_LEFT:
            raise Unexpected
        pixels = self._walk(explicit=syntax != IMPLICIT_LITTLE)
        shared, own, sound = values_of(self._places, self._rows, self._wanted)
        offsets = (pixels.start - self._base + self._origin).tolist()
        places = [
            PixelPlace(at, None if size == UNDEFINED else size)
            for at, size in zip(offsets, pixels.size.tolist(), strict=True)
        ]
        rows = self._rows.tolist()
        if sound is not None:
            rows, places = [rows[n] for n in sound], [places[n] for n in sound]
            own = {name: [column[n] for n in sound] for name, column in own.items()}
        return InStep(rows, meta, shared, own, places)

    # Which files are in step.

    def _keep(self, mask: npt.NDArray[np.bool_], *, apart: bool = False) -> None:
        """Go on with some of the files; the others differ (``apart``), or are left for good."""
        if mask.all():
            return
        if apart:
            self.apart.append(self._rows[~mask])
        self._rows, self._base, self._origin = (
            self._rows[mask], self._base[mask], self._origin[mask],
        )  # fmt: skip
        self._at, self._end = self._at[mask], self._end[mask]
        self._ends = [end[mask] for end in self._ends]
        if not len(self._rows):
            raise Unexpected

    def _hold(self, size: Offsets | int) -> Offsets | int:
        """Have so many bytes of every file, or leave it; the sizes of those that go on."""
        most = size if isinstance(size, int) else int(size.max())
        if self._room >= most:
            return size
        self._room = int((self._end - self._at).min())
        if self._room >= most:
            return size
        if self._refills < _REFILLS:
            self._refill()
        fits = self._end - self._at >= size
        self._keep(fits)
        self._room = int((self._end - self._at).min())
        return size if isinstance(size, int) else size[fits]

    def _refill(self) -> None:
        self._refills += 1
        offsets = self._at - self._base + self._origin
        data, lengths = self._more(self._rows, offsets)
        self._now = InMemory(data.reshape(-1))
        self._base = np.arange(len(self._rows), dtype=np.int64) * data.shape[1]
        shift = self._base - self._at
        self._ends = [end + shift for end in self._ends]
        self._at, self._end, self._origin = self._base, self._base + lengths, offsets

    def _go(self, step: Offsets | int) -> None:
        self._at = self._at + step
        self._room -= step if isinstance(step, int) else int(step.max())

    # The walk, element by element: see ``quick``, which it follows.

    def _file_meta(self) -> dict[str, str]:
        meta: dict[str, str] = {}
        while True:
            key, vr, size = self._explicit(group=2)
            if key & 0xFFFF != 2:
                break
            if key in META:
                meta[META[key]] = self._agreed(vr, size)
            else:
                self._go(size)
        if key & 0xFFFF == 0:
            raise Unexpected
        return meta

    def _agreed(self, vr: bytes, size: Offsets | int) -> str:
        """A value that decides how to go on: only those go on that have that of the first."""
        if vr != b"UI":
            raise Unexpected
        sizes = self._each(size)
        first = int(sizes[0])
        alike = sizes == first
        self._keep(alike, apart=True)
        self._hold(first)
        block = block_at(self._now.flat, self._at, first)
        alike = (block == block[0]).all(axis=1)
        self._keep(alike, apart=True)
        value = plain_value(vr, block[0].tobytes())
        if not isinstance(value, str):
            raise Unexpected
        self._go(first)
        return value

    def _each(self, size: Offsets | int) -> Offsets:
        return np.full(len(self._rows), size, np.int64) if isinstance(size, int) else size

    def _explicit(self, group: int = -1) -> tuple[int, bytes, Offsets | int]:
        """Tag, VR and size of the next element; the walk then stands before its value.

        It stays before the element where that is not of the ``group`` that is asked for.
        """
        self._hold(12)
        words = self._now.words[self._at]
        first = int(words[0])
        alike = bool((words == words[0]).all())
        if not alike:
            mask = (words & _TAG_AND_VR) == (words[0] & _TAG_AND_VR)
            self._keep(mask, apart=True)
            words = words[mask]
        key, vr = first & 0xFFFFFFFF, (first >> 32 & 0xFFFF).to_bytes(2, "little")
        if group >= 0 and key & 0xFFFF != group:
            return key, vr, 0
        head = HEAD.get(vr)
        if head is None:
            raise Unexpected
        if head == 12:
            size: Offsets = self._now.halves[self._at + 8].astype(np.int64)
            self._go(12)
            return key, vr, self._same_kind(size)
        self._go(8)
        return key, vr, first >> 48 if alike else (words >> _48).astype(np.int64)

    def _same_kind(self, size: Offsets) -> Offsets | int:
        """Sizes, after those of files that have one and not the undefined one are set apart."""
        first = int(size[0])
        if (size == first).all():
            return first
        mask = (size == UNDEFINED) if first == UNDEFINED else (size != UNDEFINED)
        self._keep(mask, apart=True)
        kept: Offsets = size[mask]
        return kept

    def _implicit(self) -> tuple[int, Offsets | int]:
        """Tag and size of the next element or item; the walk then stands behind the size."""
        self._hold(8)
        words = self._now.words[self._at]
        mask = (words & _TAG) == (words[0] & _TAG)
        self._keep(mask, apart=True)
        size = (words[mask] >> _32).astype(np.int64)
        self._go(8)
        return int(words[0]) & 0xFFFFFFFF, self._same_kind(size)

    def _walk(self, *, explicit: bool) -> Place:
        """Up to the pixels: where they lie, of undefined size where they are encapsulated."""
        if not explicit:
            self._hold(8)
            where = block_at(self._now.flat, self._at + 4, 2)
            is_capital = (where >= ord("A")) & (where <= ord("Z"))
            capital = is_capital[:, 0] & is_capital[:, 1]
            if capital[0]:  # where a length should be: explicit after all
                raise Unexpected
            self._keep(~capital)
        while True:
            if explicit:
                key, vr, size = self._explicit()
            else:
                key, size = self._implicit()
                vr = self._wanted[key][1] if key in self._wanted else b""
                if key & 0xFFFF == 0xFFFE or key in FLOAT_PIXELS:
                    raise Unexpected
            if isinstance(size, int) and size == UNDEFINED:
                if key == PIXELS and explicit:
                    return self._met(vr, size)
                is_sequence = vr == b"SQ" if explicit else can_be_sequence(key)
                if key == PIXELS or key in self._wanted or not is_sequence:
                    raise Unexpected
                self._past_sequence(explicit=explicit)
            elif key in self._wanted:
                size = self._hold(size)
                self._places[key] = self._met(vr, size)
                self._go(size)
            elif key == PIXELS:
                return self._met(vr, size)
            elif key in FLOAT_PIXELS:
                raise Unexpected
            else:
                self._go(size)

    def _met(self, vr: bytes, size: Offsets | int) -> Place:
        return Place(vr, self._rows, self._now.flat, self._at, self._each(size))

    def _past_sequence(self, *, explicit: bool, depth: int = 0) -> None:
        if depth > DEPTH:
            raise Unexpected
        while True:
            key, size = self._implicit()
            if key == SEQUENCE_END:
                self._empty(size)
                return
            if key != ITEM:
                raise Unexpected
            if isinstance(size, int) and size == UNDEFINED:
                self._past_item(None, explicit=explicit, depth=depth)
            else:
                self._ends.append(self._at + size)
                self._past_item(len(self._ends) - 1, explicit=explicit, depth=depth)
                self._ends.pop()

    def _empty(self, size: Offsets | int) -> None:
        sizes = self._each(size)
        if sizes[0]:
            raise Unexpected
        self._keep(sizes == 0, apart=True)

    def _past_item(self, end: int | None, *, explicit: bool, depth: int) -> None:
        while True:
            if end is not None:
                done = np.equal(self._at, self._ends[end])
                if done[0]:
                    self._keep(done, apart=True)
                    return
                self._keep(~done, apart=True)
                self._keep(self._at < self._ends[end])
            self._hold(8)
            if int(self._now.halves[self._at[0]]) == ITEM_END:
                _, size = self._implicit()
                self._empty(size)
                if end is not None:
                    raise Unexpected
                return
            if explicit:
                key, vr, size = self._explicit()
            else:
                key, size = self._implicit()
                vr = b""
            if not isinstance(size, int) or size != UNDEFINED:
                self._go(size)
            elif vr != b"SQ" if explicit else not can_be_sequence(key):
                raise Unexpected
            else:
                self._past_sequence(explicit=explicit, depth=depth + 1)

    # What was met.

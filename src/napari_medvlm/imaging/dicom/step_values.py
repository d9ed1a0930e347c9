"""Values of the files that went in step: cut out, compared, and converted once where equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .plain_values import ODD, Unexpected, plain_value, plain_values
from .quick import CHARSET, SIGNED, PrivateValue, Raw, Tag, true_vr

Offsets = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Rows = npt.NDArray[np.intp]


@dataclass(eq=False)
class InMemory:
    """The part of each file that is in memory, one after another in ``flat``."""

    flat: Bytes
    words: npt.NDArray[np.uint64] = field(init=False)
    halves: npt.NDArray[np.uint32] = field(init=False)

    def __post_init__(self) -> None:
        # Numbers that begin at every byte.
        size = self.flat.size
        self.words = np.ndarray((size - 7,), "<u8", self.flat, 0, (1,))
        self.halves = np.ndarray((size - 3,), "<u4", self.flat, 0, (1,))


@dataclass(frozen=True)
class Place:
    """Where the value of an element lies in each of the files that were in step there.

    Parameters
    ----------
    vr
        Its value representation.
    rows
        Numbers of the files, ascending.
    flat
        Bytes of all files.
    start, size
        Into ``flat``, for each file.
    """

    vr: bytes
    rows: Rows
    flat: Bytes
    start: Offsets
    size: Offsets


def values_of(
    places: Mapping[int, Place], rows: Rows, wanted: Mapping[int, tuple[Tag, bytes]]
) -> tuple[dict[Tag, Any], dict[Tag, list[Any]], list[int] | None]:
    """Values of the files that went in step to the end.

    Parameters
    ----------
    places
        Of wanted elements, by the key of their tag.
    rows
        Numbers of the files; some of those of each place.
    wanted
        Name and VR of elements.

    Returns
    -------
    shared
        Values that all files have.
    own
        Values that differ, one for each file.
    sound
        Which of the files (numbers into ``rows``) have no odd values; None: all.

    Raises
    ------
    Unexpected
        If the files should be read in another way.
    """
    shared: Raw = {}
    own: dict[int, tuple[bytes, list[bytes]]] = {}
    for key, place in places.items():
        found = _bytes_of(place, rows)
        if isinstance(found, bytes):
            shared[key] = place.vr, found
        else:
            own[key] = place.vr, found
    if CHARSET in own:
        raise Unexpected
    charset = shared.get(CHARSET, (b"CS", b""))[1]
    same: dict[Tag, Any] = {}
    for key, (vr, raw) in shared.items():
        name = wanted[key][0]
        value = plain_value(_vr(key, vr, shared, own), raw, charset)
        same[name] = PrivateValue(value) if isinstance(name, tuple) else value
    columns: dict[Tag, list[Any]] = {}
    odd: set[int] = set()
    for key, (vr, raws) in own.items():
        name = wanted[key][0]
        column = plain_values(_vr(key, vr, shared, own), raws, charset)
        if ODD in column:
            odd.update(n for n, value in enumerate(column) if value is ODD)
        private = isinstance(name, tuple)
        columns[name] = [PrivateValue(value) for value in column] if private else column
    sound = [n for n in range(len(rows)) if n not in odd] if odd else None
    return same, columns, sound


def _vr(key: int, vr: bytes, shared: Raw, own: Mapping[int, Any]) -> bytes:
    if vr not in (b"UN", b"US or SS"):
        return vr
    creator = (key >> 24) << 16 | key & 0xFFFF
    if SIGNED in own or creator in own:
        raise Unexpected  # what it is differs from file to file
    return true_vr(key, vr, shared)


def _bytes_of(place: Place, rows: Rows) -> bytes | list[bytes]:
    """The value that all files have, or that of each."""
    start, size = place.start, place.size
    if place.rows is not rows:
        now = np.searchsorted(place.rows, rows)
        start, size = start[now], size[now]
    first = int(size[0])
    if (size == first).all():
        block = block_at(place.flat, start, first).tobytes()
        if block == block[:first] * len(start):
            return block[:first]
        return [block[n : n + first] for n in range(0, len(block), first)]
    view = place.flat.data
    ends = (start + size).tolist()
    return [bytes(view[a:b]) for a, b in zip(start.tolist(), ends, strict=True)]


def block_at(flat: Bytes, start: Offsets, size: int) -> Bytes:
    """Bytes from each of some places on, (place, size)."""
    if not size:
        return np.empty((len(start), 0), np.uint8)
    # One item of the given size at every byte: whole values are copied, not single bytes.
    items: npt.NDArray[np.void] = np.ndarray((flat.size - size + 1,), f"V{size}", flat, 0, (1,))
    return items[start].view(np.uint8).reshape(len(start), size)

"""Where the frames of encapsulated pixels lie (PS3.5 A.4), damaged offset tables or none.

The fragments themselves say where they begin; offset tables are believed only where a frame
has several fragments and the table points at beginnings of fragments.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import BinaryIO

#: (offset in the file, length) of a fragment's bytes.
Piece = tuple[int, int]

_ITEM = 0xFFFEE000
#: Tag (7FE0,0010) as it stands before the pixels, and how many bytes before at most.
_PIXEL_TAG, _HEAD = b"\xe0\x7f\x10\x00", 12
#: The first bytes of a JPEG or JPEG-LS image, and of a JPEG 2000 codestream or file.
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")


def begins_at(file: BinaryIO, start: int) -> bool:
    """Whether the value of Pixel Data begins here, as a header that was read earlier says."""
    file.seek(max(0, start - _HEAD))
    return _PIXEL_TAG in file.read(_HEAD)


def find_frames(
    file: BinaryIO, start: int, count: int, extended: Sequence[int] = ()
) -> list[tuple[Piece, ...]]:
    """Fragments of each frame.

    Parameters
    ----------
    file
        The file, or the data set in memory.
    start
        Offset of the first item, that of the Basic Offset Table.
    count
        NumberOfFrames.
    extended
        The Extended Offset Table, empty where there is none.

    Returns
    -------
    frames
        One entry for each frame that is there: fewer than ``count`` where the file ends early.

    Raises
    ------
    ValueError
        If there are no fragments, or if it cannot be told which of them belong together.
    """
    basic, pieces = _walk(file, start)
    if not pieces:
        raise ValueError("the encapsulated pixels hold no fragment")
    if count <= 1:
        return [tuple(pieces)]
    if len(pieces) == count:
        return [(piece,) for piece in pieces]
    first = pieces[0][0]
    for table in (extended, basic):
        groups = _by_table(table, pieces, first)
        if groups is not None and len(groups) == count:
            return groups
    groups = _by_beginning(file, pieces)
    if len(groups) == count or len(pieces) < count:
        # Fewer fragments than frames: the file ends early, and what is there is in order.
        return groups
    raise ValueError(
        f"{len(pieces)} fragments for {count} frames, and no offset table that can be believed"
    )


def _walk(file: BinaryIO, start: int) -> tuple[list[int], list[Piece]]:
    size = file.seek(0, 2)
    at, basic, pieces = start, None, []
    while at + 8 <= size:
        file.seek(at)
        group, element, length = struct.unpack("<HHL", file.read(8))
        if group << 16 | element != _ITEM or length == 0xFFFFFFFF:
            break
        if basic is None:
            raw = file.read(min(length, size - at - 8) // 4 * 4)
            basic = [offset for (offset,) in struct.iter_unpack("<L", raw)]
        else:
            pieces.append((at + 8, length))
        at += 8 + length
    return basic or [], pieces


def _by_table(
    table: Sequence[int], pieces: list[Piece], first: int
) -> list[tuple[Piece, ...]] | None:
    # Offsets count from the first item after the Basic Offset Table.
    known = {offset - first: n for n, (offset, _) in enumerate(pieces)}
    starts = [known.get(offset, -1) for offset in table]
    if not starts or starts[0] != 0 or any(b <= a for a, b in pairwise(starts)):
        return None
    return _split(pieces, starts)


def _by_beginning(file: BinaryIO, pieces: list[Piece]) -> list[tuple[Piece, ...]]:
    starts = []
    for n, (offset, length) in enumerate(pieces):
        file.seek(offset)
        if file.read(min(length, 6)).startswith(_BEGINNINGS):
            starts.append(n)
    # RLE has no marker, and one fragment a frame.
    return _split(pieces, starts) if starts[:1] == [0] else [(piece,) for piece in pieces]


def _split(pieces: list[Piece], starts: list[int]) -> list[tuple[Piece, ...]]:
    ends = [*starts[1:], len(pieces)]
    return [tuple(pieces[a:b]) for a, b in zip(starts, ends, strict=True)]


def read_pieces(file: BinaryIO, pieces: Sequence[Piece], *, partly: bool = False) -> bytes:
    """The bytes of a frame.

    Parameters
    ----------
    file
        The file, or the data set in memory.
    pieces
        Of the frame, as ``find_frames`` gives them.
    partly
        Whether a part of it will do: a video shows what there is of it.

    Raises
    ------
    ValueError
        If the file ends before the frame does. Some decoders take very long to find that out.
    """
    parts = []
    for offset, length in pieces:
        file.seek(offset)
        part = file.read(length)
        if len(part) < length and not partly:
            raise ValueError(f"the file ends {length - len(part)} bytes before its image does")
        parts.append(part)
    return b"".join(parts)

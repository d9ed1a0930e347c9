"""Whether a header's dimensions can be true, before anything is made of them."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydicom.uid import UID

from .syntax import transfer_syntax
from .values import number, value

#: A damaged file may lack most of its pixels; one that lacks more than this share of what its
#: header declares is not read at all.
_MISSING = 16
#: Blank images compress far; nothing compresses further than this.
_COMPRESSED, _SMALL = 4000, 1 << 28


class Implausible(ValueError):
    """A header declares more than its file can hold."""


def dimensions(ds: Any, path: Path) -> tuple[int, int, int, int]:
    """Frames, rows, columns and samples of a data set.

    Raises
    ------
    Implausible
        If a number is no count, or the file is far too small for it.
    """
    counts = []
    for name in ("NumberOfFrames", "Rows", "Columns", "SamplesPerPixel"):
        count = number(value([ds], name))
        if count is None and name in ("NumberOfFrames", "SamplesPerPixel"):
            count = 1.0
        if count is None or not 1 <= max(count, name == "NumberOfFrames") < 2**31:
            raise Implausible(f"{name} is {'unreadable' if count is None else f'{count:.6g}'}")
        counts.append(max(1, int(count)))
    frames, rows, columns, samples = counts
    found = number(value([ds], "BitsAllocated"))
    bits = 8 if found is None else found
    if bits not in (1, 8, 16, 32, 64):
        raise Implausible(
            f"BitsAllocated (0028,0100) is {bits:.6g}; 1, 8, 16, 32 or 64 bits were expected"
        )
    inflated = getattr(ds, "inflated", None)
    held = inflated or path.stat().st_size
    declared = frames * rows * columns * samples * bits / 8
    packed = inflated is None and _packed(transfer_syntax(ds))
    limit = max(held * _COMPRESSED, _SMALL) if packed else max(held * _MISSING, 1 << 16)
    if declared > limit or frames > max(held, 1):
        raise Implausible(
            f"{frames} frames of {rows} x {columns} pixels are declared, in a file of {held} bytes"
        )
    return frames, rows, columns, samples


@lru_cache(maxsize=64)
def _packed(syntax: str) -> bool:
    uid = UID(syntax)
    if uid.is_private or not uid.is_transfer_syntax:
        return True
    return bool(uid.is_compressed or uid.is_deflated)

"""Lookup tables of a DICOM header: Modality LUT, VOI LUT (PS3.3 C.11.1.1, C.11.2.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Lut:
    """A table from whole input values to unsigned output values.

    Parameters
    ----------
    first
        Input value that the first entry belongs to. Smaller inputs get the first entry, inputs
        beyond the table the last one.
    bits
        Bits of an entry, as the descriptor says or as its largest entry needs.
    entries
        uint16 (or uint32), one-dimensional, not empty.
    name
        LUTExplanation, else empty.
    """

    first: int
    bits: int
    entries: npt.NDArray[Any]
    name: str = ""

    @cached_property
    def ends(self) -> tuple[int, int]:
        """Smallest and largest entry."""
        return int(self.entries.min()), int(self.entries.max())

    def look_up(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Entries for input values of any shape, which are rounded where not whole."""
        whole = values if values.dtype.kind in "iu" else np.rint(values)
        at = np.clip(whole.astype(np.int64) - self.first, 0, len(self.entries) - 1)
        return np.asarray(self.entries[at])


def read_lut(item: Any, *, signed: bool) -> Lut | None:
    """The table of one item of a LUT sequence; None where it holds none that makes sense.

    Parameters
    ----------
    item
        Data set with LUTDescriptor (0028,3002) and LUTData (0028,3006).
    signed
        Whether input values are signed, as the first mapped value then is.
    """
    descriptor = item.get("LUTDescriptor")
    if descriptor is None or len(descriptor) != 3:
        return None
    count, first, bits = (int(value) for value in descriptor)
    # 0 stands for 65536, which does not fit; some writers let it come out negative.
    count = count % 65536 or 65536
    if signed and first > 32767:
        first -= 65536
    elif not signed and first < 0:
        first += 65536
    # Unknown (None) of a data set that was never in a file.
    big = getattr(item, "original_encoding", (None, None))[1] is False
    entries = _entries(item.get("LUTData"), count, big=big)
    if entries is None:
        return None
    bits = max(min(bits, 16), int(entries.max()).bit_length(), 1)
    return Lut(first, bits, entries, str(item.get("LUTExplanation") or "").strip())


def _entries(data: Any, count: int, *, big: bool) -> npt.NDArray[np.uint16] | None:
    if data is None:
        return None
    if isinstance(data, int):
        data = [data]
    if not isinstance(data, bytes | bytearray):
        words = np.asarray(list(data), dtype=np.int64).astype(np.uint16)
    elif len(data) < 2 * count and len(data) >= count:
        # 8-bit entries, one a byte, in words of the file's byte order.
        packed = np.frombuffer(data, dtype=np.uint8).astype(np.uint16)
        pairs = big and len(packed) % 2 == 0
        words = packed.reshape(-1, 2)[:, ::-1].reshape(-1) if pairs else packed
    else:
        even = data[: len(data) // 2 * 2]
        words = np.frombuffer(even, dtype=">u2" if big else "<u2").astype(np.uint16)
    return words[:count] if len(words) >= count else None

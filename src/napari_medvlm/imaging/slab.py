"""The slab: neighbouring slices made into one thicker one.

The mean of them shows less noise, and the maximum what is bright in any of them (a maximum
intensity projection), as the thick slices of a viewer do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ..errors import SelectionError

SlabKind = Literal["mean", "maximum"]
#: How the values of neighbouring slices become one.
SLAB_KINDS: tuple[SlabKind, ...] = ("mean", "maximum")


@dataclass(frozen=True)
class Slab:
    """How thick a slice is taken.

    Parameters
    ----------
    slices
        How many neighbouring slices, the chosen one in their middle; at least 2. Of an even
        number the extra one follows it. At the ends of the stack there are fewer.
    kind
        "mean" or "maximum", voxel by voxel.
    """

    slices: int
    kind: SlabKind = "mean"

    def around(self, index: int, count: int) -> tuple[int, int]:
        """First and last of the slices around one of ``count``."""
        first = index - (self.slices - 1) // 2
        return max(first, 0), min(first + self.slices - 1, count - 1)


@dataclass(frozen=True)
class FrameSlab:
    """What a frame was made of.

    Parameters
    ----------
    kind
        "mean" or "maximum".
    first, last
        Slices in the source, from 0, both included.
    thickness
        From the outer face of the first to that of the last, in mm; None where no spacing is
        known.
    """

    kind: SlabKind
    first: int
    last: int
    thickness: float | None = None

    @property
    def slices(self) -> int:
        """How many slices."""
        return self.last - self.first + 1

    def around(self, index: int) -> Slab:
        """A slab that gives these slices again around the same one, cut at an end or not."""
        before, behind = index - self.first, self.last - index
        whole = behind - before in (0, 1)
        return Slab(self.slices if whole else 2 * max(before, behind) + 1, self.kind)


def parse_slab(text: str) -> Slab | None:
    """Read a written slab: "5", "mean:5", "maximum:5", "max:5".

    Returns
    -------
    slab
        None for one slice, which is no slab.

    Raises
    ------
    SelectionError
        If it cannot be read, or has no slice.
    """
    match = re.fullmatch(r"(?:(mean|max|maximum):)?\s*(\d{1,4})", text.strip().lower())
    slices = int(match[2]) if match else 0
    if match is None or slices < 1:
        raise SelectionError(
            f"{text!r} is not a slab.",
            'Write how many slices, such as "5", "mean:5" or "maximum:5".',
        )
    kind: SlabKind = "maximum" if match[1] in ("max", "maximum") else "mean"
    return Slab(slices, kind) if slices > 1 else None


def check_slab(slab: Slab) -> None:
    """Refuse a slab that means nothing.

    Raises
    ------
    SelectionError
        If its kind is unknown or it has less than two slices.
    """
    if slab.kind not in SLAB_KINDS or slab.slices < 2:
        raise SelectionError(
            f"A slab is the mean or the maximum of at least 2 slices; got {slab.kind!r} of "
            f"{slab.slices}.",
            "Choose another slab.",
        )

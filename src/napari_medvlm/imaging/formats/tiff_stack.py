"""How the images of a TIFF make a stack: by its directories, and by what programs write of it.

ImageJ, MetaMorph and others may store many images behind one directory; ImageJ, OME and tifffile
note which images are slices, which times and which channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .tiff_notes import noted

_CALLED = {"Z": "slices", "T": "times", "C": "channels"}
#: An axis to scroll through is a slice axis rather in this order.
_SLICES_FIRST = "ZIQRTC"


@dataclass(frozen=True)
class Stack:
    """Where the images of a stack are, and what they are counted by.

    Parameters
    ----------
    pages
        Number of the directory of each image, in order; one alone where it is that of all.
    axes, shape
        Letters as tifffile has them ("Z", "T", "C", …) and counts, the slowest first; those of
        one entry are left out.
    offset
        Of the first image, where all lie one after the other behind one directory.
    remarks
        What is missing of it.
    """

    pages: tuple[int, ...]
    axes: str
    shape: tuple[int, ...]
    offset: int | None = None
    remarks: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of images."""
        return prod(self.shape)

    @property
    def sizes(self) -> tuple[int, ...]:
        """([leading,] slices) of the Volume."""
        slices, leading = self._split()
        deep = self.shape[slices] if slices is not None else 1
        return (prod(self.shape[n] for n in leading), deep) if leading else (deep,)

    def arranged(self, images: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Images (count, …) as ([leading,] slices, …)."""
        slices, leading = self._split()
        if slices is None or not leading:
            return images
        rest = images.shape[1:]
        whole = images.reshape(*self.shape, *rest)
        behind = range(len(self.shape), whole.ndim)
        return whole.transpose(*leading, slices, *behind).reshape(*self.sizes, *rest)

    def said(self) -> list[str]:
        """What its axes are taken for."""
        slices, leading = self._split()
        remarks = list(self.remarks)
        if self.count > 1 and slices is not None:
            own = self.axes[slices]
            noun = "pages" if self.offset is None else "images of one directory"
            called = f", which the file calls {_CALLED[own]}" if own in "TC" else ""
            remarks.append(
                f"{self.shape[slices]} {noun} are taken as slices, in the file's order{called}."
            )
        if leading:
            by = " × ".join(
                f"{self.shape[n]} {_CALLED.get(self.axes[n], 'others')}" for n in leading
            )
            only_time = all(self.axes[n] == "T" for n in leading)
            remarks.append(f"The leading axis counts {by}" + ("." if only_time else ", not time."))
        return remarks

    def _split(self) -> tuple[int | None, tuple[int, ...]]:
        """The axis of slices, and those that go before it."""
        every = range(len(self.shape))
        if not every:
            return None, ()
        slices = min(every, key=lambda n: (_SLICES_FIRST + self.axes).index(self.axes[n]))
        return slices, tuple(n for n in every if n != slices)


def stack_of(tiff: Any, alike: tuple[int, ...], size: int) -> Stack:
    """The stack of a file's images.

    Parameters
    ----------
    tiff
        tifffile's.
    alike
        Numbers of the directories whose images look like the first.
    size
        Bytes of the file.
    """
    told = _noted(tiff, alike)
    if told is None or told.count < 2:
        return Stack(alike, "I", (len(alike),))
    if len(told.pages) == told.count and set(told.pages) <= set(alike):
        return told
    if len(alike) == 1 and (offset := _behind_one(tiff.pages[0])) is not None:
        there = _whole_images(tiff.pages[0], offset, size)
        if there >= told.count:
            return Stack(alike, told.axes, told.shape, offset)
        said = (f"The file promises {told.count} images; {there} are there: it may be cut off.",)
        return Stack(alike, "I", (max(1, there),), offset, said)
    said = (
        f"The file's notes tell of {told.count} images; it has directories for {len(alike)} alike.",
    )
    return Stack(alike, "I", (len(alike),), None, said)


def _noted(tiff: Any, alike: tuple[int, ...]) -> Stack | None:
    found = noted(tiff, alike)
    if found is None:
        return None
    pages, axes, shape = found
    kept = [n for n, count in enumerate(shape) if count > 1]
    return Stack(pages, "".join(axes[n] for n in kept), tuple(shape[n] for n in kept))


def _behind_one(page: Any) -> int | None:
    """Where the images behind a single directory begin; None where they cannot be found."""
    whole_bytes = int(page.bitspersample) in (8, 16, 32, 64) and page.dtype is not None
    separate = int(page.samplesperpixel) > 1 and int(page.planarconfig) == 2
    plain = int(page.compression) == 1 and int(page.photometric) in (0, 1, 2)
    if not plain or not whole_bytes or separate or not page.is_contiguous:
        return None
    return int(page.dataoffsets[0])


def _whole_images(page: Any, offset: int, size: int) -> int:
    return max(0, size - offset) // max(1, image_bytes(page))


def image_bytes(page: Any) -> int:
    """Bytes of an uncompressed image."""
    samples = int(page.imagelength) * int(page.imagewidth) * int(page.samplesperpixel)
    return samples * int(page.bitspersample) // 8


def is_there(page: Any, size: int) -> bool:
    """Whether the pixels of a page lie within a file of so many bytes."""
    parts = zip(page.dataoffsets, page.databytecounts, strict=False)
    # The lengths of compressed parts are not always exact.
    plain = int(page.compression) == 1
    return all(at < size and (not plain or at + count <= size) for at, count in parts)


def directories(path: Path, most: int) -> tuple[int, bool]:
    """How many whole directories follow each other, and whether a further one is not there.

    TIFF 6.0, section 2 (and BigTIFF): a directory is a count, that many entries, and the offset
    of the next directory, 0 at the end.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(16)
        order: Any = "little" if head[:2] == b"II" else "big"
        big = int.from_bytes(head[2:4], order) == 43
        word, counts, entry = (8, 8, 20) if big else (4, 2, 12)
        at = int.from_bytes(head[8:16] if big else head[4:8], order)
        seen: set[int] = set()
        while at and at not in seen and len(seen) < most:
            file.seek(min(at, size))
            behind = at + counts + entry * int.from_bytes(file.read(counts), order)
            if behind + word > size:
                return len(seen), True
            seen.add(at)
            file.seek(behind)
            at = int.from_bytes(file.read(word), order)
    return len(seen), False


def upright(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """An image (rows, columns[, colours]) as it is to be seen.

    Parameters
    ----------
    array
        As stored.
    orientation
        TIFF 6.0, tag 274: which sides the first row and the first column are.
    """
    if orientation in (5, 6, 7, 8):
        array = array.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)

"""Angiography that is to be seen minus its mask (PS3.3 C.7.6.10).

Two operations are done: the mean of mask frames (AVG_SUB), and the frame a fixed number of frames
before (TID). Of all others a remark says that they are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .dataset import Tag, Tags
from .values import floats, number, sequence, value

if TYPE_CHECKING:
    from .header import ImageHeader

TAGS: tuple[Tag, ...] = ("RecommendedViewingMode", "MaskSubtractionSequence")

_AS_TAKEN = (
    "The file asks for subtraction (RecommendedViewingMode (0028,1090) is SUB); it is not done of "
    "a volume, frames are shown as they were taken."
)

Image = npt.NDArray[Any]


@dataclass(frozen=True)
class Subtraction:
    """How a run is to be seen.

    Parameters
    ----------
    frames
        Numbers of the mask frames, from 0; empty where each frame has a mask of its own.
    offset
        How many frames before it the mask of a frame lies, where ``frames`` is empty.
    ranges
        First and last frame that it applies to, both included; empty for all.
    averaged
        How many frames from each one on are averaged before (ContrastFrameAveraging).
    """

    frames: tuple[int, ...] = ()
    offset: int = 0
    ranges: tuple[tuple[int, int], ...] = ()
    averaged: int = 1

    def applies(self, frame: int) -> bool:
        """Whether a frame is to be seen minus a mask."""
        if not self.frames and frame - self.offset < 0:
            return False
        return not self.ranges or any(first <= frame <= last for first, last in self.ranges)

    def masks(self, frame: int) -> tuple[int, ...]:
        """The frames whose mean is taken from a frame."""
        return self.frames or (frame - self.offset,)

    def difference(self, frame: int, count: int, read: Callable[[int], Image]) -> Image:
        """A frame minus its mask, float32 (rows, columns).

        Parameters
        ----------
        frame
            Its number, from 0.
        count
            Of the run.
        read
            Gives a frame by its number.
        """
        own = range(frame, min(frame + self.averaged, count))
        return _mean(own, read) - _mean(self.masks(frame), read)


def _mean(frames: Sequence[int], read: Callable[[int], Image]) -> Image:
    total = np.asarray(read(frames[0]), dtype=np.float32).copy()
    for frame in frames[1:]:
        total += read(frame)
    return total / np.float32(len(frames))


def read_subtraction(ds: Tags, count: int) -> tuple[Subtraction | None, str]:
    """How a file asks its frames to be subtracted, and what is said of it.

    Returns
    -------
    subtraction
        None where frames are to be seen as they are, or where it is not done.
    remark
        Empty where the file asks for nothing.
    """
    items = sequence([ds], "MaskSubtractionSequence")
    mode = str(value([ds], "RecommendedViewingMode") or "").strip().upper()
    if mode == "NAT" or not (items or mode == "SUB"):
        return None, ""
    operation = str(value(items[:1], "MaskOperation") or "").strip().upper()
    if mode != "SUB":
        return None, (
            "The file describes a mask to subtract (0028,6100) and does not say that it is to be "
            "seen so: frames are not subtracted."
        )
    found = _read(items, operation, count) if len(items) == 1 else None
    if found is None:
        named = operation if operation in ("AVG_SUB", "TID", "REV_TID") else "what it describes"
        return None, (
            "The file asks for subtraction (RecommendedViewingMode (0028,1090) is SUB, by "
            f"{named}); it is not done, frames are shown as they were taken."
        )
    if found.frames:
        masks = ", ".join(str(n + 1) for n in found.frames)
        what = (
            f"the mean of mask frames {masks}" if len(found.frames) > 1 else f"mask frame {masks}"
        )
    else:
        what = f"the frame {found.offset} before each"
    return found, (
        f"Frames are shown minus {what}, as the file asks (MaskSubtractionSequence (0028,6100)); "
        "shifts of the mask are not applied."
    )


def without_subtraction(headers: Iterable[ImageHeader]) -> tuple[str, ...]:
    """What is said of images that are voxels of a Volume, of which none is subtracted."""
    return tuple(
        dict.fromkeys(
            _AS_TAKEN if header.subtraction is not None else header.subtracted
            for header in headers
            if header.subtraction is not None or header.subtracted
        )
    )


def _read(items: Sequence[Any], operation: str, count: int) -> Subtraction | None:
    ends = [int(n) - 1 for n in floats(value(items, "ApplicableFrameRange"))]
    ranges = tuple(zip(ends[::2], ends[1::2], strict=False))
    averaged = max(1, int(number(value(items, "ContrastFrameAveraging")) or 1))
    if operation == "AVG_SUB":
        frames = tuple(int(n) - 1 for n in floats(value(items, "MaskFrameNumbers")))
        if frames and all(0 <= frame < count for frame in frames):
            return Subtraction(frames, 0, ranges, averaged)
    if operation == "TID":
        # The mask of frame n is frame n minus the offset; the offset is 1 where none is given.
        offset = number(value(items, "TIDOffset"))
        steps = 1 if offset is None else int(offset)
        if 0 < steps < count:
            return Subtraction((), steps, ranges, averaged)
    return None

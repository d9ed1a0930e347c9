"""From decoded frames to pixels as they are shown: all of one size, square, and upright."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ..frame_cache import Pixels
from .facts import MOST_PIXELS
from .turning import Turn

#: Pixels more oblong than this are taken for a mistake of the header.
_MOST_OBLONG = 4

Size = tuple[int, int]


@dataclass(frozen=True)
class Shaping:
    """How frames of one stream become pictures of one size.

    Parameters
    ----------
    canvas
        (rows, columns) that every stored frame is put into.
    aspect
        Width to height of a pixel; 1 where frames are shown as stored.
    turn
        How the picture is then laid down.
    """

    canvas: Size
    aspect: Fraction
    turn: Turn

    @property
    def size(self) -> Size:
        """(rows, columns) as shown."""
        return self.turn.size(_squared(self.canvas, self.aspect))

    def pixels(self, frame: Any) -> Pixels:
        """A decoded frame as it is shown, uint8 (rows, columns, 3).

        A frame that is smaller than the canvas lies in its middle on black, pixel for pixel; a
        larger one is made to fit. Neither changes its proportions.
        """
        rows, columns = _squared(_within((frame.height, frame.width), self.canvas), self.aspect)
        pixels: Pixels = frame.to_ndarray(format="rgb24", width=columns, height=rows)
        whole = _squared(self.canvas, self.aspect)
        if (rows, columns) != whole:
            on_black = np.zeros((*whole, 3), np.uint8)
            top, left = (whole[0] - rows) // 2, (whole[1] - columns) // 2
            on_black[top : top + rows, left : left + columns] = pixels
            pixels = on_black
        return self.turn.apply(pixels)


def shaping_of(sizes: Iterable[Size], aspect: Fraction, turn: Turn) -> Shaping:
    """The way to show frames of these sizes, the first frame's first.

    Parameters
    ----------
    sizes
        (rows, columns) as stored.
    aspect
        Width to height of a pixel as the file says it.
    turn
        As the file asks for it.
    """
    first, *others = sizes
    every = [first, *others]
    canvas = max(rows for rows, _ in every), max(columns for _, columns in every)
    if canvas[0] * canvas[1] > MOST_PIXELS:
        canvas = first
    if not Fraction(1, _MOST_OBLONG) <= aspect <= _MOST_OBLONG:
        aspect = Fraction(1)
    rows, columns = _squared(canvas, aspect)
    return Shaping(canvas, aspect if rows * columns <= MOST_PIXELS else Fraction(1), turn)


def _squared(size: Size, aspect: Fraction) -> Size:
    """A size in square pixels: the shorter side of a pixel is kept, so that nothing is lost."""
    rows, columns = size
    if aspect > 1:
        return rows, max(1, round(columns * aspect))
    return max(1, round(rows / aspect)), columns


def _within(size: Size, canvas: Size) -> Size:
    """A size, or the largest of its proportions that fits."""
    share = min(Fraction(canvas[0], size[0]), Fraction(canvas[1], size[1]), Fraction(1))
    return max(1, round(size[0] * share)), max(1, round(size[1] * share))

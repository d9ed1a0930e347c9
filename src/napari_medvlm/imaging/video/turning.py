"""How stored frames are turned to be shown: the display matrix of QuickTime and MP4."""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from ..frame_cache import Pixels


@dataclass(frozen=True)
class Turn:
    """One of the eight ways to lay a picture down.

    Parameters
    ----------
    transposed
        Whether rows become columns, before the flips.
    upside_down, mirrored
        Whether the order of rows, of columns is then reversed.
    """

    transposed: bool = False
    upside_down: bool = False
    mirrored: bool = False

    def size(self, stored: tuple[int, int]) -> tuple[int, int]:
        """(rows, columns) as shown."""
        return stored[::-1] if self.transposed else stored

    def apply(self, pixels: Pixels) -> Pixels:
        """The picture as it is to be shown; (rows, columns, 3)."""
        if self.transposed:
            pixels = pixels.transpose(1, 0, 2)
        rows = slice(None, None, -1 if self.upside_down else 1)
        columns = slice(None, None, -1 if self.mirrored else 1)
        return np.ascontiguousarray(pixels[rows, columns])


def turn_of(matrix: bytes | None) -> Turn:
    """The turn that a display matrix asks for.

    A stored point ``(x, y)`` is shown at ``(a x + c y, b x + d y)`` plus a shift (ISO/IEC
    14496-12, 6.2.2). Angles between the quarter turns count as the nearest.

    Parameters
    ----------
    matrix
        Nine 32-bit numbers ``a b u c d v x y w`` as FFmpeg hands them on, native byte order.
    """
    if matrix is None or len(matrix) < 36:
        return Turn()
    a, b, c, d = _linear(matrix)
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return Turn(upside_down=d < 0, mirrored=a < 0)
    return Turn(transposed=True, upside_down=b < 0, mirrored=c < 0)


def _linear(matrix: bytes) -> tuple[int, int, int, int]:
    a, b, _, c, d = struct.unpack("=9i", matrix[:36])[:5]
    return a, b, c, d


def is_plain_turn(matrix: bytes | None) -> bool:
    """Whether a display matrix asks for nothing but what ``turn_of`` gives.

    Other angles, shear, and pixels stretched more along one side than along the other are not
    applied.
    """
    if matrix is None or len(matrix) < 36:
        return True
    a, b, c, d = _linear(matrix)
    kept, left = ((a, d), (b, c)) if abs(a) + abs(d) >= abs(b) + abs(c) else ((b, c), (a, d))
    most = max(map(abs, kept))
    slack = most / 1000  # a matrix of rounded sines
    return most > 0 and max(map(abs, left)) <= slack and abs(abs(kept[0]) - abs(kept[1])) <= slack

"""Images of one pixel spacing and one orientation, found in near-linear time."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import product
from math import floor, log

from .header import ImageHeader

#: Directions that differ by less are one direction; and as much as a head turns in a scan.
_EQUAL, _TURNED = 5e-3, 0.05
#: Pixel spacings that differ by less than this share are one.
_NEAR_SPACING = 1e-3
#: Side of the cells in which groups are looked up, of directions and of the spacing's logarithm.
_CELL = 0.025
#: Components of the directions by which groups are looked up: any three will do.
_LOOKED_UP = (0, 1, 5)

Cell = tuple[Hashable, ...]


def by_geometry(headers: Sequence[ImageHeader]) -> list[list[ImageHeader]]:
    """Groups of images that agree with their first one, in the order in which they are met.

    Equal to comparing each image with every group; a grid of directions leaves few of them.
    """
    groups: list[list[ImageHeader]] = []
    cells: dict[Cell, list[int]] = {}
    last: list[ImageHeader] = []
    for header in headers:
        if len(groups) == 1 and same_geometry(last[0], header):
            last.append(header)  # the usual case
            continue
        near = sorted({n for cell in _around(header) for n in cells.get(cell, ())})
        found = next((n for n in near if same_geometry(groups[n][0], header)), None)
        if found is None:
            cells.setdefault(_cell(header), []).append(len(groups))
            groups.append([header])
            last = groups[-1]
        else:
            groups[found].append(header)
    return groups


def _cell(header: ImageHeader) -> Cell:
    return tuple(numbers[0] for numbers in _numbers(header, 0.0, 0.0))


def _around(header: ImageHeader) -> Iterator[Cell]:
    # Mosaics are compared less strictly with each other.
    wide = _TURNED if header.tile else _EQUAL
    return product(*_numbers(header, wide, 2 * _NEAR_SPACING))


def _numbers(header: ImageHeader, wide: float, share: float) -> Iterator[Sequence[Hashable]]:
    """Along each side of the grid the cells that lie within some distance of an image."""
    if header.orientation is None:
        yield (None,)
    else:
        for n in _LOOKED_UP:
            at = header.orientation[n]
            yield range(floor((at - wide) / _CELL), floor((at + wide) / _CELL) + 1)
    if header.spacing is None:
        yield (None,)
    else:
        at = log(header.spacing[0])
        yield range(floor((at - share) / _CELL), floor((at + share) / _CELL) + 1)


def same_geometry(a: ImageHeader, b: ImageHeader) -> bool:
    """Whether two images have one pixel spacing and one orientation."""
    if a.spacing is b.spacing and a.orientation is b.orientation:
        return True  # the usual case: headers of one series share what is the same
    if not _near(a.spacing, b.spacing, relative=_NEAR_SPACING):
        return False
    # Between two mosaics the scanner may have followed the patient's head.
    turned = _TURNED if a.tile and b.tile else _EQUAL
    return _near(a.orientation, b.orientation, absolute=turned)


def _near(
    a: Sequence[float] | None,
    b: Sequence[float] | None,
    *,
    relative: float = 0.0,
    absolute: float = 0.0,
) -> bool:
    # Plain Python: NumPy takes fifty times as long for six numbers.
    if a is None or b is None:
        return a is b
    return all(abs(x - y) <= absolute + relative * abs(y) for x, y in zip(a, b, strict=True))

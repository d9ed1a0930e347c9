"""InternVL's dynamic tiling: how many tiles an image is cut into. Pure arithmetic, no pixels."""

from __future__ import annotations

from functools import cache


@cache
def _grids(fewest: int, most: int) -> tuple[tuple[int, int], ...]:
    grids = {
        (columns, rows)
        for columns in range(1, most + 1)
        for rows in range(1, most // columns + 1)
        if columns * rows >= fewest
    }
    return tuple(sorted(grids, key=lambda grid: (grid[0] * grid[1], grid)))


def tile_grid(size_wh: tuple[int, int], side: int, limits: tuple[int, int]) -> tuple[int, int]:
    """Columns and rows of tiles whose shape is nearest to the image's.

    Of grids of one shape ((1, 1), (2, 2), …) the largest that the image more than half fills.

    Parameters
    ----------
    size_wh
        Width and height of the image in pixels.
    side
        Of a tile, in pixels.
    limits
        Fewest and most tiles.
    """
    width, height = size_wh
    shape = width / height
    best, least = (1, 1), float("inf")
    for columns, rows in _grids(*limits):
        apart = abs(shape - columns / rows)
        if apart < least:
            best, least = (columns, rows), apart
        elif apart == least and width * height > 0.5 * side * side * columns * rows:
            best = (columns, rows)
    return best


def tile_count(
    size_wh: tuple[int, int], side: int, limits: tuple[int, int], *, thumbnail: bool = True
) -> int:
    """Tiles of an image, the whole one that follows them included."""
    columns, rows = tile_grid(size_wh, side, limits)
    count = columns * rows
    return count + 1 if thumbnail and count > 1 else count

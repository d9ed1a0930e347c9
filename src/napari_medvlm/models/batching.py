"""Work in batches that shrink when memory runs out; what is computed stays the same."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from ..extras import require

_log = logging.getLogger(__name__)
_Made = TypeVar("_Made")


def in_batches(make: Callable[[int, int], _Made], count: int, at_once: int) -> list[_Made]:
    """Work through ``count`` items, as many at once as memory allows.

    Parameters
    ----------
    make
        Does items ``first`` to ``stop``.
    count
        How many there are.
    at_once
        How many to begin with; halved whenever a batch does not fit.

    Returns
    -------
    made
        What ``make`` gave, batch by batch.

    Raises
    ------
    torch.OutOfMemoryError
        If not even a single item fits.
    """
    torch = require("torch", "to run a model")
    made: list[_Made] = []
    first = 0
    while first < count:
        stop = min(count, first + at_once)
        try:
            made.append(make(first, stop))
        except torch.OutOfMemoryError:
            if stop - first == 1:
                raise
            at_once = max(1, (stop - first) // 2)
            _log.warning("Out of memory with %d images at once; trying %d", stop - first, at_once)
        else:
            first = stop
            continue
        # Outside the handler, where the failed batch's tensors are gone.
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
    return made

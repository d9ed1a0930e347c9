"""A cache that is bounded in bytes: what was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

_Kept = TypeVar("_Kept")


class ByteCache(Generic[_Kept]):
    """Values by key.

    Parameters
    ----------
    limit
        In bytes; the last value is kept whatever its size.
    size
        Bytes of a value.
    """

    def __init__(self, limit: int, size: Callable[[_Kept], int]) -> None:
        self._limit = limit
        self._size = size
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._bytes = 0

    def get(self, key: Hashable) -> _Kept | None:
        """Return a value, or None."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: Hashable, value: _Kept) -> None:
        """Keep a value; one that is there already stays."""
        if key in self._kept:
            return
        self._kept[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._limit and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= self._size(oldest)

    def made(self, key: Hashable, make: Callable[[], _Kept]) -> _Kept:
        """Return a value, made and kept if it is not there."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()
        self._bytes = 0

"""A key-value cache that grows in place.

The library's own cache joins tensors for every token, which copies all that is kept each time.
Here keys and values lie in a buffer with room to spare, and what the network sees is a view of
its filled part: a token costs one row, cropping costs nothing.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ..extras import require

#: Rows that a full buffer grows by at least, and the share that it grows by.
_ROWS, _SHARE = 256, 8


def new_cache() -> Any:
    """Return an empty cache; transformers' networks take it as ``past_key_values``."""
    transformers = require("transformers", "to run a model")
    return transformers.Cache(layer_class_to_replicate=_layer_class())


@lru_cache(maxsize=1)
def _layer_class() -> Any:
    # Made on first use, because its base comes with transformers.
    torch = require("torch", "to run a model")
    cache_utils = require("transformers.cache_utils", "to run a model")

    class GrowingLayer(cache_utils.DynamicLayer):  # type: ignore[misc, name-defined]
        """One layer: ``keys`` and ``values`` (1, heads, length, width) are views of buffers."""

        def lazy_initialization(self, key_states: Any, value_states: Any) -> None:
            super().lazy_initialization(key_states, value_states)
            self._buffers = tuple(s[..., :0, :].contiguous() for s in (key_states, value_states))
            self.keys, self.values = self._buffers

        def update(
            self, key_states: Any, value_states: Any, *args: Any, **kwargs: Any
        ) -> tuple[Any, Any]:
            """Append rows; returns all of them."""
            if not self.is_initialized:
                self.lazy_initialization(key_states, value_states)
            length = self.keys.shape[-2]
            end = length + key_states.shape[-2]
            if end > self._buffers[0].shape[-2]:
                self._make_room(length, end)
            keys, values = self._buffers
            keys.narrow(-2, length, end - length).copy_(key_states)
            values.narrow(-2, length, end - length).copy_(value_states)
            self.keys, self.values = keys.narrow(-2, 0, end), values.narrow(-2, 0, end)
            return self.keys, self.values

        def _make_room(self, length: int, end: int) -> None:
            wanted = end + max(_ROWS, end // _SHARE)
            grown = []
            for buffer in self._buffers:
                fresh = torch.empty(
                    *buffer.shape[:-2],
                    wanted,
                    buffer.shape[-1],
                    dtype=buffer.dtype,
                    device=buffer.device,
                )
                fresh[..., :length, :] = buffer[..., :length, :]
                grown.append(fresh)
            self._buffers = tuple(grown)

    return GrowingLayer

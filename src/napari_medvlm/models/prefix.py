"""What is kept from one question to the next: encoded pictures, and the cache of a conversation.

A conversation's key-value cache is good for as many tokens as a new prompt begins alike. Alike
means the same tokens, the same pictures (by digest) and the same positions. A second question
about the same frames then prefills only its own words.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .base import Prompt
from .byte_cache import ByteCache

#: Encoded pictures are dropped, oldest first, beyond this many bytes.
FEATURE_BYTES = 512 * 2**20
#: Conversations whose caches are kept at a time.
CONVERSATIONS = 2


def token_keys(prompt: Prompt) -> list[Hashable]:
    """Say for each token what it stands for: its id, or its place in a picture."""
    keys: list[Hashable] = prompt.input_ids.tolist()
    for start, stop, digest in prompt.image_spans:
        keys[start:stop] = [(digest, i) for i in range(stop - start)]
    return keys


@dataclass(eq=False)
class Conversation:
    """A key-value cache and what its entries stand for."""

    cache: Any
    keys: list[Hashable] = field(default_factory=list)
    positions: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((0, 0), dtype=np.int64)
    )

    def common(self, prompt: Prompt, keys: Sequence[Hashable]) -> int:
        """How many tokens the prompt shares with the cache, from the first."""
        bound = min(len(self.keys), len(keys))
        if bound and len(self.positions) == len(prompt.positions):
            moved = (self.positions[:, :bound] != prompt.positions[:, :bound]).any(axis=0)
            bound = int(moved.argmax()) if moved.any() else bound
        for index in range(bound):
            if self.keys[index] != keys[index]:
                return index
        return bound

    def crop(self, length: int) -> None:
        """Forget everything after the first ``length`` tokens."""
        surplus = len(self.keys) - length
        if surplus > 0:
            # Newer versions of transformers take the number of tokens to drop, as a negative.
            self.cache.crop(-surplus)
            del self.keys[length:]
            self.positions = self.positions[:, :length]

    def fork(self, length: int, copy_cache: Callable[[Any, int], Any]) -> Conversation:
        """Copy the first ``length`` tokens into a conversation of its own."""
        cache = copy_cache(self.cache, length)
        return Conversation(cache, self.keys[:length], self.positions[:, :length])

    def extend(self, keys: Sequence[Hashable], positions: npt.NDArray[np.int64]) -> None:
        """Note tokens that the cache has just taken in."""
        self.keys.extend(keys)
        known = self.positions if self.positions.size else positions[:, :0]
        self.positions = np.concatenate([known, positions], axis=1)


class Conversations:
    """The caches of the last conversations.

    Parameters
    ----------
    new_cache
        Makes an empty key-value cache.
    copy_cache
        Makes a cache of the first tokens of another.
    limit
        How many conversations are kept; 0 keeps none, which is the plain path.
    """

    def __init__(
        self,
        new_cache: Callable[[], Any],
        copy_cache: Callable[[Any, int], Any],
        limit: int = CONVERSATIONS,
    ) -> None:
        self._new_cache = new_cache
        self._copy_cache = copy_cache
        self._limit = limit
        self._kept: list[Conversation] = []

    def open(self, prompt: Prompt) -> tuple[Conversation, int]:
        """Find or make the cache that a prompt goes on from.

        Parameters
        ----------
        prompt
            What will be prefilled.

        Returns
        -------
        conversation, reused
            Its first ``reused`` tokens are the prompt's; it holds no others. At least one token
            is left to prefill, because its logits are wanted.
        """
        keys = token_keys(prompt)
        best, shared = None, 0
        for conversation in self._kept:
            common = min(conversation.common(prompt, keys), len(keys) - 1)
            if common > shared:
                best, shared = conversation, common
        if best is None:
            best = Conversation(self._new_cache())
        elif 2 * shared < len(best.keys):
            # It would lose most of itself, so it is another conversation: both begin with the
            # same system text or pictures. That part is copied, and the other one kept.
            best = best.fork(shared, self._copy_cache)
        else:
            self._kept.remove(best)
            best.crop(shared)
        if self._limit:
            self._kept.append(best)
            del self._kept[: -self._limit]
        return best, shared

    def drop(self, conversation: Conversation) -> None:
        """Forget a conversation whose cache cannot be trusted any more."""
        self._kept = [c for c in self._kept if c is not conversation]

    def clear(self) -> None:
        """Forget all of them."""
        self._kept.clear()


class FeatureCache(ByteCache[Any]):
    """Encoded pictures by digest, bounded in bytes.

    Parameters
    ----------
    limit
        In bytes; the last one is kept whatever its size.
    """

    def __init__(self, limit: int = FEATURE_BYTES) -> None:
        super().__init__(limit, _size)


def _size(features: Any) -> int:
    return int(features.numel() * features.element_size())

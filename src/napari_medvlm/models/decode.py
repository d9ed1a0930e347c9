"""The decode loop of all families: prefill, choose, feed back, until an end token.

A family gives a :class:`Network` (embeddings of a prompt, one forward step, an empty cache); the
loop owns the cache, the positions after the prompt, sampling and stopping.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..dialogue.reply import FinishReason
from ..errors import MedvlmError
from .base import Prompt
from .prefix import Conversations, FeatureCache, token_keys
from .sampling import DecodeSettings, Sampler


class Network(Protocol):
    """What a family gives to the loop.

    Attributes
    ----------
    device, dtype
        Where its weights lie and what they are, as torch names them.
    spans_at_once
        How many pictures are encoded together.
    """

    device: Any
    dtype: Any
    spans_at_once: int

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        """Features (tokens, hidden) of the prompt's span number ``index``."""

    def encode_spans(self, prompt: Prompt, indices: Sequence[int]) -> list[Any]:
        """Features of several spans, one entry each."""

    def embed(self, prompt: Prompt, features: dict[str, Any], start: int = 0) -> Any:
        """Embeddings of the prompt from token ``start`` on, features in their places."""

    def embed_ids(self, ids: list[int]) -> Any:
        """Embeddings of plain tokens."""

    def forward(self, embeds: Any, positions: npt.NDArray[np.int64], cache: Any) -> Any:
        """Logits (vocabulary,) in float32 after the last of these tokens; the cache grows."""

    def new_cache(self) -> Any:
        """Return an empty key-value cache."""

    def copy_cache(self, cache: Any, length: int) -> Any:
        """Return a cache of the first ``length`` tokens of another."""


def never() -> bool:
    """Say no: the default of ``should_stop``."""
    return False


class Decoding:
    """One answer in the making.

    Parameters
    ----------
    network
        The family's.
    prompt
        What is asked.
    settings
        How tokens are chosen and when to end.
    conversations, features
        What is kept between questions.
    should_stop
        Asked between pictures and between tokens.

    Attributes
    ----------
    reused
        Tokens of the prompt that the cache already holds.
    finish_reason
        Why it ended; "stopped" until it has.
    """

    def __init__(
        self,
        network: Network,
        prompt: Prompt,
        settings: DecodeSettings,
        conversations: Conversations,
        features: FeatureCache,
        should_stop: Callable[[], bool] = never,
    ) -> None:
        self._network = network
        self._prompt = prompt
        self._settings = settings
        self._conversations = conversations
        self._features = features
        self._should_stop = should_stop
        self._conversation, self.reused = conversations.open(prompt)
        self.finish_reason: FinishReason = "stopped"

    def encode(self) -> dict[str, Any] | None:
        """Encode the pictures that the cache lacks; None when it was told to stop."""
        needed: dict[str, Any] = {}
        lacking: dict[str, int] = {}
        for index, (_, stop, digest) in enumerate(self._prompt.image_spans):
            if stop > self.reused:
                found = self._features.get(digest)
                if found is None:
                    lacking.setdefault(digest, index)
                else:
                    needed[digest] = found
        digests = list(lacking)
        for start in range(0, len(digests), self._network.spans_at_once):
            if self._should_stop():
                return None
            batch = digests[start : start + self._network.spans_at_once]
            made = self._network.encode_spans(self._prompt, [lacking[d] for d in batch])
            for digest, features in zip(batch, made, strict=True):
                self._features.put(digest, features)
                needed[digest] = features
        return needed

    def prefill(self, needed: dict[str, Any]) -> Any:
        """Read the prompt; return the logits that choose the first token."""
        embeds = self._network.embed(self._prompt, needed, self.reused)
        keys = token_keys(self._prompt)[self.reused :]
        return self._step(embeds, keys, self._prompt.positions[:, self.reused :])

    def tokens(self, logits: Any) -> Iterator[int]:
        """Yield the answer's tokens, the end token included.

        Parameters
        ----------
        logits
            Of :meth:`prefill`.
        """
        sampler = Sampler(self._settings, self._prompt.input_ids.tolist())
        for count in range(1, self._settings.max_new_tokens + 1):
            try:
                token = sampler.pick(logits)
            except MedvlmError:
                self._conversations.drop(self._conversation)  # of what it holds nothing is right
                raise
            ended = token in self._settings.stop_ids
            if ended or count == self._settings.max_new_tokens:
                self.finish_reason = "stop" if ended else "length"
            yield token
            if self.finish_reason != "stopped" or self._should_stop():
                return
            logits = self.feed(token, count)

    def feed(self, token: int, number: int) -> Any:
        """Take in one token of the answer; return the logits that choose the next.

        Parameters
        ----------
        token
            Its id.
        number
            Its place in the answer, from 1.
        """
        place = int(self._prompt.positions.max(initial=-1)) + number
        position = np.full((len(self._prompt.positions), 1), place, dtype=np.int64)
        return self._step(self._network.embed_ids([token]), [token], position)

    def _step(self, embeds: Any, keys: Sequence[Hashable], positions: npt.NDArray[np.int64]) -> Any:
        try:
            logits = self._network.forward(embeds, positions, self._conversation.cache)
        except BaseException:
            # Some layers may have taken the tokens in and others not.
            self._conversations.drop(self._conversation)
            raise
        self._conversation.extend(keys, positions)
        return logits

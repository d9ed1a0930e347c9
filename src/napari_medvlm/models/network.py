"""What the networks of all families share: a vision tower before a language model.

Families drive the classes of transformers without their own bookkeeping: pictures are encoded
apart, and embeddings, positions and the cache are always given.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import CheckpointError, MedvlmError
from ..extras import require
from ..safe_text import visible
from .base import Prompt
from .form import Form
from .kv_cache import new_cache
from .spread import join
from .stepping import Stepper

#: Most tokens that take the fast path at a time.
FEW = 256


class VisionLanguageNetwork:
    """A loaded network: tokens and encoded pictures to logits.

    Parameters
    ----------
    module
        With ``model.language_model`` and ``lm_head``.
    config
        Its configuration, with ``text_config``.
    form
        By which its weights were loaded.

    Attributes
    ----------
    spans_at_once
        How many pictures are encoded together.
    """

    spans_at_once = 1

    def __init__(self, module: Any, config: Any, form: Form) -> None:
        self._torch = require("torch", "to run a model")
        self.module = module.eval()
        self.config = config
        self.form = form
        self.device = form.device
        self.dtype = form.dtype
        join(module, form)
        # Hooks between devices hang on the modules, which the fast path goes around.
        decoder, head = module.model.language_model, module.lm_head
        self.stepper = None if form.places else Stepper.of(decoder, head)

    @property
    def max_positions(self) -> int:
        """Longest sequence that the configuration allows."""
        return int(self.config.text_config.max_position_embeddings)

    @property
    def memory_bytes(self) -> int:
        """What the weights take, counting a tied head once."""
        return sum(p.numel() * p.element_size() for p in self.module.parameters())

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        """Features (tokens, hidden) of one picture, in the order of its tokens."""
        raise TypeError(f"{type(self).__name__} encodes no pictures.")

    def encode_spans(self, prompt: Prompt, indices: Sequence[int]) -> list[Any]:
        """Features of several pictures, one entry each as :meth:`encode_span` gives it."""
        return [self.encode_span(prompt, index) for index in indices]

    def embed(self, prompt: Prompt, features: dict[str, Any], start: int = 0) -> Any:
        """Embeddings (1, length - start, hidden) with the features in their places.

        Parameters
        ----------
        prompt
            Its tokens and spans.
        features
            Encoded images by digest; those that end before ``start`` are not needed.
        start
            First token that is wanted.
        """
        torch = self._torch
        with torch.inference_mode():
            ids = torch.from_numpy(prompt.input_ids[start:]).to(self.device)
            embeds = self.module.get_input_embeddings()(ids)
            for first, stop, digest in prompt.image_spans:
                if stop > start:
                    skip = max(0, start - first)
                    at = max(first, start) - start
                    embeds[at : stop - start] = features[digest][skip:].to(embeds.dtype)
            return embeds[None]

    def embed_ids(self, ids: list[int]) -> Any:
        """Embeddings (1, length, hidden) of plain tokens."""
        torch = self._torch
        with torch.inference_mode():
            return self.module.get_input_embeddings()(torch.tensor([ids], device=self.device))

    def forward(self, embeds: Any, positions: npt.NDArray[np.int64], cache: Any) -> Any:
        """Run the language model and return the last token's logits, of no other token.

        Parameters
        ----------
        embeds
            (1, length, hidden).
        positions
            int64 (axes, length).
        cache
            Of :meth:`new_cache`; it grows by ``length``.

        Returns
        -------
        logits
            float32 tensor (vocabulary,).
        """
        torch = self._torch
        places = torch.from_numpy(np.ascontiguousarray(positions)).to(self.device)
        # A long mask would be slower than what the library does without one.
        few = embeds.shape[1] <= FEW and (positions == positions[:1]).all()
        if self.stepper is not None and few:
            return self.stepper.logits(embeds, places[0], cache)
        with torch.inference_mode():
            hidden = self.module.model.language_model(
                inputs_embeds=embeds,
                # One axis is (batch, length), several are (axes, batch, length).
                position_ids=places if len(places) == 1 else places[:, None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            return self.module.lm_head(hidden[0, -1:])[0].float()

    def new_cache(self) -> Any:
        """Return an empty key-value cache."""
        return new_cache()

    def copy_cache(self, cache: Any, length: int) -> Any:
        """Return a cache of the first ``length`` tokens of another."""
        fresh = self.new_cache()
        with self._torch.inference_mode():
            for index, layer in enumerate(cache.layers):
                fresh.update(layer.keys[..., :length, :], layer.values[..., :length, :], index)
        return fresh


@contextmanager
def without_notices() -> Iterator[None]:
    """Silence the library's notices on older spellings, which it reads all the same.

    Published configs say ``rope_scaling``; parity with them is proven by ``medvlm verify``.
    """
    logger = logging.getLogger("transformers")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


#: Keys that name code, or choose a kernel; which arithmetic is run is not the checkpoint's choice.
_CODE = frozenset(
    {
        "auto_map",
        "architectures",
        "trust_remote_code",
        "attn_implementation",
        "_attn_implementation",
        "_attn_implementation_internal",
        "experts_implementation",
        "_experts_implementation",
        "torch_dtype",
        "dtype",
        "quantization_config",
    }
)


def without_code(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration without the keys that name code, kernels or types, in its blocks too."""
    return {
        key: without_code(value) if isinstance(value, Mapping) else value
        for key, value in config.items()
        if key not in _CODE
    }


def build(make: Callable[[], Any]) -> Any:
    """Make a configuration or a network of transformers, without memory for its weights.

    Raises
    ------
    CheckpointError
        For whatever the library raises: it is about what ``config.json`` says.
    """
    torch = require("torch", "to run a model")
    try:
        with without_notices(), torch.device("meta"):
            return make()
    except MedvlmError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        reason = visible("; ".join(lines)[:300]) or type(error).__name__
        raise CheckpointError(
            f"config.json does not describe a network that can be built ({reason}).",
            "Copy config.json again from the place where the model was published.",
        ) from error

"""The Qwen2-VL and Qwen2.5-VL networks of transformers, driven without their own bookkeeping.

Positions are always given, from :mod:`.positions`, and nothing reads or writes the position
state that the library keeps on the module: it belongs to whichever prompt came last.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import CheckpointError
from ...extras import require
from ..base import Prompt
from ..checkpoint import Checkpoint
from ..weights import Progress, load_weights, rebuild_buffers

CLASSES = {
    "qwen2_vl": ("Qwen2VLConfig", "Qwen2VLForConditionalGeneration"),
    "qwen2_5_vl": ("Qwen2_5_VLConfig", "Qwen2_5_VLForConditionalGeneration"),
}
EMBEDDING = "model.language_model.embed_tokens.weight"


def new_name(stored: str) -> str:
    """Name of a tensor in the network, of its name in a file.

    Published files say ``visual.*`` and ``model.*``; files saved by newer versions say
    ``model.visual.*`` and ``model.language_model.*``, as the network does.
    """
    if stored.startswith("visual."):
        return f"model.{stored}"
    return re.sub(r"^model\.(?!visual\.|language_model\.)", "model.language_model.", stored)


class QwenNetwork:
    """A loaded network: pixels to features, tokens to logits.

    Parameters
    ----------
    checkpoint
        The folder.
    device, dtype
        torch device and dtype.
    progress
        Told the stage, and the fraction of the tensors that are there.
    """

    def __init__(
        self, checkpoint: Checkpoint, device: Any, dtype: Any, progress: Progress | None = None
    ) -> None:
        torch = require("torch", "to run a model")
        transformers = require("transformers", "to run a model")
        config_name, class_name = CLASSES[checkpoint.model_type]
        config = _configure(getattr(transformers, config_name), checkpoint)
        with torch.device("meta"):
            module = getattr(transformers, class_name)(config)
        load_weights(
            module,
            checkpoint,
            new_name,
            tied={"lm_head.weight": EMBEDDING} if config.tie_word_embeddings else {},
            device=device,
            dtype=dtype,
            progress=progress,
        )
        rebuild_buffers(module, device)
        self.module = module.eval()
        self.config = config
        self.device = device
        self.dtype = dtype
        self._torch = torch

    @property
    def max_positions(self) -> int:
        """Longest sequence that the configuration allows."""
        return int(self.config.text_config.max_position_embeddings)

    @property
    def tokens_per_second(self) -> int | None:
        """Position units of a second of video; None where videos have no seconds."""
        value = getattr(self.config.vision_config, "tokens_per_second", None)
        return None if value is None else int(value)

    @property
    def memory_bytes(self) -> int:
        """What the weights take, counting a tied head once."""
        return sum(p.numel() * p.element_size() for p in self.module.parameters())

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        """Features (tokens, hidden) of one image or video, in the order of its tokens."""
        torch = self._torch
        visual = prompt.extra["visuals"][index]
        with torch.inference_mode():
            pixels = torch.from_numpy(visual.patches).to(self.device, self.dtype)
            sizes = torch.tensor([visual.grid], dtype=torch.int64, device=self.device)
            return self.module.model.visual(pixels, grid_thw=sizes).pooler_output

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
        """Run the language model and return the last token's logits.

        Parameters
        ----------
        embeds
            (1, length, hidden).
        positions
            int64 (3, length).
        cache
            Of :meth:`new_cache`; it grows by ``length``.

        Returns
        -------
        logits
            float32 tensor (vocabulary,).
        """
        torch = self._torch
        with torch.inference_mode():
            places = torch.from_numpy(np.ascontiguousarray(positions)).to(self.device)
            hidden = self.module.model.language_model(
                inputs_embeds=embeds,
                position_ids=places[:, None],
                past_key_values=cache,
                use_cache=True,
            ).last_hidden_state
            return self.module.lm_head(hidden[0, -1:])[0].float()

    def new_cache(self) -> Any:
        """Return an empty key-value cache."""
        return require("transformers", "to run a model").DynamicCache()

    def copy_cache(self, cache: Any, length: int) -> Any:
        """Return a cache of the first ``length`` tokens of another."""
        fresh = self.new_cache()
        with self._torch.inference_mode():
            for index, layer in enumerate(cache.layers):
                fresh.update(layer.keys[..., :length, :], layer.values[..., :length, :], index)
        return fresh


@contextmanager
def _without_warnings() -> Iterator[None]:
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


def _configure(config_class: Any, checkpoint: Checkpoint) -> Any:
    values = {k: v for k, v in checkpoint.config.items() if k != "auto_map"}
    try:
        with _without_warnings():
            config = config_class.from_dict(values)
    except (TypeError, ValueError, KeyError) as error:
        raise CheckpointError(
            f"config.json of {checkpoint.folder} does not describe a "
            f"{checkpoint.model_type} model ({error})."
        ) from error
    return config

"""The Qwen2-VL and Qwen2.5-VL networks of transformers, driven without their own bookkeeping.

Positions are always given, from :mod:`.positions`, and nothing reads or writes the position
state that the library keeps on the module: it belongs to whichever prompt came last.
"""

from __future__ import annotations

import re
from typing import Any

from ...extras import require
from ..base import Prompt
from ..checkpoint import Checkpoint
from ..form import Form
from ..network import VisionLanguageNetwork, build, without_code
from ..spread import SPREAD, spread_form
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


class QwenNetwork(VisionLanguageNetwork):
    """A loaded network: pixels to features, tokens to logits.

    Parameters
    ----------
    checkpoint
        The folder.
    form
        Where its weights go and what they become.
    progress
        Told the stage, and the fraction of the tensors that are there.
    """

    def __init__(
        self, checkpoint: Checkpoint, form: Form, progress: Progress | None = None
    ) -> None:
        require("torch", "to run a model")
        transformers = require("transformers", "to run a model")
        config_name, class_name = CLASSES[checkpoint.model_type]
        config = _configure(getattr(transformers, config_name), checkpoint)
        module = build(lambda: getattr(transformers, class_name)(config))
        form = spread_form(module, form) if form.device == SPREAD else form
        load_weights(
            module,
            checkpoint,
            new_name,
            tied={"lm_head.weight": EMBEDDING} if config.tie_word_embeddings else {},
            form=form,
            progress=progress,
        )
        rebuild_buffers(module, form)
        super().__init__(module, config, form)

    @property
    def tokens_per_second(self) -> int | None:
        """Position units of a second of video; None where videos have no seconds."""
        value = getattr(self.config.vision_config, "tokens_per_second", None)
        return None if value is None else int(value)

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        """Features (tokens, hidden) of one image or video, in the order of its tokens."""
        torch = self._torch
        visual = prompt.extra["visuals"][index]
        with torch.inference_mode():
            pixels = torch.from_numpy(visual.patches).to(self.device, self.dtype)
            sizes = torch.tensor([visual.grid], dtype=torch.int64, device=self.device)
            return self.module.model.visual(pixels, grid_thw=sizes).pooler_output


def _configure(config_class: Any, checkpoint: Checkpoint) -> Any:
    return build(lambda: config_class.from_dict(without_code(checkpoint.config)))

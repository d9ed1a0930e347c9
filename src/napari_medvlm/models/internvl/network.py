"""The InternVL network of transformers, filled from the authors' files without their code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...extras import require
from ..base import Prompt
from ..batching import in_batches
from ..checkpoint import Checkpoint
from ..form import Form
from ..network import VisionLanguageNetwork, build, without_code
from ..spread import SPREAD, spread_form
from ..weights import Progress, load_weights, rebuild_buffers
from .layout import Layout
from .names import hf_name, new_names, stored_name

EMBEDDING = "model.language_model.embed_tokens.weight"


def build_empty(layout: Layout) -> Any:
    """Build the network on torch's "meta" device: shapes without memory.

    Parameters
    ----------
    layout
        Of :func:`napari_medvlm.models.internvl.layout.read_layout`.

    Raises
    ------
    CheckpointError
        If the configuration holds values that no such network has.
    """
    transformers = require("transformers", "to run a model")

    def make() -> Any:
        config = transformers.InternVLConfig.from_dict(without_code(layout.values))
        return transformers.InternVLForConditionalGeneration(config)

    return build(make)


def parameter_shapes(layout: Layout) -> dict[str, tuple[int, ...]]:
    """Shape of every parameter by its name in the network; nothing is read or allocated.

    What memory plans and device maps go by. A tied output layer is left out.
    """
    return {name: tuple(p.shape) for name, p in build_empty(layout).named_parameters()}


class InternVLNetwork(VisionLanguageNetwork):
    """A loaded network: images to features, tokens to logits.

    Parameters
    ----------
    checkpoint
        The folder.
    layout
        What its ``config.json`` says.
    form
        Where its weights go and what they become.
    progress
        Told the stage, and the fraction of the tensors that are there.
    """

    #: Images or tiles that go through the vision tower together. Scores of its attention take
    #: images × heads × 1025² numbers where no fused kernel is at hand.
    tiles_at_once = 8
    spans_at_once = 8

    def __init__(
        self,
        checkpoint: Checkpoint,
        layout: Layout,
        form: Form,
        progress: Progress | None = None,
    ) -> None:
        module = build_empty(layout)
        form = spread_form(module, form) if form.device == SPREAD else form
        load_weights(
            module,
            checkpoint,
            new_names if layout.original else hf_name,
            tied={"lm_head.weight": EMBEDDING} if layout.tied else {},
            form=form,
            progress=progress,
            shown=stored_name if layout.original else None,
        )
        rebuild_buffers(module, form)
        super().__init__(module, module.config, form)
        self._fit_positions(layout.image_size)

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        """Features (tokens, hidden) of one picture, tile after tile."""
        return self.encode_spans(prompt, [index])[0]

    def encode_spans(self, prompt: Prompt, indices: Sequence[int]) -> list[Any]:
        """Features of several pictures, a few tiles of theirs at a time."""
        torch = self._torch
        places = [prompt.extra["tiles"][index] for index in indices]
        rows = [row for start, stop in places for row in range(start, stop)]
        pixels = prompt.pixels
        assert pixels is not None  # there are spans, so there are pixels
        with torch.inference_mode():
            made = in_batches(
                lambda first, stop: self._encode_tiles(pixels[rows[first:stop]]),
                len(rows),
                self.tiles_at_once,
            )
            tiles = torch.cat(made)
            counts = [stop - start for start, stop in places]
            return [part.flatten(0, 1) for part in tiles.split(counts)]

    def _encode_tiles(self, tiles: npt.NDArray[np.float32]) -> Any:
        pixels = self._torch.from_numpy(tiles).to(self.device, self.dtype)
        found = self.module.model.get_image_features(pixel_values=pixels, return_dict=True)
        return found.pooler_output

    def _fit_positions(self, side: int) -> None:
        """Resample position embeddings to images of another size, in float32 as the authors do."""
        torch = self._torch
        embeddings = self.module.model.vision_tower.embeddings
        grid = side // int(embeddings.patch_size[0])
        stored = embeddings.position_embeddings
        known = round((stored.shape[1] - 1) ** 0.5)
        if grid == known:
            return
        with torch.inference_mode():
            square = stored[:, 1:].float().reshape(1, known, known, -1).permute(0, 3, 1, 2)
            fitted = torch.nn.functional.interpolate(
                square, size=(grid, grid), mode="bicubic", align_corners=False
            )
            rows = fitted.permute(0, 2, 3, 1).reshape(1, grid * grid, -1).to(stored.dtype)
            value = torch.cat((stored[:, :1], rows), dim=1)
        embeddings.position_embeddings = torch.nn.Parameter(value, requires_grad=False)

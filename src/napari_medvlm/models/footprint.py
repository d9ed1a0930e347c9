"""How large a model is, told by its configuration and the headers of its files. No torch."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from ..errors import CheckpointError
from .checkpoint import Checkpoint

#: Weights of the language model's layers that are stored in fewer bits: its matrices.
QUANTIZED = re.compile(
    r"^(?!.*(?:visual|vision)).*\blayers\.\d+\.(?:self_attn|mlp)\.\w+_proj\.weight$"
)


@dataclass(frozen=True)
class Footprint:
    """The numbers that decide how much memory a model takes.

    Parameters
    ----------
    parameters
        All weights, a tied output layer counted once.
    quantized
        Those of them that int8 and int4 store in fewer bits.
    layers, hidden, kv_heads, head_dim, mlp, vocabulary
        Of the language model.
    tower_width, tower_heads, tower_mlp
        Of the vision tower.
    patches
        Patches of one image before neighbouring ones are merged; 0 where it depends on the
        image's size.
    image_tokens
        Visual tokens of one image; 0 where it depends on the image's size.
    """

    parameters: int
    quantized: int
    layers: int
    hidden: int
    kv_heads: int
    head_dim: int
    mlp: int
    vocabulary: int
    tower_width: int
    tower_heads: int
    tower_mlp: int
    patches: int = 0
    image_tokens: int = 0

    @property
    def kv_bytes_per_token(self) -> int:
        """Bytes of the key-value cache for one token, in 16 bit: keys and values, each layer."""
        return 2 * self.layers * self.kv_heads * self.head_dim * 2


def _linear(layers: int, hidden: int, mlp: int, kv: int) -> int:
    """Weights of the matrices of a Qwen2 decoder: q, o; k, v; gate, up, down."""
    return layers * (2 * hidden * hidden + 2 * hidden * kv + 3 * hidden * mlp)


#: Known checkpoints by catalog name, for plans before anything was downloaded. Sizes are those
#: of the published configurations; parameters of Fleming-VL are computed from them, those of
#: the 38B's language model (Qwen2.5-32B) are by its name and sum, not by its own config.json.
KNOWN: Mapping[str, Footprint] = {
    "fleming-vl-8b": Footprint(
        parameters=7_944_000_000,
        quantized=_linear(28, 3584, 18944, 512),
        layers=28, hidden=3584, kv_heads=4, head_dim=128, mlp=18944, vocabulary=151_674,
        tower_width=1024, tower_heads=16, tower_mlp=4096, patches=1025, image_tokens=256,
    ),
    "fleming-vl-38b": Footprint(
        parameters=38_388_000_000,
        quantized=_linear(64, 5120, 27648, 1024),
        layers=64, hidden=5120, kv_heads=8, head_dim=128, mlp=27648, vocabulary=151_674,
        tower_width=3200, tower_heads=25, tower_mlp=12800, patches=1025, image_tokens=256,
    ),
    "chexone": Footprint(
        parameters=3_754_622_976,
        quantized=_linear(36, 2048, 11008, 256),
        layers=36, hidden=2048, kv_heads=2, head_dim=128, mlp=11008, vocabulary=151_936,
        tower_width=1280, tower_heads=16, tower_mlp=3420,
    ),
    "medvlm-r1": Footprint(
        parameters=2_208_985_600,
        quantized=_linear(28, 1536, 8960, 256),
        layers=28, hidden=1536, kv_heads=2, head_dim=128, mlp=8960, vocabulary=151_936,
        tower_width=1280, tower_heads=16, tower_mlp=5120,
    ),
}  # fmt: skip


def footprint_of(checkpoint: Checkpoint) -> Footprint:
    """Measure a folder: counts from the files' headers, sizes from ``config.json``.

    Raises
    ------
    CheckpointError
        If the configuration lacks a size that is needed.
    """
    config = checkpoint.config
    text = _block(config, "llm_config", "text_config")
    vision = _block(config, "vision_config")
    try:
        hidden = int(text["hidden_size"])
        heads = int(text["num_attention_heads"])
        tiles = _tile(config, vision)
        width = int(vision.get("embed_dim") or vision["hidden_size"])
        if config.get("model_type") == "qwen2_5_vl":
            width = int(vision["hidden_size"])
        return Footprint(
            parameters=sum(prod(t.shape) for t in checkpoint.tensors.values()),
            quantized=sum(
                prod(t.shape) for name, t in checkpoint.tensors.items() if QUANTIZED.match(name)
            ),
            layers=int(text["num_hidden_layers"]),
            hidden=hidden,
            kv_heads=int(text.get("num_key_value_heads") or heads),
            head_dim=int(text.get("head_dim") or hidden // heads),
            mlp=int(text["intermediate_size"]),
            vocabulary=int(text["vocab_size"]),
            tower_width=width,
            tower_heads=int(vision.get("num_heads") or vision["num_attention_heads"]),
            tower_mlp=_tower_mlp(vision, width),
            patches=tiles[0],
            image_tokens=tiles[1],
        )
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"config.json of {checkpoint.folder} lacks a size that the plan needs "
            f"({type(error).__name__}: {error})."
        ) from error


def _block(config: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    for name in names:
        if isinstance(config.get(name), Mapping):
            block: Mapping[str, Any] = config[name]
            return block
    return config  # Qwen2-VL's published files keep the language model's sizes on the top level


def _tower_mlp(vision: Mapping[str, Any], width: int) -> int:
    stated = vision.get("intermediate_size")
    return int(stated) if stated else int(width * float(vision.get("mlp_ratio", 4)))


def _tile(config: Mapping[str, Any], vision: Mapping[str, Any]) -> tuple[int, int]:
    """Patches with the class token, and visual tokens, of families with one size of image."""
    side = config.get("force_image_size") or vision.get("image_size")
    if not str(config.get("model_type", "")).startswith("internvl") or not side:
        return 0, 0
    pixels = int(side[0]) if isinstance(side, list | tuple) else int(side)
    patch = vision.get("patch_size", 14)
    patch = int(patch[0]) if isinstance(patch, list | tuple) else int(patch)
    grid = (pixels // patch) ** 2
    return grid + 1, round(grid * float(config.get("downsample_ratio", 0.5)) ** 2)

"""The toy model's sizes, its folder without weights, and its first weights.

Qwen2.5-VL in small: the published flat ``config.json``, so that every reader of a Qwen2.5-VL
folder reads this one.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from . import tokenizer as toy_tokenizer

SIDE = 140
"""Every square image is sent at 140 x 140 pixels: 10 x 10 patches, 5 x 5 tokens."""

PATCH = 14
MERGE = 2
GRID = SIDE // PATCH
TOKENS = (GRID // MERGE) ** 2
IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)

# The chat template that Qwen2-VL and Qwen2.5-VL checkpoints are published with: a string the
# models were trained with, so it is kept to the letter.
CHAT_TEMPLATE = (
    "{% set image_count = namespace(value=0) %}{% set video_count = namespace(value=0) %}"
    "{% for message in messages %}{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}<|im_end|>\n"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}"
    "{% set image_count.value = image_count.value + 1 %}"
    "{% if add_vision_id %}Picture {{ image_count.value }}: {% endif %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}"
    "{% set video_count.value = video_count.value + 1 %}"
    "{% if add_vision_id %}Video {{ video_count.value }}: {% endif %}"
    "<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

VISION = {
    "depth": 4,
    "hidden_act": "silu",
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_heads": 4,
    "in_chans": 3,
    "out_hidden_size": 192,
    "patch_size": PATCH,
    "spatial_merge_size": MERGE,
    "spatial_patch_size": PATCH,
    "window_size": 112,
    "fullatt_block_indexes": [0, 1, 2, 3],
    "tokens_per_second": 2,
    "temporal_patch_size": 2,
}

TEXT = {
    "hidden_act": "silu",
    "hidden_size": 192,
    "initializer_range": 0.02,
    "intermediate_size": 448,
    "max_position_embeddings": 8192,
    "max_window_layers": 4,
    "num_attention_heads": 6,
    "num_hidden_layers": 4,
    "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06,
    # Short sequences: with Qwen's 1e6 the width's share of the head would hardly turn at all.
    "rope_theta": 100.0,
    "rope_scaling": {"type": "mrope", "mrope_section": [4, 6, 6]},
    "sliding_window": 8192,
    "use_sliding_window": False,
}


def write_folder(folder: Path, text: dict[str, Any] | None = None) -> None:
    """Write every file of the checkpoint folder but the weights.

    Parameters
    ----------
    folder
        Made if it is missing.
    text
        Replacements for :data:`TEXT`; tests make smaller models with it.
    """
    toy_tokenizer.build(folder)
    tokenizer = toy_tokenizer.load(folder)
    ids = {token: tokenizer.token_to_id(token) for token in toy_tokenizer.SPECIAL_TOKENS}
    _write(folder / "config.json", config_dict(ids, text or {}))
    _write(
        folder / "generation_config.json",
        {
            "bos_token_id": ids["<|endoftext|>"],
            "pad_token_id": ids["<|endoftext|>"],
            "do_sample": False,
            "eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]],
        },
    )
    _write(folder / "chat_template.json", {"chat_template": CHAT_TEMPLATE})
    _write(
        folder / "preprocessor_config.json",
        {
            "min_pixels": SIDE * SIDE,
            "max_pixels": SIDE * SIDE,
            "patch_size": PATCH,
            "temporal_patch_size": 2,
            "merge_size": MERGE,
            "image_mean": list(IMAGE_MEAN),
            "image_std": list(IMAGE_STD),
            "image_processor_type": "Qwen2VLImageProcessor",
            "processor_class": "Qwen2_5_VLProcessor",
        },
    )


def config_dict(ids: dict[str, int], text: dict[str, Any]) -> dict[str, Any]:
    """Return ``config.json`` in the published flat form."""
    last = max(ids.values())
    return {
        "architectures": ["Qwen2_5_VLForConditionalGeneration"],
        "model_type": "qwen2_5_vl",
        # Tells `open_model` how the toy is talked to, wherever its folder is copied.
        "medvlm_profile": "demo",
        "attention_dropout": 0.0,
        "bos_token_id": ids["<|endoftext|>"],
        "eos_token_id": ids["<|im_end|>"],
        "vision_start_token_id": ids["<|vision_start|>"],
        "vision_end_token_id": ids["<|vision_end|>"],
        "vision_token_id": ids["<|vision_pad|>"],
        "image_token_id": ids["<|image_pad|>"],
        "video_token_id": ids["<|video_pad|>"],
        "tie_word_embeddings": True,
        "torch_dtype": "float16",
        "use_cache": True,
        # A multiple of 64 rows, as published checkpoints pad theirs.
        "vocab_size": math.ceil((last + 1) / 64) * 64,
        "vision_config": VISION,
        **TEXT,
        **text,
    }


def _write(path: Path, value: dict[str, Any]) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")


def new_model(folder: Path, seed: int) -> Any:
    """Build the model of a folder with fresh weights, float32, on the CPU."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    torch.manual_seed(seed)
    values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    values.pop("torch_dtype")
    config = Qwen2_5_VLConfig(**values)
    config._attn_implementation = "sdpa"
    model = Qwen2_5_VLForConditionalGeneration(config).float()
    layers = config.text_config.num_hidden_layers
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if weight.ndim >= 2:
                _first_weight(name, weight, layers)
            elif name.endswith("bias"):
                weight.zero_()
        _first_numbers(model, toy_tokenizer.number_ids(toy_tokenizer.load(folder)), seed)
    return model


def _first_weight(name: str, weight: Any, layers: int) -> None:
    """Scale by fan-in: transformers' 0.02 is meant for models ten times as wide."""
    if "embed_tokens" in name:
        weight.normal_(0.0, 0.05)
        return
    deviation = weight[0].numel() ** -0.5
    if name.endswith(("o_proj.weight", "down_proj.weight", "attn.proj.weight")):
        deviation /= math.sqrt(2 * layers)
    if "patch_embed" in name:
        deviation *= 0.25
    weight.normal_(0.0, deviation)


def _first_numbers(model: Any, ids: list[int], seed: int) -> None:
    """Give near numbers near embeddings: Fourier features of n/2000, random directions."""
    import torch

    generator = torch.Generator().manual_seed(seed + 1)
    table = model.get_input_embeddings().weight
    waves = torch.arange(1, 49, dtype=torch.float32)
    angles = torch.arange(len(ids))[:, None] / 2000 * 2 * math.pi * waves
    size = torch.exp(-0.5 * (waves / 20) ** 2)
    features = torch.cat([angles.cos() * size, angles.sin() * size], dim=1)
    mixing = torch.randn(features.shape[1], table.shape[1], generator=generator)
    values = features @ mixing
    common = torch.randn(table.shape[1], generator=generator)
    table[ids] = 0.05 * (values / values.std() + 0.5 * common)

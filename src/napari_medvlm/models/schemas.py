"""The schema of each JSON file that is read of a checkpoint.

Bounds lie far above what has been published (the largest decoders have 126 layers and a width of
16,384), and far below what would fill a machine's memory before the weights are even compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .regexes import why_slow
from .schema import Block, Rule, either, list_of, mapping_of, number, switch, text, whole

_COUNT = whole(1, 1 << 20)
_LAYERS = whole(1, 1000)
_ID = whole(-1, 1 << 24)
_IDS = either(_ID, list_of(_ID, longest=1000))
_SIDE = either(whole(1, 1 << 14), list_of(whole(1, 1 << 14), shortest=2, longest=2))
_SCALE = number(1e-12, 1e12)

_ROPE = Block(
    {
        "type": text(100),
        "rope_type": text(100),
        "rope_theta": _SCALE,
        "factor": number(0, 1e6),
        "mrope_section": list_of(whole(0, 1 << 14), shortest=1, longest=16),
    }
)
_DECODER: dict[str, Rule | Block] = {
    "hidden_size": _COUNT,
    "intermediate_size": whole(1, 1 << 22),
    "num_hidden_layers": _LAYERS,
    "num_attention_heads": whole(1, 4096),
    "num_key_value_heads": whole(1, 4096),
    "head_dim": whole(1, 1 << 14),
    "vocab_size": whole(1, 1 << 24),
    "max_position_embeddings": whole(1, 1 << 27),
    "rms_norm_eps": number(0, 1),
    "rope_theta": _SCALE,
    "rope_scaling": _ROPE,
    "rope_parameters": _ROPE,
    "hidden_act": text(100),
    "layer_types": list_of(text(100), longest=1000),
    "sliding_window": whole(0, 1 << 27),
    "max_window_layers": whole(0, 100_000),
    "use_sliding_window": switch,
    "tie_word_embeddings": switch,
    "eos_token_id": either(_IDS, text(1000)),
}
_TOWER: dict[str, Rule | Block] = {
    "depth": _LAYERS,
    "num_hidden_layers": _LAYERS,
    "hidden_size": _COUNT,
    "embed_dim": _COUNT,
    "out_hidden_size": _COUNT,
    "intermediate_size": whole(1, 1 << 22),
    "mlp_ratio": number(0.01, 1000),
    "num_heads": whole(1, 4096),
    "num_attention_heads": whole(1, 4096),
    "in_chans": whole(1, 64),
    "in_channels": whole(1, 64),
    "num_channels": whole(1, 64),
    "image_size": _SIDE,
    "patch_size": either(whole(1, 1024), list_of(whole(1, 1024), shortest=2, longest=2)),
    "spatial_merge_size": whole(1, 64),
    "temporal_patch_size": whole(1, 64),
    "window_size": whole(1, 1 << 14),
    "fullatt_block_indexes": list_of(whole(0, 1000), longest=1000),
    "tokens_per_second": number(0, 10_000),
    "layer_norm_eps": number(0, 1),
    "hidden_act": text(100),
}
CONFIG = Block(
    {
        **_DECODER,
        "model_type": text(100),
        "medvlm_profile": text(100),
        "_name_or_path": text(),
        "text_config": Block(_DECODER),
        "llm_config": Block(_DECODER),
        "vision_config": Block(_TOWER),
        "quantization_config": Block(),
        "image_token_id": _ID,
        "video_token_id": _ID,
        "downsample_ratio": number(1e-3, 1),
        "force_image_size": _SIDE,
        "select_layer": whole(-1000, 1000),
        "min_dynamic_patch": whole(1, 1000),
        "max_dynamic_patch": whole(1, 1000),
        "system_message": text(100_000),
    }
)

GENERATION = Block(
    {
        "eos_token_id": either(_IDS, text(1000), list_of(text(1000), longest=1000)),
        "repetition_penalty": number(0.01, 100),
        "temperature": number(0, 1000),
        "top_p": number(0, 1),
        "top_k": whole(0, 1 << 24),
        "do_sample": switch,
        "num_beams": whole(1, 10_000),
        "no_repeat_ngram_size": whole(0, 1 << 20),
        "min_new_tokens": whole(0, 1 << 24),
        "suppress_tokens": list_of(_ID),
        "begin_suppress_tokens": list_of(_ID),
        "bad_words_ids": list_of(list_of(whole(0, 1 << 24), shortest=1, longest=1000)),
    }
)

_SHARE = list_of(number(-1000, 1000), shortest=3, longest=3)
_SPREAD = list_of(number(1e-6, 1000), shortest=3, longest=3)
#: As many tokens as the published resize gives an image at most: 16,384 of 28 × 28 pixels.
_LEAST_PIXELS = whole(1, 16_384 * 28 * 28)
_MOST_PIXELS = whole(1, 1 << 31)
_SIZES = Block(
    {
        "shortest_edge": _LEAST_PIXELS,
        "longest_edge": _MOST_PIXELS,
        "height": whole(1, 1 << 14),
        "width": whole(1, 1 << 14),
    }
)


def _size(value: Any) -> str | None:
    if not isinstance(value, dict):
        return None if _COUNT(value) is None else "an object with sizes, or a whole number"
    for key, rule in _SIZES.keys.items():
        found = value.get(key)
        said = rule(found) if found is not None and not isinstance(rule, Block) else None
        if said is not None:
            return f"an object whose {key} is {said}"
    return None


PREPROCESSOR = Block(
    {
        "min_pixels": _LEAST_PIXELS,
        "max_pixels": _MOST_PIXELS,
        "size": _size,
        "image_mean": _SHARE,
        "image_std": _SPREAD,
        "patch_size": whole(1, 1024),
        "merge_size": whole(1, 64),
        "temporal_patch_size": whole(1, 64),
        "resample": whole(0, 5),
    }
)
PROCESSOR = Block({"image_processor": PREPROCESSOR, "video_processor": PREPROCESSOR})


def _added_token(value: Any) -> str | None:
    right = isinstance(value, dict) and text(1000)(value.get("content")) is None
    return None if right else "an object with its text as content"


def _added_tokens(value: Any) -> str | None:
    said = mapping_of(_added_token)(value)
    if said is None and not all(k.isascii() and k.isdigit() and len(k) < 9 for k in value):
        return "an object whose keys are ids"
    return said


def _template(value: Any) -> str | None:
    named = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return None if named else text(1 << 20)(value)


TOKENIZER_CONFIG = Block({"added_tokens_decoder": _added_tokens, "chat_template": _template})
CHAT_TEMPLATE = Block({"chat_template": _template})


#: How many times longer a text may get before it is cut into tokens.
_MOST_GROWTH = 16


def _steps(value: Any, key: str) -> list[dict[str, Any]]:
    """The steps of a part of a tokenizer, those of sequences in sequences too."""
    found, left = [], [value]
    while left:
        step = left.pop()
        if isinstance(step, dict):
            found.append(step)
            inner = step.get(key)
            left.extend(inner if isinstance(inner, list) else [])
    return found


def _pattern(step: dict[str, Any]) -> str | None:
    pattern = step.get("pattern")
    regex = pattern.get("Regex") if isinstance(pattern, dict) else None
    slow = why_slow(regex) if isinstance(regex, str) else None
    return None if slow is None else f"without patterns that can take for ever ({slow})"


def _normalizer(value: Any) -> str | None:
    growth = 1
    for step in _steps(value, "normalizers"):
        if (said := _pattern(step)) is not None:
            return said
        pattern = step.get("pattern")
        shortest = len(pattern.get("String") or "") if isinstance(pattern, dict) else 0
        content = step.get("content")
        growth *= max(1, -(-len(content) // max(1, shortest))) if isinstance(content, str) else 1
        if growth > _MOST_GROWTH:
            return f"such that a text gets at most {_MOST_GROWTH} times longer"
        if text(1000)(step.get("prepend") or "") is not None:
            return "without long texts put first"
    return None


def _pre_tokenizer(value: Any) -> str | None:
    return next((s for x in _steps(value, "pretokenizers") if (s := _pattern(x))), None)


def _decoder(value: Any) -> str | None:
    for step in _steps(value, "decoders"):
        if (said := _pattern(step)) is not None:
            return said
        if text(1000)(step.get("content") or "") is not None:
            return "without long texts put in"
    return None


TOKENIZER = Block(
    {
        "added_tokens": list_of(_added_token),
        "normalizer": _normalizer,
        "pre_tokenizer": _pre_tokenizer,
        "decoder": _decoder,
        # Of a merge left out by chance no answer could be made again.
        "model": Block({"dropout": whole(0, 0)}),
    }
)

INDEX = Block({"weight_map": mapping_of(text(255))})

#: By the name of the file.
SCHEMAS: Mapping[str, Block] = {
    "config.json": CONFIG,
    "generation_config.json": GENERATION,
    "preprocessor_config.json": PREPROCESSOR,
    "video_preprocessor_config.json": PREPROCESSOR,
    "processor_config.json": PROCESSOR,
    "tokenizer_config.json": TOKENIZER_CONFIG,
    "tokenizer.json": TOKENIZER,
    "chat_template.json": CHAT_TEMPLATE,
    "model.safetensors.index.json": INDEX,
}

"""What ``config.json`` of an InternVL folder says, in either of its two published layouts.

- ``internvl_chat``: the authors' own, with the blocks ``vision_config`` (InternViT) and
  ``llm_config`` (Qwen2). Defaults of absent keys are those of the authors' InternVisionConfig
  (https://github.com/OpenGVLab/InternVL, configuration_intern_vit.py).
- ``internvl``: as transformers writes it, with ``text_config``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...errors import CheckpointError

ORIGINAL, NATIVE = "internvl_chat", "internvl"
#: The system message of the template ``internvl2_5``, which the models were trained with.
SYSTEM_MESSAGE = (
    "你是书生·万象，英文名是InternVL，"
    "是由上海人工智能实验室、清华大学及多家合作单位联合开发的多模态大语言模型。"
)
#: Templates that write turns as this family does; files without a name of one count as this.
TEMPLATES = ("internvl2_5",)
_VISION_DEFAULTS: dict[str, Any] = {
    "num_channels": 3,
    "patch_size": 14,
    "hidden_act": "gelu",
    "norm_type": "rms_norm",
    "layer_norm_eps": 1e-6,
}
_VISION_SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
_TEXT_NEEDED = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
    "rms_norm_eps",
    "rope_theta",
    "max_position_embeddings",
)
_TEXT_OPTIONAL = ("rope_scaling", "hidden_act", "use_sliding_window", "sliding_window")


@dataclass(frozen=True)
class Layout:
    """What the rest of the family has to know of a folder.

    Parameters
    ----------
    values
        Keys of transformers' ``InternVLConfig``.
    original
        Whether the tensors have the authors' names.
    image_size
        Side of an image or a tile as the vision tower gets it, in pixels.
    tokens_per_tile
        Visual tokens of one.
    system_message
        What the prompt begins with.
    tiles
        Fewest and most tiles of a tiled image, without its thumbnail.
    thumbnail
        Whether a tiled image is followed by the whole one.
    tied
        Whether the output layer may be absent, because it is the embedding.
    """

    values: Mapping[str, Any]
    original: bool
    image_size: int
    tokens_per_tile: int
    system_message: str = SYSTEM_MESSAGE
    tiles: tuple[int, int] = (1, 12)
    thumbnail: bool = True
    tied: bool = False


def read_layout(config: Mapping[str, Any]) -> Layout:
    """Read ``config.json``.

    Parameters
    ----------
    config
        As it is in the file.

    Raises
    ------
    CheckpointError
        For a layout, a language model, a pixel shuffle or a template that is not known, and for
        sizes that are missing.
    """
    try:
        return _original(config) if config.get("model_type") == ORIGINAL else _native(config)
    except (KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"config.json does not describe an InternVL model ({type(error).__name__}: {error})."
        ) from error


def _original(config: Mapping[str, Any]) -> Layout:
    vision, text = config["vision_config"], config["llm_config"]
    names = [str(name) for name in text.get("architectures") or []]
    _expect("language model", text.get("model_type", "qwen2"), ("qwen2",), names)
    _expect("ps_version", config.get("ps_version", "v2"), ("v2",))
    _expect("template", config.get("template") or TEMPLATES[0], TEMPLATES)
    ratio = float(config.get("downsample_ratio", 0.5))
    side = int(config.get("force_image_size") or vision["image_size"])
    message = config.get("system_message")
    return Layout(
        values={
            "vision_config": _vision(vision),
            "text_config": _text(text),
            "downsample_ratio": ratio,
            "vision_feature_layer": int(config.get("select_layer", -1)),
            # The outer default is True, which would replace the stored output layer.
            "tie_word_embeddings": False,
        },
        original=True,
        image_size=side,
        tokens_per_tile=_tokens(side, int(vision.get("patch_size", 14)), ratio),
        # Null means the default; some newer code would write the word None instead.
        system_message=SYSTEM_MESSAGE if message is None else str(message),
        tiles=(int(config.get("min_dynamic_patch", 1)), int(config.get("max_dynamic_patch", 12))),
        thumbnail=bool(config.get("use_thumbnail", True)),
    )


def _vision(vision: Mapping[str, Any]) -> dict[str, Any]:
    _missing(vision, (*_VISION_SIZES, "image_size"), "vision_config")
    kept = {key: vision.get(key, value) for key, value in _VISION_DEFAULTS.items()}
    return {
        "model_type": "internvl_vision",
        **kept,
        **{key: vision[key] for key in _VISION_SIZES},
        "image_size": int(vision["image_size"]),
        "attention_bias": bool(vision.get("qkv_bias", False)),
        "use_qk_norm": bool(vision.get("qk_normalization", True)),
        "use_absolute_position_embeddings": True,
        # No norm after the last layer.
        "use_mean_pooling": True,
    }


def _text(text: Mapping[str, Any]) -> dict[str, Any]:
    text = _with_rope(text)
    _missing(text, _TEXT_NEEDED, "llm_config")
    kept = {key: text[key] for key in _TEXT_OPTIONAL if text.get(key) is not None}
    return {
        "model_type": "qwen2",
        **kept,
        **{key: text[key] for key in _TEXT_NEEDED},
        "tie_word_embeddings": False,
    }


def _with_rope(text: Mapping[str, Any]) -> Mapping[str, Any]:
    """The newer form of the same: one block ``rope_parameters`` for base, kind and scaling."""
    rope = text.get("rope_parameters")
    if not isinstance(rope, Mapping):
        return text
    kind = rope.get("rope_type", rope.get("type", "default"))
    own = {"rope_theta": rope.get("rope_theta")}
    if kind != "default":
        own["rope_scaling"] = {k: v for k, v in rope.items() if k != "rope_theta"}
    return {**{k: v for k, v in own.items() if v is not None}, **text}


def _native(config: Mapping[str, Any]) -> Layout:
    vision, text = dict(config["vision_config"]), dict(config["text_config"])
    _expect("language model", text.get("model_type", "qwen2"), ("qwen2",))
    side, patch = _side(vision.get("image_size", 448)), _side(vision.get("patch_size", 14))
    ratio = float(config.get("downsample_ratio", 0.5))
    # Older files say it of the language model alone, and the outer default is True.
    tied = bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False)))
    values = {k: v for k, v in config.items() if k != "auto_map"}
    values.update(vision_config=vision, text_config=text, tie_word_embeddings=tied)
    return Layout(
        values=values,
        original=False,
        image_size=side,
        tokens_per_tile=_tokens(side, patch, ratio),
        tied=tied,
    )


def _side(size: Any) -> int:
    if isinstance(size, int):
        return size
    if len(set(size)) != 1:
        raise ValueError(f"Expected square images, found {size}.")
    return int(size[0])


def _tokens(side: int, patch: int, ratio: float) -> int:
    grid = side // patch
    wide = grid * ratio
    if side % patch or wide != int(wide) or wide < 1:
        raise ValueError(f"images of {side} pixels do not divide into patches of {patch}")
    return int(wide) ** 2


def _missing(block: Mapping[str, Any], keys: tuple[str, ...], name: str) -> None:
    lacking = [key for key in keys if block.get(key) is None]
    if lacking:
        raise CheckpointError(
            f"Expected {', '.join(lacking)} in {name} of config.json, found none.",
            "Copy config.json again from the place where the model was published.",
        )


def _expect(what: str, found: Any, known: tuple[str, ...], detail: list[str] | None = None) -> None:
    if found not in known:
        more = f" ({', '.join(detail)})" if detail else ""
        raise CheckpointError(
            f"Expected {what} {' or '.join(known)} in config.json, found {found!r}{more}.",
            "InternVL models of this kind cannot be run here.",
        )

"""Tensor names: the authors' files to the network of transformers, and back.

The files of InternVL name a fused ``qkv`` where the network has three layers; its rows are the
query block, the key block and the value block. Files that transformers has written (the folders
whose names end in ``-hf``) have the network's own names, older ones without ``model.`` before
the towers.
"""

from __future__ import annotations

import re

_TOWER = "model.vision_tower"
_EXACT = {
    "vision_model.embeddings.class_embedding": f"{_TOWER}.embeddings.cls_token",
    "vision_model.embeddings.position_embedding": f"{_TOWER}.embeddings.position_embeddings",
}
#: Beginnings of names; the first that fits counts.
_BEGINNINGS = {
    "vision_model.embeddings.patch_embedding.": f"{_TOWER}.embeddings.patch_embeddings.projection.",
    "mlp1.0.": "model.multi_modal_projector.layer_norm.",
    "mlp1.1.": "model.multi_modal_projector.linear_1.",
    "mlp1.3.": "model.multi_modal_projector.linear_2.",
    "language_model.lm_head.": "lm_head.",
    "language_model.model.": "model.language_model.",
}
#: Parts of a layer of the vision tower.
_LAYER = {
    "attn.proj": "attention.projection_layer",
    "attn.q_norm": "attention.q_norm",
    "attn.k_norm": "attention.k_norm",
    "norm1": "layernorm_before",
    "norm2": "layernorm_after",
    "ls1": "lambda_1",
    "ls2": "lambda_2",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_STORED_LAYER = re.compile(r"vision_model\.encoder\.layers\.(\d+)\.(.+)")
_NETWORK_LAYER = re.compile(r"model\.vision_tower\.encoder\.layer\.(\d+)\.(.+)")
_FUSED = re.compile(r"attn\.qkv\.(weight|bias)")
_SPLIT = re.compile(r"attention\.[qkv]_proj\.(weight|bias)")
_OLDER_HF = {
    "vision_tower.": "model.vision_tower.",
    "multi_modal_projector.": "model.multi_modal_projector.",
    "language_model.model.": "model.language_model.",
    "language_model.lm_head.": "lm_head.",
}


def new_names(stored: str) -> str | tuple[str, ...]:
    """Names in the network of a tensor of the authors' files; unknown ones stay as they are."""
    if stored in _EXACT:
        return _EXACT[stored]
    layer = _STORED_LAYER.fullmatch(stored)
    if layer is None:
        return _begun(stored, _BEGINNINGS)
    place, leaf = f"{_TOWER}.encoder.layer.{layer[1]}", layer[2]
    fused = _FUSED.fullmatch(leaf)
    if fused is not None:
        return tuple(f"{place}.attention.{part}_proj.{fused[1]}" for part in "qkv")
    new = _replaced(leaf, _LAYER)
    return stored if new is None else f"{place}.{new}"


def stored_name(name: str) -> str:
    """Name in the authors' files of a parameter of the network: the inverse of `new_names`."""
    exact = {new: old for old, new in _EXACT.items()}
    if name in exact:
        return exact[name]
    layer = _NETWORK_LAYER.fullmatch(name)
    if layer is None:
        return _begun(name, {new: old for old, new in _BEGINNINGS.items()})
    place, leaf = f"vision_model.encoder.layers.{layer[1]}", layer[2]
    split = _SPLIT.fullmatch(leaf)
    if split is not None:
        return f"{place}.attn.qkv.{split[1]}"
    old = _replaced(leaf, {new: old for old, new in _LAYER.items()})
    return name if old is None else f"{place}.{old}"


def hf_name(stored: str) -> str:
    """Name in the network of a tensor of a file that transformers has written."""
    return _begun(stored, _OLDER_HF)


def _begun(name: str, table: dict[str, str]) -> str:
    for old, new in table.items():
        if name.startswith(old):
            return new + name.removeprefix(old)
    return name


def _replaced(leaf: str, table: dict[str, str]) -> str | None:
    for old, new in table.items():
        if leaf == old or leaf.startswith(f"{old}."):
            return new + leaf.removeprefix(old)
    return None

"""Tokens through a Qwen2 decoder: the fast twin of the library's forward pass.

Writing an answer runs the network once for every token, and a second question about the same
pictures runs it over a few: on such small steps most of the time goes into bookkeeping around
the arithmetic. Here the layers are a few operations each, in the same order and precision as
transformers' Qwen2, Qwen2-VL and Qwen2.5-VL do them. What this does not know (other layers,
sliding windows, scaled positions, position axes that differ) is left to the plain path; a test
holds the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..extras import require

#: Layers whose arithmetic this is.
_LAYERS = ("Qwen2DecoderLayer", "Qwen2VLDecoderLayer", "Qwen2_5_VLDecoderLayer")
#: Kinds of rotary positions whose frequencies are those of the buffer up to the longest length.
_ROPES = ("default", "dynamic")


#: Weight, which may be quantised, and bias or None.
_Matrix = tuple[Any, Any]


@dataclass(frozen=True)
class _Layer:
    """The parts of one decoder layer: (weight, bias) of its matrices, and its norms.

    Tensors rather than modules: calling a module costs as much as a small product.
    """

    norm_in: Any
    query: _Matrix
    key: _Matrix
    value: _Matrix
    out: _Matrix
    norm_mlp: Any
    gate: _Matrix
    up: _Matrix
    down: _Matrix


class Stepper:
    """Steps through a decoder, token by token.

    Parameters
    ----------
    decoder
        ``Qwen2Model`` or the text model of a Qwen-VL network.
    head
        The output layer.
    """

    def __init__(self, decoder: Any, head: Any) -> None:
        self._torch = require("torch", "to run a model")
        self._decoder, self._head = decoder, head
        attention = decoder.layers[0].self_attn
        self._width = int(attention.head_dim)
        self._scale = float(attention.scaling)
        self._eps = float(decoder.norm.variance_epsilon)
        self._layers = [_layer_of(layer) for layer in decoder.layers]

    @classmethod
    def of(cls, decoder: Any, head: Any) -> Stepper | None:
        """Return a stepper where the decoder is one that is known here; None otherwise."""
        return cls(decoder, head) if _known(decoder) else None

    def logits(self, embeds: Any, places: Any, cache: Any) -> Any:
        """Run some tokens and return the logits after the last.

        Parameters
        ----------
        embeds
            (1, length, hidden).
        places
            int64 tensor (length,): their positions, the same on all axes.
        cache
            Of the tokens before them; it grows by ``length``.

        Returns
        -------
        logits
            float32 tensor (vocabulary,).
        """
        torch = self._torch
        with torch.inference_mode():
            hidden = embeds[0]
            turns = self._angles(places, hidden)
            mask = _mask(torch, len(hidden), cache, hidden.device)
            for index, layer in enumerate(self._layers):
                hidden = self._layer(layer, hidden, turns, mask, cache, index)
            return self._head(self._normed(self._decoder.norm, hidden[-1:]))[0].float()

    def _layer(
        self, layer: _Layer, hidden: Any, turns: tuple[Any, Any], mask: Any, cache: Any, index: int
    ) -> Any:
        functional = self._torch.nn.functional
        linear = functional.linear
        normed = self._normed(layer.norm_in, hidden)
        query = self._turned(linear(normed, *layer.query), *turns)
        key = self._turned(linear(normed, *layer.key), *turns)
        value = self._heads(linear(normed, *layer.value))
        keys, values = cache.update(key, value, index)
        attended = functional.scaled_dot_product_attention(
            query, keys, values, attn_mask=mask, scale=self._scale, enable_gqa=True
        )
        hidden = hidden + linear(attended.transpose(1, 2).flatten(2)[0], *layer.out)
        normed = self._normed(layer.norm_mlp, hidden)
        gated = functional.silu(linear(normed, *layer.gate)) * linear(normed, *layer.up)
        return hidden + linear(gated, *layer.down)

    def _normed(self, norm: Any, hidden: Any) -> Any:
        torch = self._torch
        if hidden.dtype == torch.float32:
            return torch.rms_norm(hidden, hidden.shape[-1:], norm.weight, self._eps)
        # In 16 bit the fused form rounds elsewhere than the module does.
        return norm(hidden)

    def _heads(self, flat: Any) -> Any:
        """Cut (length, heads × width) into (1, heads, length, width)."""
        return flat.view(1, len(flat), -1, self._width).transpose(1, 2)

    def _turned(self, flat: Any, cos: Any, sin: Any) -> Any:
        """Cut into heads and rotate by the position."""
        heads = self._heads(flat)
        # sin carries the sign of the half that is swapped in.
        return heads * cos + heads.roll(self._width // 2, -1) * sin

    def _angles(self, places: Any, like: Any) -> tuple[Any, Any]:
        """Cosines and signed sines, (length, width) each."""
        torch = self._torch
        angles = places[:, None].float() * self._decoder.rotary_emb.inv_freq.float()
        cos, sin = angles.cos(), angles.sin()
        both = torch.cat((cos, cos), dim=-1), torch.cat((-sin, sin), dim=-1)
        return both[0].to(like.dtype), both[1].to(like.dtype)


def _layer_of(layer: Any) -> _Layer:
    attention, mlp = layer.self_attn, layer.mlp
    return _Layer(
        norm_in=layer.input_layernorm,
        query=_matrix(attention, "q_proj"),
        key=_matrix(attention, "k_proj"),
        value=_matrix(attention, "v_proj"),
        out=_matrix(attention, "o_proj"),
        norm_mlp=layer.post_attention_layernorm,
        gate=_matrix(mlp, "gate_proj"),
        up=_matrix(mlp, "up_proj"),
        down=_matrix(mlp, "down_proj"),
    )


def _matrix(module: Any, name: str) -> _Matrix:
    linear = getattr(module, name)
    return linear.weight, linear.bias


def _mask(torch: Any, length: int, cache: Any, device: Any) -> Any:
    """Which keys (columns) each token (row) sees; None for a single token, which sees all."""
    if length == 1:
        return None
    before = cache.get_seq_length()
    mask = torch.ones(length, before + length, dtype=torch.bool, device=device)
    return mask.tril_(before)


def _known(decoder: Any) -> bool:
    rope = decoder.rotary_emb
    return (
        all(_known_layer(layer) for layer in decoder.layers)
        and getattr(rope, "rope_type", "default") in _ROPES
        and float(getattr(rope, "attention_scaling", 1.0)) == 1.0
    )


def _known_layer(layer: Any) -> bool:
    return (
        type(layer).__name__ in _LAYERS
        and getattr(layer.self_attn, "sliding_window", None) is None
        and type(layer.mlp.act_fn).__name__ in ("SiLU", "SiLUActivation")
    )

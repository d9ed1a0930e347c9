"""One token through a Qwen2 decoder: the fast twin of the library's forward pass.

Writing an answer runs the network once for every token, and on small steps most of the time
goes into bookkeeping around the arithmetic. For a single token there is nothing to mask and all
position axes agree, so that the layers reduce to a few operations each, done here in the same
order and precision as transformers' Qwen2, Qwen2-VL and Qwen2.5-VL do them. What this does not
know (other layers, sliding windows, scaled positions) is left to the plain path; a test holds
the two equal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..extras import require

#: Layers whose arithmetic this is.
_LAYERS = ("Qwen2DecoderLayer", "Qwen2VLDecoderLayer", "Qwen2_5_VLDecoderLayer")
#: Kinds of rotary positions whose frequencies are those of the buffer up to the longest length.
_ROPES = ("default", "dynamic")


@dataclass(frozen=True)
class _Layer:
    """The parts of one decoder layer; matrices stay modules, which may be quantised."""

    norm_in: Any
    query: Any
    key: Any
    value: Any
    out: Any
    norm_mlp: Any
    gate: Any
    up: Any
    down: Any


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
        self._layers = [
            _Layer(
                layer.input_layernorm,
                layer.self_attn.q_proj,
                layer.self_attn.k_proj,
                layer.self_attn.v_proj,
                layer.self_attn.o_proj,
                layer.post_attention_layernorm,
                layer.mlp.gate_proj,
                layer.mlp.up_proj,
                layer.mlp.down_proj,
            )
            for layer in decoder.layers
        ]

    @classmethod
    def of(cls, decoder: Any, head: Any) -> Stepper | None:
        """Return a stepper where the decoder is one that is known here; None otherwise."""
        return cls(decoder, head) if _known(decoder) else None

    def logits(self, embeds: Any, place: int, cache: Any) -> Any:
        """Run one token and return its logits.

        Parameters
        ----------
        embeds
            (1, 1, hidden).
        place
            Its position, the same on all axes.
        cache
            Of the tokens before it; it grows by one.

        Returns
        -------
        logits
            float32 tensor (vocabulary,).
        """
        torch = self._torch
        with torch.inference_mode():
            hidden = embeds[0]
            cos, sin = self._angles(place, hidden)
            for index, layer in enumerate(self._layers):
                hidden = self._layer(layer, hidden, cos, sin, cache, index)
            return self._head(self._normed(self._decoder.norm, hidden))[0].float()

    def _layer(self, layer: _Layer, hidden: Any, cos: Any, sin: Any, cache: Any, index: int) -> Any:
        functional = self._torch.nn.functional
        normed = self._normed(layer.norm_in, hidden)
        query = self._turned(layer.query(normed), cos, sin)
        key = self._turned(layer.key(normed), cos, sin)
        value = layer.value(normed).view(1, -1, 1, self._width)
        keys, values = cache.layers[index].update(key, value)
        attended = functional.scaled_dot_product_attention(
            query, keys, values, scale=self._scale, enable_gqa=True
        )
        hidden = hidden + layer.out(attended.reshape(1, -1))
        normed = self._normed(layer.norm_mlp, hidden)
        return hidden + layer.down(functional.silu(layer.gate(normed)) * layer.up(normed))

    def _normed(self, norm: Any, hidden: Any) -> Any:
        torch = self._torch
        if hidden.dtype == torch.float32:
            return torch.nn.functional.rms_norm(hidden, hidden.shape[-1:], norm.weight, self._eps)
        # In 16 bit the fused form rounds elsewhere than the module does.
        return norm(hidden)

    def _turned(self, flat: Any, cos: Any, sin: Any) -> Any:
        """Rotate (1, heads × width) by the position; returns (1, heads, 1, width)."""
        heads = flat.view(1, -1, 1, self._width)
        # sin carries the sign of the half that is swapped in.
        return heads * cos + heads.roll(self._width // 2, -1) * sin

    def _angles(self, place: int, like: Any) -> tuple[Any, Any]:
        torch = self._torch
        angles = self._decoder.rotary_emb.inv_freq.float() * place
        cos, sin = angles.cos(), angles.sin()
        both = torch.cat((cos, cos)), torch.cat((-sin, sin))
        return both[0].to(like.dtype), both[1].to(like.dtype)


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

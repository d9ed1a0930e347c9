"""Several questions about the same images in one forward pass, exactly as if asked one by one.

A packed sequence is one *prefix* (system text and images) followed by *branches* (question and
answer). A branch sees the prefix and itself, nothing of the other branches, and its position ids
go on where the prefix ends; so every branch gets the very values it would get alone, and the
images are encoded once. :func:`image_features` is the vision tower for equal square grey images,
in one batch; it equals the native tower (tests compare both).

Position ids follow the Qwen2.5-VL report (arXiv:2502.13923, section 2.1) as transformers 4.56
implements them: text counts up on all three axes, an image counts merged cells on height and
width, a clip counts ``2 * seconds`` on time; text resumes at the largest position + 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import architecture as arch
from .tokenizer import SYSTEM_TEXT

SECONDS_PER_STEP = 1.0
"""A temporal patch holds two frames, and frames count as taken at 2 per second."""


@dataclass(frozen=True)
class Branch:
    """One question with its answer, as ids.

    Attributes
    ----------
    ids
        Question and answer, the closing ``<|im_end|>`` included.
    answer_start
        Index into ``ids`` of the first token that the model has to write.
    soft
        ``(index into ids, exact value, spread)`` of numbers that are measured rather than
        counted: neighbouring numbers are nearly as right.
    """

    ids: list[int]
    answer_start: int
    soft: tuple[tuple[int, float, float], ...] = ()


def prefix_text(count: int, *, steps: int = 0, tokens: int = arch.TOKENS) -> str:
    """Return the prompt up to the question.

    Parameters
    ----------
    count
        Number of still images; 0 for a clip.
    steps
        Number of temporal steps of a clip (two frames each); 0 for still images.
    tokens
        Merged tokens of one image or step.
    """
    text = f"<|im_start|>system\n{SYSTEM_TEXT}<|im_end|>\n<|im_start|>user\n"
    if steps:
        pads = "<|video_pad|>" * (tokens * steps)
        return f"{text}Video 1: <|vision_start|>{pads}<|vision_end|>"
    pads = "<|image_pad|>" * tokens
    return text + "".join(
        f"Picture {number}: <|vision_start|>{pads}<|vision_end|>" for number in range(1, count + 1)
    )


def question_text(text: str) -> str:
    """Return what stands between the images and the answer."""
    return f"{text}<|im_end|>\n<|im_start|>assistant\n"


def prefix_positions(
    ids: Sequence[int], image_id: int, video_id: int, side: int = arch.GRID // arch.MERGE
) -> NDArray[np.int64]:
    """Return the position ids (3, length) of a prefix: time, height, width."""
    out = np.zeros((3, len(ids)), np.int64)
    index, position = 0, 0
    cell = np.stack([np.zeros(side * side), *np.divmod(np.arange(side * side), side)])
    step = arch.VISION["tokens_per_second"] * SECONDS_PER_STEP  # type: ignore[operator]
    while index < len(ids):
        if ids[index] not in (image_id, video_id):
            out[:, index] = position
            index, position = index + 1, position + 1
            continue
        stop = index
        while stop < len(ids) and ids[stop] == ids[index]:
            stop += 1
        for time, start in enumerate(range(index, stop, side * side)):
            out[:, start : start + side * side] = position + cell
            out[0, start : start + side * side] += int(time * step)
        index = stop
        position = int(out[:, :index].max()) + 1
    return out


@dataclass
class Pack:
    """A batch of packed sequences, ready for the model (torch tensors).

    Attributes
    ----------
    ids
        (batch, length) token ids.
    positions
        (3, batch, length).
    visible
        (batch, 1, length, length) bool: True where a query (row) sees a key (column).
    vision
        (batch, length) bool: True where an image token stands.
    predict
        Rows of ``ids.flatten()`` whose next token is asked for.
    target
        Ids of those next tokens.
    soft_row, soft_value, soft_spread
        Rows of ``predict`` with a soft target, its exact value, its spread.
    """

    ids: Any
    positions: Any
    visible: Any
    vision: Any
    predict: Any
    target: Any
    soft_row: Any
    soft_value: Any
    soft_spread: Any

    def to(self, device: Any) -> Pack:
        """Return the same on another device."""
        moved = {f.name: getattr(self, f.name).to(device) for f in fields(self)}
        return Pack(**moved)


def pack(
    prefixes: Sequence[list[int]],
    branches: Sequence[Sequence[Branch]],
    *,
    image_id: int,
    video_id: int,
    pad_id: int,
) -> Pack:
    """Lay out one prefix with its branches for each row of a batch."""
    import torch

    lengths = [
        len(prefix) + sum(len(branch.ids) for branch in row)
        for prefix, row in zip(prefixes, branches, strict=True)
    ]
    length, count = max(lengths), len(prefixes)
    ids = np.full((count, length), pad_id, np.int64)
    positions = np.zeros((3, count, length), np.int64)
    # 0: padding, 1: prefix, 2...: the branches. A token sees the prefix and its own segment.
    segment = np.zeros((count, length), np.int64)
    predict: list[int] = []
    soft: list[tuple[int, float, float]] = []
    for row, (prefix, own) in enumerate(zip(prefixes, branches, strict=True)):
        end = len(prefix)
        ids[row, :end], segment[row, :end] = prefix, 1
        positions[:, row, :end] = prefix_positions(prefix, image_id, video_id)
        resume = int(positions[:, row, :end].max()) + 1
        for number, branch in enumerate(own):
            start, end = end, end + len(branch.ids)
            ids[row, start:end], segment[row, start:end] = branch.ids, number + 2
            positions[:, row, start:end] = resume + np.arange(end - start)
            offset = row * length + start - 1
            first = len(predict) - branch.answer_start
            predict += [offset + i for i in range(branch.answer_start, len(branch.ids))]
            soft += [(first + index, value, spread) for index, value, spread in branch.soft]
    same = segment[:, :, None] == segment[:, None, :]
    causal = np.tril(np.ones((length, length), bool))
    visible = causal & (same | ((segment == 1)[:, None, :] & (segment > 0)[:, :, None]))
    rows = np.array(predict, np.int64)
    return Pack(
        ids=torch.from_numpy(ids),
        positions=torch.from_numpy(positions),
        visible=torch.from_numpy(visible[:, None]),
        vision=torch.from_numpy((ids == image_id) | (ids == video_id)),
        predict=torch.from_numpy(rows),
        target=torch.from_numpy(ids.reshape(-1)[rows + 1]),
        soft_row=torch.tensor([item[0] for item in soft], dtype=torch.int64),
        soft_value=torch.tensor([item[1] for item in soft], dtype=torch.float32),
        soft_spread=torch.tensor([item[2] for item in soft], dtype=torch.float32),
    )


def image_features(visual: Any, frames: Any) -> tuple[Any, Any]:
    """Encode equal square grey images in one batch.

    Parameters
    ----------
    visual
        The native vision tower; its own weights are used. Every block must have full attention.
    frames
        (images, 2, side, side) float tensor in 0..1: the two frames of each temporal patch; a
        still image may be given once, (images, 1, side, side).

    Returns
    -------
    merged
        (images, tokens, text width): what the text model sees, in reading order.
    patches
        (images, tokens, 4, vision width): the last block's output before merging.
    """
    import torch

    count, times, side, _ = frames.shape
    cells = side // (arch.PATCH * arch.MERGE)
    cut = frames.reshape(
        count, times, cells, arch.MERGE, arch.PATCH, cells, arch.MERGE, arch.PATCH
    ).permute(0, 2, 5, 3, 6, 1, 4, 7)
    flat = cut.reshape(count, cells * cells * arch.MERGE**2, -1)
    hidden = _embed_grey(visual.patch_embed.proj.weight, flat, times)
    cos, sin = _vision_angles(visual, cells)
    for block in visual.blocks:
        hidden = hidden + _vision_attention(block.attn, block.norm1(hidden), cos, sin)
        hidden = hidden + block.mlp(block.norm2(hidden))
    merged = visual.merger(hidden.reshape(-1, hidden.shape[-1]))
    patches = hidden.reshape(count, cells * cells, arch.MERGE**2, -1)
    assert isinstance(merged, torch.Tensor)
    return merged.reshape(count, cells * cells, -1), patches


def _embed_grey(weight: Any, flat: Any, times: int) -> Any:
    """Fold the three equal channels and the normalisation into the patch embedding."""
    import torch

    mean, std = (
        torch.tensor(v, device=weight.device).view(1, 3, 1, 1, 1)
        for v in (arch.IMAGE_MEAN, arch.IMAGE_STD)
    )
    scaled = weight / std
    bias = -(scaled * mean).sum(dim=(1, 2, 3, 4))
    folded = scaled.sum(dim=1)
    if times == 1:
        folded = folded.sum(dim=1)
    return torch.nn.functional.linear(flat, folded.reshape(weight.shape[0], -1), bias)


def _vision_angles(visual: Any, cells: int) -> tuple[Any, Any]:
    import torch

    merge = arch.MERGE
    rows, cols = np.divmod(np.arange((cells * merge) ** 2), cells * merge)
    order = (
        np.arange((cells * merge) ** 2)
        .reshape(cells, merge, cells, merge)
        .transpose(0, 2, 1, 3)
        .reshape(-1)
    )
    frequencies = visual.rotary_pos_emb.inv_freq
    where = torch.from_numpy(np.stack([rows[order], cols[order]], axis=1)).to(frequencies.device)
    angles = (where[..., None].float() * frequencies).flatten(1)
    angles = torch.cat([angles, angles], dim=-1)
    return angles.cos()[:, None], angles.sin()[:, None]


def _vision_attention(attention: Any, hidden: Any, cos: Any, sin: Any) -> Any:
    import torch

    count, length, width = hidden.shape
    heads = attention.num_heads
    qkv = attention.qkv(hidden).reshape(count, length, 3, heads, width // heads)
    query, key, value = qkv.unbind(2)
    query, key = (x * cos + _turned(x) * sin for x in (query, key))
    out = torch.nn.functional.scaled_dot_product_attention(
        *(x.transpose(1, 2) for x in (query, key, value))
    )
    return attention.proj(out.transpose(1, 2).reshape(count, length, width))


def _turned(x: Any) -> Any:
    import torch

    first, second = x.chunk(2, dim=-1)
    return torch.cat([-second, first], dim=-1)


def hidden_states(model: Any, batch: Pack, features: Any) -> Any:
    """Run the native text model on a packed batch; returns (batch, length, width)."""
    embeds = model.get_input_embeddings()(batch.ids)
    embeds = embeds.masked_scatter(batch.vision[..., None], features)
    return model.model.language_model(
        inputs_embeds=embeds,
        position_ids=batch.positions,
        attention_mask=batch.visible,
        use_cache=False,
    ).last_hidden_state


def greedy(
    model: Any,
    prompts: Sequence[tuple[list[int], Any]],
    *,
    image_id: int,
    video_id: int,
    stop_id: int,
    limit: int = 160,
) -> list[list[int]]:
    """Decode several prompts at once, free-running, the most likely token at each step.

    Parameters
    ----------
    model
        The native model.
    prompts
        Token ids and image features (image tokens, text width) of each prompt.
    image_id, video_id, stop_id
        Ids of the placeholders and of the token that ends an answer.
    limit
        Most tokens to write.

    Returns
    -------
    list of list of int
        What was written, without the stop token.
    """
    import torch
    from transformers import DynamicCache

    length = max(len(ids) for ids, _ in prompts)
    table = model.get_input_embeddings()
    device = table.weight.device
    count = len(prompts)
    embeds = torch.zeros(count, length, table.weight.shape[1], device=device)
    seen = torch.zeros(count, length, dtype=torch.long, device=device)
    positions = torch.zeros(3, count, length, dtype=torch.long, device=device)
    for row, (ids, features) in enumerate(prompts):
        start = length - len(ids)
        tensor = torch.tensor(ids, device=device)
        own = table(tensor)
        own[(tensor == image_id) | (tensor == video_id)] = features
        embeds[row, start:], seen[row, start:] = own, 1
        own_positions = prefix_positions(ids, image_id, video_id)
        positions[:, row, start:] = torch.from_numpy(own_positions).to(device)
    cache = DynamicCache()
    nexts = positions.amax(dim=(0, 2)) + 1
    written: list[list[int]] = [[] for _ in prompts]
    alive = torch.ones(count, dtype=torch.bool, device=device)
    for _ in range(limit):
        out = model.model.language_model(
            inputs_embeds=embeds,
            position_ids=positions,
            attention_mask=seen,
            past_key_values=cache,
            use_cache=True,
        )
        best = (out.last_hidden_state[:, -1] @ table.weight.T).argmax(dim=-1)
        alive &= best != stop_id
        if not alive.any():
            break
        for row in alive.nonzero()[:, 0].tolist():
            written[row].append(int(best[row]))
        embeds = table(best)[:, None]
        positions = nexts.expand(3, count)[..., None]
        nexts = nexts + 1
        seen = torch.cat([seen, seen.new_ones(count, 1)], dim=1)
    return written

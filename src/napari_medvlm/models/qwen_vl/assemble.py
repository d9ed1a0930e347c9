"""Rendered text and prepared pictures into a Prompt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ...errors import QuestionError
from ..base import Prompt
from .pixels import Kind, Visual
from .positions import VisionSpan, position_ids, rope_delta, video_time_step


def assemble(
    text: str,
    visuals: Sequence[Visual],
    *,
    encode: Callable[[str], list[int]],
    pads: dict[Kind, str],
    pad_ids: dict[Kind, int],
    tokens_per_second: int | None,
) -> Prompt:
    """Make the prompt.

    Parameters
    ----------
    text
        Of the chat template: one placeholder for each picture and clip.
    visuals
        Pictures and clips in message order.
    encode
        Text to ids.
    pads, pad_ids
        Placeholder of each kind, and its id.
    tokens_per_second
        Position units of a second of video; None for models without seconds.

    Returns
    -------
    prompt
        Its ``extra`` holds ``visuals``, ``rope_delta``, and where there are any
        ``image_grid_thw``, ``video_grid_thw``, ``second_per_grid_ts`` and, beside pictures,
        ``pixel_values_videos``.
    """
    expanded = _expand(text, visuals, pads)
    ids = np.array(encode(expanded), dtype=np.int64)
    spans = _spans(ids, visuals, pad_ids, tokens_per_second)
    positions = position_ids(len(ids), spans)
    joined = {kind: _join([v for v in visuals if v.kind == kind]) for kind in pads}
    extra = {"rope_delta": rope_delta(positions), **_grids(visuals)}
    if joined["video"] is not None and joined["image"] is not None:
        extra["pixel_values_videos"] = joined["video"]
    pixels = joined["image"] if joined["image"] is not None else joined["video"]
    extra["visuals"] = _sharing(visuals, joined)
    digests = [visual.digest for visual in visuals]
    return Prompt(
        text=text,
        input_ids=ids,
        pixels=pixels,
        positions=positions,
        image_spans=tuple((s.start, s.stop, d) for s, d in zip(spans, digests, strict=True)),
        extra=extra,
    )


def _expand(text: str, visuals: Sequence[Visual], pads: dict[Kind, str]) -> str:
    counts = {kind: [_length(v) for v in visuals if v.kind == kind] for kind in pads}
    for kind, pad in pads.items():
        parts = text.split(pad)
        if len(parts) != len(counts[kind]) + 1:
            raise QuestionError(
                f"The prompt has {len(parts) - 1} places for {len(counts[kind])} {kind}s.",
                "The chat template of this checkpoint does not fit its family.",
            )
        text = parts[0] + "".join(
            pad * count + rest for count, rest in zip(counts[kind], parts[1:], strict=True)
        )
    return text


def _length(visual: Visual) -> int:
    return VisionSpan(0, visual.grid).length


def _spans(
    ids: npt.NDArray[np.int64],
    visuals: Sequence[Visual],
    pad_ids: dict[Kind, int],
    tokens_per_second: int | None,
) -> list[VisionSpan]:
    spans, at = [], 0
    for visual in visuals:
        places = np.flatnonzero(ids[at:] == pad_ids[visual.kind])
        step = 1
        if visual.kind == "video":
            step = video_time_step(visual.seconds_per_grid, tokens_per_second)
        span = VisionSpan(at + int(places[0]) if len(places) else len(ids), visual.grid, step)
        if not (ids[span.start : span.stop] == pad_ids[visual.kind]).all() or span.stop > len(ids):
            raise QuestionError("The tokenizer does not keep a picture's places together.")
        spans.append(span)
        at = span.stop
    return spans


def _join(visuals: Sequence[Visual]) -> npt.NDArray[np.float32] | None:
    return np.concatenate([v.patches for v in visuals]) if visuals else None


def _grids(visuals: Sequence[Visual]) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind in ("image", "video"):
        grids = [v.grid for v in visuals if v.kind == kind]
        if grids:
            found[f"{kind}_grid_thw"] = np.array(grids, dtype=np.int64)
    seconds = [v.seconds_per_grid for v in visuals if v.kind == "video"]
    if seconds:
        found["second_per_grid_ts"] = np.array(seconds, dtype=np.float64)
    return found


def _sharing(
    visuals: Sequence[Visual], joined: dict[Kind, npt.NDArray[np.float32] | None]
) -> list[Visual]:
    """Let each picture's patches be a part of the joined array, so that they exist once."""
    at: dict[Kind, int] = dict.fromkeys(joined, 0)
    shared = []
    for visual in visuals:
        whole, start = joined[visual.kind], at[visual.kind]
        at[visual.kind] = start + len(visual.patches)
        assert whole is not None  # its own patches are in it
        shared.append(replace(visual, patches=whole[start : at[visual.kind]]))
    return shared

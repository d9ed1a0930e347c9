"""One case of the authors' ``chat`` of InternVL: ``case.json`` with ``expected.npz``.

Every entry of both files is compared, or says what goes in; an entry of any other name fails.
Where the input can be read by this software's own readers, the same question is also asked the
way a user asks it, through frames (rows that begin with "frames:").
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..imaging import per_second
from . import compare
from .chat_run import ChatRun
from .files import RecordError, read_arrays, read_json
from .report import Row, guarded

#: Float32 against float32: the same arithmetic in another order.
PIXEL_TOLERANCE = 2e-6
FEATURE_TOLERANCE = LOGIT_TOLERANCE = 5e-5
#: Of a mean in float64, where only the order of summation may differ.
MEAN_TOLERANCE = 1e-9
_SUB_SLICE = "[:, :, 3::8, 5::8]"
#: Entries that say what goes in; they show in what comes out.
_INPUTS = {
    "checkpoint", "reasoning_prompt", "question", "history", "inputs", "bound_s", "num_segments",
}  # fmt: skip
_KINDS = {
    "text_only", "single_image", "single_image_tiled", "multi_turn", "volume", "video_bound",
    "video_duration",
}  # fmt: skip
_Check = Callable[[ChatRun], Any]
#: Entries that must be equal, and what they are here.
_EXACT: dict[str, _Check] = {
    "image_size": lambda run: run.model.layout.image_size,
    "tokens_per_image": lambda run: run.model.layout.tokens_per_tile,
    "num_patches_list": lambda run: [len(p.tiles) for p in run.pictures],
    "prompt_length": lambda run: len(run.prompt.input_ids),
    "slice_indices": lambda run: run.indices,
    "frame_indices": lambda run: run.indices,
    "tile_sizes": lambda run: [list(t.shape[1::-1]) for p in run.pictures for t in p.tiles],
    "new_tokens": lambda run: len(run.ids),
    "num_frames": lambda run: run.clip[0],
    "fps": lambda run: run.clip[1],
    "video_duration_s": lambda run: len(per_second(*run.clip)),
}
_TEXTS: dict[str, _Check] = {
    "name": lambda run: run.name,
    "system_message": lambda run: run.model.layout.system_message,
    "full_question": lambda run: run.composed,
    "prompt": lambda run: run.prompt.text,
    "expected_text": lambda run: run.model.tokens.visible(run.ids).strip(),
    "expected_text_all_special_removed": lambda run: run.model.tokens.decode(run.ids).strip(),
}
_ARRAYS: dict[str, tuple[_Check, float]] = {
    "input_ids": (lambda run: run.prompt.input_ids, 0.0),
    "new_token_ids": (lambda run: run.ids, 0.0),
    "visual_features": (lambda run: run.features, FEATURE_TOLERANCE),
    "first_step_logits": (lambda run: run.model.next_token_logits(run.prompt), LOGIT_TOLERANCE),
    "step_logits": (lambda run: run.step_logits, LOGIT_TOLERANCE),
    "pixel_values": (lambda run: run.pixels, PIXEL_TOLERANCE),
    "pixel_values_sub": (lambda run: run.pixels[:, :, 3::8, 5::8], PIXEL_TOLERANCE),
    "pixel_values_mean_std": (lambda run: _mean_std(run.pixels), PIXEL_TOLERANCE),
}


def verify_chat(folder: Path, model: Any) -> Iterator[Row]:
    """Compare everything that a case's files hold.

    Parameters
    ----------
    folder
        Of the case.
    model
        Of ``open_model``, of the family ``internvl``.

    Yields
    ------
    row

    Raises
    ------
    RecordError
        If its files cannot be read or hold nothing.
    """
    case = read_json(folder / "case.json")
    arrays = read_arrays(folder / "expected.npz")
    if not arrays:
        raise RecordError("Expected arrays in expected.npz, found none.")
    answer = arrays.get("new_token_ids")
    run = ChatRun(folder, case, model, None if answer is None else answer.tolist())
    for key, value in case.items():
        if key not in _INPUTS:
            yield from guarded(run.name, key, _entry(run, key, value))
    for key, array in arrays.items():
        yield from guarded(run.name, key, _array(run, key, array))
    yield from guarded(run.name, "frames", _as_frames(run, case))


def _entry(run: ChatRun, key: str, value: Any) -> Iterator[Row]:
    if key in _EXACT:
        yield compare.exact(run.name, key, _EXACT[key](run), value)
    elif key in _TEXTS:
        yield compare.text(run.name, key, _TEXTS[key](run), value)
    elif key == "kind":
        if value not in _KINDS:
            yield Row.failed(run.name, key, f"Cases of the kind {value!r} are not known.")
    elif key == "max_new_tokens":
        settings = run.case.get("generation", {})
        yield compare.exact(run.name, key, settings.get(key, value), value)
    elif key == "generation":
        yield from _generation(run, value)
    elif key == "pixel_values":
        yield from _pixels(run, value)
    elif key == "min_top1_margin":
        second, best = np.partition(run.step_logits, -2, axis=-1)[:, -2:].T
        margin = float((best - second).min())
        yield compare.close(run.name, key, margin, value, 2 * LOGIT_TOLERANCE)
    else:
        yield Row.failed(run.name, key, "This quantity is not known.")


def _array(run: ChatRun, key: str, array: Any) -> Iterator[Row]:
    if key not in _ARRAYS:
        yield Row.failed(run.name, key, "This quantity is not known.")
        return
    found, tolerance = _ARRAYS[key]
    yield compare.close(run.name, key, found(run), array, tolerance)


def _generation(run: ChatRun, settings: Mapping[str, Any]) -> Iterator[Row]:
    """Compare the end token; the rest are settings that the answer is made with."""
    known = {"max_new_tokens", "do_sample", "eos_token", "eos_token_id"}
    strange = sorted(set(settings) - known)
    if strange or settings.get("do_sample"):
        reason = f"Only greedy generation can be repeated exactly; found {strange or 'do_sample'}."
        yield Row.failed(run.name, "generation", reason)
    if "eos_token_id" in settings:
        stops = list(run.model.stop_ids)
        yield compare.exact(run.name, "generation.eos_token_id", stops, [settings["eos_token_id"]])
    if "eos_token" in settings:
        token = run.model.tokens.decode(run.model.stop_ids, keep_special=True)
        yield compare.text(run.name, "generation.eos_token", token, settings["eos_token"])


def _pixels(run: ChatRun, record: Mapping[str, Any] | None) -> Iterator[Row]:
    name = "pixel_values"
    if record is None:
        yield compare.text(run.name, name, run.prompt.pixels, None)
        return
    pixels = run.pixels
    for key, value in record.items():
        quantity = f"{name}.{key}"
        if key == "shape":
            yield compare.exact(run.name, quantity, pixels.shape, value)
        elif key == "dtype":
            yield compare.text(run.name, quantity, str(pixels.dtype), value)
        elif key == "sha256_float32_le":
            yield compare.text(run.name, quantity, _sha256(pixels.astype("<f4")), value)
        elif key == "sha256_uint8_after_resize":
            yield compare.text(run.name, quantity, _sha256(_bytes(run.prompt)), value)
        elif key == "sum_float64":
            mean = float(pixels.astype(np.float64).sum()) / pixels.size
            yield compare.close(run.name, quantity, mean, value / pixels.size, MEAN_TOLERANCE)
        elif key == "sub_slice":
            yield compare.text(run.name, quantity, _SUB_SLICE, value)
        else:
            yield Row.failed(run.name, quantity, "This quantity is not known.")


def _as_frames(run: ChatRun, case: Mapping[str, Any]) -> Iterator[Row]:
    prompt = run.frames_prompt
    if prompt is None:
        return
    yield compare.text(run.name, "frames: prompt", prompt.text, case["prompt"])
    yield compare.exact(run.name, "frames: input_ids", prompt.input_ids, run.prompt.input_ids)
    record = case.get("pixel_values")
    if record is not None:
        expected = record["sha256_uint8_after_resize"]
        yield compare.text(run.name, "frames: uint8 sha256", _sha256(_bytes(prompt)), expected)


def _bytes(prompt: Any) -> Any:
    """8-bit tiles of all pictures: uint8 (tiles, 3, side, side)."""
    return np.concatenate([p.tiles for p in prompt.extra["pictures"]]).transpose(0, 3, 1, 2)


def _mean_std(pixels: Any) -> Any:
    values = pixels.astype(np.float64)
    return np.stack([values.mean(axis=(2, 3)), values.std(axis=(2, 3))], axis=-1)


def _sha256(array: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()

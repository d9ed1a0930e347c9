"""One case: ``case.json`` with ``expected.npz``, against a loaded model.

Beside the arrays, the block "expected" of ``case.json`` is compared. Two of its entries are no
quantities: "transformers" (the version that made the record) and "image_processor_class" (which
tells the resize used, and must be one that is known).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import compare
from .arrays import LOGIT_TOLERANCE, PIXELS, verify_arrays
from .files import RecordError, read_arrays, read_json
from .report import Row, guarded
from .subject import CaseRun, Measured

#: Recorded image processor: the resize that it uses, and so the reference of the case.
_PROCESSORS = {"Qwen2VLImageProcessorFast": "torch", "Qwen2VLImageProcessor": "pil"}
_GENERATED = {"text", "stopped_on_eos", "min_top1_top2_margin_over_24_steps"}
_SHA256 = "_sha256_f32le"
#: Two logits enter a margin.
_MARGIN_TOLERANCE = 2 * LOGIT_TOLERANCE


def verify_case(folder: Path, model: Any) -> Iterator[Row]:
    """Compare everything that a case's files hold.

    Parameters
    ----------
    folder
        Of the case.
    model
        See `napari_medvlm.verify.subject.Measured`.

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
    expected, generated = case.get("expected"), case.get("generation", {})
    if not isinstance(expected, Mapping) or not isinstance(case.get("messages"), list):
        raise RecordError(f"Expected messages and expected in case.json, found {sorted(case)}.")
    if not isinstance(generated, Mapping) or not arrays:
        raise RecordError("Expected generation settings and arrays, found none.")
    run = CaseRun(folder.name, case, folder, model, _PROCESSORS.get(_processor(expected), "torch"))
    for key, value in expected.items():
        yield from guarded(run.name, key, _expected(run, key, value))
    yield from verify_arrays(run, arrays)


def _processor(expected: Mapping[str, Any]) -> str:
    return str(expected.get("image_processor_class", "Qwen2VLImageProcessorFast"))


def _expected(run: CaseRun, key: str, value: Any) -> Iterator[Row]:
    """Compare one entry of the block "expected"."""
    case, measured = run.name, run.measured("")
    if key == "prompt":
        yield compare.text(case, key, measured.prompt.text, value)
    elif key == "image_processor_class":
        if value not in _PROCESSORS:
            yield Row.failed(case, key, f"Expected {', '.join(_PROCESSORS)}, found {value!r}.")
    elif key.endswith(_SHA256):
        pixels = measured.pixels(PIXELS[key.removesuffix(_SHA256)])
        found = None if pixels is None else _sha256(pixels)
        yield compare.text(case, key, found, value)
    elif key == "image_sizes_after_process_vision_info_wh":
        sizes = [visual.first_wh for visual in measured.visuals("image")]
        yield compare.exact(case, key, sizes, value)
    elif key == "video_shape_after_process_vision_info_tchw":
        shapes = [(v.frames, 3, *v.first_wh[::-1]) for v in measured.visuals("video")]
        yield compare.exact(case, key, shapes, value)
    elif key == "first_top5_id_logit":
        yield from _top(case, key, value, measured)
    elif key in _GENERATED:
        for short, recorded in value.items():
            rows = _generated(run, key, short, recorded)
            yield from guarded(case, f"{key}.{short}", rows)
    elif key != "transformers":
        yield Row.failed(case, key, "This quantity is not known.")


def _generated(run: CaseRun, key: str, short: str, recorded: Any) -> Iterator[Row]:
    """Compare what is recorded of one generation beside its ids."""
    name, measured = _generation_name(short, run.generated), run.measured("")
    quantity = f"{key}.{short}"
    if key == "text":
        yield compare.text(run.name, quantity, measured.text(name), recorded)
    elif key == "stopped_on_eos":
        yield compare.text(run.name, quantity, measured.stopped(name), recorded)
    else:
        lead = measured.margin(name)
        yield compare.close(run.name, quantity, lead, recorded, _MARGIN_TOLERANCE)


def _top(case: str, key: str, value: Any, measured: Measured) -> Iterator[Row]:
    logits = measured.first_logits
    order = np.argsort(-logits, kind="stable")[: len(value)]
    yield compare.exact(case, f"{key} (ids)", order, [pair[0] for pair in value])
    recorded = [pair[1] for pair in value]
    yield compare.close(case, f"{key} (logits)", logits[order], recorded, LOGIT_TOLERANCE)


def _generation_name(short: str, generated: Mapping[str, Any]) -> str:
    """Find the settings that a short name means: "greedy" is "greedy_ids" and so on."""
    for name in (short, f"{short}_ids", f"greedy_ids_{short}"):
        if name in generated:
            return name
    raise RecordError(f"Expected settings for {short!r}, found {', '.join(generated)}.")


def _sha256(pixels: np.ndarray[Any, np.dtype[np.float32]]) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels, dtype="<f4").tobytes()).hexdigest()

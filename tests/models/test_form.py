"""Weights in fewer bits: what they are near to, and that nothing else changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Question
from napari_medvlm.errors import CheckpointError
from napari_medvlm.imaging import Selection, read, take
from napari_medvlm.models import open_model
from napari_medvlm.models.checkpoint import open_checkpoint
from napari_medvlm.models.footprint import QUANTIZED, footprint_of
from napari_medvlm.models.form import Form, quantize
from napari_medvlm.models.planning import weight_bytes
from napari_medvlm.models.store import DEMO_FOLDER

torch = pytest.importorskip("torch")
pytest.importorskip("torchao")


def _parameters(model: Any) -> dict[str, Any]:
    return dict(model._network.module.named_parameters())


def test_int8_keeps_the_matrices_of_the_language_model_in_8_bit_and_nothing_else() -> None:
    plain, small = open_model(DEMO_FOLDER), open_model(DEMO_FOLDER, dtype="int8")
    assert small.dtype == "int8"
    before = _parameters(plain)
    for name, weight in _parameters(small).items():
        if QUANTIZED.match(name):
            assert weight.qdata.dtype == torch.int8
            step = weight.scale.float().abs().max()
            assert (weight.dequantize() - before[name]).abs().max() <= 0.51 * step
        else:
            assert torch.equal(weight, before[name])
    size = footprint_of(open_checkpoint(DEMO_FOLDER))
    matrices = [w for n, w in _parameters(small).items() if QUANTIZED.match(n)]
    assert sum(w.qdata.numel() for w in matrices) == size.quantized
    assert weight_bytes(size, "int8") < weight_bytes(size, "bfloat16")


def test_int8_answers_of_the_toy_stay_near() -> None:
    (radiograph,) = read(sample_path("radiograph.png"))
    frames = take(radiograph, Selection((0,), "acquired"))
    question = Question(text="Which modality and body part is this?", frames=frames)
    logits = []
    for dtype in ("float32", "int8"):
        model = open_model(DEMO_FOLDER, dtype=dtype)
        logits.append(model.next_token_logits(model.encode(question)))
    spread = float(np.ptp(logits[0]))
    assert 0 < np.abs(logits[1] - logits[0]).max() < 0.1 * spread
    assert logits[0].argmax() == logits[1].argmax()


def test_int4_without_a_gpu_says_what_to_do() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU here, on which int4 runs")
    with pytest.raises(CheckpointError, match="Use int8"):
        open_model(DEMO_FOLDER, dtype="int4")
    with pytest.raises(CheckpointError, match="int3"):
        quantize(torch.nn.Linear(4, 4), "int3")


def test_places_are_found_by_the_nearest_module() -> None:
    form = Form("cpu", None, places={"model.layers.1": "b", "model": "a"})
    assert form.device_of("model.layers.1.mlp.up_proj.weight") == "b"
    assert form.device_of("model.layers.10.mlp.up_proj.weight") == "a"
    assert form.device_of("lm_head.weight") == "cpu"

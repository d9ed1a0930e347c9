"""A model over several devices, as far as one machine without a GPU can show it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import open_model
from napari_medvlm.models.checkpoint import open_checkpoint
from napari_medvlm.models.form import Form
from napari_medvlm.models.internvl.layout import read_layout
from napari_medvlm.models.internvl.network import InternVLNetwork, build_empty
from napari_medvlm.models.spread import spread_over

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

FLEMING = Path(__file__).parent.parent / "oracles" / "fleming_vl"
GIB = 2**30


def _config_38b() -> dict[str, Any]:
    """The 38B's sizes in the layout of its small stand-in."""
    config = dict(open_checkpoint(FLEMING / "checkpoint_38b_style").config)
    config["force_image_size"] = 448
    config["vision_config"] = config["vision_config"] | {
        "hidden_size": 3200, "num_hidden_layers": 45, "num_attention_heads": 25,
        "intermediate_size": 12800, "image_size": 448,
    }  # fmt: skip
    config["llm_config"] = config["llm_config"] | {
        "hidden_size": 5120, "num_hidden_layers": 64, "num_attention_heads": 40,
        "num_key_value_heads": 8, "intermediate_size": 27648, "vocab_size": 151_674,
    }  # fmt: skip
    return config


def test_the_38b_fills_two_gpus_layer_by_layer() -> None:
    module = build_empty(read_layout(_config_38b()))
    weights = sum(p.numel() for p in module.parameters())
    assert weights == pytest.approx(38.388e9, rel=1e-3)
    places = spread_over(module, {0: 44 * GIB, 1: 44 * GIB}, torch.bfloat16)
    form = Form("cpu", torch.bfloat16, places=places)
    taken = {0: 0, 1: 0}
    for name, weight in module.named_parameters():
        taken[form.device_of(name)] += 2 * weight.numel()
    assert all(0 < used <= 44 * GIB for used in taken.values())
    assert sum(taken.values()) == 2 * weights
    for layer in range(64):
        names = [n for n, _ in module.named_parameters() if f"language_model.layers.{layer}." in n]
        assert len({form.device_of(n) for n in names}) == 1


def test_what_does_not_fit_is_refused_with_the_sizes() -> None:
    module = build_empty(read_layout(_config_38b()))
    with pytest.raises(CheckpointError, match=r"76\.8 GB.*room for 42\.9 GB"):
        spread_over(module, {0: 20 * GIB, 1: 20 * GIB}, torch.bfloat16)


def test_parts_that_pass_values_on_give_the_same_logits() -> None:
    folder = FLEMING / "checkpoint"
    checkpoint = open_checkpoint(folder)
    layout = read_layout(checkpoint.config)
    cpu = torch.device("cpu")
    layers = range(int(checkpoint.config["llm_config"]["num_hidden_layers"]))
    places = {
        "model.vision_tower": cpu, "model.multi_modal_projector": cpu, "lm_head": cpu,
        "model.language_model.embed_tokens": cpu, "model.language_model.norm": cpu,
        "model.language_model.rotary_emb": cpu,
    } | {f"model.language_model.layers.{n}": cpu for n in layers}  # fmt: skip
    spread = InternVLNetwork(checkpoint, layout, Form(cpu, torch.float32, places=places))
    assert spread.stepper is None
    whole = InternVLNetwork(checkpoint, layout, Form(cpu, torch.float32))
    ids = list(range(20))
    positions = np.arange(20)[None]
    told = []
    for network in (whole, spread):
        cache = network.new_cache()
        first = network.forward(network.embed_ids(ids), positions, cache)
        then = network.forward(network.embed_ids([3]), np.array([[20]]), cache)
        told.append((first, then))
    torch.testing.assert_close(told[0][0], told[1][0], rtol=0, atol=0)
    torch.testing.assert_close(told[0][1], told[1][1], rtol=0, atol=2e-5)


def test_spreading_without_gpus_says_so() -> None:
    if torch.cuda.is_available():
        pytest.skip("there are GPUs here")
    with pytest.raises(CheckpointError, match="found none"):
        open_model(FLEMING / "checkpoint", device="spread")

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import open_model
from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.checkpoint import open_checkpoint
from napari_medvlm.models.footprint import KNOWN, QUANTIZED, footprint_of
from napari_medvlm.models.store import DEMO_FOLDER

ORACLES = Path(__file__).parent.parent / "oracles"
FOLDERS = [DEMO_FOLDER, ORACLES / "chexone" / "checkpoint", ORACLES / "medvlm_r1" / "checkpoint"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_counts_are_those_of_the_loaded_network(folder: Path) -> None:
    size = footprint_of(open_checkpoint(folder))
    network = open_model(folder)._network
    assert network is not None
    weights = dict(network.module.named_parameters())
    assert size.parameters == sum(weight.numel() for weight in weights.values())
    matrices = {name: w for name, w in weights.items() if QUANTIZED.match(name)}
    assert size.quantized == sum(weight.numel() for weight in matrices.values()) > 0
    assert all(weight.ndim == 2 and "visual" not in name for name, weight in matrices.items())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_cache_takes_what_is_reckoned(folder: Path) -> None:
    size = footprint_of(open_checkpoint(folder))
    model = open_model(folder)
    network = model._network
    assert network is not None
    cache = network.new_cache()
    ids = list(range(7))
    network.forward(network.embed_ids(ids), np.tile(np.arange(7), (3, 1)), cache)
    held = sum(layer.keys.numel() + layer.values.numel() for layer in cache.layers)
    assert 2 * held == 7 * size.kv_bytes_per_token


def test_known_sizes_are_the_published_ones() -> None:
    kibibytes = {name: size.kv_bytes_per_token / 1024 for name, size in KNOWN.items()}
    assert kibibytes == {"fleming-vl-8b": 56, "fleming-vl-38b": 256, "chexone": 36, "medvlm-r1": 28}
    for name, size in KNOWN.items():
        assert size.quantized < size.parameters
        if name in CATALOG:
            stated = CATALOG[name].size_gb
            assert 2e-9 * size.parameters == pytest.approx(stated, rel=0.01)


def test_a_configuration_without_sizes_is_refused_by_name(tmp_path: Path) -> None:
    source = DEMO_FOLDER
    config = json.loads((source / "config.json").read_text())
    config.get("text_config", config).pop("num_hidden_layers")
    config.pop("num_hidden_layers", None)
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "model.safetensors").write_bytes((source / "model.safetensors").read_bytes())
    with pytest.raises(CheckpointError, match="num_hidden_layers"):
        footprint_of(open_checkpoint(tmp_path))

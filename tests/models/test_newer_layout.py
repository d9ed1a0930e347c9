"""Folders as transformers 5 saves them: the same model as in the older layout."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Question
from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import open_model, profile_of
from napari_medvlm.models.internvl.layout import read_layout
from napari_medvlm.models.processing import image_processing, video_processing

SAVED = Path(__file__).parent / "saved_by_transformers_5"
Copy = Callable[[str], Path]


def _saved(published: Path, folder: Path) -> Path:
    folder.mkdir()
    for file in [*SAVED.iterdir(), *published.glob("model*")]:
        shutil.copyfile(file, folder / file.name)
    return folder


def test_a_folder_that_transformers_5_saved_is_the_same_model(
    copy_of: Copy, tmp_path: Path, picture: Any
) -> None:
    published = copy_of("chexone")
    folder = _saved(published, tmp_path / "saved")
    question = Question("What is seen?", (picture(),))
    found = []
    for place in (published, folder):
        model = open_model(place, profile="chexone")
        prompt = model.encode(question)
        found.append((prompt.text, model.next_token_logits(prompt)))
    assert found[0][0] == found[1][0]
    np.testing.assert_array_equal(found[0][1], found[1][1])
    for read in (image_processing, video_processing):
        assert read(folder)["size"] == {"longest_edge": 12845056, "shortest_edge": 3136}


def test_a_processor_file_without_pictures_is_no_substitute(copy_of: Copy, tmp_path: Path) -> None:
    folder = _saved(copy_of("chexone"), tmp_path / "saved")
    (folder / "processor_config.json").write_text('{"processor_class": "X"}', "utf-8")
    with pytest.raises(CheckpointError, match="how images are prepared"):
        open_model(folder)


def test_the_newer_form_of_rotary_settings_is_read() -> None:
    text = {
        "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 560,
        "rms_norm_eps": 1e-6, "max_position_embeddings": 4096,
    }  # fmt: skip
    vision = {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
        "intermediate_size": 64, "image_size": 56,
    }  # fmt: skip
    config = {"model_type": "internvl_chat", "vision_config": vision}
    rope = {"rope_theta": 5e5, "rope_type": "default"}
    newer = read_layout(config | {"llm_config": text | {"rope_parameters": rope}})
    older = read_layout(config | {"llm_config": text | {"rope_theta": 5e5}})
    assert newer == older


QWEN = {"model_type": "qwen2_5_vl", "_name_or_path": "Qwen/Qwen2.5-VL-3B-Instruct"}


@pytest.mark.parametrize(
    ("folder", "config", "profile"),
    [
        ("/data/CheXOne/Qwen2.5-VL-3B-Instruct", QWEN, "qwen2.5-vl"),
        ("/data/CheXOne/base", {**QWEN, "_name_or_path": ""}, "qwen2.5-vl"),
        ("/data/CheXOne/model", QWEN, "chexone"),
        ("/data/CheXOne/checkpoint-500", QWEN, "chexone"),
        ("/data/mine", {**QWEN, "_name_or_path": "StanfordAIMI/CheXOne"}, "chexone"),
        ("/data/mine", {**QWEN, "_name_or_path": "/data/CheXOne/Qwen2.5-VL-3B"}, "qwen2.5-vl"),
        (f"/hub/models--StanfordAIMI--CheXOne/snapshots/{'a' * 40}", QWEN, "chexone"),
        (f"/CheXOne/models--Qwen--Qwen2.5-VL-3B/snapshots/{'a' * 40}", QWEN, "qwen2.5-vl"),
    ],
)
def test_a_folder_above_names_a_model_only_where_its_own_name_says_nothing(
    folder: str, config: dict[str, Any], profile: str
) -> None:
    assert profile_of(Path(folder), config).name == profile

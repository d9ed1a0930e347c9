"""Folders in every published form open to one model; damaged ones are named for what they lack."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Question
from napari_medvlm.errors import CheckpointError, EngineError
from napari_medvlm.models import open_model

ORACLES = Path(__file__).resolve().parents[1] / "oracles"
Copy = Callable[[str], Path]


def _edit(path: Path, **changes: Any) -> None:
    value = json.loads(path.read_text(encoding="utf-8"))
    value.update(changes)
    path.write_text(json.dumps({k: v for k, v in value.items() if v is not None}), "utf-8")


def _tensors(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    found: dict[str, Any] = {}
    for path in sorted(folder.glob("*.safetensors")):
        found.update(load_file(path))
    return found


def _resave(folder: Path, tensors: dict[str, Any]) -> None:
    """Write the tensors as one file, whatever form the folder had."""
    from safetensors.torch import save_file

    for path in (*folder.glob("*.safetensors"), *folder.glob("*.index.json")):
        path.unlink()
    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / "model.safetensors")


def _logits(model: Any, picture: Callable[..., Any]) -> np.ndarray[Any, Any]:
    prompt = model.encode(Question("What is it?", (picture(1),)))
    return model.next_token_logits(prompt)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["chexone", "medvlm_r1"])
def test_a_resaved_configuration_is_the_same_model(
    name: str, copy_of: Copy, picture: Any, request: pytest.FixtureRequest
) -> None:
    folder = copy_of(name)
    variant = ORACLES / name / "config_variants" / "config_resaved_by_4.56.2.json"
    shutil.copyfile(variant, folder / "config.json")
    template = json.loads((folder / "chat_template.json").read_text("utf-8"))["chat_template"]
    (folder / "chat_template.jinja").write_text(template, "utf-8")
    (folder / "chat_template.json").unlink()
    _edit(folder / "tokenizer_config.json", chat_template=None)
    ours = _logits(open_model(folder), picture)
    np.testing.assert_array_equal(ours, _logits(request.getfixturevalue(name), picture))


def test_new_tensor_names_in_one_file_with_a_stored_head(
    copy_of: Copy, picture: Any, chexone: Any
) -> None:
    folder = copy_of("chexone")
    old = _tensors(folder)
    new = {
        f"model.{key}"
        if key.startswith("visual.")
        else key.replace("model.", "model.language_model.", 1): v
        for key, v in old.items()
    }
    new["lm_head.weight"] = old["model.embed_tokens.weight"].clone()
    _resave(folder, new)
    np.testing.assert_array_equal(_logits(open_model(folder), picture), _logits(chexone, picture))


def test_a_stored_head_is_used_where_it_differs(copy_of: Copy, picture: Any) -> None:
    folder = copy_of("medvlm_r1")
    tensors = _tensors(folder)
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"] * 2
    _resave(folder, tensors)
    plain = _logits(open_model(ORACLES / "medvlm_r1" / "checkpoint"), picture)
    np.testing.assert_allclose(_logits(open_model(folder), picture), 2 * plain, rtol=1e-5)


def test_an_untied_checkpoint_needs_its_head(copy_of: Copy) -> None:
    folder = copy_of("medvlm_r1")
    _edit(folder / "config.json", tie_word_embeddings=False)
    with pytest.raises(CheckpointError, match=r"1 missing \(lm_head\.weight\)"):
        open_model(folder)


def test_missing_unknown_and_misshapen_tensors_are_named(copy_of: Copy) -> None:
    folder = copy_of("medvlm_r1")
    tensors = _tensors(folder)
    tensors.pop("model.norm.weight")
    tensors["adapter.weight"] = tensors["model.embed_tokens.weight"][:3].clone()
    tensors["visual.blocks.0.norm1.bias"] = tensors["visual.blocks.0.norm1.bias"][:5]
    _resave(folder, tensors)
    with pytest.raises(CheckpointError) as error:
        open_model(folder)
    text = str(error.value)
    assert "1 missing (model.language_model.norm.weight)" in text
    assert "1 unknown (adapter.weight)" in text
    assert "model.visual.blocks.0.norm1.bias (5,) instead of (32,)" in text


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("config.json", "config.json"),
        ("tokenizer.json", ""),
        ("preprocessor_config.json", "preprocessor_config.json"),
        ("model.safetensors.index.json", "model.safetensors or"),
        ("model-00002-of-00002.safetensors", "model-00002-of-00002.safetensors"),
    ],
)
def test_a_missing_file_is_named(copy_of: Copy, gone: str, named: str) -> None:
    folder = copy_of("chexone")
    (folder / gone).unlink()
    if gone == "tokenizer.json":
        # vocab.json with merges.txt stands in for it; without them there is nothing.
        (folder / "vocab.json").unlink()
        named = "tokenizer.json or vocab.json+merges.txt"
    with pytest.raises(CheckpointError) as error:
        open_model(folder)
    assert named in str(error.value)


def test_the_vocabulary_stands_in_for_a_missing_tokenizer_json(copy_of: Copy, chexone: Any) -> None:
    folder = copy_of("chexone")
    (folder / "tokenizer.json").unlink()
    text = "<|im_start|>user\n<|vision_start|>Findings: 12 mm, naïve<|im_end|>\n"
    assert open_model(folder).tokens.encode(text) == chexone.tokens.encode(text)


def test_a_cut_file_is_not_opened(copy_of: Copy) -> None:
    folder = copy_of("medvlm_r1")
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="should have"):
        open_model(folder)
    path.write_bytes(b"not a tensor file at all")
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        open_model(folder)


def test_pickles_are_not_weights(copy_of: Copy) -> None:
    folder = copy_of("medvlm_r1")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="can run code when it is opened"):
        open_model(folder)


def test_an_index_that_points_elsewhere_is_refused(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    _edit(folder / "model.safetensors.index.json", weight_map={"x": "../other.safetensors"})
    with pytest.raises(CheckpointError, match="plain file names"):
        open_model(folder)


def test_other_layouts_and_places_are_refused(copy_of: Copy, tmp_path: Path) -> None:
    folder = copy_of("chexone")
    _edit(folder / "config.json", model_type="llama")
    with pytest.raises(CheckpointError, match="found llama"):
        open_model(folder)
    with pytest.raises(CheckpointError, match="Expected a folder"):
        open_model(tmp_path / "nowhere")
    (folder / "config.json").write_text("{", "utf-8")
    with pytest.raises(CheckpointError, match="Expected JSON"):
        open_model(folder)


def test_devices_and_dtypes_that_do_not_exist_are_refused() -> None:
    folder = ORACLES / "chexone" / "checkpoint"
    with pytest.raises(CheckpointError, match="no device"):
        open_model(folder, device="abacus")
    with pytest.raises(CheckpointError, match="Expected a CUDA GPU"):
        open_model(folder, device="cuda:99")
    with pytest.raises(CheckpointError, match="Unknown dtype"):
        open_model(folder, dtype="int3")


def test_half_precision_and_progress(picture: Any, chexone: Any) -> None:
    seen: list[float] = []

    def told(stage: str, fraction: float | None) -> None:
        assert stage == "reading the weights"
        assert fraction is not None
        seen.append(fraction)

    model = open_model(ORACLES / "chexone" / "checkpoint", dtype="bfloat16", progress=told)
    assert model.memory_bytes * 2 == chexone.memory_bytes  # type: ignore[attr-defined]
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    prompt = chexone.encode(Question("What is it?", (picture(1),)))
    # Published for this checkpoint: bfloat16 moves logits by 0.08 to 0.14.
    difference = np.abs(model.next_token_logits(prompt) - chexone.next_token_logits(prompt))
    assert 0 < difference.max() < 0.4


def test_a_closed_model_says_so(copy_of: Copy, picture: Any) -> None:
    model = open_model(copy_of("medvlm_r1"))
    prompt = model.encode(Question("What?", (picture(),)))
    model.close()
    with pytest.raises(EngineError, match="unloaded"):
        model.next_token_logits(prompt)


def test_the_demo_layout_keeps_its_own_rotary_base(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    _edit(folder / "config.json", rope_theta=100.0, medvlm_profile="demo")
    model = open_model(folder)
    assert model.name == "demo (toy)"
    rotary = model._network.config.text_config.rope_parameters  # type: ignore[union-attr]
    assert rotary["rope_theta"] == 100.0
    assert rotary["mrope_section"] == [2, 3, 3]

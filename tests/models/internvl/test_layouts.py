"""One model in every published form: one file, shards, and as transformers writes it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fleming_support import ORACLE, edit

from napari_medvlm.dialogue import Question
from napari_medvlm.errors import CheckpointError
from napari_medvlm.models import CATALOG, open_model
from napari_medvlm.models.internvl.layout import SYSTEM_MESSAGE, read_layout
from napari_medvlm.models.internvl.names import new_names, stored_name
from napari_medvlm.models.internvl.network import parameter_shapes

Folder = Callable[..., Path]
Picture = Callable[..., Any]


def tensors_of(folder: Path) -> dict[str, Any]:
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


def save(folder: Path, tensors: dict[str, Any], name: str = "model.safetensors") -> None:
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in tensors.items()}, folder / name)


def asked(model: Any, picture: Picture) -> np.ndarray[Any, Any]:
    prompt = model.encode(Question("What is it?", (picture(1), picture(2))))
    return model.next_token_logits(prompt)  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint_38b_style"])
def test_every_parameter_has_a_place_in_the_files_and_back(name: str) -> None:
    config = json.loads((ORACLE / name / "config.json").read_text("utf-8"))
    stored = set(tensors_of(ORACLE / name))
    places: dict[str, set[str]] = {}
    for parameter in parameter_shapes(read_layout(config)):
        places.setdefault(stored_name(parameter), set()).add(parameter)
    assert set(places) == stored
    for old, parameters in places.items():
        new = new_names(old)
        assert {new} == parameters if isinstance(new, str) else set(new) == parameters


@pytest.mark.parametrize("name", ["checkpoint", "checkpoint_38b_style"])
def test_shards_are_the_same_model(
    name: str, folder: Folder, picture: Picture, request: pytest.FixtureRequest
) -> None:
    copy = folder(name)
    tensors = tensors_of(copy)
    (copy / "model.safetensors").unlink()
    files = [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    places = {key: files[number % 3] for number, key in enumerate(sorted(tensors))}
    for file in files:
        save(copy, {k: v for k, v in tensors.items() if places[k] == file}, file)
    (copy / "model.safetensors.index.json").write_text(json.dumps({"weight_map": places}))
    whole = request.getfixturevalue("fleming_8b" if name == "checkpoint" else "fleming_38b")
    np.testing.assert_array_equal(asked(open_model(copy), picture), asked(whole, picture))


def write_native(copy: Path, model: Any, *, old_names: bool) -> None:
    """Make a folder as transformers writes it, of the network that was filled from ours."""
    values = model._network.config.to_dict()
    values["model_type"] = "internvl"
    tensors = dict(model._network.module.state_dict())
    if old_names:
        # Files of the first versions: no prefix before the towers, and the key that says
        # whether the output layer is stored is in the inner block only.
        values.pop("tie_word_embeddings")
        values["text_config"]["tie_word_embeddings"] = False
        tensors = {
            key.replace("model.language_model.", "language_model.model.")
            .replace("lm_head.", "language_model.lm_head.")
            .replace("model.vision_tower.", "vision_tower.")
            .replace("model.multi_modal_projector.", "multi_modal_projector."): value
            for key, value in tensors.items()
        }
    (copy / "config.json").write_text(json.dumps(values), "utf-8")
    (copy / "model.safetensors").unlink()
    save(copy, tensors)
    side = model.layout.image_size
    sizes = {"height": side, "width": side}
    edit(copy / "preprocessor_config.json", size=None, crop_size=None)
    values = json.loads((copy / "preprocessor_config.json").read_text("utf-8"))
    (copy / "preprocessor_config.json").write_text(json.dumps({**values, "size": sizes}))


@pytest.mark.parametrize("old_names", [False, True], ids=["names of now", "older names"])
@pytest.mark.parametrize("name", ["fleming_8b", "fleming_38b"])
def test_the_layout_of_transformers_is_the_same_model(
    name: str, old_names: bool, folder: Folder, picture: Picture, request: pytest.FixtureRequest
) -> None:
    ours = request.getfixturevalue(name)
    copy = folder("checkpoint" if name == "fleming_8b" else "checkpoint_38b_style")
    write_native(copy, ours, old_names=old_names)
    theirs = open_model(copy)
    question = Question("What is it?", (picture(1),))
    assert theirs.encode(question).text == ours.encode(question).text
    np.testing.assert_array_equal(asked(theirs, picture), asked(ours, picture))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda t: t.pop("mlp1.3.bias"), ["1 missing", "mlp1.3.bias"]),
        (
            lambda t: t.pop("vision_model.encoder.layers.1.attn.qkv.weight"),
            ["1 missing", "vision_model.encoder.layers.1.attn.qkv.weight"],
        ),
        (lambda t: t.pop("language_model.lm_head.weight"), ["language_model.lm_head.weight"]),
        (lambda t: t.update(extra=t["mlp1.3.bias"].clone()), ["1 unknown", "extra"]),
        (
            lambda t: t.update({"vision_model.encoder.layers.0.ls3": t["mlp1.3.bias"].clone()}),
            ["1 unknown", "vision_model.encoder.layers.0.ls3"],
        ),
        (
            lambda t: t.update({"mlp1.3.bias": t["mlp1.3.bias"][:-1]}),
            ["1 of another shape", "mlp1.3.bias (63,) instead of (64,)"],
        ),
        (
            lambda t: t.update(
                {
                    "vision_model.encoder.layers.0.attn.qkv.bias": t[
                        "vision_model.encoder.layers.0.attn.qkv.bias"
                    ][:-3]
                }
            ),
            ["vision_model.encoder.layers.0.attn.qkv.bias (189,) instead of (192,)"],
        ),
    ],
)
def test_tensors_that_do_not_fit_are_named_as_in_the_files(
    change: Callable[[dict[str, Any]], Any], named: list[str], folder: Folder
) -> None:
    copy = folder()
    tensors = tensors_of(copy)
    change(tensors)
    save(copy, tensors)
    with pytest.raises(CheckpointError) as caught:
        open_model(copy)
    for words in named:
        assert words in caught.value.message


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"ps_version": "v1"}, "ps_version"),
        ({"template": "internlm2-chat"}, "internlm2-chat"),
        ({"llm_config": {"model_type": "llama"}}, "llama"),
        ({"llm_config": {"rope_theta": None}}, "rope_theta in llm_config"),
        ({"vision_config": {"num_hidden_layers": None}}, "num_hidden_layers in vision_config"),
        ({"vision_config": None}, "vision_config"),
        ({"vision_config": {"hidden_size": "wide"}}, "vision_config.hidden_size in config.json"),
        ({"vision_config": {"hidden_size": 63}}, "network that can be built"),
        ({"force_image_size": 100}, "patches"),
        ({"force_image_size": 56}, "preprocessor_config.json"),
        ({"downsample_ratio": 0}, "downsample_ratio in config.json"),
    ],
)
def test_configurations_of_other_models_are_refused(
    changes: dict[str, Any], named: str, folder: Folder
) -> None:
    with pytest.raises(CheckpointError, match=named):
        open_model(folder(**changes))


def test_another_resize_or_a_tokenizer_without_places_is_refused(folder: Folder) -> None:
    copy = folder()
    edit(copy / "preprocessor_config.json", resample=2)
    with pytest.raises(CheckpointError, match="bicubic"):
        open_model(copy)
    edit(copy / "preprocessor_config.json", resample=3)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        text = (copy / name).read_text("utf-8").replace("<IMG_CONTEXT>", "<OTHER>")
        (copy / name).write_text(text, "utf-8")
    with pytest.raises(CheckpointError, match="IMG_CONTEXT"):
        open_model(copy)


def test_nothing_of_the_folder_is_run(folder: Folder, picture: Picture, fleming: Any) -> None:
    copy = folder()
    for name in ("modeling_internvl_chat", "configuration_internvl_chat"):
        (copy / f"{name}.py").write_text("raise SystemExit('run')\n")
    np.testing.assert_array_equal(asked(open_model(copy), picture), asked(fleming, picture))
    assert not any("internvl_chat" in name for name in sys.modules)


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (None, SYSTEM_MESSAGE),
        ("", ""),
        ("You read scans.", "You read scans."),
    ],
)
def test_a_system_message_that_is_null_or_missing_is_the_templates_own(
    given: str | None, written: str
) -> None:
    config = json.loads((ORACLE / "checkpoint" / "config.json").read_text("utf-8"))
    assert read_layout({**config, "system_message": given}).system_message == written
    if given is None:
        del config["system_message"]
        assert read_layout(config).system_message == written


def test_in_bfloat16_it_stays_close(picture: Picture, fleming: Any) -> None:
    half = open_model(ORACLE / "checkpoint", dtype="bfloat16")
    question = Question("What is it?", (picture(1),))
    ours, theirs = half.encode(question), fleming.encode(question)
    assert half.memory_bytes * 2 == fleming.memory_bytes
    assert np.abs(half.features(ours) - fleming.features(theirs)).max() < 0.1
    logits = half.next_token_logits(ours) - fleming.next_token_logits(theirs)
    assert 0 < np.abs(logits).max() < 0.4


def test_images_of_another_size_than_the_tower_was_trained_with(
    folder: Folder, picture: Picture, fleming: Any
) -> None:
    copy = folder(force_image_size=168)
    edit(copy / "preprocessor_config.json", size=168, crop_size=168)
    model = open_model(copy)
    prompt = model.encode(Question("What is it?", (picture(1),)))
    assert prompt.pixels.shape == (1, 3, 168, 168)
    assert model.layout.tokens_per_tile == 36
    import torch

    with torch.inference_mode():
        # The library resamples the positions at every image; here that was done once.
        module = fleming._network.module
        found = module.model.get_image_features(pixel_values=torch.from_numpy(prompt.pixels))
    np.testing.assert_allclose(
        model.features(prompt), found.pooler_output[0].numpy(), atol=1e-5, rtol=0
    )


#: Vision tower: width, layers, heads, inner width; language model: the same and key heads.
SMALL = ((1024, 24, 16, 4096), (3584, 28, 28, 18944, 4))
LARGE = ((3200, 45, 25, 12800), (5120, 64, 40, 27648, 8))


@pytest.mark.parametrize(
    ("entry", "style", "sizes", "keys"),
    [
        ("fleming-vl-8b", "checkpoint", SMALL, 685),
        ("fleming-vl-38b", "checkpoint_38b_style", LARGE, 1366),
    ],
)
def test_the_published_sizes_without_any_weight(
    entry: str, style: str, sizes: tuple[tuple[int, ...], ...], keys: int
) -> None:
    config = json.loads((ORACLE / style / "config.json").read_text("utf-8"))
    names = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    config["force_image_size"] = 448
    config["vision_config"].update(dict(zip(names, sizes[0], strict=True)), image_size=448)
    more = {"num_key_value_heads": sizes[1][4], "vocab_size": 151674}
    config["llm_config"].update(dict(zip(names, sizes[1], strict=False)), **more)
    layout = read_layout(config)
    shapes = parameter_shapes(layout)
    assert len({stored_name(name) for name in shapes}) == keys
    known = CATALOG[entry]
    assert 2 * sum(prod(shape) for shape in shapes.values()) == known.weight_bytes
    assert layout.tokens_per_tile == known.profile.tokens_per_image

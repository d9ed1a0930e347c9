"""Every file of a checkpoint is checked in one place: kinds of damage, and what is then said."""

from __future__ import annotations

import contextlib
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from napari_medvlm.errors import CheckpointError
from napari_medvlm.models.checkpoint import INDEX, SINGLE, open_checkpoint, read_json
from napari_medvlm.models.json_files import MOST_DEPTH
from napari_medvlm.models.regexes import why_slow
from napari_medvlm.models.safetensors_header import MAX_HEADER_BYTES, read_header
from napari_medvlm.models.store import locate

Copy = Callable[[str], Path]


def _edit(path: Path, **changes: Any) -> None:
    values = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(values | changes), "utf-8")


@pytest.mark.parametrize(
    ("file", "changes", "said"),
    [
        ("config.json", {"hidden_size": float("inf")}, "not finite"),
        ("config.json", {"num_hidden_layers": 10**7}, "num_hidden_layers"),
        ("config.json", {"num_hidden_layers": 7}, "as many layers as the weights hold"),
        ("config.json", {"vision_config": [1]}, "vision_config in config.json to be an object"),
        ("config.json", {"hidden_size": 10**400}, "2⁶³|could not read"),
        ("config.json", {"quantization_config": {"quant_method": "awq"}}, "quantised.*awq"),
        ("generation_config.json", {"eos_token_id": [[1]]}, "eos_token_id in generation_config"),
        ("generation_config.json", {"repetition_penalty": 0}, "repetition_penalty"),
        ("generation_config.json", {"repetition_penalty": "1.1"}, "repetition_penalty"),
        ("preprocessor_config.json", {"image_mean": [0.5] * 7}, "image_mean.*3 entries"),
        ("preprocessor_config.json", {"image_std": [0, 0, 0]}, "image_std"),
        ("preprocessor_config.json", {"min_pixels": 4 * 10**8}, "min_pixels"),
        ("preprocessor_config.json", {"size": [1, 2]}, "size in preprocessor_config.json"),
        ("preprocessor_config.json", {"size": {"shortest_edge": -1}}, "shortest_edge"),
        ("processor_config.json", {"image_processor": {"patch_size": "14"}}, "image_processor"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"5": {}}}, "added_tokens_decoder"),
        ("tokenizer_config.json", {"added_tokens_decoder": {"x": {"content": "a"}}}, "ids"),
        ("tokenizer.json", {"model": {"type": "BPE", "dropout": 0.1}}, "dropout"),
        (
            "tokenizer.json",
            {"pre_tokenizer": {"type": "Split", "pattern": {"Regex": "(a+)+$"}}},
            "pre_tokenizer in tokenizer.json",
        ),
        (
            "tokenizer.json",
            {
                "normalizer": {
                    "type": "Sequence",
                    "normalizers": [
                        {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 9}
                    ]
                    * 4,
                }
            },
            "normalizer in tokenizer.json",
        ),
    ],
)
def test_a_value_of_another_kind_is_refused_with_file_key_and_what_was_expected(
    file: str, changes: dict[str, Any], said: str, copy_of: Copy
) -> None:
    folder = copy_of("medvlm_r1")
    _edit(folder / file, **changes)
    with pytest.raises(CheckpointError, match=said) as caught:
        open_checkpoint(folder)
    assert file in caught.value.message
    assert "\n" not in caught.value.message


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    st.sampled_from(["config.json", "generation_config.json", "preprocessor_config.json"]),
    st.sampled_from(["hidden_size", "vision_config", "size", "eos_token_id", "min_pixels"]),
)
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, value: Any, file: str, key: str
) -> None:
    path = tmp_path_factory.mktemp("any") / file
    path.write_text(json.dumps({key: value}), "utf-8")
    with contextlib.suppress(CheckpointError):  # no other error
        assert read_json(path) == {key: value}


@pytest.mark.parametrize("levels", [MOST_DEPTH + 1, 200_000])
def test_deep_json_is_refused(levels: int, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"a":' + "[" * levels + "]" * levels + "}", "utf-8")
    with pytest.raises(CheckpointError, match="levels of nesting"):
        read_json(path)


def test_a_file_far_larger_than_published_ones_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    with path.open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(CheckpointError, match=r"at most 4 MiB in config\.json"):
        read_json(path)


def _header(path: Path, header: Any, data: bytes = b"") -> None:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [1], "data_offsets": [0, float("inf")]},
        {"dtype": "F32", "shape": [1], "data_offsets": [0, -4]},
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "x", "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1] * 99, "data_offsets": [0, 4]},
        {"dtype": "I8", "shape": [4], "data_offsets": [0, 4]},
        {"dtype": 7, "shape": [1], "data_offsets": [0, 4]},
        [],
        None,
    ],
)
def test_a_header_with_an_odd_entry_is_refused(entry: Any, tmp_path: Path) -> None:
    path = tmp_path / SINGLE
    _header(path, {"a": entry}, bytes(4))
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        read_header(path)


def test_a_header_longer_than_any_published_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / SINGLE
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", MAX_HEADER_BYTES + 1))
        stream.truncate(2 * MAX_HEADER_BYTES)
    with pytest.raises(CheckpointError, match="header of at most"):
        read_header(path)
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n")
    with pytest.raises(CheckpointError, match="Git LFS"):
        read_header(path)


def test_two_sets_of_weights_are_refused_and_a_left_over_index_is_not(copy_of: Copy) -> None:
    folder = copy_of("chexone")
    parts = list(folder.glob("model-*.safetensors"))
    plain = set(open_checkpoint(folder).tensors)
    tensors = {name: value for part in parts for name, value in load_file(part).items()}
    save_file(tensors, folder / SINGLE)
    with pytest.raises(CheckpointError, match="two sets of weights"):
        open_checkpoint(folder)
    for part in parts:
        part.unlink()
    assert (folder / INDEX).is_file()
    left = open_checkpoint(folder).tensors
    assert {place.file.name for place in left.values()} == {SINGLE}
    assert set(left) == plain


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.bin"])
def test_an_adapter_is_refused_beside_a_model_and_alone(
    name: str, copy_of: Copy, tmp_path: Path
) -> None:
    folder, alone = copy_of("chexone"), tmp_path / "alone"
    alone.mkdir()
    for place in (folder, alone):
        (place / name).write_text("{}", "utf-8")
        with pytest.raises(CheckpointError, match=r"holds an adapter.*Merge it"):
            open_checkpoint(place)
    with pytest.raises(CheckpointError, match="holds an adapter"):
        locate(alone)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ("snapshots/0c/config.json", "download cache"),
        ("model.Q4_K_M.gguf", "GGUF"),
        ("pytorch_model.bin", "run code"),
        ("checkpoint-500/config.json", "folders with models in it.*checkpoint-500"),
        ("model.safetensors.part", "has not ended"),
    ],
)
def test_a_refusal_says_what_the_folder_holds(made: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / made
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{}", "utf-8")
    with pytest.raises(CheckpointError, match=said):
        open_checkpoint(tmp_path)


@pytest.mark.parametrize(
    "pattern",
    [r"(a+)+", r"(a|aa)*$", r"(?:a?){30}a", r"a*a*a*a*b", r"(\w)\1+", r"(?:(?:a{1,9}){1,9}){1,9}"],
)
def test_patterns_that_can_take_for_ever_are_known(pattern: str) -> None:
    assert why_slow(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        # GPT-2's, Qwen2's and GPT-4o's ways to cut text, in the main parts.
        r"'s|'t|'re| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
        r"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|\s*[\r\n]+",
    ],
)
def test_published_patterns_are_taken(pattern: str) -> None:
    assert why_slow(pattern) is None

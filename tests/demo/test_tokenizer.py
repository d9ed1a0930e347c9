"""The toy tokenizer: numbers are single tokens, and every text comes back as it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.demo import questions, wordings
from napari_medvlm.demo import tokenizer as toy

pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tokenizer")
    toy.build(path)
    return path


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> object:
    return toy.load(folder)


def _pieces(tokenizer: object, text: str) -> list[str]:
    ids = tokenizer.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]
    return [tokenizer.decode([i], skip_special_tokens=False) for i in ids]  # type: ignore[attr-defined]


def test_every_number_to_999_is_one_token_of_its_own(tokenizer: object) -> None:
    assert len(set(toy.number_ids(tokenizer))) == 1000


@pytest.mark.parametrize("number", [0, 7, 12, 123, 321, 999])
def test_numbers_in_a_box_are_one_token_each(tokenizer: object, number: int) -> None:
    text = f'[{{"image": 3, "bbox_2d": [{number}, 4, 56, 789], "label": "nodule"}}]'
    pieces = _pieces(tokenizer, text)
    assert pieces == [
        '[{"image": ', "3", ', "bbox_2d": [', str(number), ", ", "4", ", ", "56", ", ", "789",
        '], "label": "', "nodule", '"}]',
    ]  # fmt: skip


def test_words_of_the_recipe_are_one_token_each(tokenizer: object) -> None:
    text = "<think>Images 2, 3 show a nodule in the right lung.</think><answer>right</answer>"
    assert _pieces(tokenizer, text) == [
        "<think>", "Images ", "2", ", ", "3", " show", " a", " nodule", " in", " the", " right",
        " lung", ".", "</think>", "<answer>", "right", "</answer>",
    ]  # fmt: skip


@pytest.mark.parametrize("task", [*questions.FINDING_TASKS, "modality", "region", "direction"])
def test_questions_are_known_words(tokenizer: object, task: str) -> None:
    for text in wordings.phrasings(task):
        marks = sum(text.count(mark) for mark in ",.?")
        assert len(_pieces(tokenizer, text)) == len(text.split()) + marks


@given(st.text(max_size=60))
def test_any_text_comes_back(text: str) -> None:
    import unicodedata

    backend = _backend()
    ids = backend.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]
    back = backend.decode(ids, skip_special_tokens=False)  # type: ignore[attr-defined]
    assert back == unicodedata.normalize("NFC", text)


_KEPT: list[object] = []


def _backend() -> object:
    if not _KEPT:
        vocab, merges = toy._vocabulary()
        _KEPT.append(toy._backend(vocab, merges))
    return _KEPT[0]


def test_transformers_loads_the_same_tokenizer(folder: Path, tokenizer: object) -> None:
    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    text = "<|im_start|>user\nWhere is the nodule? Region: image 1 [12, 345, 67, 890].<|im_end|>\n"
    mine = tokenizer.encode(text, add_special_tokens=False).ids  # type: ignore[attr-defined]
    assert loaded(text).input_ids == mine
    assert loaded.decode(mine) == text
    assert loaded.eos_token == "<|im_end|>"


def test_vocab_and_merges_files_agree_with_tokenizer_json(folder: Path) -> None:
    backend = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocab = json.loads((folder / "vocab.json").read_text(encoding="utf-8"))
    merges = (folder / "merges.txt").read_text(encoding="utf-8").splitlines()
    assert vocab == backend["model"]["vocab"]
    assert [tuple(line.split(" ")) for line in merges[1:]] == [
        tuple(pair) for pair in backend["model"]["merges"]
    ]
    specials = [token["content"] for token in backend["added_tokens"]]
    assert specials == list(toy.SPECIAL_TOKENS)
    assert [token["id"] for token in backend["added_tokens"]] == [
        len(vocab) + index for index in range(len(specials))
    ]

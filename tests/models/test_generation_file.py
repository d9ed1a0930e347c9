"""Settings of generation_config.json: honoured, refused or told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.dialogue import Generation, Question
from napari_medvlm.errors import CheckpointError, EngineError
from napari_medvlm.models import open_model
from napari_medvlm.models.generation_file import sampling_note, token_rules
from napari_medvlm.models.sampling import DecodeSettings, Sampler

Copy = Callable[[str], Path]


def _ids(folder: Path, picture: Any, **settings: Any) -> list[int]:
    path = folder / "generation_config.json"
    values = json.loads(path.read_text("utf-8")) | {"repetition_penalty": 1.0} | settings
    path.write_text(json.dumps(values), "utf-8")
    model = open_model(folder, profile="qwen2.5-vl")
    prompt = model.encode(Question("What is seen?", (picture(),), mode="instruct"))
    return model.generate_ids(prompt, Generation(max_new_tokens=24))


@pytest.mark.parametrize("size", [1, 2])
def test_no_run_of_tokens_comes_twice_where_the_file_forbids_it(
    size: int, copy_of: Copy, picture: Any
) -> None:
    ids = _ids(copy_of("chexone"), picture, no_repeat_ngram_size=size)
    runs = list(zip(*(ids[at:] for at in range(size)), strict=False))
    assert len(set(runs)) == len(runs)


def test_suppressed_and_banned_tokens_do_not_come(copy_of: Copy, picture: Any) -> None:
    folder = copy_of("chexone")
    plain = _ids(folder, picture)
    without = _ids(folder, picture, suppress_tokens=[plain[0]])
    assert plain[0] not in without
    banned = _ids(folder, picture, suppress_tokens=None, bad_words_ids=[plain[:2]])
    assert banned[0] == plain[0]
    assert banned[1] != plain[1]


@pytest.mark.parametrize(
    "settings",
    [
        {"no_repeat_ngram_size": 3, "min_new_tokens": 5, "bad_words_ids": [[7], [1, 2]]},
        {"no_repeat_ngram_size": 1, "suppress_tokens": [4, 5], "begin_suppress_tokens": [6]},
    ],
)
def test_the_rules_are_those_of_the_published_library(settings: dict[str, Any]) -> None:
    """The same tokens are held back as by transformers' own processors of logits."""
    import torch
    from transformers.generation import logits_process as published

    generator = torch.Generator().manual_seed(0)
    prompt, stops = torch.randint(0, 12, (20,), generator=generator).tolist(), (3,)
    rules = token_rules(settings, stops)
    for length in range(8):
        ids = prompt + torch.randint(0, 12, (length,), generator=generator).tolist()
        row, scores = torch.tensor([ids]), torch.zeros(1, 12)
        if size := settings.get("no_repeat_ngram_size"):
            scores = published.NoRepeatNGramLogitsProcessor(size)(row, scores)
        if bad := settings.get("bad_words_ids"):
            scores = published.NoBadWordsLogitsProcessor(bad, eos_token_id=[3])(row, scores)
        if suppressed := settings.get("suppress_tokens"):
            scores = published.SuppressTokensLogitsProcessor(suppressed)(row, scores)
        if first := settings.get("begin_suppress_tokens"):
            made = published.SuppressTokensAtBeginLogitsProcessor(first, len(prompt))
            scores = made(row, scores)
        if least := settings.get("min_new_tokens"):
            made = published.MinNewTokensLengthLogitsProcessor(len(prompt), least, [3])
            scores = made(row, scores)
        theirs = {n for n, score in enumerate(scores[0].tolist()) if score == float("-inf")}
        assert rules.forbidden(ids, len(prompt), stops) & set(range(12)) == theirs


@pytest.mark.parametrize(
    ("key", "value"),
    [("num_beams", 4), ("guidance_scale", 1.5), ("forced_eos_token_id", 3), ("min_length", 9)],
)
def test_a_setting_that_is_not_done_is_refused_by_name(key: str, value: Any) -> None:
    with pytest.raises(CheckpointError, match=key):
        token_rules({key: value}, (3,))


def test_neutral_and_unknown_settings_are_taken() -> None:
    assert not token_rules({"num_beams": 1, "min_length": 0, "top_k": 50, "x": 1}, (3,))


def test_drawing_of_tokens_is_told_where_it_would_change_the_answer() -> None:
    assert "0.7" in sampling_note({"do_sample": True, "temperature": 0.7})
    assert not sampling_note({"do_sample": True, "temperature": 1e-6})
    assert not sampling_note({"do_sample": True, "top_k": 1})
    assert not sampling_note({"temperature": 0.7})


@pytest.mark.parametrize("temperature", [0.0, 1.0])
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_logits_that_are_no_numbers_choose_no_token(temperature: float, value: str) -> None:
    import torch

    logits = torch.zeros(8)
    logits[5] = float(value)
    sampler = Sampler(DecodeSettings(temperature=temperature), [1, 2])
    with pytest.raises(EngineError, match="not finite"):
        sampler.pick(logits)


def test_a_weight_that_is_no_number_ends_the_answer_with_a_sentence(
    copy_of: Copy, picture: Any
) -> None:
    from safetensors.torch import load_file, save_file

    folder = copy_of("medvlm_r1")
    tensors = load_file(folder / "model.safetensors")
    name = next(n for n in tensors if n.endswith("model.norm.weight"))
    tensors[name][0] = float("nan")
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    model = open_model(folder)
    with pytest.raises(EngineError, match="not finite"):
        list(model.stream(Question("What is seen?", (picture(),), mode="instruct")))

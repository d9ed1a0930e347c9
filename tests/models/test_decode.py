"""The decode loop and the sampler, with a network whose logits are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.dialogue import Generation
from napari_medvlm.models import Prompt
from napari_medvlm.models.decode import Decoding
from napari_medvlm.models.prefix import Conversations, FeatureCache
from napari_medvlm.models.sampling import DecodeSettings, Sampler

VOCABULARY = 7


class CountingNetwork:
    """Says the number after the last token; its cache is the list of positions it was given."""

    device = "cpu"
    dtype = "float32"
    spans_at_once = 2

    def encode_span(self, prompt: Prompt, index: int) -> Any:
        return torch.zeros(1)

    def encode_spans(self, prompt: Prompt, indices: Any) -> list[Any]:
        return [self.encode_span(prompt, index) for index in indices]

    def embed(self, prompt: Prompt, features: dict[str, Any], start: int = 0) -> Any:
        return prompt.input_ids[start:]

    def embed_ids(self, ids: list[int]) -> Any:
        return np.array(ids)

    def forward(self, embeds: Any, positions: Any, cache: list[Any]) -> Any:
        cache += positions.T.tolist()
        logits = torch.zeros(VOCABULARY)
        logits[(int(embeds[-1]) + 1) % VOCABULARY] = 1.0
        return logits

    def new_cache(self) -> list[Any]:
        return []

    def copy_cache(self, cache: list[Any], length: int) -> list[Any]:
        return cache[:length]


def prompt_of(*ids: int, resumes_at: int | None = None) -> Prompt:
    positions = np.tile(np.arange(len(ids)), (3, 1))
    if resumes_at is not None:
        positions[:, -1] = resumes_at
    return Prompt("", np.array(ids), positions=positions)


def decode(prompt: Prompt, settings: DecodeSettings, **options: Any) -> tuple[list[int], Decoding]:
    network = CountingNetwork()
    kept = Conversations(network.new_cache, network.copy_cache)
    decoding = Decoding(network, prompt, settings, kept, FeatureCache(), **options)
    return list(decoding.tokens(decoding.prefill(decoding.encode() or {}))), decoding


def test_it_ends_at_an_end_token_and_keeps_it() -> None:
    ids, decoding = decode(prompt_of(0, 1), DecodeSettings(stop_ids=(4, 6)))
    assert ids == [2, 3, 4]
    assert decoding.finish_reason == "stop"


def test_it_ends_at_the_limit() -> None:
    ids, decoding = decode(prompt_of(0), DecodeSettings(max_new_tokens=3))
    assert ids == [1, 2, 3]
    assert decoding.finish_reason == "length"


def test_an_end_token_at_the_limit_is_an_end() -> None:
    ids, decoding = decode(prompt_of(0), DecodeSettings(max_new_tokens=3, stop_ids=(3,)))
    assert ids == [1, 2, 3]
    assert decoding.finish_reason == "stop"


def test_it_stops_between_tokens_when_told() -> None:
    asked = iter([False, False, True])
    ids, decoding = decode(prompt_of(0), DecodeSettings(), should_stop=lambda: next(asked))
    assert ids == [1, 2, 3]
    assert decoding.finish_reason == "stopped"


def test_new_tokens_go_on_from_the_largest_position() -> None:
    _, decoding = decode(prompt_of(0, 1, resumes_at=40), DecodeSettings(max_new_tokens=3))
    cache = decoding._conversation.cache
    assert cache == [[0] * 3, [40] * 3, [41] * 3, [42] * 3]


def test_a_settings_default_is_the_checkpoints_penalty() -> None:
    generation = Generation(max_new_tokens=5, temperature=0.5, top_p=0.9, seed=3)
    settings = DecodeSettings.of(generation, penalty=1.05, stop_ids=[1])
    assert settings == DecodeSettings(5, 0.5, 0.9, 3, 1.05, (1,))
    own = Generation(repetition_penalty=1.2)
    assert DecodeSettings.of(own, penalty=1.05, stop_ids=[]).repetition_penalty == 1.2


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=VOCABULARY, max_size=VOCABULARY),
    st.lists(st.integers(0, VOCABULARY - 1), max_size=12),
)
def test_the_penalty_is_the_librarys(values: list[float], seen: list[int]) -> None:
    from transformers import RepetitionPenaltyLogitsProcessor

    logits = torch.tensor(values)
    sampler = Sampler(DecodeSettings(repetition_penalty=1.3), seen)
    ours = sampler._penalised(logits)
    if seen:
        theirs = RepetitionPenaltyLogitsProcessor(1.3)(torch.tensor([seen]), logits[None].clone())
        torch.testing.assert_close(ours, theirs[0], rtol=0, atol=0)
    else:
        torch.testing.assert_close(ours, logits, rtol=0, atol=0)


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=VOCABULARY, max_size=VOCABULARY, unique=True),
    st.floats(0.05, 0.95),
)
def test_the_nucleus_is_the_librarys(values: list[float], top_p: float) -> None:
    from transformers import TopPLogitsWarper

    logits = torch.tensor(values)
    kept = TopPLogitsWarper(top_p)(torch.zeros(1, 1, dtype=torch.int64), logits[None].clone())
    allowed = set(torch.isfinite(kept[0]).nonzero()[:, 0].tolist())
    chosen = {
        Sampler(DecodeSettings(temperature=1.0, top_p=top_p, seed=seed), []).pick(logits)
        for seed in range(20)
    }
    assert chosen <= allowed


def test_a_seed_gives_the_same_answer_again() -> None:
    logits = torch.linspace(0, 1, VOCABULARY)

    def run(seed: int) -> list[int]:
        sampler = Sampler(DecodeSettings(temperature=2.0, seed=seed), [])
        return [sampler.pick(logits) for _ in range(30)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert len(set(run(1))) > 3


def test_a_temperature_near_zero_is_greedy() -> None:
    logits = torch.tensor([0.1, 0.4, 0.39, 0.2])
    sampler = Sampler(DecodeSettings(temperature=1e-6), [])
    assert {sampler.pick(logits) for _ in range(20)} == {1}


@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_picking_leaves_the_logits_alone(penalty: float) -> None:
    logits = torch.tensor([1.0, 2.0, 3.0])
    Sampler(DecodeSettings(temperature=1, top_p=0.5, repetition_penalty=penalty), [0]).pick(logits)
    assert logits.tolist() == [1.0, 2.0, 3.0]

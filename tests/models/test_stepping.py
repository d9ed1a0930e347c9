"""The fast way of one token equals the library's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.models import open_model
from napari_medvlm.models.kv_cache import new_cache
from napari_medvlm.models.stepping import Stepper
from napari_medvlm.models.store import DEMO_FOLDER

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

ORACLES = Path(__file__).parent.parent / "oracles"
FOLDERS = [DEMO_FOLDER, ORACLES / "chexone" / "checkpoint", ORACLES / "medvlm_r1" / "checkpoint"]


def _parts(folder: Path, dtype: str) -> tuple[Any, Any]:
    module: Any = open_model(folder, dtype=dtype)._network.module  # type: ignore[union-attr]
    return module.model.language_model, module.lm_head


def _plain(decoder: Any, head: Any, embeds: Any, start: int, cache: Any) -> Any:
    places = torch.arange(start, start + embeds.shape[1])[None].expand(3, 1, -1)
    with torch.inference_mode():
        hidden = decoder(
            inputs_embeds=embeds, position_ids=places, past_key_values=cache, use_cache=True
        ).last_hidden_state
        return head(hidden[0, -1:])[0].float()


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_steps_equal_the_plain_forward_pass(folder: Path, dtype: str) -> None:
    decoder, head = _parts(folder, dtype)
    stepper = Stepper.of(decoder, head)
    assert stepper is not None
    generator = torch.Generator().manual_seed(3)
    vocabulary = decoder.embed_tokens.weight.shape[0]
    ids = torch.randint(vocabulary, (1, 24), generator=generator)
    caches = transformers.DynamicCache(), new_cache()
    embeds = decoder.embed_tokens(ids).detach()
    for cache in caches:
        _plain(decoder, head, embeds[:, :12], 0, cache)
    for place in range(12, 24):
        here = embeds[:, place : place + 1]
        plain = _plain(decoder, head, here, place, caches[0])
        fast = stepper.logits(here, torch.tensor([place]), caches[1])
        if dtype == "float32":
            torch.testing.assert_close(fast, plain, rtol=0, atol=2e-5)
        else:
            # Same operations in the same precision; only attention's kernel may differ.
            torch.testing.assert_close(fast, plain, rtol=0, atol=0.04)
        assert int(fast.argmax()) == int(plain.argmax())


@pytest.mark.parametrize("before", [0, 9])
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_several_tokens_equal_the_plain_forward_pass(folder: Path, before: int) -> None:
    decoder, head = _parts(folder, "float32")
    stepper = Stepper.of(decoder, head)
    assert stepper is not None
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(decoder.embed_tokens.weight.shape[0], (1, 21), generator=generator)
    embeds = decoder.embed_tokens(ids).detach()
    caches = transformers.DynamicCache(), new_cache()
    if before:
        for cache in caches:
            _plain(decoder, head, embeds[:, :before], 0, cache)
    plain = _plain(decoder, head, embeds[:, before:], before, caches[0])
    fast = stepper.logits(embeds[:, before:], torch.arange(before, 21), caches[1])
    torch.testing.assert_close(fast, plain, rtol=0, atol=2e-5)
    for ours, theirs in zip(caches[1].layers, caches[0].layers, strict=True):
        torch.testing.assert_close(ours.keys, theirs.keys, rtol=0, atol=1e-5)
        torch.testing.assert_close(ours.values, theirs.values, rtol=0, atol=1e-5)


def test_cache_holds_what_the_library_cache_holds_after_growing_and_cropping() -> None:
    ours, theirs = new_cache(), transformers.DynamicCache()
    generator = torch.Generator().manual_seed(1)
    for length in (5, 1, 300, 1, 700):
        states = torch.randn(2, 1, 2, length, 4, generator=generator)
        for cache in (ours, theirs):
            keys, values = cache.update(states[0], states[1], 0)
            assert keys.shape == values.shape
        if length == 300:
            for cache in (ours, theirs):
                cache.crop(-200)
    assert ours.get_seq_length() == theirs.get_seq_length() == 5 + 1 + 100 + 1 + 700
    assert torch.equal(ours.layers[0].keys, theirs.layers[0].keys)
    assert torch.equal(ours.layers[0].values, theirs.layers[0].values)


def test_what_is_not_known_is_left_to_the_plain_path() -> None:
    config = transformers.Qwen2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=64, vocab_size=50, use_sliding_window=True, sliding_window=8,
        max_window_layers=0,
    )  # fmt: skip
    slid = transformers.Qwen2ForCausalLM(config)
    assert Stepper.of(slid.model, slid.lm_head) is None

"""Training stops, resumes and leaves a folder that the native class loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.demo import architecture as arch
from napari_medvlm.demo import batches, losses, packing
from napari_medvlm.demo.questions import Mark, Scene
from napari_medvlm.demo.store import Store, write_shard
from napari_medvlm.demo.train import Plan, Run, train

torch = pytest.importorskip("torch")

PLAN = Plan(steps=6, warm_up=1, report_cases=0, seed=4)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("store")
    for kind in ("ct", "us"):
        write_shard(folder, kind, 0, size=2)
    return Store(folder)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "SINGLES", 2)
    monkeypatch.setattr(batches, "MULTIS", 1)
    monkeypatch.setitem(arch.TEXT, "num_hidden_layers", 1)
    monkeypatch.setitem(arch.VISION, "depth", 1)
    monkeypatch.setitem(arch.VISION, "fullatt_block_indexes", [0])


def _weights(run: Run) -> dict[str, Any]:
    return {name: weight.detach().clone() for name, weight in run.model.named_parameters()}


def test_pause_and_resume_equal_one_go_bit_by_bit(store: Store, tmp_path: Path) -> None:
    whole = Run(PLAN, tmp_path / "whole", resume=False)
    train(whole, store)
    paused = Run(PLAN, tmp_path / "paused", resume=False)
    train(paused, store, until=3)
    resumed = Run(PLAN, tmp_path / "paused", resume=True)
    assert resumed.progress["step"] == 3
    train(resumed, store)
    first, second = _weights(whole), _weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)
    start = _weights(Run(PLAN, tmp_path / "start", resume=False))
    assert not torch.equal(first["lm_head.weight" if "lm_head.weight" in first else
                                 "model.language_model.embed_tokens.weight"],
                           start["model.language_model.embed_tokens.weight"])  # fmt: skip


def test_saved_folder_loads_with_the_native_class(store: Store, tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    run = Run(PLAN, tmp_path, resume=False)
    run.save()
    loaded, told = transformers.Qwen2_5_VLForConditionalGeneration.from_pretrained(
        tmp_path, dtype=torch.float32, output_loading_info=True, local_files_only=True
    )
    assert not any(told[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    for name, weight in loaded.named_parameters():
        mine = dict(run.model.named_parameters())[name]
        torch.testing.assert_close(weight, mine.to(torch.float16).float(), rtol=0, atol=0)


def test_both_halves_together_give_the_gradient_of_the_whole(store: Store, tmp_path: Path) -> None:
    run = Run(PLAN, tmp_path, resume=False)
    halves = batches.draw_batch(store, run.encoder, seed=9, step=0)
    parameters = list(run.model.parameters())
    answers = sum(len(group.pack.predict) for half in halves for group in half if group.pack)
    parts = [run._share(half, answers, parameters)[0] for half in halves]
    threaded = [grads for grads, _ in run.workers.map(
        lambda half: run._share(half, answers, parameters), halves
    )]  # fmt: skip
    for alone, beside in zip(parts, threaded, strict=True):
        for a, b in zip(alone, beside, strict=True):
            assert (a is None and b is None) or torch.allclose(a, b, atol=1e-6)


def test_no_tensor_is_made_where_the_model_is_not(store: Store, tmp_path: Path) -> None:
    # With another default device, a tensor that is made without naming one cannot be computed
    # with: the same mistake would end a run on a GPU.
    from napari_medvlm.demo import watch

    run = Run(PLAN, tmp_path, resume=False, device="cpu")
    halves = batches.draw_batch(store, run.encoder, seed=9, step=0)
    parameters = list(run.model.parameters())
    answers = sum(len(group.pack.predict) for half in halves for group in half if group.pack)
    plain = run._share(halves[0], answers, parameters)[1]
    told = watch.measure(run.model, run.encoder, 1)
    watch._cases.cache_clear()
    with torch.device("meta"):
        assert run._share(halves[0], answers, parameters)[1] == plain
        assert watch.measure(run.model, run.encoder, 1) == told
        with pytest.raises(RuntimeError):
            torch.ones(2) + run.numbers[:2]


def test_soft_target_is_cheapest_at_the_exact_value() -> None:
    numbers = torch.arange(1000)
    spread = torch.tensor([6.0])

    def cost(told: float) -> float:
        # Embeddings so large that the model's own distribution is a Gaussian around `told`.
        logits = -0.5 * ((numbers - told) / spread) ** 2
        pack = packing.Pack(
            *[torch.zeros(1, 2, dtype=torch.long)] * 4,
            predict=torch.tensor([0]),
            target=torch.tensor([500]),
            soft_row=torch.tensor([0]),
            soft_value=torch.tensor([500.3]),
            soft_spread=spread,
        )
        hidden = torch.ones(1, 2, 1)
        total, soft = losses.answer_loss(hidden, logits[:, None], pack, numbers)
        assert float(total) == float(soft)
        return float(total)

    assert cost(500.3) == pytest.approx(0, abs=1e-4)
    assert cost(500.3) < cost(502) < cost(510) < cost(530)


def test_dense_truth_points_at_the_box() -> None:
    scene = Scene("ct", 2, (Mark(1, (0.2, 0.4, 0.4, 0.6), "right", 0, 20.0),))
    present, edges = losses.dense_truth([scene], 2, 5)
    assert np.argwhere(present.numpy()).tolist() == [[1, 2, 1]]
    assert edges[1, 2, 1].tolist() == pytest.approx([-0.5, -0.5, 0.5, 0.5])


def test_every_box_number_of_an_answer_has_a_soft_target(tmp_path: Path) -> None:
    arch.write_folder(tmp_path)
    encoder = batches.Encoder(tmp_path)
    marks = tuple(Mark(i, (0.11, 0.22, 0.33, 0.44), "left", 0, 20.0 + i) for i in range(2))
    scene = Scene("ct", 3, marks)
    from napari_medvlm.demo import questions

    exchange = questions.ask("where", scene, np.random.default_rng(0), thinks=True)
    branch = encoder.branch(exchange, scene)
    assert len(branch.soft) == 8
    for place, value, _ in branch.soft:
        assert place >= branch.answer_start
        assert encoder.tokenizer.decode([branch.ids[place]]) == str(round(value))

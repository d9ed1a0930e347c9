"""Packed branches and the batched vision tower give what the native model gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.demo import architecture as arch
from napari_medvlm.demo import packing, questions
from napari_medvlm.demo.batches import Encoder
from napari_medvlm.demo.questions import Mark, Scene

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("toy")
    arch.write_folder(path, {"num_hidden_layers": 2})
    return path


@pytest.fixture(scope="module")
def model(folder: Path) -> Any:
    return arch.new_model(folder, seed=3).eval()


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoder:
    return Encoder(folder)


def _native_patches(frames: np.ndarray) -> torch.Tensor:
    """Cut (2, side, side) grey levels 0..1 into normalised patches in merge order, by the book."""
    mean, std = np.array(arch.IMAGE_MEAN), np.array(arch.IMAGE_STD)
    rgb = (frames[..., None] - mean) / std
    rows = []
    for top in range(0, arch.GRID, 2):
        for left in range(0, arch.GRID, 2):
            for y in (top, top + 1):
                for x in (left, left + 1):
                    cut = rgb[:, 14 * y : 14 * y + 14, 14 * x : 14 * x + 14]
                    rows.append(cut.transpose(3, 0, 1, 2).reshape(-1))
    return torch.tensor(np.array(rows), dtype=torch.float32)


@pytest.mark.parametrize("times", [1, 2])
def test_batched_vision_tower_equals_the_native_one(model: Any, times: int) -> None:
    frames = np.random.default_rng(0).random((3, times, arch.SIDE, arch.SIDE), np.float32)
    merged, _ = packing.image_features(model.model.visual, torch.from_numpy(frames))
    grid = torch.tensor([[1, arch.GRID, arch.GRID]])
    for image, mine in zip(frames, merged, strict=True):
        pair = np.concatenate([image, image]) if times == 1 else image
        native = model.model.visual(_native_patches(pair), grid_thw=grid).pooler_output
        torch.testing.assert_close(mine, native, atol=2e-5, rtol=1e-4)


def _branches(encoder: Encoder, scene: Scene) -> list[packing.Branch]:
    rng = np.random.default_rng(5)
    tasks = questions.tasks_for(scene)[:4]
    return [
        encoder.branch(questions.ask(task, scene, rng, thinks=index % 2 == 0), scene)
        for index, task in enumerate(tasks)
    ]


def test_packed_branches_equal_separate_prompts(model: Any, encoder: Encoder) -> None:
    rng = np.random.default_rng(1)
    mark = Mark(1, (0.2, 0.3, 0.3, 0.4), "right", 0, 21.0)
    scenes = [Scene("ct", 2, (mark,)), Scene("mr", 2)]
    branches = [_branches(encoder, scene) for scene in scenes]
    prefix = encoder.prefix(2)
    frames = torch.from_numpy(rng.random((4, 1, arch.SIDE, arch.SIDE), np.float32))
    ids = {"image_id": encoder.image_id, "video_id": encoder.video_id, "pad_id": encoder.pad_id}
    with torch.inference_mode():
        features, _ = packing.image_features(model.model.visual, frames)
        together = packing.pack([prefix, prefix], branches, **ids)
        packed = packing.hidden_states(model, together, features).flatten(0, 1)[together.predict]
        alone = []
        for row, own in enumerate(branches):
            for branch in own:
                single = packing.pack([prefix], [[branch]], **ids)
                hidden = _native_hidden(model, single, features[2 * row : 2 * row + 2])
                alone.append(hidden[single.predict])
    torch.testing.assert_close(packed, torch.cat(alone), atol=1e-4, rtol=1e-4)


def _native_hidden(model: Any, single: packing.Pack, features: torch.Tensor) -> torch.Tensor:
    """Run one unpacked prompt with the native causal mask and native position ids."""
    embeds = model.get_input_embeddings()(single.ids)
    embeds = embeds.masked_scatter(single.vision[..., None], features)
    grid = torch.tensor([[1, arch.GRID, arch.GRID]] * 2)
    kinds = single.vision.long()
    positions, _ = model.model.get_rope_index(
        single.ids, mm_token_type_ids=kinds, image_grid_thw=grid
    )
    torch.testing.assert_close(positions, single.positions)
    out = model.model.language_model(inputs_embeds=embeds, position_ids=positions, use_cache=False)
    return out.last_hidden_state[0]


def test_text_resumes_after_the_largest_position_of_a_clip(encoder: Encoder) -> None:
    prefix = encoder.prefix(0, steps=4)
    positions = packing.prefix_positions(prefix, encoder.image_id, encoder.video_id)
    video = np.array(prefix) == encoder.video_id
    start = int(np.flatnonzero(video)[0])
    assert positions[:, video].max(axis=1).tolist() == [start + 6, start + 4, start + 4]
    assert positions[:, np.flatnonzero(video)[-1] + 1].tolist() == [start + 7] * 3


def test_greedy_batch_equals_greedy_one_by_one(model: Any, encoder: Encoder) -> None:
    frames = np.random.default_rng(2).random((3, 1, arch.SIDE, arch.SIDE), np.float32)
    ids = {"image_id": encoder.image_id, "video_id": encoder.video_id, "stop_id": encoder.stop_id}
    with torch.inference_mode():
        features, _ = packing.image_features(model.model.visual, torch.from_numpy(frames))
        text = encoder.ids(packing.question_text("Where is the nodule?"))
        prompts = [
            ([*encoder.prefix(1), *text], features[0]),
            ([*encoder.prefix(2), *text], features[1:].flatten(0, 1)),
        ]
        both = packing.greedy(model, prompts, limit=12, **ids)
        single = [packing.greedy(model, [prompt], limit=12, **ids)[0] for prompt in prompts]
    assert both == single
    assert [len(ids) for ids in both] == [12, 12]

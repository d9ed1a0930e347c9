"""Every recorded case of both checkpoints: the published pipeline's values, with its tolerances.

Ids, grids, positions and pixels exactly, features within 1e-4, first logits within 1e-3.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Generation
from napari_medvlm.models import Prompt

ORACLES = Path(__file__).resolve().parents[2] / "oracles"
CASES = [
    pytest.param((name, path), id=f"{name}-{path.name}")
    for name in ("chexone", "medvlm_r1")
    for path in sorted((ORACLES / name / "cases").iterdir())
]


class Case:
    """One recorded case and what the model here makes of it."""

    def __init__(self, model: Any, folder: Path) -> None:
        self.model = model
        self.folder = folder
        self.facts = json.loads((folder / "case.json").read_text(encoding="utf-8"))
        with np.load(folder / "expected.npz", allow_pickle=False) as arrays:
            self.expected = dict(arrays)
        self.prompt = self.encode()
        self.kind = "image" if "image_grid_thw" in self.expected else "video"

    def encode(self, **options: Any) -> Prompt:
        """Encode the messages as the case says."""
        facts = self.facts
        return self.model.encode_messages(  # type: ignore[no-any-return]
            facts["messages"], facts["processor"], facts["pipeline"], self.folder, **options
        )


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    name, folder = request.param
    return Case(request.getfixturevalue(name), folder)


def test_there_are_fourteen_cases() -> None:
    assert len(CASES) == 14


def test_prompt_and_ids_are_exact(case: Case) -> None:
    assert case.prompt.text == case.facts["expected"]["prompt"]
    np.testing.assert_array_equal(case.prompt.input_ids, case.expected["input_ids"])


def test_grids_and_seconds_are_exact(case: Case) -> None:
    compared = 0
    for key in ("image_grid_thw", "video_grid_thw", "second_per_grid_ts"):
        if key in case.expected:
            np.testing.assert_array_equal(case.prompt.extra[key], case.expected[key])
            compared += 1
    assert compared


def test_sizes_after_the_first_resize_are_exact(case: Case) -> None:
    visuals = case.prompt.extra["visuals"]
    if case.kind == "image":
        wanted = case.facts["expected"]["image_sizes_after_process_vision_info_wh"]
        assert [list(v.first_wh) for v in visuals] == wanted
    else:
        wanted = case.facts["expected"]["video_shape_after_process_vision_info_tchw"]
        assert [[v.frames, 3, v.first_wh[1], v.first_wh[0]] for v in visuals] == wanted


def test_pixels_are_exact_to_the_bit(case: Case) -> None:
    key = "pixel_values" if case.kind == "image" else "pixel_values_videos"
    pixels = case.prompt.pixels
    assert pixels is not None
    np.testing.assert_array_equal(pixels.shape, case.expected[f"{key}_shape"])
    rows = case.expected[f"{key}_rows"]
    np.testing.assert_array_equal(pixels[rows], case.expected[f"{key}_slice"])
    digest = hashlib.sha256(pixels.astype("<f4").tobytes()).hexdigest()
    assert digest == case.facts["expected"][f"{key}_sha256_f32le"]


def test_positions_are_exact(case: Case) -> None:
    np.testing.assert_array_equal(case.prompt.positions, case.expected["position_ids"])
    assert case.prompt.extra["rope_delta"] == case.expected["rope_delta"]


def test_features_and_first_logits_are_close(case: Case) -> None:
    features = case.model.features(case.prompt)
    np.testing.assert_allclose(features, case.expected[f"{case.kind}_features"], rtol=0, atol=1e-4)
    logits = case.model.next_token_logits(case.prompt)
    np.testing.assert_allclose(logits, case.expected["first_logits"], rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("key", "text", "penalty"),
    [
        ("greedy_ids", "greedy", 1.0),
        ("greedy_ids_rep1.05", "rep1.05", 1.05),
        # None: what the checkpoint's authors use.
        ("quickstart_ids", "quickstart", None),
    ],
)
def test_generated_ids_are_exact(case: Case, key: str, text: str, penalty: float | None) -> None:
    generation = Generation(max_new_tokens=24, repetition_penalty=penalty)
    ids = case.model.generate_ids(case.prompt, generation)
    assert ids == case.expected[key].tolist()
    assert case.model.tokens.decode(ids) == case.facts["expected"]["text"][text]


PIL_CASES = [
    pytest.param(*param.values[0], id=param.id)
    for param in CASES
    if "transformers 4.56.2, PIL image processor"
    in json.loads((param.values[0][1] / "case.json").read_text(encoding="utf-8"))["comparison"]
]


@pytest.mark.parametrize(("name", "folder"), PIL_CASES)
def test_the_pillow_backend_is_the_published_one(
    name: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    case = Case(request.getfixturevalue(name), folder)
    prompt = case.encode(backend="pil")
    assert prompt.pixels is not None
    rows = case.expected["pixel_values_rows"]
    np.testing.assert_allclose(
        prompt.pixels[rows], case.expected["pixel_values_slice__pil"], rtol=0, atol=1e-6
    )
    logits = case.model.next_token_logits(prompt)
    np.testing.assert_allclose(logits, case.expected["first_logits__pil"], rtol=0, atol=1e-3)
    ids = case.model.generate_ids(prompt, Generation(max_new_tokens=24, repetition_penalty=1.0))
    assert ids == case.expected["greedy_ids__pil"].tolist()

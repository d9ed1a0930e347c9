"""The catalog, the choice of a profile, contracts, and where checkpoints lie. No torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medvlm.errors import CheckpointError, QuestionError
from napari_medvlm.models import CATALOG, PROFILES, find, locate, profile_of
from napari_medvlm.models.store import DEMO_FOLDER, folder_of, is_present, models_folder


def test_the_known_names_are_there_and_the_toy_says_so() -> None:
    assert list(CATALOG) == ["demo", "chexone", "medvlm-r1", "fleming-vl-8b", "fleming-vl-38b"]
    assert "(toy)" in CATALOG["demo"].label
    assert find(" CheXOne ") is CATALOG["chexone"]
    assert find("gpt") is None
    for entry in CATALOG.values():
        assert entry.purpose
        assert entry.contract.trained_on
        assert entry.size_gb > 0
        assert PROFILES[entry.profile.name] is entry.profile


def test_the_room_is_light() -> None:
    code = (
        "import sys, napari_medvlm.models, napari_medvlm.models.qwen_vl.wording;"
        "print([m for m in ('torch', 'transformers', 'tokenizers', 'PIL') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("path", "config", "name"),
    [
        ("/models/CheXOne", {}, "chexone"),
        ("/cache/models--StanfordAIMI--CheXOne/snapshots/0c350e", {}, "chexone"),
        ("/oracles/chexone/checkpoint", {}, "chexone"),
        ("/models/mine", {"_name_or_path": "StanfordAIMI/CheXOne"}, "chexone"),
        ("/models/mine", {"medvlm_profile": "demo"}, "demo"),
        ("/site/napari_medvlm/demo/model", {}, "demo"),
        ("/models/Qwen2.5-VL-7B-Instruct", {}, "qwen2.5-vl"),
        # MedVLM-R1 is of the other layout; a name alone does not make it fit.
        ("/models/MedVLM-R1", {}, "qwen2.5-vl"),
    ],
)
def test_a_profile_follows_names_then_the_layout(
    path: str, config: dict[str, str], name: str
) -> None:
    found = profile_of(Path(path), {"model_type": "qwen2_5_vl", **config})
    assert found.name == name


@pytest.mark.parametrize("layout", ["internvl_chat", "internvl"])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/models/Fleming-VL-8B", "fleming-vl-8b"),
        ("/cache/models--Somebody--Fleming-VL-38B/snapshots/0c350e", "fleming-vl-38b"),
        ("/oracles/fleming_vl/checkpoint", "fleming-vl"),
        ("/models/InternVL3-8B", "internvl"),
    ],
)
def test_fleming_vl_is_known_by_its_name(layout: str, path: str, name: str) -> None:
    found = profile_of(Path(path), {"model_type": layout})
    assert found.name == name
    assert (found.family, found.parser) == ("internvl", "internvl")


def test_fleming_vl_says_what_it_takes() -> None:
    small, large = CATALOG["fleming-vl-8b"], CATALOG["fleming-vl-38b"]
    assert [e.profile.kv_bytes_per_token for e in (small, large)] == [57344, 262144]
    assert [e.profile.tokens_per_image for e in (small, large)] == [256, 256]
    for entry in (small, large):
        assert entry.weight_bytes is not None
        assert entry.size_gb == pytest.approx(entry.weight_bytes / 1e9, abs=0.05)
        assert "unknown" in entry.licence


def test_the_other_layout() -> None:
    config = {"model_type": "qwen2_vl"}
    assert profile_of(Path("/models/medvlm_r1"), config).name == "medvlm-r1"
    assert profile_of(Path("/models/x"), config).name == "qwen2-vl"
    assert profile_of(Path("/models/x"), config, "medvlm-r1").name == "medvlm-r1"


@pytest.mark.parametrize(
    ("config", "wanted", "named"),
    [
        ({"model_type": "llama"}, None, "llama"),
        ({}, None, "none"),
        ({"model_type": "qwen2_vl"}, "chexone", "qwen2_5_vl"),
        ({"model_type": "qwen2_vl"}, "nobody", "nobody"),
    ],
)
def test_what_does_not_fit_is_refused(
    config: dict[str, str], wanted: str | None, named: str
) -> None:
    with pytest.raises(CheckpointError, match=named):
        profile_of(Path("/x"), config, wanted)


def test_a_catalog_name_is_found_in_the_models_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    entry = CATALOG["chexone"]
    assert folder_of(entry) == tmp_path / "chexone"
    assert not is_present(entry)
    with pytest.raises(CheckpointError, match="not on this machine"):
        locate("chexone")
    (tmp_path / "chexone").mkdir()
    (tmp_path / "chexone" / "config.json").write_text("{}")
    found = locate("CheXOne")
    assert (found.path, found.label, found.profile) == (
        tmp_path / "chexone",
        "CheXOne",
        "chexone",
    )
    assert folder_of(CATALOG["demo"]) == DEMO_FOLDER


def test_a_folder_is_found_as_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "some-model"
    folder.mkdir()
    with pytest.raises(CheckpointError, match="found nothing"):
        locate(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "qwen2_vl"}))
    found = locate(str(folder))
    assert found.profile == "qwen2-vl"
    assert found.label == "Qwen2-VL checkpoint (some-model)"


def test_tasks_are_found_by_key() -> None:
    profile = CATALOG["chexone"].profile
    assert profile.task("locate").fill("left effusion") == (
        "Please locate the following phrase: left effusion"
    )
    assert profile.task("findings").fill("") == "Write an example findings section for the CXR."
    assert profile.task("findings").fill("Be short.").endswith("CXR. Be short.")
    with pytest.raises(QuestionError, match="no task named 'paint'"):
        profile.task("paint")

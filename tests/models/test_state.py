"""What a look at a folder tells: absent, partial, ready, or broken and why. No torch."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from napari_medvlm.models.catalog import CATALOG
from napari_medvlm.models.licences import licence_warning
from napari_medvlm.models.state import state_of, what_is_wrong

ENTRY = CATALOG["chexone"]
PART = "model-00001-of-00002.safetensors"


@pytest.fixture
def placed(tmp_path: Path, copy_of: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recorded CheXOne where the program looks for it."""
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    return copy_of("chexone")


def test_a_whole_folder_is_ready(placed: Path) -> None:
    state = state_of(ENTRY)
    assert (state.kind, state.why) == ("ready", "")
    assert state.held == sum(path.stat().st_size for path in placed.iterdir())


def test_the_toy_is_always_ready() -> None:
    assert state_of(CATALOG["demo"]).kind == "ready"


def test_nothing_and_an_empty_folder_are_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    assert state_of(ENTRY).kind == "absent"
    (tmp_path / "chexone").mkdir()
    assert state_of(ENTRY).kind == "absent"


def test_a_download_that_was_not_finished_is_partial(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    (tmp_path / "chexone.partial").mkdir()
    (tmp_path / "chexone.partial" / f"{PART}.part").write_bytes(b"12345")
    state = state_of(ENTRY)
    assert (state.kind, state.held) == ("partial", 5)


def test_a_link_to_a_disk_that_is_gone_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    (tmp_path / "chexone").symlink_to(tmp_path / "stick")
    state = state_of(ENTRY)
    assert state.kind == "broken"
    assert "gone" in state.why


@pytest.mark.parametrize(
    "name", ["config.json", "preprocessor_config.json", PART, "model.safetensors.index.json"]
)
def test_a_missing_file_is_named(placed: Path, name: str) -> None:
    (placed / name).unlink()
    state = state_of(ENTRY)
    assert state.kind == "broken"
    assert name in state.why


def test_a_cut_file_is_named_with_both_sizes(placed: Path) -> None:
    path = placed / PART
    size = path.stat().st_size
    path.write_bytes(path.read_bytes()[:-7])
    assert state_of(ENTRY).why == f"{PART} should have {size} bytes, found {size - 7}."


def test_a_file_with_more_than_its_tensors_is_named_too(placed: Path) -> None:
    path = placed / PART
    path.write_bytes(path.read_bytes() + b"more")
    assert state_of(ENTRY).why.startswith(f"{PART} should have ")


def test_any_way_to_have_a_tokenizer_will_do(placed: Path) -> None:
    (placed / "tokenizer.json").unlink()
    assert state_of(ENTRY).kind == "ready"
    (placed / "vocab.json").unlink()
    assert "tokenizer.json or vocab.json+merges.txt" in state_of(ENTRY).why


def test_another_model_in_its_place_is_broken(placed: Path, copy_of: Callable[[str], Path]) -> None:
    other = copy_of("medvlm_r1")
    assert what_is_wrong(other) == ""
    assert "qwen2_vl" in what_is_wrong(other, "chexone")


def test_looking_loads_no_torch() -> None:
    code = (
        "import sys; from napari_medvlm.models.state import state_of;"
        "from napari_medvlm.models import CATALOG; print(state_of(CATALOG['demo']).kind);"
        "print([m for m in ('torch', 'transformers', 'safetensors') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["ready", "[]"]


@pytest.mark.parametrize(
    ("licence", "word"),
    [
        ("Apache-2.0", ""),
        ("BSD-3-Clause", ""),
        ("mit", ""),
        ("cc-by-4.0", ""),
        ("cc-by-nc-4.0", "commercial"),
        ("CC-BY-NC-4.0 as reported; see the published card", "commercial"),
        ("Non-Commercial research licence", "commercial"),
        ("", "No licence"),
        ("unknown; see the published card", "No licence"),
        ("other", "terms of its own"),
    ],
)
def test_a_licence_that_needs_a_word_gets_one(licence: str, word: str) -> None:
    warning = licence_warning(licence)
    assert word in warning
    assert bool(warning) == bool(word)

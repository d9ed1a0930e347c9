"""The manifest is found from an editable install and from a wheel, and names what exists."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from npe2 import PluginManifest

ROOT = Path(__file__).parents[1]


def _npe2(*args: str, python_path: str = "") -> str:
    environment = {**os.environ, "PYTHONPATH": python_path}
    done = subprocess.run(
        [sys.executable, "-m", "npe2", *args],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_command_of_the_manifest_can_be_imported() -> None:
    manifest = PluginManifest.from_file(ROOT / "napari.yaml")
    manifest.validate_imports()
    assert {c.id for c in manifest.contributions.commands} >= {
        "napari-medvlm.panel",
        "napari-medvlm.read",
    }


def test_the_editable_install_is_valid_and_carries_this_manifest() -> None:
    if not (distribution("napari-medvlm").read_text("direct_url.json") or "").count("editable"):
        pytest.fail("the tests expect an editable install: run `make env`")
    assert "valid" in _npe2("validate", "napari-medvlm")
    import importlib.util

    spec = importlib.util.find_spec("napari_medvlm_files")
    assert spec is not None
    assert spec.submodule_search_locations
    installed = Path(next(iter(spec.submodule_search_locations))) / "napari.yaml"
    assert installed.read_text() == (ROOT / "napari.yaml").read_text(), "run `make env` again"


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # --no-isolation: the build backend is part of the pinned set, so no network is needed.
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
        timeout=300,
    )
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_the_wheel_is_valid(unpacked_wheel: Path) -> None:
    text = (unpacked_wheel / "napari_medvlm_files" / "napari.yaml").as_posix()
    assert "valid" in _npe2("validate", text, python_path=str(unpacked_wheel))


def test_the_wheel_finds_its_manifest_by_entry_point(unpacked_wheel: Path) -> None:
    code = (
        "import json, sys; from npe2 import PluginManager; pm = PluginManager();"
        "pm.discover(paths=[sys.argv[1]]); m = pm.get_manifest('napari-medvlm');"
        "print(json.dumps([m.display_name, len(m.contributions.sample_data)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(unpacked_wheel)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(unpacked_wheel)},
    )
    assert json.loads(done.stdout.splitlines()[-1]) == ["medvlm", 5]


def test_the_wheel_carries_sample_data_and_the_toy_model(unpacked_wheel: Path) -> None:
    assert (unpacked_wheel / "napari_medvlm_files" / "sample_data" / "radiograph.png").is_file()
    model = unpacked_wheel / "napari_medvlm" / "demo" / "model"
    assert (model / "model.safetensors").is_file()
    assert (model / "README.md").is_file()

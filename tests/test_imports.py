"""Importing the plugin is light: neither torch nor transformers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]


def _modules_after(statements: str) -> set[str]:
    code = f"import sys, json\n{statements}\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_modules_of_the_manifest_load_neither_torch_nor_transformers() -> None:
    lines = [
        f"import {module}; [getattr({module}, n) for n in {names!r}]"
        for module, names in _named_attributes().items()
    ]
    loaded = _modules_after("\n".join(lines))
    assert "napari_medvlm" in loaded
    assert not loaded & {"torch", "transformers", "decord", "av"}


def _named_attributes() -> dict[str, list[str]]:
    manifest = yaml.safe_load((ROOT / "napari.yaml").read_text())
    result: dict[str, list[str]] = {}
    for command in manifest["contributions"]["commands"]:
        module, _, name = command["python_name"].partition(":")
        result.setdefault(module, []).append(name)
    return result


def test_the_public_doors_are_light() -> None:
    loaded = _modules_after(
        "from napari_medvlm.imaging import read\n"
        "from napari_medvlm.dialogue import Question\n"
        "from napari_medvlm.models import open_model\n"
        "from napari_medvlm.engine import ModelThread\n"
        "import napari_medvlm.cli"
    )
    assert not loaded & {"torch", "transformers", "qtpy", "napari", "PyQt6"}

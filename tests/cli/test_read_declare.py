"""``medvlm read --declare``, and what follows from it in other commands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

from napari_medvlm.cli import main
from napari_medvlm.records.declarations import DECLARATIONS_VARIABLE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DECLARATIONS_VARIABLE, str(tmp_path / "declared"))
    return tmp_path / "declared"


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    np.save(tmp_path / "stack.npy", np.arange(6 * 8 * 8, dtype=np.int16).reshape(6, 8, 8))
    return tmp_path / "stack.npy"


def read_again(capsys: Any, path: Path) -> dict[str, Any]:
    assert main(["read", str(path), "--json"]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])["entries"][0]


def test_what_is_declared_holds_and_can_be_taken_back(stack: Path, capsys: Any) -> None:
    words = "modality=MR,body_part=brain,orientation=LPS,spacing=3x0.5x0.5"
    assert main(["read", str(stack), "--declare", words]) == 0
    assert "Declared by you, not by the file: modality MR" in capsys.readouterr().out
    facts = read_again(capsys, stack)
    assert (facts["modality"], facts["body_part"], facts["spacing"]) == (
        "MR",
        "BRAIN",
        [3, 0.5, 0.5],
    )
    assert facts["orientation_known"]
    assert main(["read", str(stack), "--declare", "orientation=none"]) == 0
    capsys.readouterr()
    facts = read_again(capsys, stack)
    assert (facts["orientation_known"], facts["modality"]) == (False, "MR")
    assert main(["read", str(stack), "--declare", "none"]) == 0
    capsys.readouterr()
    assert read_again(capsys, stack)["declared"] == {}


def test_a_converted_file_lies_as_it_was_declared(stack: Path, tmp_path: Path) -> None:
    words = "orientation=LPS,spacing=3x0.5x0.5"
    assert main(["read", str(stack), "--declare", words]) == 0
    assert main(["convert", str(stack), str(tmp_path / "out.nii.gz")]) == 0
    image = nib.load(tmp_path / "out.nii.gz")
    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")
    assert image.header.get_zooms() == (0.5, 0.5, 3.0)


def test_a_declaration_is_about_one_scan(stack: Path, capsys: Any) -> None:
    np.save(stack.with_name("other.npy"), np.zeros((6, 8, 8), np.int16))
    assert main(["read", str(stack.parent), "--declare", "modality=MR"]) == 2
    assert "Add --entry N" in capsys.readouterr().err
    assert main(["read", str(stack.parent), "--entry", "1", "--declare", "modality=MR"]) == 0
    out = capsys.readouterr().out
    assert "[1] stack.npy (MR" in out
    assert "other.npy" not in out
    assert main(["read", str(stack.parent), "--entry", "7"]) == 2
    assert "0 to 1" in capsys.readouterr().err


def test_what_cannot_be_declared_is_one_line(
    stack: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in ("modality=Doe", "patient=Doe", "orientation=LL"):
        assert main(["read", str(stack), "--declare", words]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    monkeypatch.setenv(DECLARATIONS_VARIABLE, "off")
    assert main(["read", str(stack), "--declare", "modality=MR"]) == 2
    assert "is “off”" in capsys.readouterr().err

"""What was declared is kept by content, and nothing else with it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from napari_medvlm.errors import RecordError
from napari_medvlm.imaging.declaration import Declaration
from napari_medvlm.records.declarations import (
    DECLARATIONS_VARIABLE,
    any_declared,
    declarations_folder,
    keep_declaration,
    kept_declaration,
)

KEY = "0a" * 32
BRAIN = Declaration("MR", "BRAIN", "LPS", (3.0, 0.5, 0.5))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DECLARATIONS_VARIABLE, str(tmp_path / "declared"))
    return tmp_path / "declared"


def test_it_is_found_again_changed_and_taken_back(folder: Path) -> None:
    assert not any_declared()
    assert kept_declaration(KEY) == Declaration()
    assert keep_declaration(KEY, BRAIN)
    assert any_declared()
    assert kept_declaration(KEY) == BRAIN
    keep_declaration(KEY, BRAIN.changed({"spacing": ()}))
    assert kept_declaration(KEY).spacing == ()
    keep_declaration(KEY, Declaration())
    assert list(folder.iterdir()) == []
    keep_declaration(KEY, Declaration())  # twice is once


def test_a_file_holds_the_hash_and_what_was_said_alone(folder: Path) -> None:
    keep_declaration(KEY, BRAIN)
    (file,) = folder.iterdir()
    assert file.name == f"{KEY}.json"
    plain = json.loads(file.read_text())
    assert set(plain) == {"version", "declared"}
    assert set(plain["declared"]) == {"modality", "body_part", "orientation", "spacing"}
    if os.name == "posix":
        assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"declared": 3}', '{"declared": {"modality": "Doe"}}', "[" * 5000, "9" * 20000,
     '{"declared": {"name": "Doe"}}', '{"declared": {"modality": ["MR"]}}'],
)  # fmt: skip
def test_a_damaged_file_is_as_if_nothing_were_said(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / f"{KEY}.json").write_text(text)
    assert kept_declaration(KEY) == Declaration()
    keep_declaration(KEY, BRAIN)
    assert kept_declaration(KEY) == BRAIN


def test_off_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DECLARATIONS_VARIABLE, "off")
    assert declarations_folder() is None
    assert not keep_declaration(KEY, BRAIN)
    assert kept_declaration(KEY) == Declaration()
    assert not any_declared()


def test_no_key_leads_out_of_the_folder(folder: Path) -> None:
    for key in ("../../etc/passwd", "", "A" * 64, KEY + "\n"):
        assert not keep_declaration(key, BRAIN)
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv(DECLARATIONS_VARIABLE, str(tmp_path / "file" / "declared"))
    with pytest.raises(RecordError, match="could not be saved"):
        keep_declaration(KEY, BRAIN)

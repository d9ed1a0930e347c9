from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QMessageBox

from asking.scans import ct
from napari_medvlm.dialogue import Question
from napari_medvlm.imaging import Selection, take
from napari_medvlm.napari_hooks import show_journal, wipe_journal
from napari_medvlm.records import Capsule, Journal, ModelRecord

pytestmark = pytest.mark.window


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kept <b>" / "journal.sqlite"
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    return path


def _fill(path: Path) -> None:
    asked = Question("is there a nodule?", take(ct(), Selection((2, 5))))
    with Journal(path) as journal:
        capsule = Capsule.of(asked, ModelRecord("a model"))
        pixels = {frame.digest: frame.pixels for frame in asked.frames}
        journal.ask(journal.begin("ab" * 6), capsule, pixels)


@pytest.fixture
def answered(qapp: Any) -> Any:
    """Presses a button of the next message box; gives what the box said."""
    said: list[str] = []

    def press(words: str) -> list[str]:
        timer = QTimer(qapp, interval=20)

        def look() -> None:
            box = QApplication.activeModalWidget()
            if isinstance(box, QMessageBox):
                timer.stop()
                said.append(f"{box.text()} {box.informativeText()}")
                next(b for b in box.buttons() if b.text().replace("&", "") == words).click()

        timer.timeout.connect(look)
        timer.start()
        return said

    return press


def test_where_the_journal_is_and_how_large_is_said(answered: Any, path: Path, qapp: Any) -> None:
    said = answered("Close")
    show_journal()
    assert "Nothing has been kept yet" in said[0]
    _fill(path)
    answered("Close")
    show_journal()
    assert str(path) in said[1]
    assert "1 question," in said[1]


def test_nothing_is_deleted_without_a_yes(answered: Any, path: Path) -> None:
    _fill(path)
    said = answered("Cancel")
    wipe_journal()
    assert "cannot be undone" in said[0]
    with Journal(path) as journal:
        assert len(journal.conversations()) == 1


def test_all_is_deleted_after_a_yes_and_what_was_set_aside_too(answered: Any, path: Path) -> None:
    _fill(path)
    aside = path.with_name(f"{path.name}.damaged-20260101-000000-1")
    aside.write_bytes(b"old words")
    answered("Delete all")
    wipe_journal()
    assert not aside.exists()
    with Journal(path) as journal:
        assert journal.conversations() == ()
    assert b"nodule" not in path.read_bytes()


def test_a_journal_that_is_off_is_said(
    answered: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", "off")
    said = answered("Close")
    wipe_journal()
    assert "MEDVLM_JOURNAL" in said[0]

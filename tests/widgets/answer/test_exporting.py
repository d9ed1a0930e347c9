"""Export from the panel: the button, the dialog, the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog

from napari_medvlm.widgets import MedvlmPanel

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000


@pytest.fixture
def asked(qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread) -> MedvlmPanel:
    assert not panel.conversation_view.export.isVisible()
    panel.choose_slices("even:3")
    for words, answer in (("where is it?", "See <b>image 1</b>."), ("and now?", "**Gone.**")):
        thread.script = events_of(reply(answer=answer))
        with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
            panel.ask(words)
    return panel


def _choose(monkeypatch: pytest.MonkeyPatch, path: str, chosen: str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (path, chosen))


def test_the_button_writes_all_turns_with_their_images(
    qtbot: Any, asked: MedvlmPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "talk.html"
    _choose(monkeypatch, str(file), "")
    qtbot.mouseClick(asked.conversation_view.export, Qt.MouseButton.LeftButton)
    text = file.read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 3  # each once
    for words in ("where is it?", "and now?", "See &lt;b&gt;image 1&lt;/b&gt;.", "demo (toy)"):
        assert words in text
    assert "<b>image 1" not in text
    assert asked.ask_box.line.text() == ("Exported 2 questions, with images inside, to talk.html.")


def test_an_ending_that_was_left_out_is_that_of_the_chosen_kind(
    asked: MedvlmPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(monkeypatch, str(tmp_path / "talk"), "Markdown, images inside (*.md)")
    asked._exporting.ask()
    text = (tmp_path / "talk.md").read_text(encoding="utf-8")
    assert text.startswith("# Conversation about scan")
    assert "**Gone.**" in text


def test_a_cancelled_dialog_writes_nothing_and_a_failure_is_said(
    asked: MedvlmPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(monkeypatch, "", "")
    asked._exporting.ask()
    assert list(tmp_path.iterdir()) == []
    asked._exporting.export(tmp_path / "nowhere" / "talk.md")
    assert "talk.md cannot be written" in asked.ask_box.line.text()


def test_the_runs_can_be_written_as_json(
    asked: MedvlmPanel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _choose(monkeypatch, str(tmp_path / "runs"), "JSON, all facts of each run (*.json)")
    asked._exporting.ask()
    runs = json.loads((tmp_path / "runs.json").read_text(encoding="utf-8"))["runs"]
    assert [run["question"] for run in runs] == ["where is it?", "and now?"]
    assert asked.ask_box.line.text() == "Exported 2 questions to runs.json."

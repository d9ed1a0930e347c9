from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from asking.scans import ct
from napari_medvlm.asking.preferences import Preferences
from napari_medvlm.dialogue import Token
from napari_medvlm.engine import EngineState
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.records import Journal
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.settings import Settings

from .fakes import CHOICE, FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window
PATIENCE = 5000


def _panel(viewer: Any, thread: FakeThread) -> MedvlmPanel:
    panel = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(panel, name="medvlm")
    data, attributes, _ = layer_data(ct())
    viewer.add_image(data, **attributes)
    return panel


def test_what_is_changed_on_the_page_arrives_and_is_saved(qtbot: Any, stored: Any) -> None:
    settings = Settings()
    assert settings.now == Preferences()
    with qtbot.waitSignal(settings.changed) as caught:
        stored.journal.megabytes = 50
    assert caught.args == [Preferences(megabytes=50)]
    settings.change(idle_minutes=5)
    assert stored.model.idle_minutes == 5
    assert "idle_minutes: 5" in Path(stored.config_path).read_text()
    assert Settings().now == Preferences(megabytes=50, idle_minutes=5)


def test_without_the_plugin_s_page_there_are_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    import napari.settings

    def none(name: str) -> object:
        raise KeyError(name)

    monkeypatch.setattr(napari.settings, "get_plugin_settings", none)
    settings = Settings()
    settings.change(megabytes=50)
    assert settings.now == Preferences()


def test_settings_that_are_gone_hear_nothing(qtbot: Any, stored: Any) -> None:
    settings = Settings()
    emitter = stored.events.changed
    before = len(emitter.callbacks)
    with qtbot.waitSignal(settings.destroyed):
        settings.deleteLater()
    assert len(emitter.callbacks) == before - 1
    stored.journal.megabytes = 60


def test_the_reasoning_stays_open_where_it_is_not_to_be_folded(
    qtbot: Any, viewer: Any, stored: Any
) -> None:
    thread = FakeThread(events_of(reply()))
    panel = _panel(viewer, thread)
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    assert not panel.conversation_view.views[0].head.isChecked()
    stored.panel.fold_reasoning = False
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    assert panel.conversation_view.views[1].head.isChecked()


def test_the_notice_of_the_first_use_goes_once_it_is_understood(viewer: Any, stored: Any) -> None:
    panel = _panel(viewer, FakeThread())
    assert not panel.notices.first_use.isHidden()
    panel.notices.first_use.button.click()
    assert panel.notices.first_use.isHidden()
    assert stored.panel.understood
    another = MedvlmPanel(viewer, thread=FakeThread(), models=(toy_offer(),))
    viewer.window.add_dock_widget(another, name="another")
    assert another.notices.first_use.isHidden()
    stored.panel.understood = False
    assert not panel.notices.first_use.isHidden()
    panel.notices.first_use.spare()
    assert panel.notices.first_use.isHidden()


def test_many_images_bring_a_line_but_can_be_asked_about(
    qtbot: Any, viewer: Any, stored: Any
) -> None:
    stored.panel.many_frames = 3
    panel = _panel(viewer, FakeThread(events_of(reply())))
    panel.choose_slices("even:4")
    qtbot.waitUntil(lambda: "4 images are more than the 3" in panel.ask_box.line.text())
    stored.panel.many_frames = 4
    qtbot.waitUntil(lambda: panel.ask_box.line.text() == "")
    stored.panel.many_frames = 3
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")


def test_an_idle_model_is_unloaded_with_a_line(qtbot: Any, viewer: Any, stored: Any) -> None:
    thread = FakeThread()
    panel = _panel(viewer, thread)
    now = [0.0]
    panel.session.conversation.clock = lambda: now[0]
    stored.model.idle_minutes = 1
    thread.state = EngineState("ready", CHOICE)
    panel.notices.look()
    now[0] = 61.0
    panel.notices.look()
    assert thread.calls[-1] == "unload"
    assert "unloaded after 1 idle minute." in panel.ask_box.line.text()


def test_nothing_is_written_while_the_journal_is_off(
    qtbot: Any, viewer: Any, stored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept" / "journal.sqlite"
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    stored.journal.keep = False
    panel = _panel(viewer, FakeThread(events_of(reply())))
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("a secret")
    panel.session.keeper.wait()
    assert not path.parent.exists()
    stored.journal.keep = True
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("no secret")
    panel.session.keeper.wait()
    with Journal(path) as journal:
        assert [one.first for one in journal.conversations()] == ["no secret"]


def test_switched_off_during_an_answer_the_kept_question_gets_its_end(
    qtbot: Any, viewer: Any, stored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.sqlite"
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    thread = FakeThread([Token(text="<think>a")])
    panel = _panel(viewer, thread)
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    panel.ask("what?")
    stored.journal.keep = False
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.stop()
    panel.session.keeper.wait()
    with Journal(path) as journal:
        (listed,) = journal.conversations()
        (kept,) = journal.exchanges(listed.number)
    assert kept.progress.state == "stopped"


def test_the_journal_keeps_to_the_size_that_is_set(
    qtbot: Any, viewer: Any, stored: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(tmp_path / "journal.sqlite"))
    panel = _panel(viewer, FakeThread(events_of(reply())))
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    stored.journal.megabytes = 10
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    panel.session.keeper.wait()
    (journal,) = panel.session.keeper._journals._open.values()
    assert journal.most_bytes == 10_000_000

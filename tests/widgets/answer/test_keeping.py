from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from asking.scans import ct
from napari_medvlm.asking import Stage
from napari_medvlm.dialogue import Box
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.records import Journal
from napari_medvlm.widgets import MedvlmPanel

from ..fakes import FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window
PATIENCE = 5000


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal.sqlite"
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    return path


def _open(viewer: Any, thread: FakeThread) -> MedvlmPanel:
    panel = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(panel, name="medvlm")
    return panel


def _add(viewer: Any, **facts: Any) -> Any:
    data, attributes, _ = layer_data(ct(**facts))
    return viewer.add_image(data, **attributes)


def _settled(qtbot: Any, panel: MedvlmPanel) -> None:
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not panel.session.keeper.waiting, timeout=PATIENCE)


def test_a_conversation_is_there_again_when_the_same_scan_is_opened(
    qtbot: Any, viewer: Any, journal: Path
) -> None:
    answer = reply(answer="One nodule.", boxes=[Box("nodule", (4, 6, 20, 16))])
    panel = _open(viewer, FakeThread(events_of(answer)))
    _add(viewer)
    _settled(qtbot, panel)
    assert panel.conversation_view.views == ()
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where is the nodule?")
    _settled(qtbot, panel)
    viewer.window.remove_dock_widget("all")
    viewer.layers.clear()

    thread = FakeThread(events_of(reply()))
    again = _open(viewer, thread)
    _add(viewer)
    viewer.dims.set_point(0, viewer.layers[0].data_to_world((7, 0, 0))[0])
    point = viewer.dims.point
    qtbot.waitUntil(lambda: len(again.conversation_view.views) == 1, timeout=PATIENCE)
    (view,) = again.conversation_view.views
    (findings,) = (layer for layer in viewer.layers if layer.name.startswith("findings"))
    before = panel.session.conversation.exchanges[0].boxes[0]
    np.testing.assert_allclose(findings.data[0], before.corners)
    assert list(findings.features["label"]) == ["nodule"]
    assert again.source_box.layer is not findings
    assert viewer.dims.point == point  # what comes back by itself turns no page
    assert view.asked.text() == "where is the nodule?"
    assert view.answer.text() == "One nodule."
    assert again.session.conversation.exchanges[0].stage is Stage.DONE
    assert again.ask_box.follow.isEnabled()
    again.ask("and now?")
    assert thread.asked[0].history == ()  # it goes along only where the user says so
    assert [x.number for x in again.session.conversation.exchanges] == [1, 2]
    _settled(qtbot, again)
    with Journal(journal) as kept:
        (listed,) = kept.conversations()
        assert listed.questions == 2
        again.conversation_view.deleted.emit(again.session.conversation.exchanges[0])
        again.session.keeper.wait()
        assert len(kept.exchanges(listed.number)) == 2  # while it can be undone
        again.session.remove_aside()
        again.session.keeper.wait()
        (exchange,) = kept.exchanges(listed.number)
    assert exchange.question.text == "and now?"


def test_boxes_that_are_there_are_not_drawn_again(qtbot: Any, viewer: Any, journal: Path) -> None:
    panel = _open(viewer, FakeThread(events_of(reply(boxes=[Box("nodule", (4, 6, 20, 16))]))))
    _add(viewer)
    _settled(qtbot, panel)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where is the nodule?")
    _settled(qtbot, panel)
    viewer.window.remove_dock_widget("all")
    again = _open(viewer, FakeThread())
    qtbot.waitUntil(lambda: len(again.conversation_view.views) == 1, timeout=PATIENCE)
    (findings,) = (layer for layer in viewer.layers if layer.name.startswith("findings"))
    assert len(findings.data) == 1


def test_another_scan_brings_nothing_back(qtbot: Any, viewer: Any, journal: Path) -> None:
    panel = _open(viewer, FakeThread(events_of(reply())))
    first = _add(viewer)
    _settled(qtbot, panel)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    _settled(qtbot, panel)
    viewer.layers.remove(first)
    other = _open(viewer, FakeThread())
    _add(viewer, shape=(9, 40, 64))
    _settled(qtbot, other)
    assert other.session.conversation.exchanges == ()
    assert len(panel.session.conversation.exchanges) == 1


def test_a_journal_that_cannot_be_used_is_told_in_the_panel(
    qtbot: Any, viewer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(tmp_path))
    panel = _open(viewer, FakeThread(events_of(reply())))
    _add(viewer)
    qtbot.waitUntil(lambda: "journal" in panel.ask_box.line.text(), timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")

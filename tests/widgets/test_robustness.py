"""The panel in a real window while what it relies on goes away; nothing is left behind."""

from __future__ import annotations

import os
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QAbstractButton, QApplication, QFileDialog

from asking.scans import ct
from napari_medvlm.asking import ModelOffer, Stage, model_offer
from napari_medvlm.dialogue import Box, Token
from napari_medvlm.engine import ModelChoice, ModelThread
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.models.store import DEMO_FOLDER
from napari_medvlm.widgets import MedvlmPanel

from .fakes import FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window
#: A busy machine needs its time to start a process.
PATIENCE = 120_000
ENGINE_TESTS = Path(__file__).parents[1] / "engine"


def _workers() -> list[psutil.Process]:
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if "napari_medvlm.engine.worker" in " ".join(child.cmdline()):
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def _threads() -> set[str]:
    names = {thread.name for thread in threading.enumerate()}
    return {name for name in names if name.startswith(("medvlm", "model-"))}


@pytest.fixture(autouse=True)
def nothing_left(qtbot: Any, viewer: Any) -> Iterator[None]:
    """No test leaves a model process, or a thread of ours."""
    before = _threads()
    yield
    viewer.window.remove_dock_widget("all")
    viewer.layers.clear()
    qtbot.waitUntil(lambda: not _workers(), timeout=PATIENCE)
    # Python's own collector frees a panel that was closed; until then it may hold its thread.
    assert len([name for name in _threads() - before if name == "model-events"]) == 0


@pytest.fixture
def make_panel(viewer: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """Panels whose engine runs one of the engine's fake models in a real process."""
    monkeypatch.syspath_prepend(str(ENGINE_TESTS))
    engines: list[ModelThread] = []

    def make(fake: str, where: Any = None, path: str = "model") -> MedvlmPanel:
        engine = ModelThread(opener=f"fake_models:{fake}", grace_seconds=0.5)
        engines.append(engine)
        offer = ModelOffer("fake", ModelChoice(path, "fake", profile="demo"), PROFILES["demo"])
        shown = where or viewer
        panel = MedvlmPanel(shown, thread=engine, models=(offer,))
        shown.window.add_dock_widget(panel, name="medvlm")
        return panel

    yield make
    for engine in engines:
        engine.close()


def _add(viewer: Any, **facts: Any) -> Any:
    data, attributes, _ = layer_data(ct(**facts))
    return viewer.add_image(data, **attributes)


def _fake_panel(viewer: Any, thread: FakeThread) -> MedvlmPanel:
    panel = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(panel, name="medvlm")
    return panel


def _ready(qtbot: Any, panel: MedvlmPanel) -> None:
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)


def _last(panel: MedvlmPanel) -> Any:
    return panel.session.conversation.exchanges[-1]


def _line_of_last(panel: MedvlmPanel) -> str:
    return str(panel.conversation_view.views[-1].meta.text())


# ---------------------------------------------------------------------- the process


def test_a_killed_process_is_one_line_and_restart_brings_it_back(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    panel = make_panel("slow")
    _add(viewer)
    _ready(qtbot, panel)
    panel.ask("word " * 400)
    qtbot.waitUntil(
        lambda: "word" in _last(panel).reasoning + _last(panel).answer, timeout=PATIENCE
    )
    (worker,) = _workers()
    os.kill(worker.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    assert _last(panel).stage is Stage.FAILED
    assert "Traceback" not in _line_of_last(panel)
    assert "\n" not in _line_of_last(panel)
    restart = panel.notices.restart
    qtbot.waitUntil(lambda: not restart.isHidden(), timeout=PATIENCE)
    assert restart.words.text().startswith("! The model process was ended")
    restart.button.click()
    qtbot.waitUntil(lambda: panel.session.thread.state.status == "ready", timeout=PATIENCE)
    qtbot.waitUntil(restart.isHidden, timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("and now")
    assert _last(panel).stage is Stage.DONE


def test_a_process_that_dies_while_nobody_asks_is_said_too(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    panel = make_panel("fast")
    _add(viewer)
    _ready(qtbot, panel)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("one word")
    _workers()[0].kill()
    qtbot.waitUntil(lambda: not panel.notices.restart.isHidden(), timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("asking starts it too")
    qtbot.waitUntil(panel.notices.restart.isHidden, timeout=PATIENCE)


def test_memory_that_runs_out_is_one_line(qtbot: Any, viewer: Any, make_panel: Any) -> None:
    panel = make_panel("no_room")
    _add(viewer)
    _ready(qtbot, panel)
    with qtbot.waitSignal(panel.failed, timeout=PATIENCE) as caught:
        panel.ask("much")
    assert caught.args == [_line_of_last(panel)]
    assert "not enough memory" in _line_of_last(panel)
    assert "fewer images" in _line_of_last(panel)
    assert panel.notices.restart.isHidden()  # the process lives, and may be asked again


def test_memory_that_runs_out_while_loading_is_one_line(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    panel = make_panel("too_big")
    _add(viewer)
    _ready(qtbot, panel)
    with qtbot.waitSignal(panel.failed, timeout=PATIENCE) as caught:
        panel.ask("much")
    assert "not enough memory to load" in caught.args[0]
    qtbot.waitUntil(lambda: not _workers(), timeout=PATIENCE)  # and all of it came back


# ---------------------------------------------------------------------- the model's folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMO_FOLDER, tmp_path / "model"))


def test_a_folder_that_vanished_before_loading_is_one_line(
    qtbot: Any, viewer: Any, folder: Path
) -> None:
    engine = ModelThread()
    offer = model_offer(folder, device="cpu", dtype="float32")
    panel = MedvlmPanel(viewer, thread=engine, models=(offer,))
    viewer.window.add_dock_widget(panel, name="medvlm")
    _add(viewer)
    _ready(qtbot, panel)
    shutil.rmtree(folder)
    try:
        with qtbot.waitSignal(panel.failed, timeout=PATIENCE) as caught:
            panel.ask("where?")
        assert "config.json" in caught.args[0] or str(folder) in caught.args[0]
        assert "Traceback" not in caught.args[0]
        panel.notices.restart.pressed.emit()  # still gone: said, and nothing else happens
        qtbot.waitUntil(lambda: not panel.notices.restart.isHidden(), timeout=PATIENCE)
        shutil.copytree(DEMO_FOLDER, folder)
        panel.notices.restart.button.click()
        qtbot.waitUntil(lambda: engine.state.status == "ready", timeout=PATIENCE)
        qtbot.waitUntil(panel.notices.restart.isHidden, timeout=PATIENCE)
    finally:
        engine.close()


def test_weights_that_vanished_under_the_reading_are_one_line(
    qtbot: Any, viewer: Any, folder: Path
) -> None:
    engine = ModelThread()
    panel = MedvlmPanel(
        viewer, thread=engine, models=(model_offer(folder, device="cpu", dtype="float32"),)
    )
    viewer.window.add_dock_widget(panel, name="medvlm")
    _add(viewer)
    _ready(qtbot, panel)
    # As a stick that is pulled out: the settings were read, the weights are not there any more.
    (folder / "model.safetensors").unlink()
    try:
        with qtbot.waitSignal(panel.failed, timeout=PATIENCE) as caught:
            panel.ask("where?")
        assert "safetensors" in caught.args[0]
        assert "Traceback" not in caught.args[0]
        assert engine.state.status == "empty"
    finally:
        engine.close()


# ---------------------------------------------------------------------- panels and viewers


def test_a_panel_closed_during_an_answer_and_opened_again_leaves_no_worker(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    panel = make_panel("slow")
    _add(viewer)
    _ready(qtbot, panel)
    panel.ask("word " * 400)
    qtbot.waitUntil(lambda: bool(_workers()), timeout=PATIENCE)
    viewer.window.remove_dock_widget(panel)
    qtbot.waitUntil(lambda: not _workers(), timeout=PATIENCE)
    again = make_panel("fast")
    _ready(qtbot, again)
    with qtbot.waitSignal(again.replied, timeout=PATIENCE):
        again.ask("a word")
    assert len(_workers()) == 1


def test_a_viewer_closed_while_a_model_loads_takes_its_process_along(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    import napari

    other = napari.Viewer()
    panel = make_panel("slow_to_load", other)
    _add(other)
    _ready(qtbot, panel)
    panel.ask("where?")
    qtbot.waitUntil(lambda: bool(_workers()), timeout=PATIENCE)
    other.close()
    qtbot.waitUntil(lambda: not _workers(), timeout=PATIENCE)


def test_two_viewers_have_a_panel_each_that_mind_their_own(
    qtbot: Any, viewer: Any, make_panel: Any
) -> None:
    import napari

    other = napari.Viewer()
    try:
        first, second = make_panel("fast"), make_panel("fast", other)
        here, there = _add(viewer), _add(other, shape=(9, 40, 64))
        _ready(qtbot, first)
        _ready(qtbot, second)
        assert (first.source_box.layer, second.source_box.layer) == (here, there)
        with qtbot.waitSignal(first.replied, timeout=PATIENCE):
            first.ask("here")
        assert second.session.conversation.exchanges == ()
        with qtbot.waitSignal(second.replied, timeout=PATIENCE):
            second.ask("there")
        assert len(first.session.conversation.exchanges) == 1
        assert len(_workers()) == 2
    finally:
        other.close()
    qtbot.waitUntil(lambda: len(_workers()) == 1, timeout=PATIENCE)
    with qtbot.waitSignal(first.replied, timeout=PATIENCE):
        first.ask("still here")


# ---------------------------------------------------------------------- layers


BOXED = reply(boxes=[Box("nodule", (4, 6, 20, 16))])


def test_a_layer_renamed_and_moved_during_an_answer_keeps_its_boxes(
    qtbot: Any, viewer: Any
) -> None:
    panel = _fake_panel(viewer, FakeThread(events_of(BOXED), pace=1))
    layer = _add(viewer)
    _ready(qtbot, panel)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
        layer.name = "another name"
        viewer.add_image(np.zeros((10, 40, 64)), name="below")
        viewer.layers.move(1, 0)
    names = {panel.source_box.layers.itemText(n) for n in range(panel.source_box.layers.count())}
    assert names == {"another name", "below"}
    (findings,) = (one for one in viewer.layers if one.name.startswith("findings"))
    assert len(findings.data) == 1
    exchange = _last(panel)
    panel.conversation_view.box_clicked.emit(exchange, exchange.boxes[0])
    assert panel.source_box.layer is layer


def test_a_layer_deleted_during_an_answer_leaves_the_answer_and_a_line(
    qtbot: Any, viewer: Any
) -> None:
    panel = _fake_panel(viewer, FakeThread(events_of(BOXED), pace=1))
    layer = _add(viewer)
    _ready(qtbot, panel)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
        viewer.layers.remove(layer)
    assert _last(panel).stage is Stage.DONE
    assert len(viewer.layers) == 0
    assert "removed" in panel.ask_box.line.text()
    assert panel.strip.frames == ()


def test_replaced_data_is_what_is_sent_next(qtbot: Any, viewer: Any) -> None:
    thread = FakeThread(events_of(reply()))
    panel = _fake_panel(viewer, thread)
    layer = viewer.add_image(np.zeros((5, 32, 32), dtype=np.uint8), name="array")
    _ready(qtbot, panel)
    before = panel.strip.frames[0].digest
    layer.data = np.tile(np.arange(32, dtype=np.uint8) * 8, (5, 32, 1))
    qtbot.waitUntil(
        lambda: bool(panel.strip.frames) and panel.strip.frames[0].digest != before,
        timeout=PATIENCE,
    )
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    assert thread.asked[0].frames[0].digest == panel.strip.frames[0].digest != before


def test_in_three_dimensions_asking_works_and_a_box_turns_the_view_back(
    qtbot: Any, viewer: Any
) -> None:
    panel = _fake_panel(viewer, FakeThread(events_of(BOXED)))
    _add(viewer)
    panel.choose_slices("even:3")  # "this slice" is none in 3D
    _ready(qtbot, panel)
    viewer.dims.ndisplay = 3
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    exchange = _last(panel)
    panel.conversation_view.box_clicked.emit(exchange, exchange.boxes[0])
    assert viewer.dims.ndisplay == 2


def test_without_any_layer_nothing_can_be_asked_and_every_control_bears_a_click(
    qtbot: Any, viewer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Dialogs are cancelled as soon as they stand.
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: ("", ""))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: ("", ""))
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda *_: True)
    panel = _fake_panel(viewer, FakeThread())
    cancel = QTimer(interval=20)
    cancel.timeout.connect(
        lambda: QApplication.activeModalWidget() and QApplication.activeModalWidget().close()
    )
    cancel.start()
    viewer.layers.clear()
    for button in panel.findChildren(QAbstractButton):
        if button.isVisibleTo(panel) and button.isEnabled():
            button.click()
    cancel.stop()
    assert panel.session.conversation.exchanges == ()


def test_the_theme_switched_while_an_answer_comes_changes_only_colours(
    qtbot: Any, viewer: Any
) -> None:
    panel = _fake_panel(viewer, FakeThread([Token(text="<think>thinking")]))
    _add(viewer)
    _ready(qtbot, panel)
    panel.ask("where?")
    try:
        for theme in ("light", "dark", "light"):
            viewer.theme = theme
            assert panel.busy
            assert {one.text() for one in panel._facing.labels.values()} == {"R", "L", "A", "P"}
    finally:
        viewer.theme = "dark"
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.stop()

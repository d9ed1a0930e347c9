"""The model manager in a real window, against a hub on this machine."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QMessageBox

from fetching.hub_server import CHECKPOINT, COMMIT, REPOSITORY, Hub, Repository
from napari_medvlm.asking.model.remembered import Wish, remember_chosen, remembered
from napari_medvlm.fetching import transfer
from napari_medvlm.fetching.desk import ModelDesk
from napari_medvlm.fetching.pack import pack
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.model import managing, models_window
from napari_medvlm.widgets.model.get_sheet import GetSheet
from napari_medvlm.widgets.model.models_window import ModelsWindow

from ..fakes import FakeThread

pytestmark = pytest.mark.window

PATIENCE = 60_000
PART = "model-00001-of-00002.safetensors"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    import huggingface_hub
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(transfer, "WAIT_SECONDS", 0.0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    huggingface_hub.close_session()
    server = Hub()
    files = {path.name: path.read_bytes() for path in sorted(CHECKPOINT.iterdir())}
    server.repositories[REPOSITORY] = Repository(files)
    yield server
    server.close()
    huggingface_hub.close_session()


@pytest.fixture
def desk(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelDesk]:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("MEDVLM_CONFIG", str(tmp_path / "config"))
    made = ModelDesk(hub.url)
    monkeypatch.setattr(managing, "_desk", made)
    yield made
    assert made.jobs.close(60)
    for thread in threading.enumerate():
        if thread.name == "medvlm-look":
            thread.join(60)


@pytest.fixture
def own(desk: ModelDesk, viewer: Any, thread: FakeThread) -> MedvlmPanel:
    """A panel that lists what is on this machine."""
    made = MedvlmPanel(viewer, thread=thread)
    viewer.window.add_dock_widget(made, name="medvlm")
    return made


@pytest.fixture
def window(qtbot: Any, own: MedvlmPanel) -> Iterator[ModelsWindow]:
    qtbot.mouseClick(own.model_bar.manage, LEFT)
    window = own.managing.window
    qtbot.waitUntil(lambda: window.row is not None, timeout=PATIENCE)
    yield window
    window.close()


def _state(window: ModelsWindow, key: str = "chexone") -> str:
    return window.table.words(key)[-1]


def _sheet(qtbot: Any, window: ModelsWindow) -> GetSheet:
    window.select("chexone")
    qtbot.mouseClick(window.buttons["download"], LEFT)
    (sheet,) = window.findChildren(GetSheet)
    return sheet


def _agree(qtbot: Any, window: ModelsWindow) -> None:
    """Go the whole way: the sheet, the hub's answer, the second yes."""
    sheet = _sheet(qtbot, window)
    qtbot.mouseClick(sheet.go, LEFT)
    qtbot.waitUntil(lambda: sheet.go.text().startswith("Download"), timeout=PATIENCE)
    qtbot.mouseClick(sheet.go, LEFT)


def _folder(tmp_path: Path) -> Path:
    there = tmp_path / "disk" / "CheXOne"
    shutil.copytree(CHECKPOINT, there, copy_function=shutil.copyfile)
    there.chmod(0o755)
    return there


def test_the_list_says_what_is_known_and_that_it_is_offline(window: ModelsWindow, hub: Hub) -> None:
    assert "offline: nothing is fetched unless you press Download" in window.network.text()
    label, purpose, size, licence, access, memory, state = window.table.words("chexone")
    assert (label, size, licence) == ("CheXOne", "7.5 GB", "! CC-BY-NC-4.0")
    assert purpose.startswith("Chest radiographs")
    assert (access, state) == ("not known yet", "absent")
    assert " in " in memory
    window.select("chexone")
    facts = window.facts.texts()
    assert facts["trained on"].startswith("Chest radiographs")
    assert facts["published"] == f"{REPOSITORY}, at its newest revision"
    assert "memory free" in window.machine.text() or "free" in window.machine.text()
    assert hub.asked == []


def test_nothing_is_fetched_before_the_second_yes(
    qtbot: Any, window: ModelsWindow, hub: Hub
) -> None:
    sheet = _sheet(qtbot, window)
    assert "Nothing has been fetched" in sheet.intro.text()
    assert sheet.facts.texts()["from"] == f"{REPOSITORY} at {hub.url}"
    assert hub.asked == []
    qtbot.mouseClick(sheet.go, LEFT)
    qtbot.waitUntil(lambda: sheet.go.text().startswith("Download"), timeout=PATIENCE)
    facts = sheet.facts.texts()
    assert facts["revision"] == COMMIT
    assert facts["licence"] == "apache-2.0"
    assert facts["access"] == "not gated"
    assert "11 files" in facts["size"]
    assert "free space" in facts
    assert [one.path for one in hub.asked] == [f"/api/models/{REPOSITORY}/revision/main"]
    qtbot.mouseClick(sheet.later, LEFT)
    assert len(hub.asked) == 1


def test_a_download_ends_in_a_model_that_can_be_chosen(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow
) -> None:
    _agree(qtbot, window)
    qtbot.waitUntil(lambda: _state(window) == "ready", timeout=PATIENCE)
    qtbot.waitUntil(lambda: "every file matches" in window.line.text(), timeout=PATIENCE)
    names = lambda: [own.model_bar.models.itemText(n) for n in range(own.model_bar.models.count())]  # noqa: E731
    qtbot.waitUntil(lambda: names() == ["demo (toy)", "CheXOne"], timeout=PATIENCE)
    assert own.model_bar.chosen is not None
    assert own.model_bar.chosen.profile.name == "demo"  # what was chosen stays chosen
    assert not window.job.isVisible()


def test_pause_survives_closing_the_window_and_resume_goes_on(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow, hub: Hub, desk: ModelDesk
) -> None:
    repository = hub.repositories[REPOSITORY]
    repository.held, repository.breaks[PART] = threading.Event(), [150_000]
    _agree(qtbot, window)
    qtbot.waitUntil(lambda: PART in window.job.file.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: "downloading" in own.model_bar.work.text(), timeout=PATIENCE)
    assert "online: downloading CheXOne" in window.network.text()
    window.close()
    assert desk.jobs.active
    own.managing.show_window()
    window.select("chexone")
    assert not window.buttons["pause"].isHidden()
    qtbot.mouseClick(window.buttons["pause"], LEFT)
    assert not window.buttons["pause"].isEnabled()
    repository.held.set()
    qtbot.waitUntil(lambda: window.line.text().startswith("Paused"), timeout=PATIENCE)
    qtbot.waitUntil(lambda: _state(window).startswith("partial"), timeout=PATIENCE)
    repository.held = None
    qtbot.mouseClick(window.buttons["resume"], LEFT)
    qtbot.waitUntil(lambda: _state(window) == "ready", timeout=PATIENCE)
    assert any(one.range for one in hub.fetched(PART))


def test_a_broken_connection_is_told_and_can_be_resumed(
    qtbot: Any, window: ModelsWindow, hub: Hub
) -> None:
    hub.repositories[REPOSITORY].breaks[PART] = [5000, *[0] * 6]
    _agree(qtbot, window)
    qtbot.waitUntil(lambda: "What has come is kept" in window.line.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.buttons["resume"].isHidden(), timeout=PATIENCE)
    assert _state(window).startswith("partial")


def test_cancel_asks_and_deletes_what_has_come(
    qtbot: Any, window: ModelsWindow, hub: Hub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hub.repositories[REPOSITORY].breaks[PART] = [5000, *[0] * 6]
    _agree(qtbot, window)
    qtbot.waitUntil(lambda: not window.buttons["cancel"].isHidden(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: not window.buttons["resume"].isHidden(), timeout=PATIENCE)
    asked: list[str] = []
    answer: list[str] = ["Cancel", "Delete"]

    def press(box: QMessageBox) -> int:
        asked.append(box.text())
        wanted = answer.pop(0)
        next(b for b in box.buttons() if b.text().replace("&", "") == wanted).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    qtbot.mouseClick(window.buttons["cancel"], LEFT)
    assert (tmp_path / "models" / "chexone.partial").is_dir()
    qtbot.mouseClick(window.buttons["cancel"], LEFT)
    qtbot.waitUntil(lambda: _state(window) == "absent", timeout=PATIENCE)
    assert "Pause keeps them" in asked[0]
    assert not (tmp_path / "models" / "chexone.partial").exists()


def test_the_end_of_napari_ends_a_download_and_keeps_what_has_come(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow, hub: Hub, desk: ModelDesk, tmp_path: Path
) -> None:
    repository = hub.repositories[REPOSITORY]
    repository.held, repository.breaks[PART] = threading.Event(), [150_000]
    _agree(qtbot, window)
    qtbot.waitUntil(lambda: PART in window.job.file.text(), timeout=PATIENCE)
    (job,) = desk.jobs.active
    for end in tuple(managing._ends.values()):
        end.now()
    repository.held.set()
    assert job.join(60)
    assert job.state.stage == "stopped"
    assert managing._desk is None
    assert (tmp_path / "models" / "chexone.partial" / f"{PART}.part").stat().st_size > 0


def test_a_gated_model_says_what_to_do_and_is_not_fetched(
    qtbot: Any, window: ModelsWindow, hub: Hub
) -> None:
    hub.repositories[REPOSITORY].gated = True
    sheet = _sheet(qtbot, window)
    qtbot.mouseClick(sheet.go, LEFT)
    qtbot.waitUntil(lambda: "hf auth login" in sheet.line.text(), timeout=PATIENCE)
    assert sheet.go.text() == "Ask again"
    sheet.reject()


def test_an_offline_machine_says_why_nothing_can_be_fetched(
    qtbot: Any, window: ModelsWindow, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    window.select("chexone")
    window.refresh()
    assert not window.buttons["download"].isEnabled()
    assert "HF_HUB_OFFLINE" in window.buttons["download"].toolTip()
    assert "HF_HUB_OFFLINE" in window.network.text()


def test_a_folder_is_added_loaded_unloaded_and_removed(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow, thread: FakeThread, tmp_path: Path
) -> None:
    folder = _folder(tmp_path)
    window.add_folder(str(folder))
    key = str(folder)
    qtbot.waitUntil(lambda: window.table.key == key, timeout=PATIENCE)
    assert _state(window, key) == "ready"
    assert not window.buttons["check"].isEnabled()
    assert "No checksums" in window.buttons["check"].toolTip()
    qtbot.mouseClick(window.loading.load, LEFT)
    assert thread.calls == ["load"]
    assert remembered().chosen == key
    assert own.model_bar.chosen is not None
    assert own.model_bar.chosen.choice.path == key
    qtbot.waitUntil(lambda: "is loaded on the CPU" in window.loading.words.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: _state(window, key) == "ready · in memory", timeout=PATIENCE)
    assert not window.buttons["delete"].isEnabled()
    qtbot.mouseClick(window.loading.unload, LEFT)
    qtbot.waitUntil(lambda: "640 MB freed" in window.loading.words.text(), timeout=PATIENCE)
    qtbot.mouseClick(window.buttons["forget"], LEFT)
    qtbot.waitUntil(lambda: window.table.key != key, timeout=PATIENCE)
    assert folder.is_dir()


def test_the_model_that_was_chosen_last_is_chosen_again(
    desk: ModelDesk, viewer: Any, tmp_path: Path
) -> None:
    key = desk.add_folder(_folder(tmp_path))
    remember_chosen(key)
    first = MedvlmPanel(viewer, thread=FakeThread())
    viewer.window.add_dock_widget(first, name="medvlm")
    assert first.model_bar.chosen is not None
    assert first.model_bar.chosen.choice.path == key
    remember_chosen(str(tmp_path / "gone"))
    second = MedvlmPanel(viewer, thread=FakeThread())
    viewer.window.add_dock_widget(second, name="medvlm too")
    assert second.model_bar.chosen is not None
    assert second.model_bar.chosen.profile.name == "demo"


def test_a_folder_that_is_no_model_becomes_a_line(
    qtbot: Any, window: ModelsWindow, tmp_path: Path
) -> None:
    window.add_folder(str(tmp_path))
    assert "config.json" in window.line.text()


def test_device_and_precision_are_remembered_for_each_model(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow, tmp_path: Path
) -> None:
    window.add_folder(str(_folder(tmp_path)))
    qtbot.waitUntil(lambda: window.table.key.endswith("CheXOne"), timeout=PATIENCE)
    key = window.table.key
    box = window.loading.precision
    box.setCurrentIndex(box.findData("bfloat16"))
    box.activated.emit(box.currentIndex())
    assert remembered().wishes == {key: Wish("auto", "bfloat16")}
    qtbot.waitUntil(lambda: "in bfloat16" in window.facts.texts()["memory"], timeout=PATIENCE)
    offers = own.model_bar
    wanted = lambda: offers.models.findText("CheXOne (CheXOne)")  # noqa: E731
    qtbot.waitUntil(lambda: wanted() >= 0, timeout=PATIENCE)
    offers.models.setCurrentIndex(wanted())
    assert offers.chosen is not None
    qtbot.waitUntil(lambda: offers.chosen.choice.dtype == "bfloat16", timeout=PATIENCE)


def test_a_pack_is_made_and_used(
    qtbot: Any,
    window: ModelsWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pack(str(_folder(tmp_path)), tmp_path / "stick" / "pack")
    places = iter([str(tmp_path / "stick" / "pack"), str(tmp_path / "other")])
    monkeypatch.setattr(models_window, "_folder_of_user", lambda *_: next(places))
    qtbot.mouseClick(window.pack, LEFT)
    qtbot.waitUntil(lambda: window.table.key == "chexone", timeout=PATIENCE)
    qtbot.waitUntil(lambda: _state(window) == "ready", timeout=PATIENCE)
    qtbot.mouseClick(window.buttons["check"], LEFT)
    qtbot.waitUntil(
        lambda: window.line.text() == "Every file matches its checksum.", timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: not window.buttons["pack"].isHidden(), timeout=PATIENCE)
    (tmp_path / "other").mkdir()
    qtbot.mouseClick(window.buttons["pack"], LEFT)
    qtbot.waitUntil(lambda: "The pack is made" in window.line.text(), timeout=PATIENCE)
    assert (tmp_path / "other" / "chexone-pack" / "manifest.json").is_file()


def test_a_model_whose_folder_vanished_is_one_line(
    qtbot: Any,
    own: MedvlmPanel,
    window: ModelsWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from napari_medvlm.asking.model import presence

    monkeypatch.setattr(presence, "EVERY", 0.0)
    folder = _folder(tmp_path)
    window.add_folder(str(folder))
    qtbot.waitUntil(lambda: window.table.key == str(folder), timeout=PATIENCE)
    qtbot.mouseClick(window.loading.load, LEFT)
    folder.rename(tmp_path / "aside")
    bar = own.model_bar
    qtbot.waitUntil(lambda: "folder is gone" in bar.warning.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: _state(window, str(folder)).startswith("broken"), timeout=PATIENCE)
    assert "The folder is gone" in window.facts.texts()["broken"]
    assert bar.chosen is not None  # what was chosen is still shown
    (tmp_path / "aside").rename(folder)
    qtbot.waitUntil(lambda: "gone" not in bar.warning.text(), timeout=PATIENCE)
    qtbot.waitUntil(lambda: _state(window, str(folder)).startswith("ready"), timeout=PATIENCE)


def test_the_cpu_is_warned_of_in_the_bar_but_not_for_the_toy(
    qtbot: Any, own: MedvlmPanel, window: ModelsWindow, tmp_path: Path
) -> None:
    bar = own.model_bar
    assert bar.warning.isHidden()
    window.add_folder(str(_folder(tmp_path)))
    qtbot.waitUntil(lambda: bar.models.count() == 2, timeout=PATIENCE)
    bar.models.setCurrentIndex(1)
    qtbot.waitUntil(lambda: not bar.warning.isHidden(), timeout=PATIENCE)
    assert "on the CPU, slow" in bar.warning.text()
    qtbot.waitUntil(lambda: "runs on the CPU" in window.machine.text(), timeout=PATIENCE)
    bar.models.setCurrentIndex(0)
    qtbot.waitUntil(bar.warning.isHidden, timeout=PATIENCE)


def test_everything_is_named_and_has_a_tip(window: ModelsWindow) -> None:
    from qtpy.QtWidgets import QComboBox, QProgressBar, QPushButton

    for kind in (QPushButton, QComboBox, QProgressBar):
        for control in window.findChildren(kind):
            assert control.accessibleName(), control
            assert control.toolTip(), control.accessibleName()

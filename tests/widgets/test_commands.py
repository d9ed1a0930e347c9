"""Every command of the menus and the palette, run as napari runs it, in a real window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from npe2 import PluginManifest
from qtpy.QtWidgets import QFileDialog

from asking.scans import ct
from napari_medvlm.asking.choose.presets import CT_WINDOWS, ct_window, next_window
from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Window
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.commands import open_panel_of

from .fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window
PATIENCE = 10_000
MANIFEST = PluginManifest.from_file(Path(__file__).parents[2] / "napari.yaml")
#: Called by napari with paths, or opened as widgets and samples.
NOT_RUN = {"read", "read_boxes", "write_image", "write_labels", "write_boxes"}


@pytest.fixture
def run(viewer: Any, qapp: Any) -> Callable[[str], None]:
    from napari._app_model import get_app_model

    def execute(name: str) -> None:
        get_app_model().commands.execute_command(f"napari-medvlm.{name}").result()

    return execute


@pytest.fixture
def told() -> Iterator[list[str]]:
    """What is shown as notifications."""
    from napari.utils.notifications import notification_manager

    heard: list[str] = []

    def hear(notification: Any) -> None:
        heard.append(notification.message)

    notification_manager.notification_ready.connect(hear)
    yield heard
    notification_manager.notification_ready.disconnect(hear)


def _add(viewer: Any, **facts: Any) -> Any:
    data, attributes, _ = layer_data(ct(**facts))
    return viewer.add_image(data, **attributes)


@pytest.mark.parametrize("name", CT_WINDOWS)
def test_a_ct_is_shown_in_the_window_of_its_name(viewer: Any, run: Any, name: str) -> None:
    layer = _add(viewer)
    run(f"window_{name.replace(' ', '_')}")
    assert tuple(layer.contrast_limits) == CT_WINDOWS[name].limits
    assert name in str(viewer.status).lower()


def test_a_window_for_ct_is_refused_for_another_modality(
    viewer: Any, run: Any, told: list[str]
) -> None:
    layer = _add(viewer, modality="MR")
    before = tuple(layer.contrast_limits)
    run("window_lung")
    assert tuple(layer.contrast_limits) == before
    assert "is for CT; this is MR" in told[-1]


def test_of_an_unknown_image_the_window_is_shown_with_a_remark() -> None:
    assert ct_window("bone", None)[1].startswith("The file does not say")
    assert ct_window("bone", ct())[1] == ""


def test_the_windows_of_the_file_follow_each_other(viewer: Any, run: Any) -> None:
    windows = (Window(-600, 1500, "lung"), Window(40, 400, "soft tissue"))
    layer = _add(viewer, windows=windows)
    layer.contrast_limits = (0, 1)
    seen = []
    for _ in range(3):
        run("window_of_file")
        seen.append(tuple(layer.contrast_limits))
    assert seen == [windows[0].limits, windows[1].limits, windows[0].limits]
    with pytest.raises(SelectionError, match="suggests no window"):
        next_window(None, (0, 1))


def test_the_window_that_is_sent_is_that_of_the_panel_which_is_opened_for_it(
    qtbot: Any, viewer: Any, run: Any, told: list[str]
) -> None:
    layer = _add(viewer)
    assert open_panel_of(viewer) is None
    run("window_as_sent")
    panel = open_panel_of(viewer)
    assert panel is not None
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    sent = panel.strip.frames[0].window
    assert sent is not None
    layer.contrast_limits = (0, 1)
    run("window_as_sent")
    assert tuple(layer.contrast_limits) == sent.limits


@pytest.mark.parametrize(("ndim", "order"), [(3, (0, 1, 2)), (3, (1, 0, 2)), (2, (0, 1, 2))])
def test_selected_rectangles_become_regions_where_they_are_drawn(
    qtbot: Any,
    viewer: Any,
    panel: MedvlmPanel,
    scan: Any,
    run: Any,
    thread: FakeThread,
    ndim: int,
    order: tuple[int, ...],
) -> None:
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    low, high = np.array([4.0, 10.0, 20.0]), np.array([4.0, 16.0, 30.0])
    if order != (0, 1, 2):
        low, high = np.array([2.0, 10.0, 20.0]), np.array([5.0, 10.0, 30.0])
        panel.source_box.choose_plane("coronal")
    else:
        viewer.dims.set_point(0, scan.data_to_world((4, 0, 0))[0])
    a, b = [axis for axis in range(3) if low[axis] != high[axis]]
    corners = np.repeat(low[None], 4, axis=0)
    corners[1:3, b], corners[2:, a] = high[b], high[a]
    world = np.array([scan.data_to_world(corner) for corner in corners])
    drawn = viewer.add_shapes([world[:, -ndim:]], shape_type="rectangle", ndim=ndim)
    drawn.selected_data = {0}
    viewer.layers.selection.active = drawn
    panel.choose_layer(scan)
    run("use_as_regions")
    (box,) = panel._regions.boxes(scan)
    np.testing.assert_allclose(box.corners.min(axis=0), low)
    np.testing.assert_allclose(box.corners.max(axis=0), high)
    assert viewer.layers.selection.active is drawn


def test_without_a_selected_rectangle_it_is_said(
    viewer: Any, panel: MedvlmPanel, scan: Any, run: Any, told: list[str]
) -> None:
    run("use_as_regions")
    assert "No rectangle is selected" in told[-1]


def test_a_conversation_is_exported(
    qtbot: Any,
    viewer: Any,
    panel: MedvlmPanel,
    scan: Any,
    thread: FakeThread,
    run: Any,
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("export_conversation")
    assert "no conversation to export" in told[-1]
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    thread.script = events_of(reply())
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what?")
    out = tmp_path / "talk.md"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), "Markdown (*.md)"))
    run("export_conversation")
    qtbot.waitUntil(out.is_file, timeout=PATIENCE)
    assert "what?" in out.read_text()


def test_stopping_and_unloading_work_from_the_palette(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread, run: Any
) -> None:
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    panel.ask("what?")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        run("stop_answer")
    run("unload_model")
    assert "unload" in thread.calls


def test_every_command_says_what_is_missing_in_an_empty_window(
    qtbot: Any, viewer: Any, run: Any, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = {"open_scan_folder", "open_scan_files", "show_journal", "wipe_journal"}
    changes = {"open_scans_by_default"}
    # Readers and writers are called by napari, with paths.
    names = {
        one.id.removeprefix("napari-medvlm.")
        for one in MANIFEST.contributions.commands
        if one.enablement != "False"
    }
    opened = {one.command.removeprefix("napari-medvlm.") for one in MANIFEST.contributions.widgets}
    samples = {name for name in names if name.startswith("sample_")}
    left = names - asks - changes - opened - samples
    assert len(left) >= 10
    for name in sorted(left):
        told.clear()
        run(name)
        assert len(told) == 1, name
        assert told[0].endswith("."), name
        assert "Traceback" not in told[0]


def test_an_error_of_an_opening_command_is_one_line(
    qtbot: Any,
    viewer: Any,
    run: Any,
    told: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    run("open_scan_folder")
    assert told[-1].startswith("No scan or clip was found")


def test_titles_read_well_in_menus_and_palette() -> None:
    for command in MANIFEST.contributions.commands:
        title = command.title
        assert title[0].isupper(), title
        assert not title.endswith(".") or title.endswith("..."), title
        assert "medvlm" not in title.lower() or "medvlm" in title, title
        assert len(title) <= 50, title
    in_menus = {
        item.command
        for items in MANIFEST.contributions.menus.values()
        for item in items
        if hasattr(item, "command")
    }
    shown = {
        one.id
        for one in MANIFEST.contributions.commands
        if one.enablement != "False" and not one.id.startswith("napari-medvlm.sample_")
    }
    only_in_the_palette = {"napari-medvlm.stop_answer", "napari-medvlm.unload_model"}
    assert shown - in_menus == only_in_the_palette

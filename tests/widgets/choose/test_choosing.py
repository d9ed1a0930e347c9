"""Choosing what is sent: the key, the strip, ranges, slabs, and images of several layers."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication

from asking.scans import clip, ct
from napari_medvlm.dialogue import Box
from napari_medvlm.imaging import Clip
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.choose.pick_key import CANDIDATES, PickKey, free_key
from napari_medvlm.widgets.parts.hosting import canvas_of

from ..fakes import FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def current(viewer: Any, panel: MedvlmPanel, scan: Any) -> Any:
    """A second scan beside the first, which is named prior."""
    scan.name = "prior"
    data, attributes, _ = layer_data(replace(ct(), voxels=ct().voxels[::-1].copy()))
    return viewer.add_image(data, **{**attributes, "name": "current"})


@pytest.fixture
def film(viewer: Any, panel: MedvlmPanel) -> Any:
    data, attributes, _ = layer_data(clip())
    return viewer.add_image(data, **attributes)


def _wait_for(qtbot: Any, panel: MedvlmPanel, indices: list[int]) -> None:
    qtbot.waitUntil(
        lambda: [frame.index for frame in panel.strip.frames] == indices, timeout=PATIENCE
    )


def _scroll(viewer: Any, layer: Any, index: int, axis: int = 0) -> None:
    at = [0.0] * layer.ndim
    at[axis] = index
    viewer.dims.set_point(axis, layer.data_to_world(at)[axis])


def _shown(viewer: Any, layer: Any, axis: int = 0) -> int:
    return round(float(layer.world_to_data(viewer.dims.point)[axis]))


def _ask(qtbot: Any, panel: MedvlmPanel, words: str = "Grown?") -> Any:
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask(words)
    return panel.conversation_view.views[-1]


# ---------------------------------------------------------------------- the key


def test_one_key_over_the_image_picks_and_takes_out(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    canvas = canvas_of(viewer)
    assert canvas is not None
    for index in (3, 7):
        _scroll(viewer, scan, index)
        qtbot.keyClick(canvas, Qt.Key.Key_K)
    _wait_for(qtbot, panel, [3, 7])
    assert panel.source_box.slices.picked.isChecked()
    assert panel.source_box.slices.list.text() == "3, 7"
    assert panel.source_box.slices.add.text() == f"{MINUS} this slice"
    _scroll(viewer, scan, 3)
    qtbot.keyClick(canvas, Qt.Key.Key_K)
    _wait_for(qtbot, panel, [7])
    assert "key K" in panel.source_box.slices.add.toolTip()


def test_the_same_key_works_in_the_panel_but_not_where_words_are_typed(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    panel.choose_slices("2, 5")
    _scroll(viewer, scan, 7)
    qtbot.keyClick(panel.source_box.slices.picked, Qt.Key.Key_K)
    assert [pick.index for pick in panel.source_box.picks] == [2, 5, 7]
    panel.ask_box.put("")
    qtbot.keyClick(panel.ask_box.text, Qt.Key.Key_K)
    assert [pick.index for pick in panel.source_box.picks] == [2, 5, 7]


def test_the_key_is_none_of_naparis_and_is_given_back(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    from napari.settings import get_settings

    used = {str(key) for keys in get_settings().shortcuts.shortcuts.values() for key in keys}
    assert not used & set(CANDIDATES)
    assert "K" in {str(key) for key in viewer.keymap}
    viewer.window.remove_dock_widget(panel)
    assert "K" not in {str(key) for key in viewer.keymap}
    qtbot.keyClick(canvas_of(viewer), Qt.Key.Key_K)
    assert not panel.source_box.picks


def test_a_key_that_somebody_uses_is_left_to_them(viewer: Any) -> None:
    viewer.bind_key("K", lambda _viewer: None)
    try:
        assert free_key(viewer) == "J"
    finally:
        viewer.bind_key("K", None)


class Counter:
    """What a key is bound to."""

    def __init__(self) -> None:
        self.count = 0

    def add(self) -> None:
        self.count += 1


def test_two_viewers_have_a_key_each(qapp: Any) -> None:
    from napari.components import ViewerModel

    viewers, counters = (ViewerModel(), ViewerModel()), (Counter(), Counter())
    keys = [PickKey(viewer, one.add) for viewer, one in zip(viewers, counters, strict=True)]
    assert [key.name for key in keys] == ["K", "K"]
    (second,) = viewers[1].keymap.values()
    second(viewers[1])
    assert [one.count for one in counters] == [0, 1]
    keys[0].bind(False)
    assert (len(viewers[0].keymap), len(viewers[1].keymap)) == (0, 1)
    keys[0].bind(True)
    assert len(viewers[0].keymap) == 1


# ---------------------------------------------------------------------- the strip


def _drag(button: Any, onto: Any, beyond: int) -> None:
    """Hold a picture, pull it over another one, and let go."""
    start = QPoint(button.width() // 2, 20)
    stop = button.mapFromGlobal(onto.mapToGlobal(QPoint(onto.width() // 2 + beyond, 20)))
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    for kind, at, which, held in (
        (QEvent.Type.MouseButtonPress, start, left, left),
        (QEvent.Type.MouseMove, (start + stop) / 2, none, left),
        (QEvent.Type.MouseMove, stop, none, left),
        (QEvent.Type.MouseButtonRelease, stop, left, none),
    ):
        place, beyond_it = QPointF(at), QPointF(button.mapToGlobal(at))
        event = QMouseEvent(kind, place, beyond_it, which, held, Qt.KeyboardModifier.NoModifier)
        QApplication.sendEvent(button, event)


def _in_focus(panel: MedvlmPanel) -> Any:
    return panel.window().focusWidget()  # whether the window is the active one or not


def test_dragging_in_an_evenly_spaced_strip_makes_it_picked(
    qtbot: Any, panel: MedvlmPanel, scan: Any
) -> None:
    panel.choose_slices("even:4")
    _wait_for(qtbot, panel, [0, 3, 6, 9])
    buttons = panel.strip.buttons
    qtbot.waitUntil(lambda: buttons[3].x() > buttons[0].x(), timeout=PATIENCE)  # laid out
    clicked: list[int] = []
    panel.strip.clicked.connect(clicked.append)
    first, third = panel.strip.buttons[0], panel.strip.buttons[2]
    _drag(first, third, 10)
    _wait_for(qtbot, panel, [3, 6, 0, 9])
    assert panel.source_box.slices.picked.isChecked()
    assert clicked == []  # it was no click
    _drag(panel.strip.buttons[3], panel.strip.buttons[0], -10)
    _wait_for(qtbot, panel, [9, 3, 6, 0])
    # Let go where it was: nothing moves.
    _drag(panel.strip.buttons[1], panel.strip.buttons[1], 10)
    assert [pick.index for pick in panel.source_box.picks] == [9, 3, 6, 0]


def test_the_keyboard_alone_moves_takes_out_and_goes_there(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    panel.choose_slices("2, 5, 8")
    _wait_for(qtbot, panel, [2, 5, 8])
    panel.strip.buttons[0].setFocus()
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(panel.strip.buttons[0], Qt.Key.Key_Right, control)
    _wait_for(qtbot, panel, [5, 2, 8])
    assert _in_focus(panel) is panel.strip.buttons[1]  # with the picture that moved
    qtbot.keyClick(panel.strip.buttons[1], Qt.Key.Key_Right)
    assert _in_focus(panel) is panel.strip.buttons[2]
    qtbot.keyClick(panel.strip.buttons[2], Qt.Key.Key_Space)
    assert _shown(viewer, scan) == 8
    qtbot.keyClick(panel.strip.buttons[2], Qt.Key.Key_Delete)
    _wait_for(qtbot, panel, [5, 2])
    assert _in_focus(panel) is panel.strip.buttons[1]
    qtbot.keyClick(panel.strip.buttons[1], Qt.Key.Key_Right, control)  # at the end already
    assert [pick.index for pick in panel.source_box.picks] == [5, 2]


def test_the_menu_offers_the_same(qtbot: Any, panel: MedvlmPanel, scan: Any) -> None:
    panel.choose_slices("even:3")
    _wait_for(qtbot, panel, [0, 4, 9])
    menu = panel.strip.buttons[1].menu_of()
    actions = {action.text().split("\t")[0]: action for action in menu.actions()}
    assert list(actions) == ["Go there", "Move left", "Move right", "Take out"]
    actions["Move left"].trigger()
    _wait_for(qtbot, panel, [4, 0, 9])
    actions["Take out"].trigger()
    _wait_for(qtbot, panel, [4, 9])


def test_taking_the_last_one_out_says_what_to_do(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    panel.choose_slices("4")
    _wait_for(qtbot, panel, [4])
    qtbot.keyClick(panel.strip.buttons[0], Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "No slice is picked" in panel.strip.line.text(), timeout=PATIENCE)
    assert "+ this slice" in panel.strip.line.text()
    assert panel.strip.buttons == []


# ---------------------------------------------------------------------- ranges and slabs


def test_a_range_and_how_many_of_it(qtbot: Any, panel: MedvlmPanel, scan: Any) -> None:
    slices = panel.source_box.slices
    slices.first.setValue(3)
    slices.last.setValue(6)
    _wait_for(qtbot, panel, [3, 4, 5, 6])
    assert slices.stretch.isChecked()
    slices.many.setValue(2)
    _wait_for(qtbot, panel, [3, 6])
    slices.last.setValue(2)
    qtbot.waitUntil(lambda: "runs backwards" in panel.strip.line.text(), timeout=PATIENCE)


def test_a_stretch_of_a_clip_is_in_seconds(qtbot: Any, panel: MedvlmPanel, film: Any) -> None:
    slices = panel.source_box.slices
    assert slices.last.suffix() == " s"
    assert slices.last.value() == pytest.approx(1.96)
    assert slices.by_mm.isHidden()
    assert panel.source_box.slab.isHidden()
    slices.first.setValue(0.4)
    slices.last.setValue(0.6)
    _wait_for(qtbot, panel, [10, 11, 12, 13, 14, 15])
    assert panel.strip.buttons[0].text() == "10\n0.40 s"


def test_a_slab_is_made_said_and_asked_about(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    slab = panel.source_box.slab
    panel.choose_slices("even:3")
    slab.slices.setValue(3)
    assert slab.thickness.text() == "15 mm"
    slab.kind.setCurrentIndex(slab.kind.findData("maximum"))
    _wait_for(qtbot, panel, [0, 4, 9])
    qtbot.waitUntil(lambda: "max 15 mm" in panel.strip.buttons[1].text(), timeout=PATIENCE)
    assert "max 10 mm" in panel.strip.buttons[0].text()  # cut at the end of the stack
    view = _ask(qtbot, panel)
    assert "maximum of slices 3 to 5 (15 mm)" in view.strip.buttons[1].toolTip()
    frame = thread.asked[0].frames[1]
    np.testing.assert_array_equal(frame.slab.first, 3)
    panel.choose_slices("current")
    slab.slices.setValue(1)
    qtbot.mouseClick(view.actions.edit, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(
        lambda: (
            [f.digest for f in panel.strip.frames] == [f.digest for f in thread.asked[0].frames]
        ),
        timeout=PATIENCE,
    )


def test_a_slab_changes_the_picked_slices_of_its_plane(
    qtbot: Any, panel: MedvlmPanel, scan: Any
) -> None:
    panel.choose_slices("4, 6")
    panel.source_box.choose_plane("coronal")
    panel.source_box.toggle()
    panel.source_box.slab.slices.setValue(3)
    qtbot.waitUntil(
        lambda: [f.slab is None for f in panel.strip.frames] == [True, True, False],
        timeout=PATIENCE,
    )


# ---------------------------------------------------------------------- frames on their way


class Slow:
    """A decoder that waits until it is told to go on."""

    times = tuple(n / 10 for n in range(20))
    size = (8, 8)
    fps = 10.0

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()

    def decode(self, indices: Any) -> list[Any]:
        self.go_on.wait(PATIENCE / 1000)
        return [np.full((8, 8, 3), index, np.uint8) for index in indices]


def test_asking_waits_for_frames_without_holding_anything_up(
    qtbot: Any, panel: MedvlmPanel, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    slow = Slow()
    data, attributes, _ = layer_data(Clip(slow, digest="5" * 64, prefetch=False))
    viewer.add_image(data, **attributes)
    qtbot.waitUntil(lambda: panel.choosing.prepared is not None, timeout=PATIENCE)
    slow.go_on.clear()
    panel.choose_slices("3, 5")
    panel.ask_box.put("Which way?")
    qtbot.mouseClick(panel.ask_box.button, Qt.MouseButton.LeftButton)
    assert "as soon as its images are ready" in panel.ask_box.line.text()
    assert thread.asked == []
    slow.go_on.set()
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        pass
    assert [frame.index for frame in thread.asked[0].frames] == [3, 5]
    slow.go_on.clear()
    panel.choose_slices("8, 9")
    panel.ask_box.put("And now?")
    qtbot.mouseClick(panel.ask_box.button, Qt.MouseButton.LeftButton)
    panel.choose_slices("3, 5")  # meanwhile: it is not asked about what nobody asked about
    assert "ask again" in panel.ask_box.line.text()
    slow.go_on.set()
    _wait_for(qtbot, panel, [3, 5])
    assert len(thread.asked) == 1
    slow.go_on.clear()
    panel.choose_slices("11, 12")
    qtbot.mouseClick(panel.ask_box.button, Qt.MouseButton.LeftButton)
    qtbot.keyClick(panel.source_box.slices.picked, Qt.Key.Key_Escape)
    assert panel.ask_box.line.text() == "Not asked."
    slow.go_on.set()
    _wait_for(qtbot, panel, [11, 12])
    assert len(thread.asked) == 1


# ---------------------------------------------------------------------- an earlier sitting


def test_a_question_about_two_scans_comes_back_with_either(
    qtbot: Any,
    viewer: Any,
    thread: FakeThread,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(tmp_path / "journal.sqlite"))
    scans = {"prior": ct(), "current": replace(ct(), voxels=ct().voxels[::-1].copy())}

    def open_scan(name: str) -> Any:
        data, attributes, _ = layer_data(scans[name])
        return viewer.add_image(data, **{**attributes, "name": name})

    def open_panel() -> MedvlmPanel:
        made = MedvlmPanel(viewer, thread=FakeThread(thread.script), models=(toy_offer(),))
        viewer.window.add_dock_widget(made, name="medvlm")
        return made

    boxes = [
        Box("old", (16, 8, 32, 24), frame=0, raw=(250, 200, 500, 600)),
        Box("new", (10, 8, 30, 30), frame=2, raw=(150, 200, 450, 700)),
    ]
    thread.script = events_of(reply(boxes=boxes))
    panel = open_panel()
    _pick_of_both(panel, open_scan("prior"), open_scan("current"), viewer)
    _ask(qtbot, panel)
    panel.session.keeper.wait()
    viewer.window.remove_dock_widget(panel)
    viewer.layers.clear()

    again = open_panel()
    current = open_scan("current")
    talk = again.conversation_view
    qtbot.waitUntil(lambda: len(talk.views) == 1, timeout=PATIENCE)
    (view,) = talk.views
    assert view.asked.text() == "Grown?\nImages 1-2: prior; image 3: current."
    (findings,) = (layer for layer in viewer.layers if layer.name.startswith("findings"))
    assert list(findings.features["label"]) == ["new"]
    qtbot.mouseClick(view.strip.buttons[0], Qt.MouseButton.LeftButton)
    assert "is not open" in again.ask_box.line.text()
    qtbot.mouseClick(view.strip.buttons[2], Qt.MouseButton.LeftButton)
    assert _shown(viewer, current) == 4

    prior = open_scan("prior")
    qtbot.waitUntil(lambda: again.choosing.prepared is not None, timeout=PATIENCE)
    again.session.keeper.wait()
    qtbot.mouseClick(view.strip.buttons[0], Qt.MouseButton.LeftButton)
    assert again.source_box.layer is prior
    assert _shown(viewer, prior) == 2
    drawn = [list(layer.features["label"]) for layer in viewer.layers if "findings" in layer.name]
    assert sorted(drawn) == [["new"], ["old"]]
    assert len(talk.views) == 1  # and not once for each scan


# ---------------------------------------------------------------------- several layers


def _pick_of_both(panel: MedvlmPanel, scan: Any, current: Any, viewer: Any) -> None:
    panel.choose_layer(scan)
    panel.choose_slices("2, 6")
    panel.choose_layer(current)
    _scroll(viewer, current, 4)
    panel.source_box.toggle()


def test_frames_of_two_layers_go_in_their_order_with_their_names(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    _pick_of_both(panel, scan, current, viewer)
    _wait_for(qtbot, panel, [2, 6, 4])
    assert [frame.label for frame in panel.strip.frames] == ["prior", "prior", "current"]
    assert panel.strip.buttons[2].text().endswith("\ncurrent")
    assert panel.legend.words.text() == "Images 1-2: prior; image 3: current."
    assert panel.legend.tell.isChecked()
    view = _ask(qtbot, panel)
    (question,) = thread.asked
    assert question.text == "Grown?\nImages 1-2: prior; image 3: current."
    assert view.asked.text() == question.text
    assert "3 images (1-2 prior, 3 current)" in view.sent.text()
    assert view.strip.buttons[2].text() == "current"
    qtbot.mouseClick(view.actions.edit, Qt.MouseButton.LeftButton)
    assert panel.ask_box.words == "Grown?"
    _wait_for(qtbot, panel, [2, 6, 4])


def test_the_sentence_can_be_left_out_and_is_never_said_of_one_layer(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    _pick_of_both(panel, scan, current, viewer)
    panel.legend.tell.setChecked(False)
    _ask(qtbot, panel)
    assert thread.asked[0].text == "Grown?"
    panel.legend.tell.setChecked(True)
    panel.choose_slices("even:3")
    _wait_for(qtbot, panel, [0, 4, 9])
    assert panel.legend.isHidden()
    _ask(qtbot, panel, "And this?")
    assert thread.asked[1].text == "And this?"
    assert {frame.label for frame in thread.asked[1].frames} == {""}


def test_renaming_a_layer_renames_it_in_what_is_sent(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any
) -> None:
    _pick_of_both(panel, scan, current, viewer)
    scan.name = "2019"
    qtbot.waitUntil(lambda: "Images 1-2: 2019" in panel.legend.words.text(), timeout=PATIENCE)


def test_boxes_land_on_the_layer_of_their_frame(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any, thread: FakeThread
) -> None:
    boxes = [
        Box("old", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600)),
        Box("new", (10, 8, 30, 30), frame=2, raw=(150, 200, 450, 700)),
    ]
    thread.script = events_of(reply(boxes=boxes))
    _pick_of_both(panel, scan, current, viewer)
    view = _ask(qtbot, panel)
    from napari_medvlm.widgets.canvas.boxes import FINDINGS
    from napari_medvlm.widgets.canvas.overlay import find_overlay

    found = {layer: find_overlay(viewer, layer, FINDINGS) for layer in (scan, current)}
    for layer, label, index in ((scan, "old", 6), (current, "new", 4)):
        findings = found[layer]
        assert list(findings.features["label"]) == [label]
        assert set(findings.data[0][:, 0]) == {index}
    buttons = view._box_row.buttons
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert panel.source_box.layer is scan
    assert _shown(viewer, scan) == 6
    qtbot.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    assert panel.source_box.layer is current
    qtbot.mouseClick(view.actions.delete, Qt.MouseButton.LeftButton)
    assert [len(findings.data) for findings in found.values()] == [0, 0]


def test_a_frame_that_was_sent_brings_back_its_own_layer(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    _pick_of_both(panel, scan, current, viewer)
    panel.source_box.choose_plane("coronal")
    _scroll(viewer, current, 11, axis=1)
    panel.source_box.toggle()
    view = _ask(qtbot, panel)
    for number, layer, plane, axis, index in (
        (0, scan, "axial", 0, 2),
        (3, current, "coronal", 1, 11),
        (2, current, "axial", 0, 4),
    ):
        layer.contrast_limits = (-1000, 0)
        qtbot.mouseClick(view.strip.buttons[number], Qt.MouseButton.LeftButton)
        assert panel.source_box.layer is layer
        assert panel.source_box.plane == plane
        assert _shown(viewer, layer, axis) == index
        assert tuple(layer.contrast_limits) == (-1350.0, 150.0)


def test_clicking_the_strip_goes_to_the_layer_and_plane_of_a_frame(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any
) -> None:
    _pick_of_both(panel, scan, current, viewer)
    panel.source_box.choose_plane("coronal")
    _wait_for(qtbot, panel, [2, 6, 4])
    qtbot.mouseClick(panel.strip.buttons[1], Qt.MouseButton.LeftButton)
    assert (panel.source_box.layer, panel.source_box.plane) == (scan, "axial")
    assert _shown(viewer, scan) == 6
    _wait_for(qtbot, panel, [2, 6, 4])  # what is picked stays


def test_regions_of_all_layers_that_are_sent_go_along(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    _pick_of_both(panel, scan, current, viewer)
    _wait_for(qtbot, panel, [2, 6, 4])
    for layer, number in ((scan, 0), (current, 2)):
        shapes = panel._regions.draw_on(layer)
        corners = panel.strip.frames[number].box_corners((10, 4, 30, 20))
        shapes.add([corners], shape_type="rectangle")
    _ask(qtbot, panel)
    assert [region.frame for region in thread.asked[0].regions] == [0, 2]


def test_a_layer_that_goes_takes_its_picks_along_and_says_so(
    qtbot: Any, panel: MedvlmPanel, scan: Any, current: Any, viewer: Any
) -> None:
    _pick_of_both(panel, scan, current, viewer)
    _wait_for(qtbot, panel, [2, 6, 4])
    viewer.layers.remove(current)
    assert panel.ask_box.line.text() == (
        "“current” was removed; its picked slice is no longer sent."
    )
    _wait_for(qtbot, panel, [2, 6])
    assert panel.strip.frames[0].label == ""


def test_a_clip_beside_a_scan_goes_as_images(
    qtbot: Any, panel: MedvlmPanel, scan: Any, film: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    panel.choose_layer(film)
    panel.choose_slices("5, 9")
    panel.choose_layer(scan)
    panel.source_box.toggle()
    _ask(qtbot, panel)
    (question,) = thread.asked
    assert question.frame_kind == "images"
    assert [frame.plane for frame in question.frames] == ["frame", "frame", "axial"]


def test_a_time_point_is_picked_and_brought_back(
    qtbot: Any, panel: MedvlmPanel, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    moving = replace(ct(), voxels=np.stack([ct().voxels + 10 * n for n in range(3)]), temporal=True)
    data, attributes, _ = layer_data(moving)
    layer = viewer.add_image(data, **attributes)
    for time in (2, 0):
        viewer.dims.set_point(0, time)
        _scroll(viewer, layer, 5, axis=1)
        panel.source_box.toggle()
    view = _ask(qtbot, panel)
    assert [frame.time for frame in thread.asked[0].frames] == [2, 0]
    assert panel.strip.buttons[0].text() == f"5\n{MINUS}5.0 mm\ntime 2"
    for number, time in ((0, 2), (1, 0)):
        qtbot.mouseClick(view.strip.buttons[number], Qt.MouseButton.LeftButton)
        assert _shown(viewer, layer, 0) == time


def test_scaling_by_itself_is_of_volumes_alone(
    qtbot: Any, panel: MedvlmPanel, scan: Any, film: Any, viewer: Any
) -> None:
    from napari_medvlm.models import PROFILES

    fleming = PROFILES["fleming-vl-8b"]
    panel.model_bar.add(replace(toy_offer(), label=fleming.title, profile=fleming))
    panel.choose_layer(film)
    panel.choose_slices("5")
    panel.choose_layer(scan)
    panel.source_box.toggle()
    of_film, of_scan = panel.source_box.parts()
    assert (of_film.selection.scaling, of_scan.selection.scaling) == ("window", "slice_extremes")
    assert panel.source_box.options.own.isVisible()


def test_names_of_files_are_on_the_screen_and_pseudonyms_are_sent(
    viewer: Any, panel: MedvlmPanel, tmp_path: Path
) -> None:
    for name in ("Doe_t1.npy", "Doe_t2.npy"):
        np.save(tmp_path / name, np.full((3, 8, 8), len(viewer.layers), np.int16))
        viewer.open(str(tmp_path / name), plugin="napari-medvlm")
    first, second = viewer.layers
    box = panel.source_box
    assert [box.layers.itemText(n) for n in range(2)] == ["Doe_t1.npy", "Doe_t2.npy"]
    there = box.layers_there
    assert [there.label(there.key(one)) for one in (first, second)] == [
        one.metadata["medvlm_source"].name for one in (first, second)
    ]
    made = viewer.add_image(np.zeros((3, 8, 8)), name="mean of Doe_t1.npy")
    assert "Doe" not in there.label(there.key(made))
    first.name = "prior"
    assert there.label(there.key(first)) == "prior"

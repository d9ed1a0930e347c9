"""The panel in a real window, driven through its own controls."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from asking.scans import clip
from napari_medvlm.dialogue import Box, Failed, Prefill, Queued, Token
from napari_medvlm.errors import EngineError, MedvlmError
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel

from .fakes import FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000

NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))


def _type_and_ask(qtbot: Any, panel: MedvlmPanel, words: str) -> None:
    panel.ask_box.text.setFocus()
    qtbot.keyClicks(panel.ask_box.text, words)
    qtbot.mouseClick(panel.ask_box.button, Qt.MouseButton.LeftButton)


def _shapes(viewer: Any, name: str) -> Any:
    return viewer.layers[name]


def test_without_a_layer_the_panel_says_what_to_do(qtbot: Any, panel: MedvlmPanel) -> None:
    assert "Open a scan" in panel.strip.line.text()
    assert not panel.ask_box.button.isEnabled()
    assert "no image layer" in panel.ask_box.button.toolTip()
    with pytest.raises(MedvlmError, match="no image layer"):
        panel.ask("where?")
    assert not panel.busy


def test_a_layer_of_another_kind_becomes_a_line(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    points = viewer.add_points(np.zeros((1, 3)), name="landmarks")
    panel.choose_layer(points)
    qtbot.waitUntil(lambda: "Points layer" in panel.strip.line.text(), timeout=PATIENCE)
    assert not panel.ask_box.button.isEnabled()
    panel.choose_layer(scan)
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 1, timeout=PATIENCE)


def test_the_strip_shows_exactly_what_is_sent(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    viewer.dims.set_point(0, scan.data_to_world((7, 0, 0))[0])
    qtbot.waitUntil(lambda: [frame.index for frame in panel.strip.frames] == [7], timeout=PATIENCE)
    qtbot.mouseClick(panel.source_box.slices.add, Qt.MouseButton.LeftButton)
    written = panel.source_box.slices.list
    written.setFocus()
    qtbot.keyClick(written, Qt.Key.Key_End)
    qtbot.keyClicks(written, ", 2")
    qtbot.waitUntil(
        lambda: [frame.index for frame in panel.strip.frames] == [7, 2], timeout=PATIENCE
    )
    captions = [button.text() for button in panel.strip.buttons]
    assert captions == ["7\n5.0 mm", "2\n−20 mm"]
    _type_and_ask(qtbot, panel, "what is this?")
    (question,) = thread.asked
    assert [frame.digest for frame in question.frames] == [
        frame.digest for frame in panel.strip.frames
    ]
    panel.choose_slices("even:3")
    qtbot.waitUntil(
        lambda: [frame.index for frame in panel.strip.frames] == [0, 4, 9], timeout=PATIENCE
    )
    qtbot.mouseClick(panel.strip.buttons[2], Qt.MouseButton.LeftButton)
    np.testing.assert_allclose(scan.world_to_data(viewer.dims.point)[0], 9)


def test_asking_at_once_shows_what_went(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    panel.ask("where?")  # before the strip has had time to follow
    assert [frame.index for frame in panel.strip.frames] == [0, 4, 9]
    assert panel.strip.frames == thread.asked[0].frames


def test_slices_that_are_not_there_are_said(qtbot: Any, panel: MedvlmPanel, scan: Any) -> None:
    panel.choose_slices("3, 77")
    qtbot.waitUntil(lambda: "no slice 77" in panel.strip.line.text(), timeout=PATIENCE)
    assert panel.strip.frames == ()
    assert "no slice 77" in panel.ask_box.button.toolTip()


def test_an_answer_streams_in_and_its_box_lies_on_its_slice(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script, thread.pace = events_of(reply(boxes=[NODULE])), 2
    panel.choose_slices("even:3")
    _type_and_ask(qtbot, panel, "where is the nodule?")
    assert panel.busy
    (view,) = panel.conversation_view.views
    qtbot.waitUntil(
        lambda: view.reasoning.isVisible() and "Image 1" in view.reasoning.text(), timeout=PATIENCE
    )
    assert not panel.ask_box.button.isEnabled()
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        pass
    assert view.asked.text() == "where is the nodule?"
    assert view.answer.text() == "There is one nodule in the right lung."
    assert view.head.isVisible()
    assert not view.head.isChecked()
    assert not view.reasoning.isVisible()
    assert "tok/s" in view.meta.text()
    findings = _shapes(viewer, "findings")
    (corners,) = findings.data
    sent = thread.asked[0].frames[1]
    np.testing.assert_allclose(corners, sent.box_corners(NODULE.box))
    assert list(findings.features["label"]) == ["nodule"]
    assert list(findings.features["question"]) == [1]
    for fact in ("scale", "translate"):
        np.testing.assert_allclose(getattr(findings, fact), getattr(scan, fact))
    assert findings.units == scan.units
    # The viewer has gone to the slice, and its sliders still step by slices.
    np.testing.assert_allclose(scan.world_to_data(viewer.dims.point)[0], 4)
    assert viewer.dims.range[0].step == pytest.approx(scan.scale[0])
    assert viewer.layers.selection.active is scan


def test_the_reasoning_opens_again_by_a_click(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _type_and_ask(qtbot, panel, "where?")
    (view,) = panel.conversation_view.views
    qtbot.mouseClick(view.head, Qt.MouseButton.LeftButton)
    assert view.reasoning.isVisible()


def test_answers_of_two_questions_share_one_layer(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply(boxes=[NODULE]))
    panel.choose_slices("even:3")
    for words in ("where?", "and again?"):
        with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
            _type_and_ask(qtbot, panel, words)
    findings = _shapes(viewer, "findings")
    assert [layer.name for layer in viewer.layers] == ["ct", "findings"]
    assert list(findings.features["question"]) == [1, 2]
    assert not np.allclose(findings.edge_color[0], findings.edge_color[1])


def test_model_text_is_never_markup(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    text = "<b>bold</b> <img src='file:///etc/hosts'> &amp;"
    thread.script = events_of(reply(reasoning="So <i>it</i> seems.", answer=text))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _type_and_ask(qtbot, panel, "where?")
    (view,) = panel.conversation_view.views
    assert view.answer.text() == text
    for label in (view.asked, view.meta):
        assert label.textFormat() == Qt.TextFormat.PlainText
    assert view.answer.toPlainText() == text
    assert view.reasoning.toPlainText() == "So <i>it</i> seems."


def test_stop_keeps_what_has_come(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = [Queued(), Prefill(tokens=9), Token(text="<think>so far", count=3)]
    _type_and_ask(qtbot, panel, "where?")
    qtbot.waitUntil(
        lambda: "so far" in panel.conversation_view.views[0].reasoning.text(), timeout=PATIENCE
    )
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        qtbot.mouseClick(panel.ask_box.stop, Qt.MouseButton.LeftButton)
    assert panel.conversation_view.views[0].meta.text().startswith("stopped")
    assert not panel.busy
    assert not panel.ask_box.stop.isEnabled()


def test_keys_ask_and_stop(qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread) -> None:
    panel.ask_box.text.setFocus()
    qtbot.keyClicks(panel.ask_box.text, "where?")
    qtbot.keyClick(panel.ask_box.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: panel.busy, timeout=PATIENCE)
    qtbot.keyClick(panel.ask_box.text, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)


def test_a_failure_is_one_plain_line(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = [
        Failed(kind="memory", message="The model ran out of memory.", advice="Send fewer images.")
    ]
    with qtbot.waitSignal(panel.failed, timeout=PATIENCE) as caught:
        _type_and_ask(qtbot, panel, "where?")
    assert caught.args == ["The model ran out of memory. Send fewer images."]
    assert panel.conversation_view.views[0].meta.text() == caught.args[0]
    assert panel.last_reply is None
    panel.ask_box.text.setPlainText("again?")
    assert panel.ask_box.button.isEnabled()


def test_a_rectangle_of_the_user_goes_into_the_question(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("2, 4")
    qtbot.mouseClick(panel.ask_box.region, Qt.MouseButton.LeftButton)
    regions = _shapes(viewer, "regions")
    assert regions.mode == "add_rectangle"
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 2, timeout=PATIENCE)
    box = (10.0, 4.0, 30.0, 20.0)
    sent = panel.strip.frames[1].box_corners(box)
    elsewhere = panel.strip.frames[1].box_corners(box)
    elsewhere[:, 0] = 9
    for corners in (sent, elsewhere):  # one after the other, as they are drawn
        regions.add([corners], shape_type="rectangle")
    qtbot.waitUntil(lambda: "slice that is not sent" in panel.ask_box.line.text(), timeout=PATIENCE)
    _type_and_ask(qtbot, panel, "what is in the region?")
    (region,) = thread.asked[0].regions
    assert (region.frame, region.label) == (1, "region 1")
    np.testing.assert_allclose(region.box, box, atol=1e-6)
    assert "▣ region 1 on image 2" in panel.conversation_view.views[0].sent.text()
    assert "Region 2 is on a slice that is not sent" in panel.ask_box.line.text()


def test_a_layer_removed_during_an_answer_breaks_nothing(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script, thread.pace = events_of(reply(boxes=[NODULE])), 2
    panel.choose_slices("even:3")
    _type_and_ask(qtbot, panel, "where?")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        viewer.layers.remove(scan)
    assert [layer.name for layer in viewer.layers] == []
    assert "was removed" in panel.ask_box.line.text()
    assert "no image layer" in panel.strip.line.text()


def test_planes_turn_the_viewer_as_radiology_does(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    letters = {}
    for plane in ("axial", "coronal", "sagittal"):
        panel.source_box.choose_plane(plane)
        shown = panel._facing.labels
        letters[plane] = "".join(shown[side].text() for side in ("left", "right", "top", "bottom"))
    assert letters == {"axial": "RLAP", "coronal": "RLSI", "sagittal": "APSI"}
    viewer.dims.ndisplay = 3
    assert not panel._facing.labels["left"].isVisible()


def test_the_proxy_that_napari_gives_to_plugins_is_as_good_as_the_viewer(
    qtbot: Any, viewer: Any, scan_data: Any, thread: FakeThread
) -> None:
    from napari.utils._proxies import PublicOnlyProxy

    proxy = PublicOnlyProxy(viewer)
    panel = MedvlmPanel(proxy, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(panel, name="medvlm")
    layer = viewer.add_image(scan_data[0], **scan_data[1])
    assert panel.source_box.layer is layer
    thread.script = events_of(reply(boxes=[replace(NODULE, frame=0)]))
    for words in ("where?", "and again?"):
        with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
            _type_and_ask(qtbot, panel, words)
    assert [other.name for other in viewer.layers] == ["ct", "findings"]
    panel.choose_layer(proxy.layers["ct"])
    assert panel.source_box.layer is layer


def test_taking_the_panel_out_of_the_window_stops_the_answer(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = [Queued(), Token(text="<think>so", count=1)]
    _type_and_ask(qtbot, panel, "where?")
    viewer.window.remove_dock_widget(panel)
    assert thread.calls[:2] == ["stop", "unload"]
    again = MedvlmPanel(viewer, thread=FakeThread(events_of(reply())), models=())
    viewer.window.add_dock_widget(again, name="medvlm")
    assert "No model is at hand" in again.ask_box.button.toolTip()


def test_a_panel_that_was_closed_is_forgotten(
    qtbot: Any, viewer: Any, scan_data: Any, thread: FakeThread
) -> None:
    viewer.add_image(scan_data[0], **scan_data[1])
    panel = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(panel, name="medvlm")
    letters = list(panel._facing.labels.values())
    assert any(label.text() for label in letters)
    viewer.window.remove_dock_widget(panel)
    assert not any(label.isVisible() for label in letters)
    left = weakref.ref(panel)
    del panel
    for _ in range(3):
        if left() is not None:
            qtbot.wait(10)
            gc.collect()
    assert left() is None
    # What is left of it must not stand in the viewer's way.
    viewer.dims.order = (1, 0, 2)
    viewer.layers.clear()


def test_closing_an_engine_that_is_closed_already_is_no_error(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply())
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _type_and_ask(qtbot, panel, "where?")

    def closed() -> None:
        thread.calls.append("refused")
        raise EngineError("This engine was closed.")

    thread.unload = closed  # type: ignore[method-assign]
    viewer.window.remove_dock_widget(panel)
    assert thread.calls == ["refused"]


def test_a_flat_picture_of_another_reader_can_be_asked_about(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, thread: FakeThread
) -> None:
    thread.script = events_of(reply(boxes=[replace(NODULE, frame=0)]))
    picture = viewer.add_image(np.zeros((40, 64), np.uint8), name="picture")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _type_and_ask(qtbot, panel, "where?")
    (corners,) = viewer.layers["findings"].data
    np.testing.assert_allclose(corners.min(axis=0), (7.5, 15.5))
    np.testing.assert_allclose(corners.max(axis=0), (23.5, 31.5))
    assert viewer.layers["findings"].ndim == picture.ndim == 2


def test_frames_of_a_clip_go_as_a_video_and_boxes_to_their_frame(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, thread: FakeThread
) -> None:
    thread.script = events_of(reply(boxes=[NODULE]))
    data, attributes, _ = layer_data(clip())
    viewer.add_image(data, **attributes)
    assert panel.source_box.slices.this.text() == "this frame"
    panel.choose_slices("even:3")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _type_and_ask(qtbot, panel, "which way?")
    (question,) = thread.asked
    assert (question.frame_kind, len(question.frames)) == ("video", 3)
    (corners,) = viewer.layers["findings"].data
    assert set(corners[:, 0]) == {question.frames[1].index}


def test_the_engine_is_closed_once_when_the_panel_is_destroyed(
    qtbot: Any, viewer: Any, thread: FakeThread
) -> None:
    panel = MedvlmPanel(viewer, thread=thread, models=())
    panel.deleteLater()
    qtbot.waitUntil(lambda: "close" in thread.calls, timeout=PATIENCE)
    assert thread.calls.count("close") == 1


def test_a_long_conversation_scrolls_and_shows_its_end(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply(answer="A long answer. " * 30, boxes=[NODULE]))
    panel.choose_slices("even:3")
    for number in range(3):
        with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
            panel.ask(f"question {number}")
    talk = panel.conversation_view
    inside, bar = talk.widget(), talk.verticalScrollBar()
    qtbot.waitUntil(
        lambda: inside.height() >= inside.heightForWidth(inside.width()), timeout=PATIENCE
    )
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0, timeout=PATIENCE)
    for view in talk.views:
        assert view.answer.height() >= view.answer.heightForWidth(view.answer.width())


def test_every_control_has_a_name_and_a_tip(panel: MedvlmPanel) -> None:
    from qtpy.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QTextEdit

    controls = [
        control
        for kind in (QAbstractButton, QComboBox, QAbstractSpinBox, QTextEdit, QLineEdit)
        for control in panel.findChildren(kind)
        if not isinstance(control.parent(), QAbstractSpinBox)
    ]
    assert len(controls) > 12
    for control in controls:
        assert control.accessibleName(), control
        assert control.toolTip(), control.accessibleName()


def test_the_panel_fits_a_small_screen(qtbot: Any, panel: MedvlmPanel, scan: Any) -> None:
    panel.choose_slices("even:10")
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 10, timeout=PATIENCE)
    assert panel.minimumWidth() == 380
    assert panel.minimumSizeHint().height() < 500
    panel.parent().setFloating(True)
    panel.parent().resize(380, 640)
    qtbot.waitUntil(lambda: panel.height() < 660, timeout=PATIENCE)
    area = panel.layout().itemAt(0).widget()
    assert area.widget().width() <= area.viewport().width()

"""Answers that lead back to the images: links, and the frames that were sent."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt, QUrl

from napari_medvlm.dialogue import Box
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.answer.exchange_view import ExchangeView

from .fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000

NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))


def _ask(
    qtbot: Any, panel: MedvlmPanel, thread: FakeThread, words: str = "where?", **facts: Any
) -> ExchangeView:
    thread.script = events_of(reply(**facts))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask(words)
    return panel.conversation_view.views[-1]


def _slice(viewer: Any, scan: Any, axis: int = 0) -> int:
    return round(float(scan.world_to_data(viewer.dims.point)[axis]))


def test_a_mention_of_an_image_leads_there_and_outlines_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    view = _ask(
        qtbot, panel, thread, reasoning="Slice 9 is bright.", answer="See image 1, not image 8."
    )
    assert view.answer.text() == "See image 1, not image 8."
    assert [link.frames for link in view.answer.links] == [(0,), ()]
    assert [link.frames for link in view.reasoning.links] == [(2,)]
    view.reasoning.follow(0)
    assert _slice(viewer, scan) == 9
    view.answer.follow(0)
    assert _slice(viewer, scan) == 0
    view.answer.highlighted.emit(QUrl("medvlm-link:0"))
    assert [button.outlined for button in view.strip.buttons] == [True, False, False]
    assert "Image 1: axial slice 0" in view.answer.toolTip() or view.answer.toolTip() == ""
    view.answer.highlighted.emit(QUrl())
    assert not any(button.outlined for button in view.strip.buttons)


def test_a_mention_of_an_image_that_was_not_sent_is_marked_and_leads_nowhere(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("4")
    view = _ask(qtbot, panel, thread, answer="See image 8.")
    followed: list[int] = []
    view.answer.followed.connect(followed.append)
    view.answer.follow(0)
    assert followed == []
    assert "No such image was sent" in view.answer.links[0].problem


def test_a_link_is_reached_with_the_keyboard(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    view = _ask(qtbot, panel, thread, answer="See image 3.")
    assert _slice(viewer, scan) != 9
    view.window().activateWindow()
    view.answer.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(view.answer.hasFocus, timeout=PATIENCE)
    qtbot.keyClick(view.answer, Qt.Key.Key_Tab)
    qtbot.keyClick(view.answer, Qt.Key.Key_Return)
    assert _slice(viewer, scan) == 9


def test_the_label_of_a_box_leads_to_the_box(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    view = _ask(qtbot, panel, thread, boxes=[NODULE])
    viewer.dims.set_point(0, scan.data_to_world((7, 0, 0))[0])
    view.answer.follow(0)
    assert _slice(viewer, scan) == 4


def test_model_text_with_links_in_it_is_still_never_markup(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    text = (
        "<b>image 1</b> <img src='file:///etc/hosts'> &amp; "
        "<a href='medvlm-link:0'>x</a> <a href=\"https://example.org\">image 2</a>"
    )
    view = _ask(qtbot, panel, thread, answer=text)
    assert view.answer.text() == text
    assert view.answer.toPlainText() == text
    assert not view.answer.openLinks()
    assert "<img" not in view.answer.toHtml()
    addresses = re.findall(r'href="([^"]*)"', view.answer.toHtml())
    assert set(addresses) == {"medvlm-link:0", "medvlm-link:1"}
    # An address that is none of ours does nothing.
    for address in ("https://example.org", "medvlm-link:99", "medvlm-link:-1", "medvlm-link:x"):
        view.answer.anchorClicked.emit(QUrl(address))


def test_a_frame_that_was_sent_brings_back_layer_plane_slice_and_window(
    qtbot: Any, panel: MedvlmPanel, scan: Any, scan_data: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.source_box.choose_plane("coronal")
    panel.choose_slices("10, 20")
    view = _ask(qtbot, panel, thread)
    assert [button.accessibleName()[:8] for button in view.strip.buttons] == [
        "Image 1:",
        "Image 2:",
    ]
    sent = view.exchange.question.frames[1]
    assert sent.window is not None

    other = viewer.add_image(scan_data[0], **{**scan_data[1], "name": "another"})
    assert panel.source_box.layer is other
    panel.source_box.choose_plane("axial")
    scan.contrast_limits = (0, 50)
    scan.visible = False
    viewer.dims.ndisplay = 3
    qtbot.mouseClick(view.strip.buttons[1], Qt.MouseButton.LeftButton)
    assert panel.source_box.layer is scan
    assert panel.source_box.plane == "coronal"
    assert scan.visible
    assert viewer.dims.ndisplay == 2
    assert viewer.dims.not_displayed == (1,)
    assert _slice(viewer, scan, axis=1) == sent.index
    assert tuple(scan.contrast_limits) == pytest.approx(sent.window.limits)
    np.testing.assert_allclose(scan.contrast_limits, (-1350, 150))


def test_a_frame_of_an_image_that_is_gone_is_said(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread)
    viewer.layers.remove(scan)
    qtbot.mouseClick(view.strip.buttons[0], Qt.MouseButton.LeftButton)
    assert "was removed" in panel.ask_box.line.text()

"""The user's boxes beside the model's."""

from __future__ import annotations

from typing import Any

import pytest

from napari_medvlm.dialogue import Box
from napari_medvlm.widgets import MedvlmPanel

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000

NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))


def test_the_overlap_with_a_drawn_box_is_said_and_follows_both(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply(boxes=[NODULE]))
    panel.choose_slices("even:3")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    (view,) = panel.conversation_view.views
    row = view._box_row
    assert row is not None
    (overlap,) = row.overlaps
    assert not overlap.isVisible()
    panel._on_draw()
    regions, findings = viewer.layers["regions"], viewer.layers["findings"]
    frame = thread.asked[0].frames[1]
    regions.add(frame.box_corners((16, 8, 32, 16)), shape_type="rectangle")
    assert overlap.text() == "IoU 0.50 with region 1"
    assert overlap.isVisible()
    regions.data = [frame.box_corners((16, 8, 32, 24))]
    assert overlap.text() == "IoU 1.00 with region 1"
    findings.data = [frame.box_corners((16, 16, 32, 32))]  # the model's box was moved
    assert overlap.text() == "IoU 0.33 with region 1"
    viewer.layers.remove(regions)
    assert not overlap.isVisible()

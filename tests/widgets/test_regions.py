"""The user's regions: named, kept by name, edited in the panel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_medvlm.widgets import MedvlmPanel

from .fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000


def _draw(regions: Any, k: float, top: float = 4) -> None:
    corners = np.array([[k, top, 4], [k, top, 20], [k, top + 9, 20], [k, top + 9, 4]])
    regions.add(corners, shape_type="rectangle")


@pytest.fixture
def regions(panel: MedvlmPanel, scan: Any) -> Any:
    layer = panel._regions.draw_on(scan)
    for k in (2, 4, 6):
        _draw(layer, k)
    return layer


def _names(panel: MedvlmPanel, scan: Any) -> list[str]:
    return [box.label for box in panel._regions.boxes(scan)]


def test_a_region_keeps_its_name_when_another_is_deleted(
    panel: MedvlmPanel, scan: Any, regions: Any
) -> None:
    assert _names(panel, scan) == ["region 1", "region 2", "region 3"]
    assert list(regions.features["name"]) == _names(panel, scan)
    regions.remove([0])
    assert _names(panel, scan) == ["region 2", "region 3"]
    _draw(regions, 8)
    assert _names(panel, scan) == ["region 2", "region 3", "region 4"]
    assert [line.name.text() for line in panel.region_list.lines if line.isVisible()] == [
        "region 2",
        "region 3",
        "region 4",
    ]


def test_a_name_is_typed_in_the_panel_and_goes_into_the_question(
    qtbot: Any, panel: MedvlmPanel, scan: Any, regions: Any, thread: FakeThread
) -> None:
    panel.choose_slices("2, 4")
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 2, timeout=PATIENCE)
    line = panel.region_list.lines[1].name
    line.selectAll()
    qtbot.keyClicks(line, "left lower lobe")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert list(regions.features["name"]) == ["region 1", "left lower lobe", "region 3"]
    thread.script = events_of(reply())
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what is there?")
    assert [(r.frame, r.label) for r in thread.asked[0].regions] == [
        (0, "region 1"),
        (1, "left lower lobe"),
    ]
    assert "left lower lobe on image 2" in panel.conversation_view.views[0].sent.text()


def test_a_name_typed_into_the_table_of_features_counts(
    panel: MedvlmPanel, scan: Any, regions: Any
) -> None:
    regions.features = {"name": ["aorta", "", "rib 7"]}
    assert _names(panel, scan) == ["aorta", "region 2", "rib 7"]
    assert panel.region_list.lines[0].name.text() == "aorta"


def test_going_to_a_region_and_deleting_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, regions: Any, viewer: Any
) -> None:
    qtbot.mouseClick(panel.region_list.lines[2].go, Qt.MouseButton.LeftButton)
    assert round(float(scan.world_to_data(viewer.dims.point)[0])) == 6
    qtbot.mouseClick(panel.region_list.lines[0].delete, Qt.MouseButton.LeftButton)
    assert _names(panel, scan) == ["region 2", "region 3"]
    for _ in range(2):
        qtbot.mouseClick(panel.region_list.lines[0].delete, Qt.MouseButton.LeftButton)
    assert not panel.region_list.isVisible()

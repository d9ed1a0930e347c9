"""Findings and regions through napari's own save and open, and back at work afterwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Box
from napari_medvlm.imaging.layers import SOURCE_KEY
from napari_medvlm.widgets import MedvlmPanel

from .fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000
NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))
MASS = Box("mass", (2, 3, 9, 11), frame=0, raw=(1, 2, 3, 4), clipped=True)


def _save(viewer: Any, layer: Any, path: Path) -> None:
    viewer.layers.selection = {layer}
    assert viewer.layers.save(str(path), selected=True) == [str(path)]


@pytest.fixture
def answered(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> MedvlmPanel:
    panel.choose_slices("even:3")
    thread.script = events_of(reply(boxes=[NODULE, MASS]))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    return panel


def test_findings_keep_places_labels_and_colours(
    answered: MedvlmPanel, viewer: Any, scan: Any, tmp_path: Path
) -> None:
    findings = viewer.layers["findings"]
    data = [np.array(shape) for shape in findings.data]
    features, colours = findings.features.copy(), findings.edge_color.copy()
    _save(viewer, findings, tmp_path / "findings.json")
    viewer.layers.remove(findings)
    (again,) = viewer.open(str(tmp_path / "findings.json"), plugin="napari-medvlm")
    assert again.name == "findings"
    np.testing.assert_allclose(again.data, data)
    np.testing.assert_allclose(again.edge_color, colours, atol=0.003)
    assert again.features.to_dict("list") == features.to_dict("list")
    np.testing.assert_allclose(again.scale, scan.scale)
    np.testing.assert_allclose(again.translate, scan.translate)
    # Back at work: it is the layer that the next answer is drawn on, and delete finds its boxes.
    (view,) = answered.conversation_view.views
    view.actions.delete.click()
    assert len(again.data) == 0


def test_the_file_tells_millimetres_and_no_names(
    answered: MedvlmPanel, viewer: Any, scan: Any, tmp_path: Path
) -> None:
    _save(viewer, viewer.layers["findings"], tmp_path / "f.json")
    plain = json.loads((tmp_path / "f.json").read_text())
    source = scan.metadata[SOURCE_KEY]
    assert plain["source"] == answered.strip.frames[0].source
    box = plain["boxes"][0]
    index = np.array([*box["corners_index"][0], 1])
    np.testing.assert_allclose(box["corners_ras_mm"][0], (source.affine @ index)[:3])
    assert box["features"]["label"] == "nodule"
    assert str(tmp_path) not in json.dumps(plain)
    assert set(plain) == {
        "format", "version", "role", "source", "corners_index", "layer", "boxes"
    }  # fmt: skip


def test_regions_keep_their_names_and_go_into_the_next_question(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread, tmp_path: Path
) -> None:
    regions = panel._regions.draw_on(scan)
    corners = np.array([[4, 4, 4], [4, 4, 20], [4, 13, 20], [4, 13, 4]], float)
    regions.add(corners, shape_type="rectangle")
    panel._regions.rename(scan, 0, "left lower lobe")
    _save(viewer, regions, tmp_path / "regions.json")
    viewer.layers.remove(regions)
    (again,) = viewer.open(str(tmp_path / "regions.json"), plugin="napari-medvlm")
    panel.choose_slices("4")
    qtbot.waitUntil(lambda: [f.index for f in panel.strip.frames] == [4], timeout=PATIENCE)
    assert [box.label for box in panel._regions.boxes(scan)] == ["left lower lobe"]
    thread.script = events_of(reply())
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("what is there?")
    assert [region.label for region in thread.asked[0].regions] == ["left lower lobe"]
    again.add(corners + np.array([2, 0, 0]), shape_type="rectangle")
    assert [b.label for b in panel._regions.boxes(scan)] == ["left lower lobe", "region 1"]


def test_boxes_opened_before_their_image_find_it(
    answered: MedvlmPanel, viewer: Any, scan_data: Any, tmp_path: Path
) -> None:
    _save(viewer, viewer.layers["findings"], tmp_path / "findings.json")
    viewer.layers.clear()
    (again,) = viewer.open(str(tmp_path / "findings.json"), plugin="napari-medvlm")
    np.testing.assert_allclose(again.scale, scan_data[1]["scale"])
    image = viewer.add_image(scan_data[0], **scan_data[1])
    from napari_medvlm.widgets.canvas.boxes import findings_of

    assert findings_of(viewer, image) is again


def test_shapes_of_others_are_written_and_read_too(viewer: Any, tmp_path: Path) -> None:
    line = viewer.add_shapes([[[0, 0], [5, 5]]], shape_type="line", name="mine")
    _save(viewer, line, tmp_path / "mine.json")
    (again,) = viewer.open(str(tmp_path / "mine.json"), plugin="napari-medvlm")
    np.testing.assert_allclose(again.data[0], [[0, 0], [5, 5]])
    assert list(again.shape_type) == ["line"]


def test_a_file_that_is_not_ours_is_left_to_others(tmp_path: Path) -> None:
    from napari_medvlm.napari_hooks import get_box_reader

    (tmp_path / "other.json").write_text("{}")
    assert get_box_reader(str(tmp_path / "other.json")) is None
    assert get_box_reader([]) is None

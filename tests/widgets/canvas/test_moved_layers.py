"""Layers that are moved, turned or scaled in the viewer: pixels, regions, findings and letters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from asking.scans import ct
from napari_medvlm.dialogue import Box
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000
NODULE = Box("nodule", (16, 8, 32, 24), frame=0, raw=(250, 200, 500, 600))


def _moved(scan: Any) -> None:
    """39 mm down and 23 mm to the right, as napari's transform tool does it."""
    affine = np.eye(scan.ndim + 1)
    affine[-3:-1, -1] = 39, 23
    scan.affine = affine


def _region(panel: MedvlmPanel, viewer: Any, scan: Any) -> Any:
    """A region drawn on the screen over voxels (4, 10..20, 8..24) of the image."""
    layer = panel.region_layer(scan)
    corners = np.array([[4, 10, 8], [4, 10, 24], [4, 20, 24], [4, 20, 8]], dtype=float)
    world = [scan.data_to_world(corner) for corner in corners]
    layer.add([np.array([layer.world_to_data(at) for at in world])], shape_type="rectangle")
    return corners


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_region_is_what_it_frames_wherever_the_image_was_moved(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, when: str
) -> None:
    if when == "before":
        _moved(scan)
    corners = _region(panel, viewer, scan)
    if when == "after":
        _moved(scan)  # the region goes with it
    (box,) = panel._regions.boxes(scan)
    np.testing.assert_allclose(box.corners, corners, atol=1e-4)


def test_findings_follow_the_image_and_come_back_in_its_place(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = events_of(reply(boxes=[NODULE]))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    (findings,) = (one for one in viewer.layers if one.name == "findings")
    data = np.asarray(findings.data[0])
    _moved(scan)
    for corner in data:
        np.testing.assert_allclose(findings.data_to_world(corner), scan.data_to_world(corner))


def test_this_slice_of_a_moved_image_is_the_one_on_the_screen(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any
) -> None:
    affine = np.eye(4)
    affine[0, 3] = 15  # three slices of 5 mm
    scan.affine = affine
    panel.choose_slices("current")
    viewer.dims.set_point(0, scan.data_to_world((6, 0, 0))[0])
    qtbot.waitUntil(lambda: [f.index for f in panel.strip.frames] == [6], timeout=PATIENCE)


def test_letters_go_with_a_mirrored_image_and_a_turned_one_is_told(
    viewer: Any, panel: MedvlmPanel, scan: Any
) -> None:
    labels = panel._facing.labels
    assert (labels["left"].text(), labels["top"].text()) == ("R", "A")
    scan.affine = np.diag([1, 1, -1, 1])
    assert (labels["left"].text(), labels["top"].text()) == ("L", "A")
    turn = np.eye(4)
    c, s = np.cos(0.5), np.sin(0.5)
    turn[1:3, 1:3] = [[c, -s], [s, c]]
    scan.affine = turn
    assert "turned in the viewer" in panel.source_box.screen.line.text()


def test_deep_colours_truth_and_pyramids_are_sent_as_they_look(
    qtbot: Any, viewer: Any, panel: MedvlmPanel
) -> None:
    def sent() -> Any:
        panel.choose_slices("current")
        qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
        return panel.choosing.get().frames[0].pixels

    deep = np.zeros((60, 60, 3), np.uint16)
    deep[...] = (12000, 20000, 4000)
    layer = viewer.add_image(deep, rgb=True, contrast_limits=(0, 40000))
    assert sent()[30, 30].tolist() == [77, 128, 26]
    layer.contrast_limits = (0, 20000)
    assert sent()[30, 30].tolist() == [153, 255, 51]
    truth = np.zeros((40, 40), bool)
    truth[10:20] = True
    viewer.add_image(truth)
    assert sorted(np.unique(sent())) == [0, 255]
    finest = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    viewer.add_image([finest, finest[::2, ::2]], multiscale=True, contrast_limits=(0, 255))
    np.testing.assert_array_equal(sent()[..., 0], finest)


def test_grey_of_gamma_or_false_colours_is_told(viewer: Any, panel: MedvlmPanel) -> None:
    data, attributes, _ = layer_data(ct())
    layer = viewer.add_image(data, **attributes)
    layer.gamma = 0.5
    assert "gamma 0.5" in panel.source_box.screen.line.text()
    layer.gamma = 1
    layer.colormap = "viridis"
    assert "viridis" in panel.source_box.screen.line.text()

"""Boxes on the planes that they were not drawn on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Box
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.canvas.overlay import new_overlay

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000

NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))


def _answered(qtbot: Any, panel: MedvlmPanel, thread: FakeThread) -> None:
    thread.script = events_of(reply(boxes=[NODULE]))
    panel.choose_slices("even:3")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")


def _go(viewer: Any, scan: Any, place: tuple[int, int, int]) -> None:
    viewer.dims.point = tuple(scan.data_to_world(place))


def test_a_box_is_seen_where_the_other_planes_cut_it_and_follows_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    _answered(qtbot, panel, thread)
    cuts = panel._facing.cuts
    assert cuts is not None
    assert list(cuts.rectangles()) == []  # on its own slice it is a shape
    findings = viewer.layers["findings"]
    low, high = findings.data[0].min(axis=0), findings.data[0].max(axis=0)
    panel.source_box.choose_plane("coronal")
    inside = int((low[1] + high[1]) / 2)
    _go(viewer, scan, (0, inside, 0))
    ((rectangle, colour),) = list(cuts.rectangles())
    zoom = viewer.scene.camera.zoom
    assert rectangle.width() == pytest.approx((high[2] - low[2]) * scan.scale[2] * zoom)
    assert rectangle.height() == pytest.approx(scan.scale[0] * zoom)  # one slice thick
    np.testing.assert_allclose(colour.getRgbF(), findings.edge_color[0], atol=1e-4)
    panel.source_box.choose_plane("sagittal")
    _go(viewer, scan, (0, 0, int((low[2] + high[2]) / 2)))
    assert len(list(cuts.rectangles())) == 1
    _go(viewer, scan, (0, 0, int(high[2]) + 3))
    assert list(cuts.rectangles()) == []

    panel.source_box.choose_plane("coronal")
    findings.data = [findings.data[0] + (0, 10, 0)]
    _go(viewer, scan, (0, inside + 10, 0))
    assert len(list(cuts.rectangles())) == 1
    findings.visible = False
    assert list(cuts.rectangles()) == []
    findings.visible = True
    findings.data = []
    assert list(cuts.rectangles()) == []


@pytest.mark.parametrize("plane", ["coronal", "sagittal"])
def test_the_cut_lies_on_the_voxels_of_the_box(
    qtbot: Any, panel: MedvlmPanel, viewer: Any, thread: FakeThread, scan_data: Any, plane: str
) -> None:
    # The box's own voxels are bright: on the screen they and the cut must coincide.
    data, attributes, _ = scan_data
    bright = np.full_like(data, -1000)
    bright[4, 8:24, 30:46] = 1000
    scan = viewer.add_image(bright, **{**attributes, "metadata": {}})
    findings = new_overlay(viewer, scan, "findings")
    corners = np.array([[4, 7.5, 29.5], [4, 7.5, 45.5], [4, 23.5, 45.5], [4, 23.5, 29.5]])
    findings.add(corners, shape_type="rectangle", edge_color="yellow")
    order = {"coronal": (1, 0, 2), "sagittal": (2, 0, 1)}[plane]
    viewer.dims.order = order
    viewer.scene.camera.orientation2d = ("up", "left")
    _go(viewer, scan, (4, 16, 38))
    viewer.reset_view()
    cuts = panel._facing.cuts
    assert cuts is not None
    qtbot.waitUntil(lambda: len(list(cuts.rectangles())) == 1, timeout=PATIENCE)
    findings.visible = False
    shot = viewer.screenshot(canvas_only=True, flash=False)[..., 0]
    findings.visible = True
    ((rectangle, _),) = list(cuts.rectangles())
    rows, columns = np.nonzero(shot > 200)
    assert shot.shape == (cuts.height(), cuts.width())
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    expected = (rectangle.left(), rectangle.top(), rectangle.right(), rectangle.bottom())
    np.testing.assert_allclose(seen, expected, atol=2)

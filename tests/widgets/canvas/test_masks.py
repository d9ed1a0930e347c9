"""Masks of an answer on a Labels layer: right voxels, colours, features; undone, edited, saved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from napari_medvlm.dialogue import Mask
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.answer.exchange_view import ExchangeView
from napari_medvlm.widgets.canvas.boxes import colour_of

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000


def _ask(
    qtbot: Any, panel: MedvlmPanel, thread: FakeThread, *masks: tuple[str, slice, int]
) -> ExchangeView:
    """Ask; the masks are columns of their frame, whatever its size."""
    most = max(frame for _, _, frame in masks)
    qtbot.waitUntil(lambda: len(panel.strip.frames) > most, timeout=PATIENCE)
    made = []
    for label, columns, frame in masks:
        pixels = np.zeros(panel.strip.frames[frame].pixels.shape[:2], bool)
        pixels[2:6, columns] = True
        made.append(Mask(label, pixels, frame))
    thread.script = events_of(reply(masks=tuple(made)))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    return panel.conversation_view.views[-1]


@pytest.mark.parametrize("plane", ["axial", "coronal", "sagittal"])
def test_a_mask_lies_on_the_voxels_that_the_model_saw(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread, plane: str
) -> None:
    panel.source_box.choose_plane(plane)
    panel.choose_slices("3, 7")
    qtbot.waitUntil(lambda: [f.index for f in panel.strip.frames] == [3, 7], timeout=PATIENCE)
    view = _ask(qtbot, panel, thread, ("lung", slice(4, 9), 1))
    labels = viewer.layers["masks"]
    assert labels.data.shape == scan.data.shape
    np.testing.assert_allclose(labels.scale, scan.scale)
    np.testing.assert_allclose(labels.translate, scan.translate)
    places = np.argwhere(labels.data == 1)
    frame = view.exchange.question.frames[1]
    axis = {"axial": 0, "coronal": 1, "sagittal": 2}[plane]
    assert set(places[:, axis]) == {7}
    # Every voxel that is marked is seen inside the mask, and its neighbours outside are not.
    back = np.linalg.pinv(frame.to_source[:, :2])
    for place in places:
        x, y = back @ (place - frame.to_source[:, 2])
        assert 4 <= x < 9
        assert 2 <= y < 6
    assert len(places) == len(view.exchange.masks[0].voxels) > 0


def test_each_mask_has_a_number_a_colour_and_a_line_of_features(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("3, 7")
    _ask(qtbot, panel, thread, ("lung", slice(0, 4), 0), ("heart", slice(8, 12), 0))
    _ask(qtbot, panel, thread, ("rib", slice(20, 24), 1))
    labels = viewer.layers["masks"]
    assert [layer.name for layer in viewer.layers] == [scan.name, "masks"]
    rows = labels.features.to_dict("list")
    assert rows["index"] == [1, 2, 3]
    assert rows["label"] == ["lung", "heart", "rib"]
    assert rows["question"] == [1, 1, 2]
    assert rows["image"] == [1, 1, 2]
    from napari.utils.colormaps.standardize_color import transform_color

    for value, colour in ((1, colour_of(1)), (2, colour_of(2)), (3, colour_of(2))):
        np.testing.assert_allclose(labels.get_color(value), transform_color(colour)[0], atol=0.01)


def test_a_mask_is_said_in_a_line_that_leads_to_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("3, 7")
    view = _ask(qtbot, panel, thread, ("lung", slice(4, 9), 1))
    from napari_medvlm.widgets.answer.mask_row import MaskRow

    (row,) = view.findChildren(MaskRow)
    assert row.buttons[0].text().startswith("◪ lung · ")
    assert row.buttons[0].text().endswith("mm² · image 2")
    viewer.dims.set_point(0, scan.data_to_world((0, 0, 0))[0])
    qtbot.mouseClick(row.buttons[0], Qt.MouseButton.LeftButton)
    assert round(float(scan.world_to_data(viewer.dims.point)[0])) == 7


def test_deleting_takes_the_masks_and_undo_brings_them_back_as_they_were_painted(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("3, 7")
    first = _ask(qtbot, panel, thread, ("lung", slice(0, 4), 0))
    _ask(qtbot, panel, thread, ("rib", slice(20, 24), 1))
    labels = viewer.layers["masks"]
    labels.data[5, 30, 30] = 1  # the user paints on
    labels.data[0, 0, 0] = 9  # and something of their own
    before = labels.data == 1
    qtbot.mouseClick(first.actions.delete, Qt.MouseButton.LeftButton)
    assert not (labels.data == 1).any()
    assert list(labels.features["label"]) == ["rib"]
    line = panel.conversation_view._undo_lines[1]
    qtbot.mouseClick(line.button, Qt.MouseButton.LeftButton)
    np.testing.assert_array_equal(labels.data == 10, before)  # above all that are in use
    assert list(labels.features["label"]) == ["rib", "lung"]
    assert labels.data[0, 0, 0] == 9


def test_a_layer_of_masks_that_was_deleted_is_made_anew(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("3")
    _ask(qtbot, panel, thread, ("lung", slice(0, 4), 0))
    viewer.layers.remove("masks")
    _ask(qtbot, panel, thread, ("lung", slice(0, 4), 0))
    assert (viewer.layers["masks"].data == 1).any()

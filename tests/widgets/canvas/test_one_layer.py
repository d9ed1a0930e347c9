"""Panel and canvas are about one layer; letters and sliders belong to what is on the screen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from asking.scans import ct
from napari_medvlm.imaging import Volume
from napari_medvlm.imaging.arrays import scale_affine
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel

pytestmark = pytest.mark.window

PATIENCE = 30_000


def _open(viewer: Any, volume: Volume, name: str = "") -> Any:
    data, attributes, _ = layer_data(volume)
    return viewer.add_image(data, **{**attributes, "name": name or volume.name})


def radiograph(directions: tuple[str, ...] = ()) -> Volume:
    """A chest film of one image, 90 × 120 pixels of 2 mm."""
    voxels = np.random.default_rng(3).integers(0, 4000, (1, 90, 120)).astype(np.int16)
    return Volume(
        voxels, scale_affine(1, 2, 2), name="film", modality="DX", oriented=False,
        patient_orientation=directions,
    )  # fmt: skip


def letters(panel: MedvlmPanel) -> str:
    sides = ("left", "right", "top", "bottom")
    return " ".join(panel._facing.labels[side].text() for side in sides)


def line(panel: MedvlmPanel) -> str:
    row = panel.source_box.screen
    return row.line.text() if row.isVisible() else ""


def press(qtbot: Any, panel: MedvlmPanel, words: str) -> None:
    button = panel.source_box.screen.button
    assert button.text() == words
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def _middle(viewer: Any, layer: Any) -> bool:
    """Whether the layer's middle is the middle of the canvas, in what is displayed."""
    shown = list(viewer.dims.displayed)
    centre = layer.extent.world.mean(axis=0)[shown]
    return bool(np.allclose(np.asarray(viewer.scene.camera.center)[-2:], centre, atol=3))


@pytest.mark.parametrize("film_first", [True, False])
def test_a_ct_beside_a_radiograph_is_alone_on_the_screen(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, film_first: bool
) -> None:
    volumes = [radiograph(("L", "F")), ct()]
    layers = [_open(viewer, one) for one in (volumes if film_first else volumes[::-1])]
    film, scan = layers if film_first else layers[::-1]
    last, first = layers[1], layers[0]
    assert panel.source_box.layer is last
    assert viewer.layers.selection.active is last
    assert last.visible
    assert not first.visible
    assert _middle(viewer, last)
    assert letters(panel) == ("R L A P" if film_first else "R L S I")
    panel.choose_layer(first)
    assert first.visible
    assert not last.visible
    assert _middle(viewer, first)
    assert letters(panel) == ("R L S I" if film_first else "R L A P")
    # The slider counts the slices that are seen.
    panel.choose_layer(scan)
    assert viewer.dims.nsteps[0] == 10
    assert "1 other image is hidden" in line(panel)
    press(qtbot, panel, "show all")
    assert film.visible
    assert scan.visible
    assert "lies over" in line(panel) or "sliders count" in line(panel)


def test_a_radiograph_of_unknown_sides_has_question_marks(viewer: Any, panel: MedvlmPanel) -> None:
    _open(viewer, ct())
    _open(viewer, radiograph())
    assert letters(panel) == "? ? ? ?"


def test_letters_of_images_that_differ_are_not_claimed(
    qtbot: Any, viewer: Any, panel: MedvlmPanel
) -> None:
    scan = _open(viewer, ct())
    film = _open(viewer, radiograph(("L", "F")))
    press(qtbot, panel, "show all")
    viewer.dims.set_point(0, scan.data_to_world((0, 0, 0))[0])
    film.translate = scan.data_to_world((0, 0, 0))
    assert letters(panel) == "R L ? ?"


def test_napari_s_active_layer_is_the_chosen_one(viewer: Any, panel: MedvlmPanel) -> None:
    first = _open(viewer, ct(), "first")
    second = _open(viewer, ct(), "second")
    viewer.layers.selection.active = first
    assert panel.source_box.layer is first
    assert not second.visible  # it would lie over the chosen one
    panel.choose_layer(second)
    assert viewer.layers.selection.active is second
    assert second.visible


def test_sliders_stay_between_scans_of_one_grid_and_come_back_between_others(
    viewer: Any, panel: MedvlmPanel
) -> None:
    first = _open(viewer, ct(), "first")
    viewer.dims.set_point(0, first.data_to_world((7, 0, 0))[0])
    second = _open(viewer, replace(ct(), name="second"))
    assert round(second.world_to_data(viewer.dims.point)[0]) == 7
    _open(viewer, radiograph())
    panel.choose_layer(first)
    assert round(first.world_to_data(viewer.dims.point)[0]) == 7


def test_a_fusion_from_above_stays_and_a_line_says_so(
    qtbot: Any, viewer: Any, panel: MedvlmPanel
) -> None:
    scan = _open(viewer, ct(), "scan")
    fused = _open(viewer, ct(), "fused")
    fused.blending = "additive"
    panel.choose_layer(scan)
    assert fused.visible
    assert "“fused” lies over “scan”" in line(panel)
    press(qtbot, panel, "show it alone")
    assert not fused.visible


def test_a_hidden_layer_is_told_and_shown(qtbot: Any, viewer: Any, panel: MedvlmPanel) -> None:
    scan = _open(viewer, ct(), "scan")
    scan.visible = False
    assert "not on the screen" in line(panel)
    press(qtbot, panel, "show it")
    assert scan.visible
    assert line(panel) == ""


def test_what_lies_on_a_hidden_image_is_hidden_with_it(viewer: Any, panel: MedvlmPanel) -> None:
    scan = _open(viewer, ct(), "scan")
    regions = panel.region_layer(scan)
    viewer.layers.selection.active = scan
    _open(viewer, radiograph())
    assert not regions.visible
    panel.choose_layer(scan)
    assert regions.visible


def test_3d_is_told_with_a_way_back(qtbot: Any, viewer: Any, panel: MedvlmPanel) -> None:
    scan = _open(viewer, ct())
    panel.choose_slices("current")
    viewer.dims.ndisplay = 3
    assert "in 2D" in line(panel)
    assert "the view is 3D" in panel.choosing.problem
    panel.ask_box.draw.emit()
    assert "2D" in panel.ask_box.line.text()
    assert [one for one in viewer.layers if one is not scan] == []
    press(qtbot, panel, "back to 2D")
    assert viewer.dims.ndisplay == 2
    assert line(panel) == ""
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)


def test_this_slice_is_the_slice_on_the_screen_after_rolling(
    qtbot: Any, viewer: Any, panel: MedvlmPanel
) -> None:
    scan = _open(viewer, ct())
    panel.choose_slices("current")
    for _ in range(3):
        viewer.dims.roll()
        normal = viewer.dims.not_displayed[0]
        viewer.dims.set_point(normal, scan.data_to_world((5, 5, 5))[normal])
        qtbot.waitUntil(
            lambda normal=normal: (
                bool(panel.strip.frames)
                and panel.strip.frames[0].index == 5
                and not panel.strip.frames[0].to_source[normal, :2].any()
            ),
            timeout=PATIENCE,
        )
        assert "another cut" not in line(panel)


def test_a_plain_array_that_is_rolled_cannot_be_sent_as_this_slice(
    qtbot: Any, viewer: Any, panel: MedvlmPanel
) -> None:
    viewer.add_image(np.arange(8 * 30 * 40, dtype=np.float32).reshape(8, 30, 40), name="array")
    panel.choose_slices("current")
    assert panel.choosing.problem == ""
    viewer.dims.roll()
    assert "turned" in panel.choosing.problem
    assert "another cut" in line(panel)
    press(qtbot, panel, "turn the view back")
    assert panel.choosing.problem == ""
    assert viewer.dims.order == (0, 1, 2)

"""What is on the screen is what is sent: the acquired plane, and the window of the layer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.series import image, save
from napari_medvlm.imaging import read
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.imaging.windowing import apply_window
from napari_medvlm.widgets import MedvlmPanel

pytestmark = pytest.mark.window

PATIENCE = 30_000
SAGITTAL = (0, 1, 0, 0, 0, -1)


@pytest.fixture
def spine(tmp_path: Path) -> Any:
    """Six sagittal slices 9 mm apart, 24 pixels to the front and 40 downwards."""
    rng = np.random.default_rng(1)
    for k in range(6):
        pixels = rng.integers(0, 900, (40, 24)).astype(np.int16)
        ds = image(
            pixels, position=(9.0 * k, -10, 60), orientation=SAGITTAL, number=k + 1, Modality="MR",
            SliceThickness=8, SpacingBetweenSlices=9, WindowCenter=400, WindowWidth=800,
        )  # fmt: skip
        save(ds, tmp_path / f"{k}.dcm")
    (volume,) = read(tmp_path)
    return volume


def _open(viewer: Any, volume: Any) -> Any:
    data, attributes, _ = layer_data(volume)
    return viewer.add_image(data, **attributes)


def _frames(qtbot: Any, panel: MedvlmPanel, plane: str) -> Any:
    qtbot.waitUntil(
        lambda: {frame.plane for frame in panel.strip.frames} == {plane}, timeout=PATIENCE
    )
    return panel.strip.frames


def test_sagittal_slices_open_and_are_sent_as_they_were_acquired(qtbot, viewer, panel, spine):
    _open(viewer, spine)
    assert panel.source_box.plane == "sagittal"
    frames = _frames(qtbot, panel, "sagittal")
    assert all(frame.reformatted is None for frame in frames)
    assert {frame.pixels.shape[:2] for frame in frames} != set()
    assert viewer.dims.order[0] == 0  # the slider runs over the acquired slices


def test_a_plane_that_was_not_acquired_is_called_so(qtbot, viewer, panel, spine):
    _open(viewer, spine)
    panel.source_box.choose_plane("axial")
    frames = _frames(qtbot, panel, "axial")
    assert {frame.reformatted for frame in frames} == {9.0}
    qtbot.waitUntil(
        lambda: any(
            button.chip is not None and button.chip.label == "axial, reformatted"
            for button in panel.chips.buttons
        ),
        timeout=PATIENCE,
    )


def test_a_plane_is_chosen_for_one_scan_alone(qtbot, viewer, panel, scan, spine):
    first = panel.source_box.plane
    panel.source_box.choose_plane("coronal")
    layer = _open(viewer, spine)
    assert panel.source_box.plane == "sagittal"
    panel.source_box.choose_layer(scan)
    assert panel.source_box.plane == "coronal"
    panel.source_box.choose_layer(layer)
    assert panel.source_box.plane == "sagittal"
    assert first != "sagittal"


def test_the_model_gets_the_window_on_the_screen(qtbot, viewer, panel, spine):
    layer = _open(viewer, spine)
    _frames(qtbot, panel, "sagittal")
    layer.contrast_limits = (100, 300)
    qtbot.waitUntil(
        lambda: (
            bool(panel.strip.frames)
            and panel.strip.frames[0].window is not None
            and panel.strip.frames[0].window.limits == (100, 300)
        ),
        timeout=PATIENCE,
    )
    frame = panel.strip.frames[0]
    stored = np.asarray(spine.voxels[frame.index])
    grey = apply_window(stored, frame.window)
    # Rows and columns as they are, but for the stretch to square pixels.
    assert (frame.pixels[..., 0] == 255).mean() == pytest.approx((grey == 255).mean(), abs=0.1)
    assert panel.source_box.window_box.windows.currentText() == "C 200, W 200"


def test_the_window_is_chosen_beside_the_plane(qtbot, viewer, panel, spine):
    layer = _open(viewer, spine)
    box = panel.source_box.window_box
    assert box.isVisible()
    assert box.windows.currentText().startswith("file:")
    box.windows.setEditText("C 500, W 100")
    box.windows.lineEdit().editingFinished.emit()
    assert tuple(layer.contrast_limits) == (450, 550)
    box.windows.setCurrentIndex(0)
    box.windows.activated.emit(0)
    assert tuple(layer.contrast_limits) == spine.windows[0].limits


def test_what_is_no_window_is_a_line_and_changes_nothing(qtbot, viewer, panel, spine):
    layer = _open(viewer, spine)
    before = tuple(layer.contrast_limits)
    box, said = panel.source_box.window_box, []
    box.said.connect(said.append)
    box.windows.setEditText("lungs please")
    box.windows.lineEdit().editingFinished.emit()
    assert "a centre and a width" in said[0]
    assert tuple(layer.contrast_limits) == before

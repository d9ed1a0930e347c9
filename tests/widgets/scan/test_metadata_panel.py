"""The dock of scan details in a real window."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QLabel

from asking.scans import clip, ct
from imaging.series import write_series
from napari_medvlm.imaging import Window, read
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets.scan.metadata_panel import EMPTY, MetadataPanel

pytestmark = pytest.mark.window


def add(viewer: Any, source: Any) -> Any:
    data, attributes, _ = layer_data(source)
    return viewer.add_image(data, **attributes)


def words(panel: MetadataPanel) -> str:
    QApplication.processEvents()  # widgets just added are shown in Qt's next turn
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


@pytest.fixture
def details(qtbot: Any, viewer: Any) -> MetadataPanel:
    made = MetadataPanel(viewer)
    viewer.window.add_dock_widget(made, name="Scan details")
    return made


def test_it_follows_the_selected_layer_and_empties_without_one(viewer, details, qtbot):
    assert EMPTY in words(details)
    assert not details.copy_button.isEnabled()
    scan = add(viewer, ct())
    assert "10 slices × 40 rows × 64 columns" in words(details)
    assert EMPTY not in words(details)
    moving = add(viewer, clip())
    assert "50 frames" in words(details)
    viewer.layers.selection.active = scan
    assert "10 slices" in words(details)
    viewer.layers.remove(scan)
    viewer.layers.remove(moving)
    assert EMPTY in words(details)
    assert details.details is None


def test_layers_of_others_are_said_to_be_unknown(viewer, details):
    viewer.add_image(np.zeros((4, 4)))
    assert EMPTY in words(details)


def test_a_click_on_a_window_applies_it(viewer, details, qtbot):
    windows = (Window(-600, 1500, "lung"), Window(40, 400, "soft tissue"))
    scan = add(viewer, ct(windows=windows))
    lung, soft = details.window_buttons
    qtbot.mouseClick(soft, Qt.MouseButton.LeftButton)
    assert tuple(scan.contrast_limits) == (-160, 240)
    qtbot.mouseClick(lung, Qt.MouseButton.LeftButton)
    assert tuple(scan.contrast_limits) == (-1350, 150)


def test_what_is_copied_holds_no_identity(viewer, details, qtbot, tmp_path):
    folder = write_series(
        tmp_path / "Doe_Jane", np.ones((4, 6, 5), np.int16), PatientBirthDate="19610203"
    )
    add(viewer, read(folder)[0])
    qtbot.mouseClick(details.copy_button, Qt.MouseButton.LeftButton)
    copied = QApplication.clipboard().text()
    assert "PixelSpacing (0028,0030)" in copied
    for secret in ("Doe", "Jane", "SECRET", "1961"):
        assert secret not in copied
    assert details.title.text() == "Doe Jane thorax"  # on the screen, and there alone
    assert "CT series " in copied


def test_data_that_was_filled_in_shows_its_new_remarks(viewer, details):
    scan = add(viewer, ct())
    told = ct(remarks=("One slice is missing.",))
    scan.metadata["medvlm_source"] = told
    scan.data = told.voxels
    assert "One slice is missing." in words(details)


def test_a_closed_dock_follows_nothing(viewer, qtbot):
    panel = MetadataPanel(viewer)
    dock = viewer.window.add_dock_widget(panel, name="Scan details")
    viewer.window.remove_dock_widget(dock)
    left = weakref.ref(panel)
    del panel, dock
    for _ in range(3):
        qtbot.wait(10)
        gc.collect()
    assert left() is None
    add(viewer, ct())  # raises if a slot of what is gone is called

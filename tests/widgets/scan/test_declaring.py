"""Declaring in a real window: by a click on the chip, in the dialog, and what follows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from asking.scans import ct
from napari_medvlm.imaging.layers import SOURCE_KEY, layer_data
from napari_medvlm.records.declarations import DECLARATIONS_VARIABLE
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.scan.declare_dialog import DeclareDialog
from napari_medvlm.widgets.scan.metadata_panel import MetadataPanel

pytestmark = pytest.mark.window

PATIENCE = 30_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DECLARATIONS_VARIABLE, str(tmp_path / "declared"))
    return tmp_path / "declared"


@pytest.fixture
def stack(viewer: Any, panel: MedvlmPanel, tmp_path: Path) -> Any:
    np.save(tmp_path / "stack.npy", np.arange(6 * 20 * 24, dtype=np.int16).reshape(6, 20, 24))
    (layer,) = viewer.open(str(tmp_path / "stack.npy"), plugin="napari-medvlm")
    return layer


def button(panel: MedvlmPanel, words: str) -> Any:
    return next((b for b in panel.chips.buttons if b.text() == words), None)


def click(qtbot: Any, widget: Any) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(box: Any, value: str) -> None:
    box.setCurrentIndex(box.findData(value))


def declare(qtbot: Any, dialog: DeclareDialog, letters: str, spacing: str = "") -> None:
    choose(dialog.modality, "MR")
    choose(dialog.body_part, "BRAIN")
    for box, letter in zip((dialog.right, dialog.bottom, dialog.next), letters, strict=True):
        choose(box, letter)
    dialog.spacing.setText(spacing)
    click(qtbot, dialog.save_button)


def asked(qtbot: Any, panel: MedvlmPanel, chip: str) -> DeclareDialog:
    qtbot.waitUntil(lambda: button(panel, chip) is not None, timeout=PATIENCE)
    click(qtbot, button(panel, chip))
    assert panel.declaring.dialog is not None
    return panel.declaring.dialog


def test_a_click_on_the_chip_declares_and_all_follows(qtbot, viewer, panel, stack) -> None:
    details = MetadataPanel(viewer)
    viewer.window.add_dock_widget(details, name="Scan details")
    viewer.layers.selection.active = stack
    viewer.dims.set_point(0, 2)
    declare(qtbot, asked(qtbot, panel, "! kind unknown"), "LPS", "3 x 0.5 x 0.5 mm")
    qtbot.waitUntil(lambda: button(panel, "✓ MRI") is not None, timeout=PATIENCE)
    assert "as you declared" in button(panel, "✓ MRI").chip.sentence
    assert panel.source_box.plane == "axial"
    assert tuple(stack.scale) == (3, 0.5, 0.5)
    assert viewer.dims.current_step[0] == 2  # the same slice as before
    assert stack.metadata[SOURCE_KEY].modality == "MR"
    rows = dict(details.details.rows)
    assert rows["declared by you"].startswith("modality MR")
    assert "Declared by you" in panel.ask_box.line.text()


def test_it_holds_when_the_file_is_opened_again_and_is_taken_back(
    qtbot, viewer, panel, stack, tmp_path
) -> None:
    declare(qtbot, asked(qtbot, panel, "! kind unknown"), "LPS")
    viewer.layers.clear()
    (again,) = viewer.open(str(tmp_path / "stack.npy"), plugin="napari-medvlm")
    assert again.metadata[SOURCE_KEY].declared.orientation == "LPS"
    dialog = asked(qtbot, panel, "✓ MRI")
    assert dialog.right.currentData() == "L"
    click(qtbot, dialog.back_button)
    qtbot.waitUntil(lambda: button(panel, "! kind unknown") is not None, timeout=PATIENCE)
    assert again.metadata[SOURCE_KEY].modality == ""


def test_what_does_not_go_together_is_said_in_the_dialog(qtbot, viewer, stack) -> None:
    dialog = DeclareDialog("stack.npy", stack.metadata[SOURCE_KEY])
    qtbot.addWidget(dialog)
    dialog.show()
    choose(dialog.right, "L")
    assert dialog.left_letter.text() == "R"
    choose(dialog.bottom, "P")
    click(qtbot, dialog.save_button)
    assert "Add the side that the next slice" in dialog.problem.text()
    assert dialog.isVisible()
    dialog.reject()


def test_what_the_file_says_is_not_asked_for(qtbot) -> None:
    dialog = DeclareDialog("a CT", ct())
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.topics == ("body_part",)
    assert dialog.body_part.isVisible()
    assert not dialog.modality.isVisible()
    assert not dialog.spacing.isVisible()


def test_regions_on_the_image_stay_on_it_when_a_spacing_is_declared(
    qtbot, viewer, panel, stack
) -> None:
    regions = panel.region_layer(stack)
    regions.add_rectangles([[2, 4, 4], [2, 4, 10], [2, 8, 10], [2, 8, 4]])
    declare(qtbot, asked(qtbot, panel, "! kind unknown"), "LPS", "3 x 0.5 x 0.5")
    np.testing.assert_array_equal(regions.scale, stack.scale)
    np.testing.assert_array_equal(regions.data_to_world((2, 4, 4)), stack.data_to_world((2, 4, 4)))


def test_a_layer_of_another_reader_can_be_declared_too(qtbot, viewer, panel) -> None:
    layer = viewer.add_image(np.arange(5 * 20 * 24).reshape(5, 20, 24), name="plain")
    declare(qtbot, asked(qtbot, panel, "! kind unknown"), "LPS")
    qtbot.waitUntil(lambda: button(panel, "✓ MRI") is not None, timeout=PATIENCE)
    assert SOURCE_KEY not in layer.metadata
    assert panel.source_box.plane == "axial"


def test_a_plain_layer_shows_nothing_declared(viewer, panel) -> None:
    data, attributes, _ = layer_data(ct())
    viewer.add_image(data, **attributes)
    assert panel.source_box.source.declared.words == ()

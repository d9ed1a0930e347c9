"""An empty panel offers a scan folder and a sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtWidgets import QFileDialog

from imaging.series import write_series
from napari_medvlm.widgets.scan.first_steps import SAMPLES

pytestmark = pytest.mark.window


def test_the_buttons_are_there_as_long_as_there_is_no_image(viewer: Any, panel: Any) -> None:
    steps = panel.first_steps
    assert steps.isVisible()
    layer = viewer.add_image(np.zeros((3, 8, 8), np.int16))
    assert not steps.isVisible()
    viewer.layers.remove(layer)
    assert steps.isVisible()


def test_a_folder_is_asked_for_and_opened(
    viewer: Any, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: Any
) -> None:
    folder = write_series(tmp_path / "s", np.zeros((3, 4, 5), np.int16))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    panel.first_steps.folder.click()
    assert [layer.data.shape for layer in viewer.layers] == [(3, 4, 5)]
    assert panel.source_box.layer is viewer.layers[0]


def test_a_folder_without_scans_is_a_line(
    viewer: Any, panel: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    panel.first_steps.said.connect(said.append)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    panel.first_steps.folder.click()
    assert len(said) == 1
    assert not viewer.layers


@pytest.mark.parametrize("key", [key for key, _ in SAMPLES])
def test_each_sample_opens(viewer: Any, panel: Any, key: str) -> None:
    menu = panel.first_steps.sample.menu()
    next(action for action in menu.actions() if action.data() == key).trigger()
    assert len(viewer.layers) == 1
    assert not panel.first_steps.isVisible()

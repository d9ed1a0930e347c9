"""Saving layers in a real window: beside the window, whole or not at all."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox

from napari_medvlm.imaging import Volume, writing
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.imaging.progress import Cancelled, Step
from napari_medvlm.widgets.parts.waiting import ProgressBox

pytestmark = pytest.mark.window
VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)


@pytest.fixture
def shown(viewer: Any) -> Any:
    data, attributes, _ = layer_data(Volume(VOXELS, affine=np.eye(4)))
    viewer.add_image(data, **attributes)
    return viewer


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Writing that goes on once the event is set."""
    go_on = threading.Event()
    plain = writing._save

    def save(image: Any, path: Path, progress: Any) -> None:
        assert threading.current_thread() is not threading.main_thread()
        path.write_bytes(b"a part of it")
        while not go_on.wait(0.01):
            progress(Step(1, 9, "writing megabytes"))
        plain(image, path, progress)

    monkeypatch.setattr(writing, "_save", save)
    return go_on


def with_the_box(act: Any) -> None:
    def look() -> None:
        for box in QApplication.topLevelWidgets():
            if isinstance(box, ProgressBox) and box.isVisible():
                act(box)
                return
        QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


def saved(viewer: Any, path: Path) -> list[str]:
    return viewer.layers.save(str(path), plugin="napari-medvlm")


def test_a_small_layer_is_there_at_once(shown, tmp_path):
    path = tmp_path / "a.nii.gz"
    assert saved(shown, path) == [str(path)]
    np.testing.assert_array_equal(np.asanyarray(nib.load(path).dataobj), VOXELS.T)


def test_a_large_layer_is_written_beside_the_window(shown, tmp_path, slow):
    path = tmp_path / "a.nii.gz"
    seen: list[str] = []

    def look(box: ProgressBox) -> None:
        seen.append(box.windowTitle())
        assert not path.exists()
        slow.set()

    with_the_box(look)
    assert saved(shown, path) == [str(path)]
    assert seen == ["Writing a.nii.gz"]
    np.testing.assert_array_equal(np.asanyarray(nib.load(path).dataobj), VOXELS.T)
    assert [p.name for p in tmp_path.iterdir()] == ["a.nii.gz"]


def test_stopping_leaves_no_file_and_says_so(shown, tmp_path, slow):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(b"an older one")
    with_the_box(lambda box: box.buttons.button(QDialogButtonBox.StandardButton.Cancel).click())
    with pytest.raises(Cancelled, match=r"a\.nii\.gz was not written: you stopped it"):
        saved(shown, path)
    assert path.read_bytes() == b"an older one"
    assert [p.name for p in tmp_path.iterdir()] == ["a.nii.gz"]

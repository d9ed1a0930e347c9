"""One real viewer for the whole module: opening one costs seconds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from asking.scans import ct
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.ask.asking import DRAFTS

from .fakes import FakeThread, toy_offer


@pytest.fixture(autouse=True)
def stored() -> Iterator[Any]:
    """napari's own settings of the plugin, from the real manifest; back to defaults afterwards."""
    from napari.settings import get_plugin_settings

    found = get_plugin_settings("napari-medvlm")
    yield found
    if found.model_dump(exclude_defaults=True):
        found.reset()


@pytest.fixture(scope="module")
def shared_viewer(qapp: Any) -> Iterator[Any]:
    import napari

    viewer = napari.Viewer(show=True)
    viewer.window.resize(1000, 700)
    yield viewer
    viewer.close()
    qapp.processEvents()


@pytest.fixture
def viewer(shared_viewer: Any, qapp: Any) -> Iterator[Any]:
    """The viewer without layers and docks of ours."""
    yield shared_viewer
    shared_viewer.window.remove_dock_widget("all")
    DRAFTS.clear()
    shared_viewer.layers.clear()
    shared_viewer.dims.ndisplay = 2
    qapp.processEvents()


@pytest.fixture
def thread() -> FakeThread:
    return FakeThread()


@pytest.fixture
def panel(viewer: Any, thread: FakeThread) -> MedvlmPanel:
    made = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
    viewer.window.add_dock_widget(made, name="medvlm")
    return made


@pytest.fixture
def scan_data() -> Any:
    """A CT of 10 × 40 × 64 voxels as the reader gives it."""
    return layer_data(ct())


@pytest.fixture
def scan(viewer: Any, panel: MedvlmPanel, scan_data: Any) -> Any:
    """That CT as a layer, opened while the panel is there."""
    data, attributes, _ = scan_data
    return viewer.add_image(data, **attributes)

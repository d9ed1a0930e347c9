"""What an empty panel offers: open a scan folder, or a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from ...errors import MedvlmError
from ..parts.hosting import window_of
from ..parts.plain import PlainLabel, named
from .opening import ask_and_open

if TYPE_CHECKING:
    from napari.viewer import Viewer

_PLUGIN = "napari-medvlm"
#: Key in the manifest, and what a menu calls it.
SAMPLES = (
    ("chest_ct", "Chest CT"),
    ("brain_mr", "Brain MR"),
    ("radiograph", "Chest radiograph"),
    ("ultrasound", "Ultrasound-like clip"),
)


class FirstSteps(QWidget):
    """Two buttons, in sight as long as there is no image to ask about."""

    #: A line for people.
    said = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.folder = QPushButton("Open a scan folder…")
        named(self.folder, "Open a scan folder", "Lists the series of a folder of DICOM or NIfTI")
        self.folder.clicked.connect(self._on_folder)
        self.sample = QPushButton("Open a sample")
        named(self.sample, "Open a sample", "Synthetic scans with known findings; nobody's")
        menu = QMenu(self.sample)
        for key, title in SAMPLES:
            action = menu.addAction(title)
            assert action is not None
            action.setData(key)
        menu.triggered.connect(self._on_sample)
        self.sample.setMenu(menu)
        buttons = QHBoxLayout()
        buttons.addWidget(self.folder)
        buttons.addWidget(self.sample)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 4, 0, 4)
        layout.addWidget(PlainLabel("There is no scan to ask about yet."))
        layout.addLayout(buttons)

    def follow(self) -> None:
        """Be there while the viewer has no image layer."""
        from napari.layers import Image

        self.setVisible(not any(isinstance(layer, Image) for layer in self._viewer.layers))

    def _on_folder(self) -> None:
        try:
            ask_and_open(self._viewer, window_of(self._viewer), folder=True)
        except MedvlmError as error:
            self.said.emit(str(error))

    def _on_sample(self, action: object) -> None:
        self._viewer.open_sample(_PLUGIN, action.data())  # type: ignore[attr-defined]

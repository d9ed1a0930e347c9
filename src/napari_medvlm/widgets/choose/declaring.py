"""From a chip about what the file leaves open to the dialog in which the user says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from ...errors import MedvlmError
from ...imaging.declaring import open_topics
from ..parts.hosting import window_of
from ..scan.declare_dialog import DeclareDialog
from ..scan.declaring import ask_about
from .source_box import SourceBox

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: What is declared, by the topic of the chip that asks for it.
_TOPICS = {"modality": ("modality", "body_part"), "plane": ("orientation",)}


class Declaring(QObject):
    """Asks about the layer that a chip is about.

    Parameters
    ----------
    viewer
        The viewer.
    source_box
        What is sent.
    parent
        The panel.
    """

    #: A line for people.
    said = Signal(str)

    def __init__(self, viewer: Viewer, source_box: SourceBox, parent: QWidget) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._source_box = source_box
        self.dialog: DeclareDialog | None = None

    def ask(self, topic: str) -> None:
        """Open the dialog about the first layer that is sent whose file leaves this open."""
        layer = self._layer(_TOPICS.get(topic, ()))
        if layer is not None:
            self.dialog = ask_about(self._viewer, layer, window_of(self._viewer), self.said.emit)
            if self.dialog is not None:
                self.dialog.finished.connect(self._on_finished)

    def _on_finished(self) -> None:
        self.dialog = None  # Qt deletes it

    def _layer(self, topics: tuple[str, ...]) -> Layer | None:
        try:
            sent = self._source_box.layers_of(self._source_box.parts())
        except MedvlmError:
            sent = ()
        chosen, source = self._source_box.layer, self._source_box.source
        found = [] if chosen is None or source is None else [(chosen, source)]
        found += [pair for pair in sent if pair[0] is not chosen]
        # What nobody has said yet comes before what can be said otherwise.
        for silent in (True, False):
            for layer, scan in found:
                left = [topic for topic in topics if topic in open_topics(scan)]
                unsaid = [topic for topic in left if not getattr(scan.declared, topic)]
                if unsaid if silent else left:
                    return layer
        return None

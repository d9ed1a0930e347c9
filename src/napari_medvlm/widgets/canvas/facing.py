"""How the patient faces: the view turned to the chosen plane, with letters at its edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLabel

from ...asking.answer.marks import FINDINGS
from ..choose.source_box import SourceBox
from ..parts.hosting import canvas_of
from .cut_lines import CutLines
from .edges import EdgeLetters
from .viewing import letters_shown, orient

if TYPE_CHECKING:
    from napari.viewer import Viewer


class Facing:
    """Keeps view and letters in step with the chosen layer and plane.

    Parameters
    ----------
    viewer
        The viewer.
    source_box
        Where layer and plane are chosen.
    """

    def __init__(self, viewer: Viewer, source_box: SourceBox) -> None:
        self._viewer = viewer
        self._source_box = source_box
        canvas = canvas_of(viewer)
        self._edges = EdgeLetters(canvas)
        self.cuts = None if canvas is None else CutLines(viewer, canvas, FINDINGS)
        self._docked = True
        source_box.view_changed.connect(self.turn)
        dims = viewer.dims.events
        for event in (dims.order, dims.ndisplay):
            event.connect(self.show_letters)
        viewer.scene.camera.events.orientation.connect(self.show_letters)

    @property
    def labels(self) -> dict[str, QLabel]:
        """The letters' labels by side: "left", "right", "top", "bottom"."""
        return self._edges.labels

    def dock(self, docked: bool) -> None:
        """Say whether the panel is in its dock: the canvas may outlive it."""
        self._docked = docked
        if self.cuts is not None:
            self.cuts.setVisible(docked)
        self.show_letters()

    def turn(self) -> None:
        """Turn the view to the chosen plane."""
        layer, source = self._source_box.layer, self._source_box.source
        if layer is not None and source is not None:
            orient(self._viewer, layer, source, self._source_box.plane)
        self.show_letters()

    def show_letters(self, *_: object) -> None:
        """Show the sides of what the viewer shows now."""
        layer, source = self._source_box.layer, self._source_box.source
        letters = None
        if self._docked and layer is not None and source is not None:
            letters = letters_shown(self._viewer, layer, source)
        self._edges.show_letters(letters)

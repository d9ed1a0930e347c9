"""The user's regions on the chosen image, a line each: name, go there, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QVBoxLayout, QWidget

from ...asking.choose.regions import SourceBox
from ..parts.plain import named
from .regions_layer import RegionLayers
from .viewing import go_to

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


class RegionList(QWidget):
    """Names of the regions, to be edited in place; hidden where there is none.

    Parameters
    ----------
    viewer
        The viewer.
    regions
        Its layers of regions.
    """

    def __init__(self, viewer: Viewer, regions: RegionLayers) -> None:
        super().__init__()
        self._viewer = viewer
        self._regions = regions
        self._layer: Layer | None = None
        self._boxes: tuple[SourceBox, ...] = ()
        self.lines: list[RegionLine] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.hide()

    def look(self, layer: Layer | None) -> None:
        """Show the regions of an image as they are now."""
        self._layer = layer
        self._boxes = () if layer is None else self._regions.boxes(layer)
        while len(self.lines) < len(self._boxes):
            self._add_line(len(self.lines))
        for line, box in zip(self.lines, self._boxes, strict=False):
            if not line.name.isModified():
                line.name.setText(box.label)
        for number, line in enumerate(self.lines):
            line.setVisible(number < len(self._boxes))
        self.setVisible(bool(self._boxes))

    def _add_line(self, number: int) -> None:
        line = RegionLine(number + 1)
        line.name.editingFinished.connect(lambda: self._on_named(number))
        line.go.clicked.connect(lambda: self._on_go(number))
        line.delete.clicked.connect(lambda: self._on_delete(number))
        self.lines.append(line)
        self._column.addWidget(line)

    def _on_named(self, number: int) -> None:
        line = self.lines[number]
        if line.name.isModified() and self._layer is not None:
            line.name.setModified(False)
            self._regions.rename(self._layer, number, line.name.text())
            self.look(self._layer)

    def _on_go(self, number: int) -> None:
        if self._layer is not None and number < len(self._boxes):
            go_to(self._viewer, self._layer, self._boxes[number].corners)

    def _on_delete(self, number: int) -> None:
        if self._layer is not None:
            for line in self.lines:
                line.name.setModified(False)
            self._regions.remove(self._layer, number)
            self.look(self._layer)


class RegionLine(QWidget):
    """One region: its name, a button that shows it, and one that deletes it."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.go = QToolButton()
        self.go.setText("▣")
        self.go.setAutoRaise(True)
        named(self.go, f"Go to region {number}", "Show the slice that this region is on")
        self.name = QLineEdit()
        named(self.name, f"Name of region {number}", "Its name goes into the question")
        self.delete = QToolButton()
        self.delete.setText("×")
        self.delete.setAutoRaise(True)
        named(self.delete, f"Delete region {number}", "Take this region off the image")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        row.addWidget(self.go)
        row.addWidget(self.name, 1)
        row.addWidget(self.delete)

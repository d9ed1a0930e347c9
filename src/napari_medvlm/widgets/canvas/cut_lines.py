"""The model's boxes on the planes that they were not drawn on: where those cut them.

A shape of a layer is shown on its own slice alone. On the other planes the cuts are painted over
the canvas, from what the findings layers hold at that moment; so no further layer is needed, and
boxes that are moved or deleted are moved or gone here too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QEvent, QObject, QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QWidget

from ...asking.answer.cutting import cut
from .overlay import overlays

if TYPE_CHECKING:
    from napari.layers import Shapes
    from napari.viewer import Viewer


class CutLines(QWidget):
    """A transparent sheet over the canvas; it takes no mouse and no focus.

    Parameters
    ----------
    viewer
        The viewer.
    canvas
        Its native canvas widget.
    role
        Of the layers whose shapes are cut.
    """

    def __init__(self, viewer: Viewer, canvas: QWidget, role: str) -> None:
        super().__init__(canvas)
        self._viewer = viewer
        self._canvas = canvas
        self._role = role
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAccessibleName("Where boxes cut this plane")
        dims, camera = viewer.dims.events, viewer.scene.camera.events
        for event in (dims.point, dims.order, dims.ndisplay):
            event.connect(self._look)
        for event in (camera.center, camera.zoom, camera.orientation):
            event.connect(self._look)
        viewer.layers.events.inserted.connect(self._on_layers)
        viewer.layers.events.removed.connect(self._on_layers)
        self._followed: list[Shapes] = []
        self._on_layers()
        canvas.installEventFilter(self)
        self.resize(canvas.size())
        self.show()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Cover the canvas when it changes its size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self.resize(self._canvas.size())
        return False

    def rectangles(self) -> Iterator[tuple[QRectF, QColor]]:
        """What is painted now: rectangles in pixels of the canvas, with their colours."""
        viewer = self._viewer
        if viewer.dims.ndisplay != 2 or viewer.canvas.grid.enabled:
            return
        for findings in self._followed:
            if findings.visible:
                yield from self._cuts(findings)

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """Paint the cuts: dashed, as what is seen here is no side of the box itself."""
        painter = QPainter(self)
        for rectangle, colour in self.rectangles():
            painter.setPen(QPen(colour, 2, Qt.PenStyle.DashLine))
            painter.drawRect(rectangle)
        painter.end()

    def _cuts(self, findings: Shapes) -> Iterator[tuple[QRectF, QColor]]:
        first = self._viewer.dims.ndim - findings.ndim
        down, right = (axis - first for axis in self._viewer.dims.displayed)
        if min(down, right) < 0:
            return
        at = findings.world_to_data(np.asarray(self._viewer.dims.point)[first:])
        for shape, colour in zip(findings.data, findings.edge_color, strict=True):
            bounds = cut(np.asarray(shape), at, (down, right))
            if bounds is not None:
                corners = np.repeat(np.asarray(at, dtype=np.float64)[None], 2, axis=0)
                corners[:, [down, right]] = bounds
                world = np.stack([findings.data_to_world(corner) for corner in corners])
                yield (
                    self._on_canvas(world[:, [down, right]]),
                    QColor.fromRgbF(*(float(part) for part in colour)),
                )

    def _on_canvas(self, world: npt.NDArray[np.float64]) -> QRectF:
        camera = self._viewer.scene.camera
        vertical, horizontal = (str(side) for side in camera.orientation2d)
        signs = np.array([1 if vertical == "down" else -1, 1 if horizontal == "right" else -1])
        middle = np.array([self.height() / 2, self.width() / 2])
        pixels = middle + (world - np.asarray(camera.center)[-2:]) * signs * camera.zoom
        (top, left), (bottom, right) = pixels.min(axis=0), pixels.max(axis=0)
        return QRectF(left, top, right - left, bottom - top)

    def _on_layers(self, _event: Any = None) -> None:
        present = list(overlays(self._viewer, self._role))
        for findings in present:
            if findings not in self._followed:
                for event in (findings.events.data, findings.events.visible):
                    event.connect(self._look)
        self._followed = present
        self.update()

    def _look(self, _event: Any = None) -> None:
        if self._followed:
            self.update()

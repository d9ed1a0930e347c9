"""From an answer back to the viewer: its boxes on the image, and the way to each of them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..asking import Exchange, Grid, PlacedBox, grid_of
from ..imaging import Clip, Volume
from .boxes import show_boxes
from .viewing import current_time, go_to

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


@dataclass(frozen=True, eq=False)
class _About:
    """What a question was about; the layer may be removed while it is answered."""

    layer: weakref.ref[Any]
    grid: Grid
    time: int
    point: tuple[float, ...]


class Pointing:
    """Remembers which layer each question was about, and shows the answer's boxes there.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._about: dict[int, _About] = {}

    def remember(self, exchange: Exchange, layer: Layer, source: Volume | Clip) -> Grid:
        """Keep what a new question is about; returns the source's grid."""
        grid = grid_of(source)
        time = current_time(self._viewer, layer, source)
        point = tuple(self._viewer.dims.point)
        self._about[exchange.number] = _About(weakref.ref(layer), grid, time, point)
        return grid

    def show(self, exchange: Exchange) -> bool:
        """Draw the boxes of an ended exchange, and go to the first one.

        The sliders stay where they are when the user has moved them since asking.

        Returns
        -------
        shown
            False where the answer has boxes and their image is gone.
        """
        about, layer = self._layer(exchange)
        if about is None or layer is None:
            return not exchange.boxes
        findings = show_boxes(self._viewer, layer, about.grid, exchange, about.time)
        if findings is not None and about.point == tuple(self._viewer.dims.point):
            go_to(self._viewer, layer, exchange.boxes[0].corners, about.time)
        return True

    def go_to(self, exchange: Exchange, box: PlacedBox) -> None:
        """Move the sliders to a box, where its image is still there."""
        about, layer = self._layer(exchange)
        if about is not None and layer is not None:
            go_to(self._viewer, layer, box.corners, about.time)

    def _layer(self, exchange: Exchange) -> tuple[_About | None, Layer | None]:
        about = self._about.get(exchange.number)
        layer = None if about is None else about.layer()
        return about, layer if layer in self._viewer.layers else None

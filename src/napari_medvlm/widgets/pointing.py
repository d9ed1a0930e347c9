"""From an answer back to the viewer: its boxes on the image, and the way to each of them."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..asking import Exchange, Grid, PlacedBox, grid_of
from ..imaging import PLANES, Clip, Frame, Volume
from .boxes import FINDINGS, remove_boxes, show_boxes
from .overlay import find_overlay
from .source_box import SourceBox
from .viewing import current_time, go_to, go_to_frame, orient

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
    source_box
        Where layer and plane are chosen.
    """

    def __init__(self, viewer: Viewer, source_box: SourceBox) -> None:
        self._viewer = viewer
        self._source_box = source_box
        self._about: dict[int, _About] = {}

    def remember(self, exchange: Exchange, layer: Layer, source: Volume | Clip) -> Grid:
        """Keep what a new question is about; returns the source's grid."""
        grid = grid_of(source)
        time = current_time(self._viewer, layer, source)
        point = tuple(self._viewer.dims.point)
        self._about[exchange.number] = _About(weakref.ref(layer), grid, time, point)
        return grid

    def repeat(self, before: Exchange, exchange: Exchange) -> Grid:
        """Keep that a new question is about what an earlier one was about."""
        about = self._about[before.number]
        self._about[exchange.number] = replace(about, point=tuple(self._viewer.dims.point))
        return about.grid

    def forget(self, exchange: Exchange) -> None:
        """Forget a question, and take its boxes off the image."""
        about, layer = self._layer(exchange)
        if about is not None and layer is not None:
            remove_boxes(self._viewer, layer, exchange)
        self._about.pop(exchange.number, None)

    def is_marked(self, layer: Layer) -> bool:
        """Whether boxes have been drawn on an image, and are still there."""
        return find_overlay(self._viewer, layer, FINDINGS) is not None

    def show(self, exchange: Exchange, *, go: bool = True) -> bool:
        """Draw the boxes of an ended exchange, and go to the first one.

        The sliders stay where they are when the user has moved them since asking.

        Parameters
        ----------
        exchange
            The exchange.
        go
            False leaves the sliders alone.

        Returns
        -------
        shown
            False where the answer has boxes and their image is gone.
        """
        about, layer = self._layer(exchange)
        if about is None or layer is None:
            return not exchange.boxes
        findings = show_boxes(self._viewer, layer, about.grid, exchange, exchange.boxes, about.time)
        if go and findings is not None and about.point == tuple(self._viewer.dims.point):
            go_to(self._viewer, layer, exchange.boxes[0].corners, about.time)
        return True

    def layer_of(self, exchange: Exchange) -> Layer | None:
        """The image that a question was about, None where it is gone."""
        return self._layer(exchange)[1]

    def go_to(self, exchange: Exchange, box: PlacedBox) -> bool:
        """Show a box in the plane it was drawn on; False where its image is gone."""
        about, layer = self._layer(exchange)
        if about is None or layer is None:
            return False
        self._show_plane(layer, exchange.question.frames[box.frame])
        go_to(self._viewer, layer, box.corners, about.time)
        return True

    def restore(self, exchange: Exchange, number: int, window: bool = True) -> bool:
        """Show a frame of a question again.

        Parameters
        ----------
        exchange
            The question.
        number
            Of the frame, from 0.
        window
            Whether the layer is shown in the frame's window too; one that had none changes
            nothing.

        Returns
        -------
        shown
            False where the image is gone.
        """
        about, layer = self._layer(exchange)
        if about is None or layer is None:
            return False
        frame = exchange.question.frames[number]
        self._show_plane(layer, frame)
        go_to_frame(self._viewer, layer, frame, about.time)
        if window and frame.window is not None and not layer.rgb:
            layer.contrast_limits = frame.window.limits
        return True

    def choose_again(self, exchange: Exchange) -> bool:
        """Choose the layer, plane and slices of a question; False where its image is gone."""
        frames = exchange.question.frames
        if not frames:
            return True
        if not self.restore(exchange, 0):
            return False
        self._source_box.choose_slices(", ".join(str(frame.index) for frame in frames))
        return True

    def _show_plane(self, layer: Layer, frame: Frame) -> None:
        layer.visible = True
        chosen = self._source_box
        chosen.choose_layer(layer)
        for plane in PLANES:  # a frame of a clip is in none of them
            if plane == frame.plane and chosen.planes.findData(plane) >= 0:
                chosen.choose_plane(plane)
        self._viewer.dims.ndisplay = 2
        if chosen.source is not None:
            # The plane may be chosen and the view turned by hand since.
            orient(self._viewer, layer, chosen.source, chosen.plane)

    def _layer(self, exchange: Exchange) -> tuple[_About | None, Layer | None]:
        about = self._about.get(exchange.number)
        layer = None if about is None else about.layer()
        return about, layer if layer in self._viewer.layers else None

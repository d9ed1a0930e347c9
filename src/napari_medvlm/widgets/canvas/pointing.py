"""From an answer back to the viewer: its boxes on the images, and the way to each of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ...asking import Exchange, Grid, PlacedBox
from ...asking.answer.marks import FINDINGS
from ...asking.answer.masks import PlacedMask
from ...asking.choose.picks import Pick
from ...imaging import PLANES, Clip, Frame, Plane, Volume
from ..choose.source_box import SourceBox
from .boxes import box_places, findings_of, remove_boxes, show_boxes
from .masks import MASKS, show_masks, take_masks
from .origins import Origins, frame_time
from .overlay import find_overlay
from .viewing import go_to, go_to_frame, orient

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: What an answer points at.
Placed = PlacedBox | PlacedMask


class Pointing:
    """Knows which layer each frame of a question is from, and shows the answer's boxes there.

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
        self.origins = Origins(viewer)
        self._points: dict[int, tuple[float, ...]] = {}

    def remember(
        self, exchange: Exchange, layers: Sequence[tuple[Layer, Volume | Clip]] = ()
    ) -> tuple[Grid, ...]:
        """Keep what a new question is about.

        Parameters
        ----------
        exchange
            The question.
        layers
            Layer and source of each of its frames; without them they are found by content.

        Returns
        -------
        grids
            Of the source of each frame.
        """
        self.origins.remember(exchange, layers)
        self._points[exchange.number] = tuple(self._viewer.dims.point)
        return self.origins.grids(exchange)

    def repeat(self, before: Exchange, exchange: Exchange) -> tuple[Grid, ...]:
        """Keep that a new question is about what an earlier one was about."""
        self.origins.repeat(before, exchange)
        self._points[exchange.number] = tuple(self._viewer.dims.point)
        return self.origins.grids(exchange)

    def take_off(self, exchange: Exchange) -> tuple[Placed, ...]:
        """Take boxes and masks of a question off the images; returns them as they were last."""
        boxes = exchange.boxes
        taken: list[Placed] = []
        for layer in self.origins.layers(exchange):
            findings = findings_of(self._viewer, layer)
            if findings is not None:
                places = box_places(findings, exchange, layer)
                taken += [replace(boxes[number], corners=corners) for number, corners in places]
                remove_boxes(self._viewer, layer, exchange)
            taken += take_masks(self._viewer, layer, exchange)
        return tuple(taken)

    def forget(self, exchange: Exchange) -> None:
        """Forget a question; its boxes and masks are to be taken off before."""
        self.origins.forget(exchange)
        self._points.pop(exchange.number, None)

    def is_marked(self, layer: Layer) -> bool:
        """Whether boxes or masks have been drawn on an image, and are still there."""
        return any(find_overlay(self._viewer, layer, role) for role in (FINDINGS, MASKS))

    def show(
        self,
        exchange: Exchange,
        *,
        go: bool = True,
        only: Collection[Layer] | None = None,
        marks: Sequence[Placed] | None = None,
    ) -> bool:
        """Draw boxes and masks of an ended exchange on their images, and go to the first one.

        The sliders stay where they are when the user has moved them since asking.

        Parameters
        ----------
        exchange
            The exchange.
        go
            False leaves the sliders alone.
        only
            Images that are drawn on; None draws on all of them.
        marks
            Its boxes and masks as they were changed; None draws all as the model gave them.

        Returns
        -------
        shown
            False where the image of one of them is gone.
        """
        groups: dict[tuple[Layer, int], list[Placed]] = {}
        shown = True
        every: Sequence[Placed] = (*exchange.boxes, *exchange.masks)
        for mark in every if marks is None else marks:
            layer, _ = self.origins.find(exchange, mark.frame)
            frame = exchange.question.frames[mark.frame]
            shown = shown and layer is not None
            if layer is None or (only is not None and layer not in only):
                continue
            if frame.time is None and layer.ndim > 3:
                continue  # kept before time points were: nobody knows where it belongs
            groups.setdefault((layer, frame_time(frame)), []).append(mark)
        for (layer, time), on_layer in groups.items():
            grid = self.origins.find(exchange, on_layer[0].frame)[1]
            boxes = [mark for mark in on_layer if isinstance(mark, PlacedBox)]
            masks = [mark for mark in on_layer if isinstance(mark, PlacedMask)]
            show_boxes(self._viewer, layer, grid, exchange, boxes, time)
            show_masks(self._viewer, layer, exchange, masks, time)
        moved = self._points.get(exchange.number) != tuple(self._viewer.dims.point)
        if go and groups and not moved:
            (layer, time), on_layer = next(iter(groups.items()))
            go_to(self._viewer, layer, on_layer[0].corners, time)
        return shown

    def go_to(self, exchange: Exchange, box: Placed) -> bool:
        """Show a box or mask in the plane it was seen on; False where its image is gone."""
        layer, _ = self.origins.find(exchange, box.frame)
        if layer is None:
            return False
        frame = exchange.question.frames[box.frame]
        self._show_plane(layer, frame)
        go_to(self._viewer, layer, box.corners, frame.time)
        return True

    def restore(self, exchange: Exchange, number: int, window: bool = True) -> bool:
        """Show a frame of a question again: layer, plane, slice and time point.

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
        layer, _ = self.origins.find(exchange, number)
        if layer is None:
            return False
        frame = exchange.question.frames[number]
        self.show_frame(layer, frame)
        if window and frame.window is not None and not layer.rgb:
            layer.contrast_limits = frame.window.limits
        return True

    def show_frame(self, layer: Layer, frame: Frame) -> None:
        """Show where a frame comes from, in its plane."""
        self._show_plane(layer, frame)
        go_to_frame(self._viewer, layer, frame, frame.time)

    def choose_again(self, exchange: Exchange) -> bool:
        """Choose the images of a question; False where one of their layers is gone."""
        frames = exchange.question.frames
        picks, gone = [], False
        for number, frame in enumerate(frames):
            layer, _ = self.origins.find(exchange, number)
            key = 0 if layer is None else self._source_box.layers_there.key(layer)
            if key:
                picks.append(_pick(key, frame))
            gone = gone or not key
        if picks:
            first = next(n for n in range(len(frames)) if self.origins.find(exchange, n)[0])
            self.restore(exchange, first)
            self._source_box.choose_picks(picks)
        return not gone

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


def _pick(key: int, frame: Frame) -> Pick:
    plane: Plane = next((plane for plane in PLANES if plane == frame.plane), "acquired")
    slab = None if frame.slab is None else frame.slab.around(frame.index)
    return Pick(key, plane, frame.index, frame_time(frame), slab)

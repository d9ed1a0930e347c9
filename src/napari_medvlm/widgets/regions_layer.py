"""The user's rectangles: one Shapes layer of regions for each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..asking.regions import SourceBox
from .boxes import line_width
from .overlay import find_overlay, new_overlay
from .viewing import from_layer

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

REGIONS = "regions"


class RegionLayers:
    """Makes and reads the layers that the user draws regions on.

    Parameters
    ----------
    viewer
        The viewer.
    changed
        Called when a region was drawn, moved or removed.
    """

    def __init__(self, viewer: Viewer, changed: Callable[[], None]) -> None:
        self._viewer = viewer
        self._changed = changed
        self._followed: list[Shapes] = []

    def begin(self, layer: Layer | None) -> str:
        """Make ready for drawing, and say in a line what to do."""
        if layer is None:
            return "Open a scan or a clip first: regions are drawn on an image."
        self.draw_on(layer)
        return "Drag a rectangle on the image; it goes into the question."

    def draw_on(self, layer: Layer) -> Shapes:
        """Make ready for drawing a rectangle on an image; its layer is made at the first time."""
        regions = self._regions(layer)
        if regions is None:
            regions = new_overlay(
                self._viewer, layer, REGIONS, edge_width=line_width(layer), edge_color="yellow"
            )
        self._follow(regions)
        self._viewer.layers.selection.active = regions
        regions.mode = "add_rectangle"
        return regions

    def boxes(self, layer: Layer) -> tuple[SourceBox, ...]:
        """The regions of an image, in the order they were drawn."""
        regions = self._regions(layer)
        if regions is None:
            return ()
        self._follow(regions)
        return tuple(
            SourceBox(from_layer(np.asarray(shape)), f"region {number}")
            for number, shape in enumerate(regions.data, start=1)
        )

    def close(self) -> None:
        """Stop following the layers; they stay in the viewer."""
        for regions in self._followed:
            regions.events.data.disconnect(self._on_data)
        self._followed.clear()

    def _regions(self, layer: Layer) -> Shapes | None:
        return find_overlay(self._viewer, layer, REGIONS)

    def _follow(self, regions: Shapes) -> None:
        if regions not in self._followed:
            self._followed.append(regions)
            regions.events.data.connect(self._on_data)

    def _on_data(self, event: Any) -> None:
        # "adding", "changing" and "removing" announce; their other forms say it has happened.
        if str(getattr(event, "action", "")).endswith("ing"):
            return
        self._changed()

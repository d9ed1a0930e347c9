"""The user's rectangles: one Shapes layer of regions for each image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from ...asking.answer.marks import NAME, REGIONS, TEXTS
from ...asking.choose.regions import SourceBox, clean_name, next_name
from .overlay import find_overlay, line_width, new_overlay
from .viewing import on_image

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer


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
        if self._viewer.dims.ndisplay == 3:
            return "Regions are drawn on slices: press “back to 2D” above first."
        self.draw_on(layer)
        return "Drag a rectangle on the image; it goes into the question."

    def draw_on(self, layer: Layer) -> Shapes:
        """Make ready for drawing a rectangle on an image; its layer is made at the first time."""
        regions = self._regions(layer)
        if regions is None:
            regions = new_overlay(
                self._viewer,
                layer,
                REGIONS,
                edge_width=line_width(layer),
                edge_color="yellow",
                features={NAME: np.empty(0, dtype=object)},
                text=dict(TEXTS[REGIONS]),
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
        corners = (on_image(np.asarray(shape), regions, layer) for shape in regions.data)
        return tuple(map(SourceBox, corners, region_names(regions)))

    def rename(self, layer: Layer, number: int, name: str) -> None:
        """Give a region of an image another name; ``number`` counts from 0."""
        regions = self._regions(layer)
        if regions is None or number >= len(regions.data):
            return
        names = list(region_names(regions))
        names[number] = clean_name(name, number + 1)
        regions.features = regions.features.assign(**{NAME: np.array(names, dtype=object)})

    def remove(self, layer: Layer, number: int) -> None:
        """Take a region off an image; ``number`` counts from 0."""
        regions = self._regions(layer)
        if regions is not None and number < len(regions.data):
            regions.remove([number])

    def close(self) -> None:
        """Stop following the layers; they stay in the viewer."""
        for regions in self._followed:
            regions.events.data.disconnect(self._on_data)
            regions.events.features.disconnect(self._on_features)
        self._followed.clear()

    def _regions(self, layer: Layer) -> Shapes | None:
        return find_overlay(self._viewer, layer, REGIONS)

    def _follow(self, regions: Shapes) -> None:
        if regions not in self._followed:
            self._followed.append(regions)
            regions.events.data.connect(self._on_data)
            # Renamed in napari's own table of features, or here.
            regions.events.features.connect(self._on_features)
            _name_next(regions)

    def _on_features(self, event: Any) -> None:
        _name_next(event.source)
        self._changed()

    def _on_data(self, event: Any) -> None:
        # "adding", "changing" and "removing" announce; their other forms say it has happened.
        if str(getattr(event, "action", "")).endswith("ing"):
            return
        _name_next(event.source)
        self._changed()


def region_names(regions: Shapes) -> tuple[str, ...]:
    """Names of the shapes of a layer, in the order they were drawn."""
    features = regions.features
    written = list(features[NAME]) if NAME in features else []
    # While shapes come and go, features are told of it later than the shapes themselves.
    written = [one if isinstance(one, str) else "" for one in written][: len(regions.data)]
    written += [""] * (len(regions.data) - len(written))
    return tuple(clean_name(name, number) for number, name in enumerate(written, start=1))


def _name_next(regions: Shapes) -> None:
    """What the user draws next has a name of its own; those that are there keep theirs."""
    name = next_name(region_names(regions))
    if NAME not in regions.features:
        return  # a layer from elsewhere: its shapes go by their places
    if list(regions.feature_defaults[NAME]) != [name]:
        regions.feature_defaults = {NAME: name}

"""The user's boxes beside the model's: how well they agree, said live in the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...asking import Exchange
from ...asking.answer.overlapping import overlap_words
from ..canvas.boxes import box_places, findings_of
from ..canvas.pointing import Pointing
from ..canvas.regions_layer import RegionLayers
from .conversation_view import ConversationView

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer


class Comparing:
    """Compares whenever a box of either side was drawn, moved or removed.

    Parameters
    ----------
    viewer
        The viewer.
    view
        The conversation on the screen.
    pointing
        Knows which image each question was about.
    regions
        The user's boxes.
    """

    def __init__(
        self, viewer: Viewer, view: ConversationView, pointing: Pointing, regions: RegionLayers
    ) -> None:
        self._viewer = viewer
        self._view = view
        self._pointing = pointing
        self._regions = regions
        self._followed: list[Shapes] = []
        self._docked = True
        viewer.layers.events.removed.connect(self.look)

    def dock(self, docked: bool) -> None:
        """Follow the viewer only while the panel is in its window."""
        if docked == self._docked:
            return
        self._docked = docked
        events = (
            self._viewer.layers.events.removed,
            *(findings.events.data for findings in self._followed),
        )
        for event in events:
            (event.connect if docked else event.disconnect)(self.look)

    def look(self, _event: Any = None) -> None:
        """Compare all boxes that there are."""
        for view in self._view.views:
            if view.exchange.boxes:
                view.show_overlaps(self._words(view.exchange))

    def _words(self, exchange: Exchange) -> dict[int, str]:
        words: dict[int, str] = {}
        for layer in self._pointing.origins.layers(exchange):
            words |= self._words_on(layer, exchange)
        return words

    def _words_on(self, layer: Layer, exchange: Exchange) -> dict[int, str]:
        findings = findings_of(self._viewer, layer)
        if findings is None:
            return {}
        if findings not in self._followed:
            self._followed.append(findings)
            findings.events.data.connect(self.look)
        regions, frames = self._regions.boxes(layer), exchange.question.frames
        return {
            number: overlap_words(corners, frames[exchange.boxes[number].frame], regions)
            for number, corners in box_places(findings, exchange, layer)
        }

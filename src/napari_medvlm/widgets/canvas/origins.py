"""Which open layers the frames of questions come from."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...asking import Exchange, Grid, grid_of
from ...imaging import Clip, Frame, Volume

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer


@dataclass(frozen=True, eq=False)
class Origin:
    """A layer that may be removed meanwhile, and the grid of what it shows."""

    layer: weakref.ref[Any]
    grid: Grid

    @classmethod
    def of(cls, layer: Layer, source: Volume | Clip) -> Origin:
        """The origin of a layer's frames."""
        return cls(weakref.ref(layer), grid_of(source))


class Origins:
    """Remembers the layer of every frame, and finds another that holds the same scan.

    Parameters
    ----------
    viewer
        Whose layers they are.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._of: dict[int, tuple[Origin, ...]] = {}
        self._known: dict[str, Origin] = {}

    def meet(self, source_id: str, layer: Layer, source: Volume | Clip) -> bool:
        """Keep which layer holds a scan, by its content; True where that is news."""
        known = self._known.get(source_id)
        if known is not None and self._there(known) is layer:
            return False
        self._known[source_id] = Origin.of(layer, source)
        return True

    def remember(
        self, exchange: Exchange, layers: Sequence[tuple[Layer, Volume | Clip]] = ()
    ) -> None:
        """Keep the layer of each frame of a new question.

        Parameters
        ----------
        exchange
            The question.
        layers
            Layer and source of each of its frames; without them, as for a question of an
            earlier sitting, layers are found by what they hold.
        """
        self._of[exchange.number] = tuple(Origin.of(*one) for one in layers)

    def repeat(self, before: Exchange, exchange: Exchange) -> None:
        """Keep that a question is about the same frames as an earlier one."""
        self._of[exchange.number] = self._of.get(before.number, ())

    def forget(self, exchange: Exchange) -> None:
        """Forget a question."""
        self._of.pop(exchange.number, None)

    def find(self, exchange: Exchange, number: int) -> tuple[Layer | None, Grid]:
        """The layer that a frame comes from, None where none is open; and its grid."""
        frames, own = exchange.question.frames, self._of.get(exchange.number, ())
        candidates = [own[number]] if number < len(own) else []
        if number < len(frames) and frames[number].source in self._known:
            candidates.append(self._known[frames[number].source])
        for origin in candidates:
            layer = self._there(origin)
            if layer is not None:
                return layer, origin.grid
        # Of a removed layer the grid is still known: sizes can be told.
        return None, candidates[0].grid if candidates else Grid()

    def grids(self, exchange: Exchange) -> tuple[Grid, ...]:
        """The grid of each frame; an empty one where its scan is not open."""
        count = len(exchange.question.frames)
        return tuple(self.find(exchange, number)[1] for number in range(count))

    def layers(self, exchange: Exchange) -> tuple[Layer, ...]:
        """The open layers that a question is about, each once."""
        count = len(exchange.question.frames)
        found = (self.find(exchange, number)[0] for number in range(count))
        return tuple(layer for layer in dict.fromkeys(found) if layer is not None)

    def _there(self, origin: Origin) -> Layer | None:
        layer = origin.layer()
        return layer if layer is not None and layer in self._viewer.layers else None


def frame_time(frame: Frame) -> int:
    """Time point of a frame; 0 where it has none."""
    return frame.time or 0

"""Layers of the viewer as parts of what is sent, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from ...asking.choose.parts import Part, Parts, part_of_each
from ...asking.choose.picks import Pick
from ...asking.choose.screen_window import window_on_screen
from ...imaging import Clip, Selection, Volume

if TYPE_CHECKING:
    from napari.layers import Image

    from .image_layers import ImageLayers
    from .input_options import InputOptions


def part_of_layer(
    layers: ImageLayers, options: InputOptions, like: Pick, indices: tuple[int, ...]
) -> Part:
    """Slices of a layer, in the window that it is shown in."""
    source = layers.read(like.key)[0]
    layer = layers.layer(like.key)
    window = None
    # Of deeper colours the limits are in the Volume's values already (see `volume_of`).
    deep = layer is not None and layer.rgb and layer.dtype != "uint8"
    if layer is not None and isinstance(source, Volume) and not deep:
        window = window_on_screen(source, tuple(layer.contrast_limits))
    selection = Selection(
        indices=indices,
        plane=like.plane,
        window=window,
        scaling=options.scaling_of(source),
        time=like.time,
        slab=like.slab,
    )
    return Part(source, selection, layers.label(like.key), like.key)


def parts_of_picks(layers: ImageLayers, options: InputOptions, picks: Iterable[Pick]) -> Parts:
    """Picked slices, those of one stack that follow each other together."""
    parts = []
    for _, group in groupby(picks, key=lambda pick: (pick.stack, pick.slab)):
        some = tuple(group)
        indices = tuple(pick.index for pick in some)
        parts.append(part_of_layer(layers, options, some[0], indices))
    return tuple(parts)


def layers_of_frames(
    layers: ImageLayers, parts: Sequence[Part]
) -> tuple[tuple[Image, Volume | Clip], ...]:
    """The layer and source of each frame; nothing where a layer was removed meanwhile."""
    found = []
    for part in part_of_each(parts):
        layer = layers.layer(part.key)
        if layer is None:
            return ()
        found.append((layer, part.source))
    return tuple(found)

"""Layers of shapes and labels that lie on an image, voxel for voxel.

They take the image's own transform and units, so that their coordinates are the image's array
indices. A layer with another scale would make the viewer's sliders step at the finest of all
scales, and one of fewer dimensions cannot say which slice it is on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

#: Key in the layer's metadata: what it is to this plugin, and (weakly) of which image, so that
#: an overlay does not keep a removed scan in memory.
KEY = "napari_medvlm"


def overlays(viewer: Viewer, role: str) -> Iterator[Any]:
    """All overlays of a viewer that have this role, whatever image they belong to."""
    for layer in viewer.layers:
        mark = layer.metadata.get(KEY)
        if isinstance(mark, dict) and mark.get("role") == role:
            yield layer


def find_overlay(viewer: Viewer, layer: Layer, role: str) -> Any:
    """The overlay of an image that has this role, None where there is none (any more)."""
    for overlay in overlays(viewer, role):
        if overlay.metadata[KEY]["of"]() is layer:
            return overlay
    return None


def place_of(layer: Layer, role: str) -> dict[str, Any]:
    """Arguments that put a new layer on an image, in the image's own coordinates, with its role."""
    return {
        "name": role,
        "scale": layer.scale,
        "translate": layer.translate,
        "rotate": layer.rotate,
        "shear": layer.shear,
        "affine": layer.affine,
        "units": layer.units,
        "axis_labels": layer.axis_labels,
        "metadata": {KEY: {"role": role, "of": weakref.ref(layer)}},
    }


def add_above(viewer: Viewer, overlay: Layer) -> None:
    """Add a layer, and leave the user's tools with the layer that was active."""
    active = viewer.layers.selection.active
    viewer.add_layer(overlay)
    if active is not None:
        viewer.layers.selection.active = active


def new_overlay(viewer: Viewer, layer: Layer, role: str, **options: Any) -> Shapes:
    """Add an empty Shapes layer above an image, in the image's own coordinates.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    role
        Name of the layer, and what `find_overlay` finds it by.
    options
        Further arguments of ``napari.layers.Shapes``.
    """
    from napari.layers import Shapes

    shapes = Shapes(
        ndim=layer.ndim,
        face_color="transparent",
        opacity=1.0,
        **place_of(layer, role),
        **options,
    )
    add_above(viewer, shapes)
    return shapes

"""Layers of shapes and labels that lie on an image, voxel for voxel.

They take the image's own transform and units, so that their coordinates are the image's array
indices. A layer with another scale would make the viewer's sliders step at the finest of all
scales, and one of fewer dimensions cannot say which slice it is on.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...asking.answer.box_layers import source_of
from ...asking.answer.marks import KEY
from ...imaging.taking import source_id

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer


def overlays(viewer: Viewer, role: str) -> Iterator[Any]:
    """All overlays of a viewer that have this role, whatever image they belong to."""
    for layer in viewer.layers:
        mark = layer.metadata.get(KEY)
        if isinstance(mark, dict) and mark.get("role") == role:
            yield layer


def find_overlay(viewer: Viewer, layer: Layer, role: str) -> Any:
    """The overlay of an image that has this role, None where there is none (any more)."""
    for overlay in overlays(viewer, role):
        mark = overlay.metadata[KEY]
        image = mark["of"]()
        if image is None and mark.get("source") and _content(layer) == mark["source"]:
            mark["of"] = weakref.ref(layer)  # loaded before its image, or opened again
            image = layer
        if image is layer:
            return overlay
    return None


def line_width(layer: Layer) -> float:
    """Width of a line in data units: visible on any image without hiding what it frames."""
    shape = (layer.data[0] if layer.multiscale else layer.data).shape
    rows, columns = shape[-3:-1] if layer.rgb else shape[-2:]
    return float(max(min(rows, columns) / 200, 0.5))


def place_on(viewer: Viewer, source: str) -> tuple[dict[str, Any] | None, Any]:
    """Where marks lie on the open image of this content, and what gives that image.

    Returns
    -------
    place, of
        Both None where it is not open.
    """
    for layer in viewer.layers:
        if _content(layer) == source:
            place = place_of(layer, "")
            del place["name"], place["metadata"]
            return place | {"edge_width": line_width(layer)}, weakref.ref(layer)
    return None, None


def _content(layer: Layer) -> str:
    source = source_of(layer)
    return "" if source is None else source_id(source)


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

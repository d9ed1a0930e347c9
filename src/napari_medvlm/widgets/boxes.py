"""The model's boxes in the viewer: one Shapes layer of findings for each image."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..asking.exchange import Exchange
from ..asking.placing import Grid, size_words
from .overlay import find_overlay, new_overlay
from .viewing import to_layer

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

FINDINGS = "findings"
#: Line colours by question, easily told apart on grey images and without red-green contrast
#: alone (Okabe and Ito, Color Universal Design, 2008, without black).
COLOURS = ("#e69f00", "#56b4e9", "#f0e442", "#cc79a7", "#009e73", "#d55e00", "#0072b2")
_FEATURES: dict[str, Any] = {
    "label": np.empty(0, dtype=object),
    "size": np.empty(0, dtype=object),
    "model": np.empty(0, dtype=object),
    "question": np.empty(0, dtype=np.int64),
    "image": np.empty(0, dtype=np.int64),
    "clipped": np.empty(0, dtype=bool),
    "colour": np.empty(0, dtype=object),
}


def colour_of(question: int) -> str:
    """Line colour of a question's boxes; ``question`` counts from 1."""
    return COLOURS[(question - 1) % len(COLOURS)]


def show_boxes(
    viewer: Viewer, layer: Layer, grid: Grid, exchange: Exchange, time: int = 0
) -> Shapes | None:
    """Draw the boxes of an answer on their slices.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    grid
        Of the source that the layer shows.
    exchange
        A finished exchange about it.
    time
        Time point that was asked about.

    Returns
    -------
    findings
        The layer that they are on; None where the answer has no box.
    """
    boxes = exchange.boxes
    if not boxes:
        return None
    findings = find_overlay(viewer, layer, FINDINGS)
    if findings is None:
        findings = new_overlay(
            viewer,
            layer,
            FINDINGS,
            features=_FEATURES,
            text={
                "string": "{label} {size}",
                "color": {"feature": "colour"},
                "anchor": "upper_left",
                "size": 10,
            },
        )
    width = line_width(layer)
    colour = colour_of(exchange.number)
    for box in boxes:
        findings.feature_defaults = {
            "label": box.label or "box",
            "size": size_words(box, grid),
            "model": exchange.model,
            "question": exchange.number,
            "image": box.frame + 1,
            "clipped": box.clipped,
            "colour": colour,
        }
        findings.add(
            to_layer(box.corners, layer, time),
            shape_type="rectangle",
            edge_color=colour,
            face_color="transparent",
            edge_width=width,
        )
    # New shapes come selected: their handles would lie over the very finding.
    findings.selected_data = set()
    return findings


def remove_boxes(viewer: Viewer, layer: Layer, exchange: Exchange) -> None:
    """Take the boxes of a question off the findings of an image; those of others stay.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    exchange
        The question; boxes that were moved since are found by its number and its model.
    """
    findings = find_overlay(viewer, layer, FINDINGS)
    if findings is None:
        return
    features = findings.features
    ours = (features["question"] == exchange.number) & (features["model"] == exchange.model)
    findings.selected_data = {int(place) for place in np.flatnonzero(ours.to_numpy())}
    findings.remove_selected()


def line_width(layer: Layer) -> float:
    """Width of a line in data units: visible on any image without hiding what it frames."""
    shape = (layer.data[0] if layer.multiscale else layer.data).shape
    rows, columns = shape[-3:-1] if layer.rgb else shape[-2:]
    return float(max(min(rows, columns) / 200, 0.5))


def labels_of(findings: Shapes) -> Sequence[str]:
    """The labels of all boxes on a layer, in the order they were drawn."""
    return [str(label) for label in findings.features["label"]]

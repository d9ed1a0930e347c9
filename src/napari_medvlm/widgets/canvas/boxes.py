"""The model's boxes in the viewer: one Shapes layer of findings for each image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...asking.answer.marks import FINDINGS, TEXTS
from ...asking.answer.placing import Grid, PlacedBox, size_words
from ...asking.talk.exchange import Exchange
from .overlay import find_overlay, line_width, new_overlay
from .viewing import on_image, to_layer

if TYPE_CHECKING:
    from napari.layers import Layer, Shapes
    from napari.viewer import Viewer

#: Line colours by question, easily told apart on grey images and without red-green contrast
#: alone (Okabe and Ito, Color Universal Design, 2008, without black).
COLOURS = ("#e69f00", "#56b4e9", "#f0e442", "#cc79a7", "#009e73", "#d55e00", "#0072b2")
_FEATURES: dict[str, Any] = {
    "label": np.empty(0, dtype=object),
    "size": np.empty(0, dtype=object),
    "model": np.empty(0, dtype=object),
    "question": np.empty(0, dtype=np.int64),
    "image": np.empty(0, dtype=np.int64),
    "box": np.empty(0, dtype=np.int64),
    "clipped": np.empty(0, dtype=bool),
    "colour": np.empty(0, dtype=object),
}


def colour_of(question: int) -> str:
    """Line colour of a question's boxes; ``question`` counts from 1."""
    return COLOURS[(question - 1) % len(COLOURS)]


def show_boxes(
    viewer: Viewer,
    layer: Layer,
    grid: Grid,
    exchange: Exchange,
    boxes: Sequence[PlacedBox],
    time: int = 0,
) -> Shapes | None:
    """Draw boxes of an answer on their slices of one image.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    grid
        Of the source that the layer shows.
    exchange
        A finished exchange about it, and perhaps about other images too.
    boxes
        Those of its boxes that lie on this image; where their corners were moved, they are
        drawn as moved.
    time
        Time point that was asked about.

    Returns
    -------
    findings
        The layer that they are on; None where there is no box.
    """
    if not boxes:
        return None
    findings = _findings(viewer, layer)
    width = line_width(layer)
    colour = colour_of(exchange.number)
    for box in boxes:
        findings.feature_defaults = {
            "label": box.label or "box",
            "size": size_words(box, grid),
            "model": exchange.model,
            "question": exchange.number,
            "image": box.frame + 1,
            "box": box.number + 1,
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
    # What the user draws here later is of no question, so that deleting one leaves it alone.
    findings.feature_defaults = {
        "label": "",
        "size": "",
        "model": "",
        "question": 0,
        "image": 0,
        "box": 0,
        "clipped": False,
        "colour": colour,
    }
    # New shapes come selected: their handles would lie over the very finding.
    findings.selected_data = set()
    return findings


def _findings(viewer: Viewer, layer: Layer) -> Shapes:
    """The layer of an image's findings, made where there is none."""
    known = find_overlay(viewer, layer, FINDINGS)
    if known is not None:
        return known
    return new_overlay(
        viewer,
        layer,
        FINDINGS,
        features=_FEATURES,
        text=dict(TEXTS[FINDINGS]),
    )


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
    findings.selected_data = set(_places(findings, exchange))
    findings.remove_selected()


def findings_of(viewer: Viewer, layer: Layer) -> Shapes | None:
    """The layer that holds an image's boxes; None where there is none (any more)."""
    return find_overlay(viewer, layer, FINDINGS)


def box_places(
    findings: Shapes, exchange: Exchange, layer: Layer
) -> Iterator[tuple[int, npt.NDArray[np.float64]]]:
    """Where the boxes of an answer lie on their image now; those that were deleted are missing.

    Yields
    ------
    number, corners
        Of the box among the answer's, from 0; float64 (4, 3), array indices of the source.
    """
    for place in _places(findings, exchange):
        number = int(findings.features["box"].iloc[place]) - 1
        if 0 <= number < len(exchange.boxes):
            yield number, on_image(np.asarray(findings.data[place]), findings, layer)


def _places(findings: Shapes, exchange: Exchange) -> list[int]:
    # While shapes come and go, features are told of it later than the shapes themselves.
    features = findings.features.iloc[: len(findings.data)]
    ours = (features["question"] == exchange.number) & (features["model"] == exchange.model)
    return [int(place) for place in np.flatnonzero(ours.to_numpy())]


def labels_of(findings: Shapes) -> Sequence[str]:
    """The labels of all boxes on a layer, in the order they were drawn."""
    return [str(label) for label in findings.features["label"]]

"""The model's masks in the viewer: one Labels layer of masks for each image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...asking.answer.masks import PlacedMask
from ...asking.talk.exchange import Exchange
from .boxes import COLOURS
from .overlay import add_above, find_overlay, place_of
from .viewing import from_layer, to_layer

if TYPE_CHECKING:
    from napari.layers import Labels, Layer
    from napari.viewer import Viewer

MASKS = "masks"
#: What the user paints is white.
_OWN = "white"
#: Columns of the table of features; napari finds a label's line by "index".
_FEATURES = ("index", "label", "model", "question", "image", "mask")


def show_masks(
    viewer: Viewer,
    layer: Layer,
    exchange: Exchange,
    masks: Sequence[PlacedMask],
    time: int = 0,
) -> Labels | None:
    """Mark masks of an answer on their slices of one image.

    Each gets a number of its own, and a line in the layer's table of features. Where two lie
    over each other the later one is on top.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    exchange
        A finished exchange about it.
    masks
        Those of its masks that lie on this image.
    time
        Time point that was asked about.

    Returns
    -------
    labels
        The layer that they are on; None where there is no mask.
    """
    if not masks:
        return None
    labels: Labels | None = find_overlay(viewer, layer, MASKS)
    if labels is None:
        labels = _new_layer(viewer, layer)
    rows = labels.features.to_dict("list")
    value = int(max(labels.data.max(initial=0), *rows["index"])) if rows["index"] else 0
    colours = dict(labels.colormap.color_dict)
    for number, mask in enumerate(masks):
        value += 1
        _write(labels.data, to_layer(mask.voxels.astype(np.float64), layer, time), value)
        # The first has the colour of the question's boxes, the others those that follow.
        colours[value] = COLOURS[(exchange.number - 1 + number) % len(COLOURS)]
        facts = (value, mask.label or "mask", exchange.model, exchange.number, mask.frame + 1)
        for name, fact in zip(_FEATURES, (*facts, mask.number + 1), strict=True):
            rows[name].append(fact)
    _dress(labels, rows, colours)
    return labels


def take_masks(viewer: Viewer, layer: Layer, exchange: Exchange) -> tuple[PlacedMask, ...]:
    """Take the masks of a question off an image; returns them as they were last.

    Parameters
    ----------
    viewer, layer
        The image's layer in its viewer.
    exchange
        The question.
    """
    labels = find_overlay(viewer, layer, MASKS)
    if labels is None:
        return ()
    taken = []
    rows = labels.features
    for value, number in list(_ours(labels, exchange)):
        places = np.argwhere(labels.data == value)
        if len(places) and number < len(exchange.masks):
            voxels = from_layer(places.astype(np.float64)).astype(np.int64)
            taken.append(replace(exchange.masks[number], voxels=voxels))
        labels.data[tuple(places.T)] = 0
        rows = rows[rows["index"] != value]
    _dress(labels, rows.to_dict("list"), dict(labels.colormap.color_dict))
    return tuple(taken)


def _ours(labels: Labels, exchange: Exchange) -> Iterator[tuple[int, int]]:
    """Value and number from 0 of the masks of a question that are on a layer."""
    for row in labels.features.to_dict("records"):
        if row["question"] == exchange.number and row["model"] == exchange.model:
            yield int(row["index"]), int(row["mask"]) - 1


def _new_layer(viewer: Viewer, layer: Layer) -> Labels:
    from napari.layers import Labels

    shape = (layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim]
    # The system gives memory to what is written alone.
    labels = Labels(
        np.zeros(shape, np.uint16),
        opacity=0.5,
        features={name: [] for name in _FEATURES},
        colormap={None: _OWN, 0: "transparent"},
        **place_of(layer, MASKS),
    )
    add_above(viewer, labels)
    return labels


def _write(data: npt.NDArray[np.uint16], places: npt.NDArray[np.float64], value: int) -> None:
    at = places.astype(np.int64)
    inside = ((at >= 0) & (at < data.shape)).all(axis=1)
    data[tuple(at[inside].T)] = value


def _dress(labels: Labels, rows: dict[str, list[object]], colours: dict[object, object]) -> None:
    from napari.utils.colormaps import DirectLabelColormap

    labels.features = rows
    labels.colormap = DirectLabelColormap(color_dict=colours)
    labels.refresh()

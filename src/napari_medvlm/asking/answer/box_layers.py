"""Between a Shapes layer, as napari hands it to writers and takes it from readers, and a file."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ...imaging import Clip, Volume
from ...imaging.layers import SOURCE_KEY
from ...imaging.taking import source_id
from .box_files import BoxFile, Fact, FileBox
from .marks import KEY, TEXTS

LayerData = tuple[Any, dict[str, Any], str]


def source_of(image: Any) -> Volume | Clip | None:
    """The scan or clip behind an image layer of ours; None for others."""
    found = getattr(image, "metadata", {}).get(SOURCE_KEY)
    return found if isinstance(found, Volume | Clip) else None


def to_file(data: Sequence[Any], attributes: Mapping[str, Any]) -> BoxFile:
    """What is written of a Shapes layer.

    Parameters
    ----------
    data
        Its shapes: (corners, axes) each.
    attributes
        As napari gives them to writers.
    """
    mark = attributes.get("metadata", {}).get(KEY)
    mark = mark if isinstance(mark, dict) else {}
    image = mark["of"]() if callable(mark.get("of")) else None
    source = source_of(image)
    axes = len(attributes["scale"])
    rows = _rows(attributes.get("features"), len(data))
    colours = np.asarray(attributes["edge_color"], dtype=np.float64)
    kinds = attributes["shape_type"]
    return BoxFile(
        role=str(mark.get("role", "")),
        source=str(mark.get("source", "")) if source is None else source_id(source),
        scale=tuple(float(value) for value in attributes["scale"]),
        translate=tuple(float(value) for value in attributes["translate"]),
        units=tuple(str(unit) for unit in attributes.get("units") or ("pixel",) * axes),
        axis_labels=tuple(str(one) for one in attributes.get("axis_labels") or ("",) * axes),
        boxes=tuple(
            FileBox(
                np.asarray(corners, dtype=np.float64),
                _millimetres(np.asarray(corners, dtype=np.float64), source),
                kinds if isinstance(kinds, str) else str(kinds[number]),
                _hex(colours[number] if colours.ndim == 2 else colours),
                rows[number],
            )
            for number, corners in enumerate(data)
        ),
    )


def from_file(
    boxes: BoxFile, place: Mapping[str, Any] | None = None, of: Callable[[], Any] | None = None
) -> LayerData:
    """The layer that a file holds.

    Parameters
    ----------
    boxes
        As read.
    place
        Scale, translation, units and the like of the open image that they are on; None takes
        those of the file.
    of
        Gives that image, or None when it is gone.
    """
    names = dict.fromkeys(name for box in boxes.boxes for name in box.features)
    features = {name: [box.features.get(name) for box in boxes.boxes] for name in names}
    attributes: dict[str, Any] = {
        "name": boxes.role or "boxes",
        "ndim": len(boxes.scale),
        "scale": boxes.scale,
        "translate": boxes.translate,
        "units": boxes.units,
        "axis_labels": boxes.axis_labels,
        "face_color": "transparent",
        "opacity": 1.0,
        "features": features,
    }
    if boxes.boxes:
        attributes["shape_type"] = [box.shape for box in boxes.boxes]
        attributes["edge_color"] = [box.colour for box in boxes.boxes]
    if boxes.role and set(_feature_names(TEXTS[boxes.role])) <= set(names):
        attributes["text"] = dict(TEXTS[boxes.role])
    attributes |= place or {}
    if boxes.role:
        mark = {"role": boxes.role, "of": of or _nothing, "source": boxes.source}
        attributes["metadata"] = {KEY: mark}
    return [box.corners for box in boxes.boxes], attributes, "shapes"


def _nothing() -> None:
    return None


def _feature_names(text: Mapping[str, Any]) -> list[str]:
    named = [part.partition("}")[0] for part in str(text["string"]).split("{")[1:]]
    colour = text["color"]
    return [*named, *(colour.values() if isinstance(colour, dict) else ())]


def _millimetres(
    corners: npt.NDArray[np.float64], source: Volume | Clip | None
) -> npt.NDArray[np.float64] | None:
    if not isinstance(source, Volume) or source.unit != "mm":
        return None
    spatial = np.zeros((len(corners), 4))
    spatial[:, 3] = 1
    count = min(corners.shape[1], 3)
    spatial[:, 3 - count : 3] = corners[:, -count:]
    return np.asarray((spatial @ np.asarray(source.affine, dtype=np.float64).T)[:, :3])


def _rows(features: Any, count: int) -> list[dict[str, Fact]]:
    if features is None or not len(features):
        return [{}] * count
    return [
        {str(name): _fact(value) for name, value in row.items()}
        for row in features.to_dict("records")
    ]


def _fact(value: Any) -> Fact:
    plain = value.item() if isinstance(value, np.generic) else value
    if isinstance(plain, float) and not np.isfinite(plain):
        return None
    return plain if isinstance(plain, str | bool | int | float) else None


def _hex(colour: npt.NDArray[np.float64]) -> str:
    return "#" + "".join(f"{round(255 * min(max(float(part), 0), 1)):02x}" for part in colour[:3])

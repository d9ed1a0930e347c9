"""Findings and regions in a file: JSON with array indices and millimetres, and no identity.

napari's own writer of shapes (csv) leaves out labels, questions and colours.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import RecordError
from .marks import FINDINGS, REGIONS

FORMAT = "medvlm boxes"
VERSION = 1
_AXES = (
    "array indices of the image, in the order of its axes (slice, row, column; a time axis before "
    "them); centres of voxels are whole numbers"
)
_MOST_BYTES = 64 << 20
_SHAPES = ("rectangle", "ellipse", "line", "path", "polygon")
_COLOUR = re.compile(r"#[0-9a-f]{6}")
_HASH = re.compile(r"[0-9a-f]{8,64}")

Fact = str | int | float | bool | None


@dataclass(frozen=True, eq=False)
class FileBox:
    """One shape.

    Parameters
    ----------
    corners
        float64 (corners, axes): array indices of its image.
    millimetres
        float64 (corners, 3): the same in RAS+ mm; None where the image has no spacing.
    shape
        "rectangle", or another of napari's kinds.
    colour
        Of its line: "#e69f00".
    features
        Label, model, question and the like.
    """

    corners: npt.NDArray[np.float64]
    millimetres: npt.NDArray[np.float64] | None = None
    shape: str = "rectangle"
    colour: str = "#ffff00"
    features: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class BoxFile:
    """What a file of boxes holds.

    Parameters
    ----------
    role
        "findings", "regions", or "" for other shapes.
    source
        Content hash of the image that they are on; "" where it is not known.
    scale, translate
        Of the layer they were on, in its units: where they go while that image is not open.
    units, axis_labels
        Of that layer's axes.
    boxes
        In their order.
    """

    role: str
    source: str
    scale: tuple[float, ...]
    translate: tuple[float, ...]
    units: tuple[str, ...]
    axis_labels: tuple[str, ...]
    boxes: tuple[FileBox, ...] = ()


def is_box_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins as ours do."""
    try:
        with open(path, "rb") as file:
            return f'"format": "{FORMAT}"'.encode() in file.read(200)
    except OSError:
        return False


def write_boxes(path: str | os.PathLike[str], boxes: BoxFile) -> None:
    """Write a file of boxes, whole or not at all.

    Raises
    ------
    RecordError
        If it cannot be written.
    """
    file = Path(path)
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        partial.write_text(json.dumps(_to_plain(boxes), indent=1), encoding="utf-8")
        os.replace(partial, file)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise RecordError(f"{file.name} cannot be written: {error.strerror}.") from error


def read_boxes(path: str | os.PathLike[str]) -> BoxFile:
    """Read a file of boxes.

    Raises
    ------
    RecordError
        If it is none, or damaged.
    """
    file = Path(path)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise RecordError(f"{file.name} is too large for a file of boxes.")
        plain = json.loads(file.read_bytes())
        if not isinstance(plain, dict) or plain.get("format") != FORMAT:
            raise RecordError(
                f"{file.name} is no file of boxes of this program.",
                "Such files are written by File > Save Selected Layers.",
            )
        if plain.get("version") != VERSION:
            raise RecordError(
                f"{file.name} was written by another version: {plain.get('version')!r}.",
                "Update this program.",
            )
        return _from_plain(plain)
    except OSError as error:
        raise RecordError(f"{file.name} cannot be read: {error.strerror}.") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError(f"{file.name} is damaged: {error}.") from error


def _to_plain(boxes: BoxFile) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "role": boxes.role,
        "source": boxes.source,
        "corners_index": _AXES,
        "layer": {
            "scale": list(boxes.scale),
            "translate": list(boxes.translate),
            "units": list(boxes.units),
            "axis_labels": list(boxes.axis_labels),
        },
        "boxes": [
            {
                "shape": box.shape,
                "corners_index": box.corners.tolist(),
                "corners_ras_mm": None if box.millimetres is None else box.millimetres.tolist(),
                "colour": box.colour,
                "features": dict(box.features),
            }
            for box in boxes.boxes
        ],
    }


def _from_plain(plain: Mapping[str, Any]) -> BoxFile:
    layer = plain["layer"]
    axes = len(layer["scale"])
    if not 2 <= axes <= 8:
        raise ValueError(f"a layer of {axes} axes")
    scale = _numbers(layer["scale"], axes)
    if min(scale) <= 0:
        raise ValueError("a scale that is not positive")
    role, source = plain["role"], plain["source"]
    return BoxFile(
        role=role if role in (FINDINGS, REGIONS) else "",
        source=source if isinstance(source, str) and _HASH.fullmatch(source) else "",
        scale=scale,
        translate=_numbers(layer["translate"], axes),
        units=_words(layer["units"], axes),
        axis_labels=_words(layer["axis_labels"], axes),
        boxes=tuple(_box(box, axes) for box in plain["boxes"]),
    )


def _box(plain: Mapping[str, Any], axes: int) -> FileBox:
    shape, colour = plain["shape"], plain["colour"]
    if shape not in _SHAPES:
        raise ValueError(f"a shape {shape!r}")
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
        raise ValueError(f"a colour {colour!r}")
    millimetres = plain["corners_ras_mm"]
    return FileBox(
        _points(plain["corners_index"], axes),
        None if millimetres is None else _points(millimetres, 3),
        shape,
        colour,
        {str(name): _fact(value) for name, value in plain["features"].items()},
    )


def _points(plain: Any, axes: int) -> npt.NDArray[np.float64]:
    points = np.array(plain, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != axes or len(points) < 2:
        raise ValueError(f"corners of shape {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("corners that are not finite")
    return points


def _numbers(plain: Sequence[Any], count: int) -> tuple[float, ...]:
    values = tuple(float(value) for value in plain)
    if len(values) != count or not all(math.isfinite(value) for value in values):
        raise ValueError(f"{values} where {count} numbers are expected")
    return values


def _words(plain: Sequence[Any], count: int) -> tuple[str, ...]:
    if len(plain) != count or not all(isinstance(word, str) for word in plain):
        raise ValueError(f"{plain!r} where {count} words are expected")
    return tuple(plain)


def _fact(value: Any) -> Fact:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"a feature {value!r}")

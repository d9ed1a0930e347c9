"""Between Volumes and layers of a viewer, without importing one.

Layers are taken as they come: anything with ``data``, ``scale`` and so on. What this plugin
read carries its Volume or Clip along in the layer's metadata; of other image layers a Volume
is made that claims no more than the layer says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ImagingError, SelectionError
from . import grid
from .arrays import plain_voxels, scale_affine
from .clip import Clip, ClipArray
from .orientation import LETTERS, closest_patient_axes
from .volume import SPATIAL_AXES, Volume, Window
from .windowing import default_window

#: Keys of ``layer.metadata``: plain facts, and the Volume or Clip itself.
FACTS_KEY = "medvlm"
SOURCE_KEY = "medvlm_source"

#: Millimetres in the units of length that napari layers are seen with.
_MILLIMETRES = {
    "millimeter": 1.0, "millimetre": 1.0, "mm": 1.0,
    "micrometer": 1e-3, "micrometre": 1e-3, "micron": 1e-3, "um": 1e-3, "µm": 1e-3,
    "centimeter": 10.0, "centimetre": 10.0, "cm": 10.0, "nanometer": 1e-6, "nm": 1e-6,
    "meter": 1000.0, "metre": 1000.0, "m": 1000.0,
}  # fmt: skip

#: Truth values are black and white.
_TRUTH = Window(0.5, 1.0, "", "linear_exact")

LayerData = tuple[Any, dict[str, Any], str]


def layer_data(
    source: Volume | Clip,
    name: str | None = None,
    report: Callable[[ImagingError], None] | None = None,
) -> LayerData:
    """A layer data tuple as napari takes it.

    World axes are the array axes, so that napari's sliders run over stored slices; see
    ``layer_transform`` for their coordinates. A time axis leads, counted in steps.

    Parameters
    ----------
    source
        What to show.
    name
        Name of the layer; by default the source's title, which is for the screen alone, or its
        pseudonym where it has none.
    report
        Of a lazily read Volume: show slices that cannot be decoded as 0, and call this once for
        each of them, from the thread that looked at it. Without it, looking at them raises.

    Returns
    -------
    data, attributes, "image"
    """
    facts: dict[str, Any] = {
        "name": source.name,
        "modality": source.modality,
        "remarks": list(source.remarks),
    }
    attributes: dict[str, Any] = {
        "name": name or source.title or source.name,
        "metadata": {FACTS_KEY: facts, SOURCE_KEY: source},
    }
    if isinstance(source, Clip):
        facts |= {"kind": "clip", "frames": len(source), "fps": source.fps}
        steps = getattr(source, "spacing", None)
        attributes |= {
            "rgb": True,
            "axis_labels": ("t", *SPATIAL_AXES[1:]),
            "scale": (1.0, *(steps or (1.0, 1.0))),
            "units": ("pixel", *(("mm" if steps else "pixel",) * 2)),
            "contrast_limits": (0, 255),
        }
        return source.as_array(), attributes, "image"
    grid.remember(source)
    scale, translate = layer_transform(source)
    facts |= {
        "kind": "volume",
        "body_part": source.body_part,
        "oriented": source.oriented,
        "spacing": list(source.spacing),
        "unit": source.unit,
        "axes": axis_letters(source),
        **source.facts,
    }
    time = ("t",) if source.temporal else ()
    attributes |= {
        "rgb": source.coloured,
        "scale": scale,
        "translate": translate,
        "axis_labels": (*time, *SPATIAL_AXES),
        "units": (*("pixel" for _ in time), *((source.unit,) * 3)),
    }
    shown = _shown(source.voxels, report)
    if not source.coloured:
        # Measured on what is shown: a broken slice must not keep the others from the screen.
        measured = source if shown is source.voxels else replace(source, voxels=shown)
        window = default_window(measured)
        attributes["contrast_limits"] = (0.0, 255.0) if window is None else window.limits
    return shown, attributes, "image"


def _shown(voxels: Any, report: Callable[[ImagingError], None] | None) -> Any:
    lazily = not isinstance(voxels, np.ndarray) and hasattr(voxels, "shown")
    return voxels.shown(report) if lazily and report is not None else voxels


def layer_transform(volume: Volume) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Scale and translation with which a Volume lies in napari, one number an array axis.

    Coordinates along each array axis are patient coordinates in mm, measured in the direction
    in which the index grows: an axis that runs from front to back counts posterior mm. Volumes
    whose axes have the same directions therefore overlay correctly, whatever their spacing;
    others do not. Negative scales and permuted axes would put all Volumes into one space, but
    napari slices through neither correctly (sliders end up between slices).
    """
    scale = volume.spacing
    translate = (0.0, 0.0, 0.0)
    if volume.oriented and volume.unit == "mm":
        z, y, x = (volume.affine[:3, :3] / scale).T @ volume.affine[:3, 3]
        translate = (float(z), float(y), float(x))
    if volume.temporal:
        return (1.0, *scale), (0.0, *translate)
    return scale, translate


def axis_letters(volume: Volume) -> str:
    """Patient sides that the array axes run towards, such as "SPL"; "???" where unknown."""
    if not volume.oriented:
        return "???"
    worlds, signs = closest_patient_axes(volume.affine)
    return "".join(LETTERS[w][s > 0] for w, s in zip(worlds, signs, strict=True))


def volume_of(layer: Any) -> Volume | Clip:
    """The Volume or Clip behind a layer.

    For layers this plugin read, what was read (with the layer's present values, should they
    have been replaced). For other image layers a Volume of unknown orientation, made of
    ``layer.data``: two axes are (rows, columns), three (slices, rows, columns), four have time
    in front; RGB is the last axis. Spacing comes from the layer's scale and affine, its unit
    from ``layer.units`` (units of length become mm, all others count as pixels). Of a
    multiscale layer the finest level is taken; lazily loaded data is loaded.

    Raises
    ------
    SelectionError
        If the layer is no image layer, or has another number of axes.
    """
    kind = str(getattr(layer, "_type_string", type(layer).__name__)).lower()
    if kind != "image":
        raise SelectionError(
            f"The model can look at image layers; this is a layer of {kind}.",
            "Choose an image layer.",
        )
    data = layer.data[0] if getattr(layer, "multiscale", False) else layer.data
    data = getattr(data, "voxels", data)  # of lazily read voxels, what is shown in their stead
    source = getattr(layer, "metadata", {}).get(SOURCE_KEY)
    if isinstance(source, Clip) and isinstance(data, ClipArray):
        return source
    if isinstance(source, Volume) and tuple(data.shape) == source.voxels.shape:
        same = data is source.voxels
        return source if same else _with_other_voxels(source, data, _limits(layer))
    return _from_layer(layer, data)


def _limits(layer: Any) -> Any:
    return getattr(layer, "contrast_limits", None)


def _with_other_voxels(source: Volume, data: Any, limits: Any) -> Volume:
    before = source.undeclared | ({"identity": ""} if source.undeclared else {})
    voxels = _voxels(data, source.coloured, limits)
    return replace(source, voxels=voxels, identity="", undeclared=before)


def _voxels(data: Any, coloured: bool, limits: Any = None) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.asarray(data)
    return _eight_bit_colours(array, limits) if coloured else plain_voxels(array)[0]


def _eight_bit_colours(array: npt.NDArray[Any], limits: Any) -> npt.NDArray[np.uint8]:
    """RGB without transparency as it looks: between the contrast limits of its layer.

    napari applies them to each channel. Without them fractions run from 0 to 1, and whole
    numbers to the largest of their type.
    """
    array = array[..., :3]
    if array.dtype == np.uint8:
        return array  # its limits are applied where slices are taken
    if limits is None:
        limits = (0.0, 1.0 if array.dtype.kind in "fb" else float(np.iinfo(array.dtype).max))
    low, high = (float(limit) for limit in limits)
    values = np.nan_to_num(array.astype(np.float64), nan=low)
    share = (values - low) / (high - low) if high > low else np.zeros_like(values)
    return np.asarray((np.clip(share, 0, 1) * 255 + 0.5).astype(np.uint8))


def _from_layer(layer: Any, data: Any) -> Volume:
    coloured = bool(getattr(layer, "rgb", False))
    array = np.asarray(data)
    axes = array.ndim - coloured
    if axes not in (2, 3, 4) or array.size == 0:
        raise SelectionError(
            f"An image layer of two to four axes is expected (time, slices, rows, columns); "
            f"this one has {axes} (shape {array.shape}).",
            "Take a part of it into a layer of its own.",
        )
    if array.dtype.kind not in "biuf":
        raise SelectionError(
            f"An image layer of real numbers is expected; this one holds {array.dtype}."
        )
    voxels = _voxels(array[None] if axes == 2 else array, coloured, _limits(layer))
    remarks = ["Made from a layer that another reader opened: the orientation is unknown."]
    if coloured and array.dtype != np.uint8:
        remarks.append(f"Its colours are {array.dtype}: they are sent as 8 bit, as they look.")
    spacing, unit = layer_spacing(layer, min(axes, 3))
    return Volume(
        voxels=voxels,
        affine=scale_affine(*spacing),
        name="image layer",
        windows=(_TRUTH,) if array.dtype == np.bool_ else (),
        remarks=tuple(remarks),
        oriented=False,
        coloured=coloured,
        temporal=axes == 4,
        unit=unit,
        facts={"format": "layer"},
    ).named()


def layer_spacing(layer: Any, axes: int) -> tuple[tuple[float, float, float], str]:
    """Spacing (slice, row, column) of a layer's last two or three axes, and its unit."""
    scale = np.asarray(getattr(layer, "scale", np.ones(axes)), dtype=np.float64)[-axes:]
    affine = getattr(layer, "affine", None)
    linear = np.asarray(getattr(affine, "linear_matrix", np.eye(axes)))[-axes:, -axes:]
    lengths = np.linalg.norm(linear * scale, axis=0)
    units = [str(unit) for unit in getattr(layer, "units", None) or ()][-axes:]
    unit = "pixel"
    if units and all(u in _MILLIMETRES for u in units):
        lengths = lengths * [_MILLIMETRES[u] for u in units]
        unit = "mm"
    k, j, i = (1.0, *lengths) if axes == 2 else tuple(lengths)
    return (float(k), float(j), float(i)), unit


def layer_unit(attributes: Mapping[str, Any]) -> tuple[str, float]:
    """Unit of a layer's last axes, and what brings them to it: ("mm", 0.001) of micrometres.

    "pixel" where the layer names no one unit of length.
    """
    units = {str(unit) for unit in (attributes.get("units") or ())[-3:]}
    if len(units) == 1 and (unit := units.pop()) in _MILLIMETRES:
        return "mm", _MILLIMETRES[unit]
    return "pixel", 1.0

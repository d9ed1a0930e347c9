"""Where an NRRD image lies in the patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .nrrd_axes import Axes
from .stored import sound_affine

#: Signs that bring each space of the patient to RAS (teem.sourceforge.net/nrrd/format.html).
_SPACES = {
    "right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1), "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1),
}  # fmt: skip
_MILLIMETRES = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1000.0, "um": 1e-3, "µm": 1e-3}


@dataclass(frozen=True, eq=False)
class Place:
    """Geometry of a Volume; see there."""

    affine: npt.NDArray[np.float64]
    oriented: bool
    unit: str
    remarks: tuple[str, ...]


def geometry(fields: dict[str, Any], axes: Axes) -> Place:
    """The affine of (k, j, i), and what to know about it.

    Raises
    ------
    ValueError
        If directions or origin are not of three components.
    """
    space = str(fields.get("space", "")).lower()
    directions = fields.get("space directions")
    if directions is None:
        return _spacings(fields, axes)
    columns = np.array([directions[n] for n in axes.spatial], dtype=np.float64).T
    origin = np.asarray(fields.get("space origin", np.zeros(len(columns))), dtype=np.float64)
    if columns.shape[0] == 2 and origin.shape == (2,):
        return _flat(columns, origin)
    if columns.shape[0] != 3 or origin.shape != (3,):
        raise ValueError(f"space directions of {columns.shape[0]} components in space “{space}”")
    remarks = [
        f"Orientation and spacing from the NRRD header ({space})."
        if space in _SPACES
        else "The NRRD header names no space of the patient: the orientation is unknown."
    ]
    if "space origin" not in fields:
        remarks.append("The header gives no origin; positions start at 0.")
    if columns.shape[1] == 2:
        normal = np.cross(columns[:, 0], columns[:, 1])
        columns = np.column_stack([columns, normal / (np.linalg.norm(normal) or 1.0)])
        remarks.append("A single slice of unknown thickness; 1 mm is assumed.")
    factor, said = _unit(fields.get("space units"))
    signs = np.diag(np.array(_SPACES.get(space, (1, 1, 1)), dtype=np.float64))
    affine = np.eye(4)
    affine[:3, :3] = (signs @ columns * factor)[:, ::-1]
    affine[:3, 3] = signs @ np.nan_to_num(origin) * factor
    affine, sound, degenerate = sound_affine(affine)
    return Place(affine, sound and space in _SPACES, "mm", (*remarks, *said, *degenerate))


def _flat(columns: npt.NDArray[np.float64], origin: npt.NDArray[np.float64]) -> Place:
    # A plane that says nothing about the patient.
    affine = np.diag([1.0, *np.linalg.norm(columns, axis=0)[::-1], 1.0])
    affine, _, degenerate = sound_affine(affine)
    said = "A space of two dimensions: the orientation in the patient is unknown."
    return Place(affine, False, "mm", (said, *degenerate))


def _spacings(fields: dict[str, Any], axes: Axes) -> Place:
    given = fields.get("spacings")
    if given is None:
        said = "The NRRD header holds neither spacing nor orientation: sizes are in pixels."
        return Place(np.eye(4), False, "pixel", (said,))
    lengths = [abs(float(given[n])) for n in axes.spatial] + [1.0]
    lengths = [length if np.isfinite(length) else 1.0 for length in lengths[:3]]
    affine, _, degenerate = sound_affine(np.diag([*reversed(lengths), 1.0]))
    said = "The NRRD header holds spacing without orientation, which is unknown; mm is assumed."
    return Place(affine, False, "mm", (said, *degenerate))


def _unit(units: Any) -> tuple[float, list[str]]:
    named = {str(unit).lower() for unit in units} if units else set()
    if not named or named <= {"mm", "millimeter"}:
        return 1.0, []
    if len(named) == 1 and (unit := named.pop()) in _MILLIMETRES:
        return _MILLIMETRES[unit], [f"The header's unit of length is {unit}; converted to mm."]
    return 1.0, ["The header's units of length are not known; mm is assumed."]

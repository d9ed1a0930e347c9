"""Where a NIfTI image lies in the patient and in time, as its header tells."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from .stored import sound_affine

#: Meaning of sform_code and qform_code (nifti1.h, NIFTI_XFORM_*).
_SPACES = {1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI 152", 5: "template"}
#: Millimetres in the spatial units that a NIfTI header can name.
_MILLIMETRES = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
#: Both forms are stored as float32; below this many mm at the corners they say the same.
_SAME = 0.01

Affine = npt.NDArray[np.float64]


def geometry(header: Any, analyze: bool) -> tuple[Affine, bool, tuple[str, ...]]:
    """The affine of (k, j, i), whether it is an orientation, and what to know about it.

    The sform goes before the qform, as in nibabel; without either the spacing is pixdim's.
    """
    affine = np.asarray(header.get_best_affine(), dtype=np.float64).copy()
    # Columns from (i, j, k) to (k, j, i).
    affine[:, :3] = affine[:, 2::-1]
    if analyze:
        remarks = ["Analyze 7.5: spacing from pixdim, the orientation is unknown."]
        oriented, unit = False, "unknown"
    else:
        oriented, remarks = _forms(header)
        unit = units(header)[0]
    if unit == "unknown":
        remarks.append("The header names no unit of length; mm is assumed.")
    elif unit != "mm":
        remarks.append(f"The header's unit of length is {unit}; converted to mm.")
    affine[:3] *= _MILLIMETRES.get(unit, 1.0)
    affine, sound, degenerate = sound_affine(affine)
    return affine, oriented and sound, (*remarks, *degenerate)


def _forms(header: Any) -> tuple[bool, list[str]]:
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform > 0:
        remarks = [f"Orientation and spacing from the sform (code {sform}{_space(sform)})."]
        return True, remarks + (_disagreement(header) if qform > 0 else [])
    if qform > 0:
        return True, [f"Orientation and spacing from the qform (code {qform}{_space(qform)})."]
    return False, [
        "Neither sform nor qform is set: spacing from pixdim, the orientation is unknown."
    ]


def _space(code: int) -> str:
    return f", {_SPACES[code]}" if code in _SPACES else ""


def _disagreement(header: Any) -> list[str]:
    try:
        qform = header.get_qform()
    except (ValueError, ArithmeticError):
        return ["The qform is set and cannot be computed; the sform is used."]
    last = [int(n) - 1 for n in (*header.get_data_shape(), 1, 1, 1)[:3]]
    corners = np.array([(*corner, 1) for corner in product(*((0, n) for n in last))])
    apart = np.linalg.norm((corners @ (header.get_sform() - qform).T)[:, :3], axis=1).max()
    apart *= _MILLIMETRES.get(units(header)[0], 1.0)
    if apart <= _SAME:
        return []
    return [
        f"The qform disagrees with the sform, by up to {apart:.3g} mm at the corners; "
        "the sform is used."
    ]


def units(header: Any) -> tuple[str, str]:
    """Units of length and time in nibabel's words; "unknown" where the standard knows none."""
    try:
        length, time = header.get_xyzt_units()
    except KeyError:
        return "unknown", "unknown"
    return str(length), str(time)


def times(header: Any, count: int) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Seconds of each entry of the fourth axis, or a remark that they are unknown."""
    try:
        unit = units(header)[1]
        step, start = float(header["pixdim"][4]), float(header["toffset"])
    except (KeyError, ValueError):
        unit, step, start = "unknown", 0.0, 0.0
    if unit not in _SECONDS or not 0 < step < np.inf:
        return (), (f"The fourth axis has {count} entries of unknown time.",)
    seconds, first = step * _SECONDS[unit], start * _SECONDS[unit]
    first = first if np.isfinite(first) else 0.0
    return tuple(round(first + n * seconds, 6) for n in range(count)), (
        f"{count} time points, {seconds:g} s apart, from pixdim.",
    )

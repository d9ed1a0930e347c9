"""Where a NIfTI image lies in the patient and in time, as its header tells."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ...extras import require
from .stored import sound_affine

#: Meaning of sform_code and qform_code (nifti1.h, NIFTI_XFORM_*).
_SPACES = {1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI 152", 5: "template"}
#: Millimetres in the spatial units that a NIfTI header can name.
_MILLIMETRES = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}
#: Both forms are stored as float32; below this many mm at the corners they say the same.
_SAME = 0.01

Affine = npt.NDArray[np.float64]


def geometry(
    header: Any, analyze: bool, pixdim: Sequence[float]
) -> tuple[Affine, bool, tuple[str, ...]]:
    """The affine of (k, j, i), whether it is an orientation, and what to know about it.

    The sform goes before the qform, as in nibabel; without either the spacing is pixdim's. A
    form whose code is set and that is no transform (of zeros, of no volume, not finite, a
    quaternion longer than 1) is passed over, with a remark.

    Parameters
    ----------
    header
        nibabel's, which has mended what it found wrong in pixdim.
    analyze
        Whether it is Analyze's, which has no forms.
    pixdim
        The three spacings as they stand in the file.
    """
    if analyze:
        said = "Analyze 7.5: spacing from pixdim, the orientation is unknown."
        form = _Form(None, "", [said])
    else:
        form = _believed(header)
    affine, remarks = form.matrix, form.remarks
    if affine is None:
        affine = np.diag([*(_distance(step) for step in pixdim), 1.0])
    if form.name != "sform":  # the spacing of a qform is pixdim's
        remarks += _odd_distances(pixdim[: len(header.get_data_shape())])
    # Columns from (i, j, k) to (k, j, i).
    affine[:, :3] = affine[:, 2::-1]
    unit = "unknown" if analyze else units(header)[0]
    if unit == "unknown":
        remarks.append("The header names no unit of length; mm is assumed.")
    elif unit != "mm":
        remarks.append(f"The header's unit of length is {unit}; converted to mm.")
    affine[:3] *= _MILLIMETRES.get(unit, 1.0)
    affine, sound, degenerate = sound_affine(affine)
    return affine, bool(form.name) and sound, (*remarks, *degenerate)


class _Form(NamedTuple):
    """The form that is believed: (i, j, k) to mm; None and no name where there is none."""

    matrix: Affine | None
    name: str
    remarks: list[str]


def _believed(header: Any) -> _Form:
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    remarks: list[str] = []
    for name, code, get in (
        ("sform", sform, header.get_sform),
        ("qform", qform, header.get_qform),
    ):
        if code <= 0:
            continue
        matrix = _transform(get)
        if matrix is None:
            remarks.append(f"The {name} is set (code {code}) but is no transform; it is not used.")
            continue
        remarks.append(f"Orientation and spacing from the {name} (code {code}{_space(code)}).")
        if name == "sform" and qform > 0:
            remarks += _disagreement(header, matrix)
        return _Form(matrix, name, remarks)
    what = "No usable sform or qform" if remarks else "Neither sform nor qform is set"
    said = f"{what}: spacing from pixdim, the orientation is unknown."
    return _Form(None, "", [*remarks, said])


def _transform(get: Callable[[], Any]) -> Affine | None:
    """A form as (i, j, k) to mm; None where it is no transform."""
    nib: Any = require("nibabel", "to read NIfTI files")
    wrong = (ValueError, ArithmeticError, nib.spatialimages.HeaderDataError)
    try:
        with np.errstate(all="ignore"):
            matrix = np.array(get(), dtype=np.float64)
    except wrong:
        return None
    return matrix if sound_affine(matrix)[1] else None


def _distance(step: float) -> float:
    """The size of a spacing; 1 for what is no distance."""
    return abs(step) if np.isfinite(step) and step else 1.0


def _odd_distances(pixdim: Sequence[float]) -> list[str]:
    if all(np.isfinite(step) and step > 0 for step in pixdim):
        return []
    return ["A spacing in pixdim is negative or no distance; its size is taken, or else 1."]


def _space(code: int) -> str:
    return f", {_SPACES[code]}" if code in _SPACES else ""


def _disagreement(header: Any, sform: Affine) -> list[str]:
    qform = _transform(header.get_qform)
    if qform is None:
        return ["The qform is set and cannot be computed; the sform is used."]
    last = [int(n) - 1 for n in (*header.get_data_shape(), 1, 1, 1)[:3]]
    corners = np.array([(*corner, 1) for corner in product(*((0, n) for n in last))])
    apart = np.linalg.norm((corners @ (sform - qform).T)[:, :3], axis=1).max()
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

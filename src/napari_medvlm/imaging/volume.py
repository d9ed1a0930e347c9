"""The Volume: voxels with their place in the patient."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .declaration import NOTHING_DECLARED, Declaration

#: One axis label per array axis, slice first; ``t`` leads where there is time.
SPATIAL_AXES = ("z", "y", "x")


#: VOI LUT functions of DICOM PS3.3 C.11.2.1.2 and C.11.2.1.3, in lower case.
#: "table" is a VOI LUT (C.11.2.1.1).
WindowFunction = Literal["linear", "linear_exact", "sigmoid", "table"]


@dataclass(frozen=True)
class Window:
    """A display window (DICOM PS3.3 C.11.2.1.2).

    Parameters
    ----------
    centre, width
        In stored units after rescale (HU for CT). ``width`` is at least 1 for "linear",
        above 0 for the other functions.
    name
        Explanation such as "lung"; empty when the file gives none.
    function
        How values become grey: "linear" is DICOM's default, made for whole numbers;
        "linear_exact" suits fractional data, whose width may lie below 1.
    table
        For "table": grey values 0..255, evenly spaced from ``centre - width / 2`` to
        ``centre + width / 2``; beyond these ends the first and the last one hold on.
    """

    centre: float
    width: float
    name: str = ""
    function: WindowFunction = "linear"
    table: tuple[int, ...] = ()

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that are told apart (napari's contrast limits).

        Of a table the flat ends are left out: what a straight line between the limits shows
        comes near to what the table shows.
        """
        if len(self.table) > 1 and self.width > 0:
            steps = [n for n in range(1, len(self.table)) if self.table[n] != self.table[n - 1]]
            if steps:
                low, step = self.centre - self.width / 2, self.width / (len(self.table) - 1)
                return low + (steps[0] - 1) * step, low + steps[-1] * step
        return self.centre - self.width / 2, self.centre + self.width / 2


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and where they lie.

    Parameters
    ----------
    voxels
        Array of axes ``([time,] slice, row, column [, rgb])``; or what can be indexed like one
        and decodes its slices when they are asked for (``lazy.LazyVoxels``).
    affine
        4×4 float64: array indices ``(k, j, i, 1)`` of voxel centres to RAS+ millimetres.
        Where ``oriented`` is false only its scale means anything.
    name
        Pseudonymous: never a patient's name or id. What is saved uses this one.
    modality
        DICOM modality ("CT", "MR", "CR", "DX", "US", …), empty when unknown.
    windows
        Suggested windows, the first is the default; empty where there is none.
    remarks
        What a reader must know about the geometry, one sentence each.
    oriented
        Whether the file said how the patient lies (false for npy and png).
    coloured, temporal
        Whether the last axis is RGB, and whether the first axis is time.
    unit
        Unit of the affine's columns: "mm", or "pixel" where no spacing is known.
    times
        Seconds of each time point where ``temporal`` and known; else empty.
    body_part
        As the file says it, empty when unknown.
    patient_orientation
        Of a single image without a place in the patient: the directions in which rows (from the
        first column to the last) and columns (from the first row to the last) run, as the header
        has them: letters of A, P, R, L, H (head), F (feet) such as ``("L", "F")``
        (PatientOrientation (0020,0020), PS3.3 C.7.6.1.1.1). One may be "". Empty where unknown.
    slice_positions
        Exact place of each slice in mm along the slice normal, where slices are not evenly
        spaced and one affine cannot hold that; else empty.
    facts
        Further plain facts about the source (format, number of images). Never identity.
    identity
        SHA-256 that tells the scan apart before its voxels are read, where its files hold
        something like that; else empty.
    padding
        Lowest and highest value that mean "nothing was imaged here". Such voxels stay as they
        are, and are left out of what is measured about the range of the others.
    title
        What people call it: its file's name, or the series' description. For the screen only,
        never saved: people write patients' names there. Safe to show (see ``safe_text``).
    declared
        What a person said where the file is silent (see ``declaring``); it is in the other fields
        already.
    undeclared
        What these fields were before, by their names.
    """

    voxels: npt.NDArray[Any]
    affine: npt.NDArray[np.float64]
    name: str = "volume"
    modality: str = ""
    windows: tuple[Window, ...] = ()
    remarks: tuple[str, ...] = ()
    oriented: bool = True
    coloured: bool = False
    temporal: bool = False
    unit: str = "mm"
    times: tuple[float, ...] = ()
    body_part: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    slice_positions: tuple[float, ...] = ()
    identity: str = ""
    padding: tuple[float, float] | None = None
    patient_orientation: tuple[str, ...] = ()
    title: str = ""
    declared: Declaration = NOTHING_DECLARED
    undeclared: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        # Without the voxels, which are large, and the title, since a repr may end in a log.
        k, j, i = (f"{s:.4g}" for s in self.spacing)
        kind = f"{self.voxels.dtype} {self.voxels.shape}"
        return f"Volume({self.name!r}, {kind}, spacing=({k}, {j}, {i}) {self.unit})"

    @property
    def spatial_shape(self) -> tuple[int, int, int]:
        """Counts of (slices, rows, columns)."""
        start = 1 if self.temporal else 0
        k, j, i = self.voxels.shape[start : start + 3]
        return int(k), int(j), int(i)

    @property
    def spacing(self) -> tuple[float, float, float]:
        """Distance between voxel centres along (slice, row, column), in ``unit``."""
        k, j, i = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(k), float(j), float(i)

    @property
    def time_count(self) -> int:
        """Number of time points; 1 where there is no time axis."""
        return int(self.voxels.shape[0]) if self.temporal else 1

    def at_time(self, time: int = 0) -> npt.NDArray[Any]:
        """Voxels of one time point, ``(slice, row, column[, rgb])``; a view."""
        return self.voxels[time] if self.temporal else self.voxels

    @cached_property
    def digest(self) -> str:
        """SHA-256 of shape, type, geometry and voxels: the same scan has the same digest."""
        state = hashlib.sha256(repr((self.voxels.shape, self.voxels.dtype.str)).encode())
        state.update(np.ascontiguousarray(self.affine, dtype="<f8").tobytes())
        state.update(np.asarray(self.slice_positions, dtype="<f8").tobytes())
        # Slice by slice, so that a strided view is never copied as a whole.
        for part in np.asarray(self.voxels):
            state.update(np.ascontiguousarray(part).data)
        return state.hexdigest()

    def described(self, **changes: Any) -> Volume:
        """The same voxels in the same place, described otherwise; their digest is carried over.

        Parameters
        ----------
        changes
            Fields other than voxels, affine and slice positions.
        """
        other = replace(self, **changes)
        if "digest" in self.__dict__:
            other.__dict__["digest"] = self.digest
        return other

    def named(self) -> Volume:
        """The same Volume, its digest's first digits added to its name.

        File names often hold patients' names, so a Volume is told apart by its content.
        """
        return self.described(name=f"{self.name} {self.digest[:6]}")

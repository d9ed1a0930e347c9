"""The Volume: voxels with their place in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

#: One axis label per array axis, slice first; ``t`` leads where there is time.
SPATIAL_AXES = ("z", "y", "x")


@dataclass(frozen=True)
class Window:
    """A display window (DICOM PS3.3 C.11.2.1.2, linear function).

    Parameters
    ----------
    centre, width
        In stored units after rescale (HU for CT). ``width`` is at least 1.
    name
        Explanation such as "lung"; empty when the file gives none.
    """

    centre: float
    width: float
    name: str = ""

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that are told apart (napari's contrast limits)."""
        return self.centre - self.width / 2, self.centre + self.width / 2


@dataclass(frozen=True, eq=False)
class Volume:
    """Voxels and where they lie.

    Parameters
    ----------
    voxels
        Array of axes ``([time,] slice, row, column [, rgb])``.
    affine
        4×4 float64: array indices ``(k, j, i, 1)`` of voxel centres to RAS+ millimetres.
        Where ``oriented`` is false only its scale means anything.
    name
        Pseudonymous: never a patient's name or id.
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
        Seconds of each time point where ``temporal``.
    """

    voxels: npt.NDArray[np.generic]
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

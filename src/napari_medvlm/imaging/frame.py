"""The Frame: one image exactly as the model gets it, and the way back to its source."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .slab import FrameSlab
from .volume import Window

BoxXYXY = tuple[float, float, float, float]


def _identity_map() -> npt.NDArray[np.float64]:
    # (x, y, 1) in pixel-edge coordinates -> (k, j, i) voxel indices of slice 0.
    return np.array([[0, 0, 0], [0, 1, -0.5], [1, 0, -0.5]], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Frame:
    """One image of a Selection.

    Parameters
    ----------
    pixels
        uint8 (rows, columns, 3), after window and orientation, before any model's resize.
    source
        Content hash or name of the Volume or Clip; never a path or a patient's name.
    plane
        "axial", "coronal", "sagittal", "acquired" or "frame" (of a clip).
    index
        Slice or frame number in the source, from 0.
    position
        Along the plane's normal in mm, or seconds for a clip; None where unknown.
    unit
        "mm", "s" or "".
    window
        The window used; None where the source was already 8 bit.
    to_source
        3×3: pixel-edge coordinates ``(x, y, 1)`` of this frame to array indices
        ``(k, j, i)`` (voxel centres; ``(t, j, i)`` for a clip) of the source.
    to_patient
        3×3: pixel-edge coordinates ``(x, y, 1)`` of this frame to RAS+ millimetres; None where
        the source's place in the patient is not known, or no plane's alone.
    modality
        DICOM modality of the source, empty when unknown.
    time
        Time point of a temporal source, from 0; None where there is none.
    slab
        The neighbouring slices that it was made of; None for a single one. ``index``,
        ``position`` and ``to_source`` are those of the slice in their middle.
    label
        What its source is called, where frames of several sources are sent together; else
        empty. Never a patient's name.
    declared
        What a person said of its source, where the file is silent: "modality=MR".
    reformatted
        Of a plane that cuts through the acquired slices: the distance between these (mm), which
        is that of the frame's samples in one direction. None for whole acquired slices.
    """

    pixels: npt.NDArray[np.uint8]
    source: str = ""
    plane: str = "acquired"
    index: int = 0
    position: float | None = None
    unit: str = ""
    window: Window | None = None
    to_source: npt.NDArray[np.float64] = field(default_factory=_identity_map)
    modality: str = ""
    time: int | None = None
    slab: FrameSlab | None = None
    label: str = ""
    declared: tuple[str, ...] = ()
    to_patient: npt.NDArray[np.float64] | None = None
    reformatted: float | None = None

    def __post_init__(self) -> None:
        p = self.pixels
        if p.dtype != np.uint8 or p.ndim != 3 or p.shape[2] != 3:
            msg = f"A frame needs uint8 pixels (rows, columns, 3); got {p.dtype} {p.shape}."
            raise ValueError(msg)

    @property
    def size_wh(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return int(self.pixels.shape[1]), int(self.pixels.shape[0])

    @cached_property
    def digest(self) -> str:
        """SHA-256 of shape and pixels: the key under which encoded images are kept."""
        head = repr(self.pixels.shape).encode()
        return hashlib.sha256(head + np.ascontiguousarray(self.pixels).tobytes()).hexdigest()

    def box_corners(self, box: BoxXYXY) -> npt.NDArray[np.float64]:
        """Corners of a box of this frame as array indices of the source.

        Parameters
        ----------
        box
            ``(x0, y0, x1, y1)`` in pixel-edge coordinates of this frame.

        Returns
        -------
        corners
            float64 (4, 3): ``(k, j, i)`` (or ``(t, j, i)``), in drawing order.
        """
        x0, y0, x1, y1 = box
        xy1 = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]], dtype=np.float64)
        return xy1 @ self.to_source.T

    def patient_corners(self, box: BoxXYXY) -> npt.NDArray[np.float64] | None:
        """Corners of a box of this frame in the patient.

        Parameters
        ----------
        box
            ``(x0, y0, x1, y1)`` in pixel-edge coordinates of this frame.

        Returns
        -------
        corners
            float64 (4, 3), RAS+ millimetres, in drawing order; None where they are not known.
        """
        if self.to_patient is None:
            return None
        x0, y0, x1, y1 = box
        xy1 = np.array([[x0, y0, 1], [x1, y0, 1], [x1, y1, 1], [x0, y1, 1]], dtype=np.float64)
        return xy1 @ self.to_patient.T

    @classmethod
    def from_pixels(cls, pixels: npt.NDArray[np.uint8], **facts: object) -> Frame:
        """Make a frame of an 8-bit grey or RGB array (rows, columns [, 3])."""
        array = np.asarray(pixels)
        if array.ndim == 2:
            array = np.repeat(array[..., None], 3, axis=2)
        return cls(pixels=array, **facts)  # type: ignore[arg-type]

"""The Selection: what of a Volume or a Clip the model may look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .slab import Slab
from .volume import Window

Plane = Literal["axial", "coronal", "sagittal", "acquired"]
#: How stored values become 8 bit: one window for all, or each slice by its own extremes.
Scaling = Literal["window", "slice_extremes"]

PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal", "acquired")


@dataclass(frozen=True)
class Selection:
    """Plane, slices and scaling; frozen, so that it can be kept with the answer.

    Parameters
    ----------
    indices
        Slice (or clip frame) numbers from 0, in the order they are sent.
    plane
        One of ``PLANES``; "acquired" takes the first array axis as stored. Ignored for clips.
    window
        None takes the Volume's first suggested window, or its 0.5–99.5 % range without one.
    scaling
        "window", or "slice_extremes": each slice from its own minimum to its own maximum.
    time
        Time point of a temporal Volume.
    slab
        Take so many neighbouring slices as one, around each index; None takes single slices.
        Ignored for clips.
    """

    indices: tuple[int, ...]
    plane: Plane = "axial"
    window: Window | None = None
    scaling: Scaling = "window"
    time: int = 0
    slab: Slab | None = None

"""Where the images of one volume lie: what ``geometry.place`` gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .header import ImageHeader
from .points import Unused


@dataclass(frozen=True, eq=False)
class Placement:
    """Images in their places.

    Parameters
    ----------
    points
        For each time point (or b-value, or phase) the images in slice order; one where there
        is no fourth axis.
    affine
        4×4, indices ``(k, j, i, 1)`` to RAS+ mm.
    oriented
        Whether the affine's directions and origin mean anything.
    unit
        "mm", or "pixel" where no spacing is known.
    slice_positions
        Exact place of each slice in mm along the slice normal, where slices are not evenly
        spaced; empty where the affine is exact.
    times
        Seconds of each point; empty where unknown or where the fourth axis is not time.
    unused
        Images that are not placed, and why.
    """

    points: tuple[tuple[ImageHeader, ...], ...]
    affine: npt.NDArray[np.float64]
    oriented: bool
    unit: str
    remarks: tuple[str, ...]
    slice_positions: tuple[float, ...] = ()
    times: tuple[float, ...] = ()
    unused: Unused = ()

"""How well the user's boxes and the model's agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ...dialogue.boxes import iou
from ...imaging import Frame
from ..choose.regions import SourceBox, on_frame


def overlap_words(
    corners: npt.NDArray[np.float64], frame: Frame, regions: Sequence[SourceBox]
) -> str:
    """The user's box that a model's box agrees with best: "IoU 0.62 with region 1".

    Parameters
    ----------
    corners
        float64 (corners, 3): of the model's box as it lies now, array indices of the source.
    frame
        The frame that the model saw it on.
    regions
        The user's boxes on the same image.

    Returns
    -------
    words
        "IoU 0.00" where no box of the user on that slice meets it; "" where the user drew none
        on that slice, or the model's box was moved off it.
    """
    own = on_frame(corners, frame)
    if own is None:
        return ""
    shown = [(on_frame(region.corners, frame), region) for region in regions]
    found = [(iou(own, box), region.label) for box, region in shown if box is not None]
    if not found:
        return ""
    best, label = max(found, key=lambda pair: pair[0])
    return f"IoU {best:.2f} with {label or 'your box'}" if best > 0 else "IoU 0.00"

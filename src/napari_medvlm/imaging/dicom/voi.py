"""How DICOM images are shown: the windows of a header, as they fit the voxels."""

from __future__ import annotations

from dataclasses import replace

from ..volume import Window
from .header import ImageHeader
from .units import is_coloured, mirror


def display_windows(header: ImageHeader) -> tuple[Window, ...]:
    """The header's windows, mirrored with the values where these are.

    The standard inverts after the VOI transformation. Values are mirrored before it here (see
    ``units``), and so are the windows: both ways give the same picture.

    8-bit images of which fewer bits are used would be shown dark; they get a window of their
    range where they have none.
    """
    if is_coloured(header):
        return ()
    if not header.windows and header.bits < 8 and not header.modality_lut:
        ends = [header.slope * end + header.intercept for end in (0, (1 << header.bits) - 1)]
        if not header.signed and not header.floating:
            return (Window(sum(ends) / 2, abs(ends[1] - ends[0]), "all bits", "linear_exact"),)
    total = mirror(header)
    if total is None:
        return header.windows
    return tuple(_mirrored(window, total) for window in header.windows)


def _mirrored(window: Window, total: float) -> Window:
    # The linear function of C.11.2.1.2.1 is symmetric about centre - 0.5.
    centre = total - window.centre + (window.function == "linear")
    table = tuple(255 - grey for grey in reversed(window.table))
    return replace(window, centre=centre, table=table)

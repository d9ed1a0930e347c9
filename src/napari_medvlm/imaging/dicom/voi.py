"""How DICOM images are shown: windows and VOI LUTs of a header (PS3.3 C.11.2)."""

from __future__ import annotations

from dataclasses import replace

from ..volume import Window
from .header import ImageHeader
from .units import mirror


def display_windows(header: ImageHeader) -> tuple[Window, ...]:
    """The header's windows, mirrored with the values where these are.

    The standard inverts after the VOI transformation. Values are mirrored before it here (see
    ``units``), and so are the windows: both ways give the same picture.
    """
    total = mirror(header)
    if total is None:
        return header.windows
    # The linear function of C.11.2.1.2.1 is symmetric about centre - 0.5.
    return tuple(
        replace(w, centre=total - w.centre + (w.function == "linear")) for w in header.windows
    )

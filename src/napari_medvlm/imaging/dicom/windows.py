"""Windows and VOI LUTs of a header (PS3.3 C.11.2), as ``Window``s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..volume import Window, WindowFunction
from .lut import Lut, read_lut
from .values import floats, words
from .window_names import known_name

#: Tags that ``read_windows`` asks for.
WINDOW_TAGS = (
    "VOILUTSequence", "WindowCenter", "WindowWidth", "WindowCenterWidthExplanation",
    "VOILUTFunction",
)  # fmt: skip

_FUNCTIONS: dict[str, WindowFunction] = {"LINEAR_EXACT": "linear_exact", "SIGMOID": "sigmoid"}


def read_windows(first: Callable[[str], Any], *, signed: bool) -> tuple[Window, ...]:
    """What a header suggests for its display, VOI LUTs before windows.

    Either is right by the standard where both are there. A LUT is what the maker of a
    radiograph means it to look like; the windows beside it come close.

    Parameters
    ----------
    first
        Gives the value of a keyword, from the frame's own place or the data set's.
    signed
        Whether values before the VOI transformation can be negative.
    """
    items = first("VOILUTSequence") or []
    luts = [read_lut(item, signed=signed) for item in items if not isinstance(item, str | bytes)]
    found = [_of_lut(lut) for lut in luts if lut is not None and len(lut.entries) > 1]
    return tuple(dict.fromkeys((*found, *_plain(first))))


def _plain(first: Callable[[str], Any]) -> list[Window]:
    function = _FUNCTIONS.get(str(first("VOILUTFunction") or "").strip(), "linear")
    centres, widths = floats(first("WindowCenter")), floats(first("WindowWidth"))
    names = words(first("WindowCenterWidthExplanation"))
    return [
        Window(
            centre,
            width,
            known_name(names[n]) if n < len(names) else "",
            # A width below 1 is against the standard for LINEAR, and common in images of
            # fractional values, where it can only mean the exact function.
            "linear_exact" if function == "linear" and width < 1 else function,
        )
        for n, (centre, width) in enumerate(zip(centres, widths, strict=False))
        if width > 0
    ]


def _of_lut(lut: Lut) -> Window:
    top = (1 << lut.bits) - 1
    grey = np.floor(lut.entries.astype(np.float64) / top * 255 + 0.5).astype(int)
    width = len(grey) - 1
    table = tuple(grey.tolist())
    return Window(
        lut.first + width / 2, float(width), known_name(lut.name) or "lut", "table", table
    )

"""The window on the screen: what the contrast limits of a layer are called, and what is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import SelectionError
from ...imaging import Volume, Window
from ...imaging.windowing import default_window
from ..answer.wording import number_words
from .presets import CT_WINDOWS

#: Limits that differ by less than this share of their width are the same.
_SAME = 1e-3
_NUMBERS = re.compile(r"\s*[cC]?\s*([-+−]?\d+(?:\.\d+)?)\s*[,;/ ]\s*[wW]?\s*(\d+(?:\.\d+)?)\s*")


@dataclass(frozen=True)
class NamedWindow:
    """A window that can be chosen, and what it is called."""

    label: str
    window: Window


def named_windows(volume: Volume) -> tuple[NamedWindow, ...]:
    """Windows that can be chosen for a volume: the file's, then those of its modality.

    Empty where its values are shown as they are (colour).
    """
    if volume.coloured:
        return ()
    found = [
        NamedWindow(f"file: {window.name or _numbers(window)}", window) for window in volume.windows
    ]
    if not found:
        window = default_window(volume)
        if window is not None:
            found = [NamedWindow("range of the values", window)]
    if volume.modality == "CT":
        found += [NamedWindow(name, window) for name, window in CT_WINDOWS.items()]
    return tuple(found)


def window_on_screen(volume: Volume, limits: tuple[float, float]) -> Window | None:
    """The window that contrast limits stand for.

    Parameters
    ----------
    volume
        What the layer shows.
    limits
        Its contrast limits: the values of black and of white.

    Returns
    -------
    window
        The file's, or a known one, where its limits are these; else an exact one of these
        limits. None where 8-bit values or colours are shown as they are.
    """
    low, high = (float(limit) for limit in limits)
    plain = volume.coloured or (volume.voxels.dtype == "uint8" and not volume.windows)
    if plain and (low, high) == (0.0, 255.0):
        return None
    for known in named_windows(volume):
        if _same(known.window, (low, high)):
            return known.window
    return Window((low + high) / 2, high - low, "", "linear_exact")


def label_on_screen(volume: Volume, limits: tuple[float, float]) -> str:
    """What the window on the screen is called: "file: lung", or "C 40, W 400"."""
    window = window_on_screen(volume, limits)
    if window is None:
        return "as they are"
    known = (named.label for named in named_windows(volume) if named.window == window)
    return next(known, _numbers(window))


def typed_window(text: str) -> Window:
    """A window that a person typed: "40, 400", "C 40 W 400", "-600/1500".

    Raises
    ------
    SelectionError
        If it is not a centre and a width above 0.
    """
    found = _NUMBERS.fullmatch(text)
    centre, width = (float(n.replace("−", "-")) for n in found.groups()) if found else (0.0, 0.0)
    if width <= 0:
        raise SelectionError(
            f"A window is a centre and a width, as in “40, 400”; got “{text.strip()}”."
        )
    return Window(centre, width, "", "linear_exact")


def _same(window: Window, limits: tuple[float, float]) -> bool:
    near = _SAME * max(abs(window.limits[1] - window.limits[0]), 1e-12)
    return all(abs(a - b) <= near for a, b in zip(window.limits, limits, strict=True))


def _numbers(window: Window) -> str:
    digits = 0 if window.width >= 20 else 2
    centre, width = number_words(window.centre, digits), number_words(window.width, digits)
    return f"C {centre}, W {width}"

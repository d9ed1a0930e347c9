"""Display windows that radiologists choose by name, and when they mean something."""

from __future__ import annotations

from ...errors import SelectionError
from ...imaging import Clip, Volume, Window
from ..answer.wording import window_words

#: Centre and width in HU, as reading rooms commonly set them.
CT_WINDOWS = {
    "lung": Window(-600, 1500, "lung"),
    "soft tissue": Window(40, 400, "soft tissue"),
    "bone": Window(400, 1800, "bone"),
    "brain": Window(40, 80, "brain"),
}


def ct_window(name: str, source: Volume | Clip | None) -> tuple[Window, str]:
    """A window by its name, for a CT.

    Parameters
    ----------
    name
        A key of `CT_WINDOWS`.
    source
        What is shown; None where nothing is known of it.

    Returns
    -------
    window, remark
        The remark is a line for people where the file does not say that it is a CT; else "".

    Raises
    ------
    SelectionError
        If it is no CT.
    """
    window = CT_WINDOWS[name]
    modality = "" if source is None else source.modality
    if isinstance(source, Clip) or (modality and modality != "CT"):
        found = modality or "a clip"
        raise SelectionError(
            f"The {name} window is in HU, so it is for CT; this is {found}.",
            "Set the contrast limits of the layer instead.",
        )
    if not modality:
        return window, "The file does not say whether this is CT: the window takes HU."
    return window, ""


def next_window(source: Volume | Clip | None, limits: tuple[float, float]) -> Window:
    """The window of the file that follows the one that is shown.

    Parameters
    ----------
    source
        What is shown; None where nothing is known of it.
    limits
        Contrast limits of its layer now.

    Raises
    ------
    SelectionError
        If the file suggests none.
    """
    windows = source.windows if isinstance(source, Volume) else ()
    if not windows:
        raise SelectionError(
            "The file suggests no window.", "Set the contrast limits of the layer instead."
        )
    shown = [n for n, window in enumerate(windows) if window.limits == tuple(limits)]
    return windows[(shown[0] + 1) % len(windows)] if shown else windows[0]


def told(window: Window) -> str:
    """A window for the status line: "Lung window (C −600, W 1500)"."""
    words = window_words(window)
    return words[:1].upper() + words[1:]

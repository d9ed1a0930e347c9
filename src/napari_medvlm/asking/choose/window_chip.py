"""The chip of the window: which one scaled the images, and whether the model was trained so."""

from __future__ import annotations

from collections.abc import Sequence

from ...imaging import Window
from ...models.contracts import Chip, InputContract


def window_name(window: Window) -> str:
    """What a window is called: "lung window", or its numbers: "C 40 W 400"."""
    if window.name:
        return f"{window.name} window"
    digits = 3 if window.width < 20 else 6
    return f"C {window.centre:.{digits}g} W {window.width:.{digits}g}"


def scaling_chip(
    contract: InputContract, name: str, *, own: bool, slices: bool, windows: Sequence[str]
) -> Chip | None:
    """Say whether the model was trained on images that became 8 bit in this way.

    Parameters
    ----------
    contract, name
        Of the model.
    own
        Whether each slice was scaled by its own extremes.
    slices
        Whether several slices of one volume are sent.
    windows
        What the windows are called; none where images were 8 bit already.
    """
    each = contract.slice_scaling == "slice_extremes"
    if own and slices:
        if each:
            sentence = (
                f"Slices are scaled one by one, from minimum to maximum, as {name} was trained; "
                "so your window is not used."
            )
            return Chip("scaling", "inside", "scaled slice by slice", sentence)
        sentence = (
            f"Slices are scaled one by one; {name} was trained on images in one window, as shown."
        )
        return Chip("scaling", "unsure", "scaled slice by slice", sentence)
    if not windows:
        return None
    label = windows[0]
    if len(windows) > 1:
        label = "several windows"
    if each and slices:
        sentence = (
            f"One window scaled all slices ({label}); {name} was trained on slices that were "
            "scaled one by one, from minimum to maximum."
        )
        return Chip("scaling", "unsure", label, sentence)
    sentence = f"{name} gets 8-bit images through a window ({label})."
    return Chip("scaling", "inside", label, sentence)

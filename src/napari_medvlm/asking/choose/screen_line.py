"""Where the screen and what is sent part: the worst of it in a sentence, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

#: What a press on the line's button does.
Way = Literal["", "to_2d", "show", "alone", "turn_back", "show_all"]

BUTTONS: dict[Way, str] = {
    "": "",
    "to_2d": "back to 2D",
    "show": "show it",
    "alone": "show it alone",
    "turn_back": "turn the view back",
    "show_all": "show all",
}


@dataclass(frozen=True)
class Screen:
    """What the viewer shows of the layer that is asked about.

    Parameters
    ----------
    name
        Of the layer.
    flat
        Whether the view is 2D.
    visible
        Whether the layer is shown.
    cover
        Name of an image that lies over it, "" where none does.
    other_cut
        Whether the view is turned to another cut than the plane that is sent.
    turned
        Whether the layer is turned or sheared in the viewer by other than right angles.
    look
        What the viewer does to its grey values or colours beside the window: "gamma 0.5".
    other_numbers
        Whether the sliders count slices of other images too, so that their numbers are not its.
    hidden
        Names of images that were hidden so that this one is seen.
    """

    name: str
    flat: bool = True
    visible: bool = True
    cover: str = ""
    other_cut: bool = False
    turned: bool = False
    look: str = ""
    other_numbers: bool = False
    hidden: Sequence[str] = ()


def screen_line(screen: Screen) -> tuple[str, Way]:
    """The sentence and the way back; empty where the screen shows what is sent."""
    if not screen.flat:
        words = "The view is 3D: regions are drawn, and “this slice” is chosen, in 2D."
        return words, "to_2d"
    if not screen.visible:
        return f"“{screen.name}”, which is asked about, is not on the screen.", "show"
    if screen.cover:
        return f"“{screen.cover}” lies over “{screen.name}”, which is asked about.", "alone"
    if screen.other_cut:
        return "The view is turned to another cut than the slices that are sent.", "turn_back"
    if screen.turned:
        return "This layer is turned in the viewer; its slices are sent as they were acquired.", ""
    if screen.look:
        return f"The viewer shows it with {screen.look}; it is sent in plain grey or colour.", ""
    if screen.other_numbers:
        words = f"The sliders count slices of other images too, not those of “{screen.name}” alone."
        return words, "alone"
    if screen.hidden:
        many = "1 other image is" if len(screen.hidden) == 1 else "other images are"
        return f"“{screen.name}” is shown alone; {many} hidden.", "show_all"
    return "", ""

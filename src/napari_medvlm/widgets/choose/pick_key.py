"""The key that picks the slice on the screen, also while the image has the focus."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari.viewer import Viewer

#: In the order in which they are tried. napari's own shortcuts (version 0.9) use none of them,
#: for no kind of layer.
CANDIDATES = ("K", "J", "U", "N")


class PickKey:
    """Binds a free key of a viewer, as long as a panel is there.

    Parameters
    ----------
    viewer
        The viewer; another one has a key of its own.
    pick
        A method that is called when the key is pressed; it is held weakly.
    """

    def __init__(self, viewer: Viewer, pick: Callable[[], None]) -> None:
        self._viewer = viewer
        self._pick = weakref.WeakMethod(pick)
        self._bound: Callable[[Any], None] | None = None
        #: The key, "" while none is bound.
        self.name = ""
        self.bind(True)

    def bind(self, on: bool) -> None:
        """Take a key, or give it back."""
        if on and self._bound is None:
            self._take(free_key(self._viewer))
        elif not on and self._bound is not None:
            # Unless somebody else has taken it meanwhile.
            if self._bound in self._viewer.keymap.values():
                self._viewer.bind_key(self.name, None)
            self._bound, self.name = None, ""

    def _take(self, key: str) -> None:
        if not key:
            return
        method = self._pick

        def pick_slice(_viewer: Any) -> None:
            pick = method()
            if pick is not None:
                pick()

        self._viewer.bind_key(key, pick_slice)
        self._bound, self.name = pick_slice, key


def free_key(viewer: Viewer) -> str:
    """The first candidate that neither the user's shortcuts nor this viewer use; "" if none."""
    taken = {*_shortcuts(), *(str(key) for key in viewer.keymap)}
    return next((key for key in CANDIDATES if key not in taken), "")


def _shortcuts() -> Iterable[str]:
    from napari.settings import get_settings

    bindings = get_settings().shortcuts.shortcuts.values()
    return [str(key) for keys in bindings for key in keys]

"""What was asked before comes back when the same image is opened again."""

from __future__ import annotations

import weakref
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ..asking import Prepared, Session
from ..errors import MedvlmError
from ..imaging import Clip, Volume
from .opened import scan_path
from .turns import Turns

if TYPE_CHECKING:
    from napari.layers import Layer


class Keeping:
    """Seeks earlier questions about the images that a panel shows.

    Parameters
    ----------
    session
        Whose keeper is sought in.
    turns
        Where they come back to.
    """

    def __init__(self, session: Session, turns: Turns) -> None:
        self._keeper = session.keeper
        self._turns = turns
        # Weak: an image that is removed while its journal is read is freed.
        self._about: dict[str, tuple[weakref.ref[Any], weakref.ref[Volume | Clip]]] = {}

    def seek(self, layer: Layer | None, prepared: Prepared) -> None:
        """Look for what was asked about an image before, once an image."""
        for frame in prepared.frames[:1]:
            if layer is not None:
                self._about[frame.source] = weakref.ref(layer), weakref.ref(prepared.source)
                self._keeper.seek(frame.source, scan_path(layer))

    def bring_back(self) -> None:
        """Show what was found, and tell what is wrong with the journal."""
        for study, kept in groupby(self._keeper.poll(), key=lambda one: one.capsule.study):
            layer, source = (ref() for ref in self._about[study])
            if layer is None or source is None:
                continue
            try:
                self._turns.bring_back(tuple(kept), layer, source)
            except MedvlmError as error:
                self._turns.said.emit(str(error))
        for words in self._keeper.problems():
            self._turns.said.emit(words)

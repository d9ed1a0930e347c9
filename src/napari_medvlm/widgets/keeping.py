"""What was asked before comes back when the same image is opened again."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from ..asking import Prepared, Session
from ..errors import MedvlmError
from ..imaging import Clip, Volume
from ..records import Kept
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
                self._keeper.seek(frame.source)

    def bring_back(self) -> None:
        """Show what was found, and tell what is wrong with the journal."""
        for kept in self._keeper.poll():
            try:
                self._show(kept)
            except MedvlmError as error:
                self._turns.said.emit(str(error))
        for words in self._keeper.problems():
            self._turns.said.emit(words)

    def _show(self, kept: Kept) -> None:
        layer, source = (ref() for ref in self._about[kept.capsule.study])
        if layer is not None and source is not None:
            self._turns.bring_back(kept, layer, source)

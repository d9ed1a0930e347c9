"""What was asked before comes back when the same image is opened again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...asking import Prepared, Session
from ...imaging import Clip, Volume
from ..scan.opened import scan_path
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

    def seek(self, prepared: Prepared, layers: Sequence[tuple[Layer, Volume | Clip]]) -> None:
        """Look for what was asked about images before, once an image.

        Parameters
        ----------
        prepared
            Frames of them.
        layers
            Layer and source of each frame.
        """
        sought = dict.fromkeys(frame.source for frame in prepared.frames)
        for frame, (layer, source) in zip(prepared.frames, layers, strict=False):
            if frame.source in sought:
                del sought[frame.source]
                self._turns.meet(frame.source, layer, source)
                self._keeper.seek(frame.source, scan_path(layer))

    def bring_back(self) -> None:
        """Show what was found, and tell what is wrong with the journal."""
        found = self._keeper.poll()
        if found:
            self._turns.bring_back(found)
        for words in self._keeper.problems():
            self._turns.said.emit(words)

"""What can be done with the turns of a conversation: see their images again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ..asking import Exchange, PlacedBox
from ..imaging import Clip, Volume
from .conversation_view import ConversationView
from .pointing import Pointing

if TYPE_CHECKING:
    from napari.layers import Layer


class Turns(QObject):
    """Between the conversation on the screen and the viewer.

    Parameters
    ----------
    view
        The conversation on the screen.
    pointing
        Knows which image each question was about.
    parent
        The panel.
    """

    #: A line for people, "" where there is nothing to say.
    said = Signal(str)

    def __init__(self, view: ConversationView, pointing: Pointing, parent: QObject) -> None:
        super().__init__(parent)
        self._view = view
        self._pointing = pointing
        view.box_clicked.connect(self._on_box)
        view.frame_clicked.connect(self._on_frame)

    def begin(self, exchange: Exchange, layer: Layer, source: Volume | Clip) -> None:
        """Show a new question, which is about a layer."""
        grid = self._pointing.remember(exchange, layer, source)
        self._view.begin(exchange, grid)

    def end(self, exchange: Exchange) -> None:
        """Draw what an ended answer points at."""
        if not self._pointing.show(exchange):
            self.said.emit("The image was removed, so its boxes cannot be drawn.")

    def _on_box(self, exchange: Exchange, box: PlacedBox) -> None:
        self._say_whether(self._pointing.go_to(exchange, box))

    def _on_frame(self, exchange: Exchange, number: int, window: bool) -> None:
        self._say_whether(self._pointing.restore(exchange, number, window))

    def _say_whether(self, shown: bool) -> None:
        self.said.emit("" if shown else "The image was removed, so it cannot be shown again.")

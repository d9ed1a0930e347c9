"""What the panel asked before: kept as it happens, back when the same image is opened again."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..asking import Conversation, Exchange, Keeper, ModelOffer, Prepared, exchange_of
from ..errors import MedvlmError
from ..imaging import Clip, Volume
from ..records import Kept

if TYPE_CHECKING:
    from napari.layers import Layer


class Keeping:
    """Carries a panel's conversation to the user's journal and back.

    Parameters
    ----------
    conversation
        The panel's.
    bring_back
        Called with a question of an earlier sitting that is in the conversation again, and
        with the layer and the source that it is about.
    """

    def __init__(
        self,
        conversation: Conversation,
        bring_back: Callable[[Exchange, Layer, Volume | Clip], None],
    ) -> None:
        self.keeper = Keeper.of_user()
        self._conversation = conversation
        self._bring_back = bring_back
        # Weak: an image that is removed while its journal is read is freed.
        self._about: dict[str, tuple[weakref.ref[Any], weakref.ref[Volume | Clip]]] = {}

    @property
    def waiting(self) -> bool:
        """Whether something is still to be written or read."""
        return self.keeper.waiting

    def seek(self, layer: Layer | None, prepared: Prepared) -> None:
        """Look for what was asked about an image before, once an image."""
        for frame in prepared.frames[:1]:
            if layer is not None:
                self._about[frame.source] = weakref.ref(layer), weakref.ref(prepared.source)
                self.keeper.seek(frame.source)

    def asked(self, exchange: Exchange, offer: ModelOffer) -> None:
        """Keep a new question."""
        self.keeper.asked(exchange, offer)

    def deleted(self, exchange: Exchange) -> None:
        """Delete what is kept of a question that the user deleted."""
        self.keeper.forgot(exchange)

    def turn(self, changed: Sequence[Exchange], say: Callable[[str], None]) -> None:
        """Keep what has come, and bring back what was found.

        Parameters
        ----------
        changed
            Exchanges that are different now.
        say
            Shows the user a sentence about the journal.
        """
        self.keeper.heard(changed)
        for kept in self.keeper.poll():
            try:
                self._found(kept)
            except MedvlmError as error:
                say(str(error))
        for words in self.keeper.problems():
            say(words)

    def _found(self, kept: Kept) -> None:
        layer, source = (ref() for ref in self._about[kept.capsule.study])
        if layer is not None and source is not None:
            now = self._conversation.clock()
            exchange = self._conversation.bring_back(exchange_of(kept, 0, now))
            self.keeper.brought_back(exchange, kept)
            self._bring_back(exchange, layer, source)

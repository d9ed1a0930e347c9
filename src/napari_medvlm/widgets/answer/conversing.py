"""The conversation on the screen is the one about the images that are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ...asking import ModelOffer, Prepared, Session
from ...asking.talk.belonging import Scans, follow_up_words
from ...dialogue import Turn
from .conversation_bar import ConversationBar
from .conversation_view import ConversationView
from .turns import Turns

if TYPE_CHECKING:
    from napari.layers import Layer


class Conversing(QObject):
    """Keeps the conversation on the screen in step with the scans that are shown.

    Parameters
    ----------
    session
        Where questions are asked.
    view, bar
        The conversation on the screen, and the line above it.
    turns
        Knows which question is being edited.
    parent
        The panel.
    """

    #: Another conversation is on the screen.
    changed = Signal()

    def __init__(
        self,
        session: Session,
        view: ConversationView,
        bar: ConversationBar,
        turns: Turns,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._bar = bar
        self._turns = turns
        self._scans: Scans | None = None
        self._names: tuple[str, ...] = ()
        bar.began.connect(self._on_began)
        bar.chosen.connect(self._on_chosen)
        turns.changed.connect(self.refresh)

    def show(self, prepared: Prepared, layers: Sequence[tuple[Layer, object]]) -> None:
        """Show the conversation about what was chosen.

        Parameters
        ----------
        prepared
            The frames.
        layers
            Layer and source of each frame; the names of layers are those that people know.
        """
        scans = frozenset(frame.source for frame in prepared.frames)
        names = tuple(dict.fromkeys(str(layer.name) for layer, _ in layers))
        if (scans, names) != (self._scans, self._names):
            self._scans, self._names = scans, names
            self.refresh()

    def refresh(self) -> None:
        """See which questions there are."""
        if self._scans is None:
            return
        number, conversations = self._session.look_at(self._scans)
        self._bar.show_conversation(self._names, number, conversations)
        exchanges = self._session.conversation.exchanges
        self._view.show_only({x.number for x in exchanges if x.conversation == number})

    def history(self, offer: ModelOffer | None) -> tuple[Turn, ...]:
        """The earlier turns that a follow-up would send now."""
        if self._scans is None:
            return ()
        return self._session.history(self._scans, offer, self._turns.edited_exchange)

    def can_follow(self, offer: ModelOffer | None) -> bool:
        """Whether there is, or will be, an earlier answer of this model to follow."""
        if self._scans is None or offer is None:
            return False
        number = self._session.belonging.current(self._scans)
        coming = (x for x in self._session.conversation.active if x.conversation == number)
        return any(x.model == offer.label for x in coming) or bool(self.history(offer))

    def words(self, offer: ModelOffer | None, tokens: int | None) -> str:
        """What a follow-up sends along, in a sentence."""
        if self._scans is None:
            return ""
        others = self._session.others(self._scans, offer, self._turns.edited_exchange)
        return follow_up_words(self.history(offer), others, tokens)

    def _on_began(self) -> None:
        if self._scans is not None:
            self._turns.stop_editing()
            self._session.belonging.begin(self._scans)
            self.refresh()
            self.changed.emit()

    def _on_chosen(self, number: int) -> None:
        if self._scans is not None:
            self._turns.stop_editing()
            self._session.belonging.choose(self._scans, number)
            self.refresh()
            self.changed.emit()

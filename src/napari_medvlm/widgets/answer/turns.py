"""What can be done with the turns of a conversation: look again, ask again, edit, delete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ...asking import Exchange, ModelOffer, PlacedBox, Session, without_legend
from ...asking.ask.line import with_history
from ...dialogue import Question
from ...errors import MedvlmError
from ...imaging import Clip, Volume
from ...records import Kept
from ..canvas.pointing import Pointing
from .comparing import Comparing
from .conversation_view import ConversationView
from .undoing import Undoing

if TYPE_CHECKING:
    from napari.layers import Layer

_GONE = "The image was removed or is not open, so it cannot be shown."


class Turns(QObject):
    """Between the conversation on the screen, the session behind it, and the viewer.

    Parameters
    ----------
    session
        Where questions are asked.
    view
        The conversation on the screen.
    pointing
        Knows which image each question was about.
    comparing
        Says how well boxes agree.
    parent
        The panel.
    """

    #: A line for people, "" where there is nothing to say.
    said = Signal(str)
    #: The Question whose words go back to where they are typed.
    edited = Signal(object)
    #: A turn was asked again or deleted.
    changed = Signal()

    def __init__(
        self,
        session: Session,
        view: ConversationView,
        pointing: Pointing,
        comparing: Comparing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._view = view
        self._pointing = pointing
        self._comparing = comparing
        self._edited: Exchange | None = None
        self._undoing = Undoing(session, view, pointing, self._on_changed, self)
        view.box_clicked.connect(self._on_box)
        view.frame_clicked.connect(self._on_frame)
        view.edited.connect(self._on_edited)
        view.deleted.connect(self._on_deleted)

    @property
    def edited_exchange(self) -> Exchange | None:
        """The question that is being put in other words; None while a new one is typed."""
        return self._edited

    def stop_editing(self) -> None:
        """What is typed is a new question."""
        self._edited = None

    def ask(
        self,
        question: Question,
        offer: ModelOffer,
        layers: Sequence[tuple[Layer, Volume | Clip]],
        *,
        follows: bool = False,
    ) -> Exchange:
        """Send a question, and show it.

        Parameters
        ----------
        question, offer
            What is asked, and whom.
        layers
            Layer and source of each of its frames.
        follows
            Whether the answers before it, those still to come too, are part of it.

        Raises
        ------
        EngineError, QuestionError
            As `Session.ask`.
        """
        self._undoing.settle()
        exchange = self._session.ask(question, offer, self._edited, follows=follows)
        self._edited = None
        self._view.begin(exchange, self._pointing.remember(exchange, layers))
        return exchange

    def ask_again(self, before: Exchange, offer: ModelOffer) -> Exchange:
        """Send a question once more; the new answer stands beside the old one.

        Raises
        ------
        EngineError, QuestionError
            As `Session.ask`.
        """
        self._undoing.settle()
        question = before.question
        if question.history and offer.label != before.model:
            # Another model follows its own answers, not those of the first one.
            history = self._session.history(before.scans, offer, before)
            question = with_history(question, history)
        exchange = self._session.ask(question, offer, before)
        self._view.begin(exchange, self._pointing.repeat(before, exchange))
        self.changed.emit()
        return exchange

    def bring_back(self, found: Sequence[Kept]) -> None:
        """Show questions of an earlier sitting, and draw their boxes on the images that are open.

        One that cannot be shown is left out, and said.
        """
        exchanges = []
        for kept in found:
            try:
                exchange = self._session.bring_back(kept)
            except MedvlmError as error:
                self.said.emit(str(error))
                continue
            self._view.begin(exchange, self._pointing.remember(exchange))
            exchanges.append(exchange)
        self._draw(exchanges)

    def meet(self, source_id: str, layer: Layer, source: Volume | Clip) -> None:
        """Take note of what an open layer holds: questions of an earlier sitting may show it."""
        if self._pointing.origins.meet(source_id, layer, source):
            earlier = [x for x in self._session.conversation.exchanges if x.earlier_sitting]
            self._draw([x for x in earlier if source_id in _sources(x)], only=layer)

    def _draw(self, exchanges: Sequence[Exchange], only: Layer | None = None) -> None:
        if not exchanges:
            return
        # Boxes that are there, of another panel or loaded with the image, are not drawn again.
        layers = {layer for x in exchanges for layer in self._pointing.origins.layers(x)}
        bare = {layer for layer in layers if not self._pointing.is_marked(layer)}
        for exchange in exchanges:
            self._pointing.show(exchange, go=False, only=bare if only is None else bare & {only})
        self._comparing.look()
        self.changed.emit()

    def end(self, exchange: Exchange) -> None:
        """Draw what an ended answer points at."""
        if not self._pointing.show(exchange):
            self.said.emit("The image was removed, so its boxes cannot be drawn.")
        self._comparing.look()

    def _on_box(self, exchange: Exchange, box: PlacedBox) -> None:
        self.said.emit("" if self._pointing.go_to(exchange, box) else _GONE)

    def _on_frame(self, exchange: Exchange, number: int, window: bool) -> None:
        self.said.emit("" if self._pointing.restore(exchange, number, window) else _GONE)

    def _on_edited(self, exchange: Exchange) -> None:
        self._edited = exchange
        shown = self._pointing.choose_again(exchange)
        self.edited.emit(replace(exchange.question, text=without_legend(exchange.question)))
        words = f"Editing question {exchange.number}; its answer is kept."
        self.said.emit(words if shown else f"{words} {_GONE}")

    def take_back(self, exchange: Exchange) -> None:
        """Take a question back that still waits: its words and its slices return."""
        self._pointing.choose_again(exchange)
        self._session.withdraw(exchange)
        self._pointing.forget(exchange)
        self._view.remove(exchange.number)
        self.changed.emit()
        self.edited.emit(replace(exchange.question, text=without_legend(exchange.question)))

    def _on_deleted(self, exchange: Exchange) -> None:
        if self._edited is not None and self._edited.number == exchange.number:
            self._edited = None
        self._undoing.delete(exchange)

    def _on_changed(self) -> None:
        self._comparing.look()
        self.changed.emit()


def _sources(exchange: Exchange) -> set[str]:
    return {frame.source for frame in exchange.question.frames}

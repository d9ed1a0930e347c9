"""Between the question box and all that it asks about: templates, chips, the line, the journal."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from ...asking import Exchange, ModelOffer, Prepared, Session, SourceBox, compose, place_regions
from ...asking.choose.chips import chips_of, sent_frames
from ...asking.choose.turn_chip import follow_up_chips
from ...errors import MedvlmError
from ...models import sent_text, taken_out_words
from ..answer.conversing import Conversing
from ..answer.turns import Turns
from ..choose.chip_row import ChipRow
from ..choose.legend_box import LegendBox
from .ask_box import AskBox
from .template_file import TemplateFile

if TYPE_CHECKING:
    import napari.viewer

#: What was typed and not asked, by viewer: a panel that is closed and opened again has it.
DRAFTS: weakref.WeakKeyDictionary[napari.viewer.Viewer, str] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, eq=False)
class _About:
    """What the next question would be about."""

    prepared: Prepared
    boxes: Sequence[SourceBox]
    tiles: bool


class Asking(QObject):
    """Keeps a question box in step with model, images, conversation and templates.

    Parameters
    ----------
    viewer
        Whose panel this is.
    session
        Where questions are asked.
    box, chips
        What is kept in step.
    legend
        Says whether the question ends by naming its images.
    turns
        The turns on the screen.
    conversing
        Knows what a follow-up sends along.
    parent
        The panel.
    """

    #: The line of waiting questions is another now.
    changed = Signal()

    def __init__(
        self,
        viewer: napari.viewer.Viewer,
        session: Session,
        box: AskBox,
        chips: ChipRow,
        legend: LegendBox,
        turns: Turns,
        conversing: Conversing,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._viewer = weakref.ref(viewer)
        self._session = session
        self._box = box
        self._chips = chips
        self._legend = legend
        self._turns = turns
        self._conversing = conversing
        self._offer: ModelOffer | None = None
        self._about: _About | None = None
        self._templates = TemplateFile(self)
        box.text.setPlainText(DRAFTS.get(viewer, ""))
        box.edited.connect(self._on_edited)
        box.sent_head.toggled.connect(lambda _on: self._show_sent())
        legend.tell.toggled.connect(lambda _on: self._show_sent())
        box.task_box.edited.connect(self._templates.open)
        box.waiting.taken_back.connect(self._on_taken_back)
        self._templates.said.connect(box.show_line)
        self._templates.changed.connect(self._on_templates)
        session.keeper.seek_words()
        if self._templates.now.problem:
            box.show_line(self._templates.now.problem)

    def offer(self, offer: ModelOffer | None) -> None:
        """Ask another model: its tasks, its modes, its settings."""
        self._offer = offer
        self._box.offer(None if offer is None else offer.profile, self._templates.now)

    def follow(self, prepared: Prepared | None, boxes: Sequence[SourceBox], tiles: bool) -> None:
        """Ask about other images, regions or tiles; None where there is nothing to ask about."""
        self._about = None if prepared is None else _About(prepared, boxes, tiles)
        self._show_chips()
        self._show_sent()

    def look(self) -> None:
        """See what has happened; called now and then."""
        self._box.waiting.show_waiting(self._session.waiting)
        self._box.recall.learn(self._session.keeper.words())

    def _on_edited(self) -> None:
        viewer = self._viewer()
        if viewer is not None:
            DRAFTS[viewer] = self._box.words
        self._show_chips()
        self._show_sent()

    def _on_templates(self) -> None:
        self.offer(self._offer)

    def _on_taken_back(self, exchange: Exchange) -> None:
        self._turns.take_back(exchange)
        self.look()
        self.changed.emit()

    def _show_chips(self) -> None:
        about, offer = self._about, self._offer
        if about is None or offer is None:
            self._chips.show_chips(())
            return
        frames = about.prepared.frames
        sent = sent_frames(
            frames,
            about.prepared.parts,
            regions=len(place_regions(about.boxes, frames)[0]),
            tiles=about.tiles,
            options=self._box.typed.has_options,
        )
        turns = len(self._conversing.history(offer)) if self._box.follows else 0
        follow_up = follow_up_chips(offer.profile, turns)
        self._chips.show_chips((*chips_of(offer.profile, sent), *follow_up))

    def _show_sent(self) -> None:
        if not self._box.sent_head.isChecked():
            self._box.sent_remark.show_text("")
            return
        try:
            self._box.show_sent(*self._sent_words())
        except MedvlmError as error:
            self._box.show_sent(str(error))

    def _sent_words(self) -> tuple[str, str]:
        """The exact words of the turn, and a sentence about what was taken out of them."""
        about, offer, typed = self._about, self._offer, self._box.typed
        if about is None or offer is None or typed.missing:
            return typed.missing or "Nothing can be asked yet.", ""
        composed = compose(
            about.prepared.parts,
            typed.text,
            **typed.terms,
            regions=about.boxes,
            history=self._conversing.history(offer) if self._box.follows else (),
            frames=about.prepared.frames,
            tiles=about.tiles,
            legend=self._legend.wanted,
        )
        asked, folder = composed.question, offer.choice.path
        words = sent_text(asked, offer.profile, folder)
        return words, taken_out_words(asked, offer.profile, folder)

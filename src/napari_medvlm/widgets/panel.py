"""The panel: choose what the model may look at, ask, read, and see where the answer points."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, QTimer, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QVBoxLayout, QWidget

from ..asking import (
    AskingThread,
    Budget,
    Composed,
    Exchange,
    Keeper,
    ModelOffer,
    Prepared,
    Session,
    Stage,
    compose,
    known_models,
    legend_of,
    model_offer,
    place_regions,
)
from ..asking.choose.parts import as_video
from ..dialogue import Question, Reply, Turn
from ..engine import ModelThread
from ..errors import MedvlmError
from ..models import taken_out_words
from .answer.comparing import Comparing
from .answer.conversation_bar import ConversationBar
from .answer.conversation_view import ConversationView
from .answer.conversing import Conversing
from .answer.exporting import Exporting
from .answer.find_bar import FindBar
from .answer.keeping import Keeping
from .answer.turns import Turns
from .ask.ask_box import AskBox
from .ask.asking import Asking
from .canvas.facing import Facing
from .canvas.pointing import Pointing
from .canvas.region_list import RegionList
from .canvas.regions_layer import RegionLayers
from .choose.chip_row import ChipRow
from .choose.choosing import Choosing
from .choose.declaring import Declaring
from .choose.legend_box import LegendBox
from .choose.source_box import SourceBox
from .choose.strip import Strip
from .keys import asks, stops
from .model.managing import Managing
from .model.model_bar import ModelBar
from .notices import Notices, footer
from .parts.fitted import Fitted
from .parts.hosting import window_of
from .parts.lifecycle import end_with
from .parts.plain import rule
from .parts.pump import Pump
from .parts.tabbing import ReadingColumn
from .preferring import Preferring
from .scan.first_steps import FirstSteps

if TYPE_CHECKING:
    import napari.viewer
    from napari.layers import Layer, Shapes


class MedvlmPanel(QWidget):
    """The dock widget.

    Parameters
    ----------
    napari_viewer
        The viewer that it is docked in.
    thread
        The engine; None starts one of its own.
    models
        Models that are offered; None lists those of the catalog that lie on this machine.
    """

    #: The Exchange of an answer that has come, stopped ones included.
    replied = Signal(object)
    #: Why there is no answer.
    failed = Signal(str)

    def __init__(
        self,
        napari_viewer: napari.viewer.Viewer,
        thread: AskingThread | None = None,
        models: tuple[ModelOffer, ...] | None = None,
    ) -> None:
        self._arranged = False
        super().__init__()
        # napari hands plugins a proxy that makes a new object of every layer; layers are told
        # apart by identity here. Only public names are used on what it stands for.
        napari_viewer = getattr(napari_viewer, "__wrapped__", napari_viewer)
        self._viewer = napari_viewer
        own = thread is None
        engine = ModelThread(beside_window=True) if thread is None else thread
        self.session = Session(engine, Keeper.of_user())
        self._budget = Budget()
        self.first_steps = FirstSteps(napari_viewer)
        self.model_bar = ModelBar(known_models() if models is None else models)
        self.source_box = SourceBox(napari_viewer)
        self.strip = Strip()
        self.chips = ChipRow()
        self.legend = LegendBox()
        self.conversation_view = ConversationView()
        pointing = Pointing(napari_viewer, self.source_box)
        self._regions = RegionLayers(napari_viewer, self._on_regions)
        self.region_list = RegionList(napari_viewer, self._regions)
        chosen = (self.source_box, self.strip, pointing, self._regions)
        self.choosing = Choosing(napari_viewer, *chosen, self)
        self.declaring = Declaring(napari_viewer, self.source_box, self)
        view = self.conversation_view
        self._comparing = Comparing(napari_viewer, view, pointing, self._regions)
        self._turns = Turns(self.session, view, pointing, self._comparing, self)
        self._exporting = Exporting(self.session, view, self)
        self._keeping = Keeping(self.session, self._turns)
        self.conversation_bar = ConversationBar()
        self.conversing = Conversing(self.session, view, self.conversation_bar, self._turns, self)
        self.preferring = Preferring(self.session, view, self)
        self.managing = Managing(
            self.model_bar, self.session, self.preferring, napari_viewer, listed=models is None
        )
        self.notices = Notices(self.preferring, self.session, self._offer)
        self.ask_box = AskBox()
        parts = (self.session, self.ask_box, self.chips, self.legend, self._turns)
        self._asking = Asking(napari_viewer, *parts, self.conversing, self)
        self._facing = Facing(napari_viewer, self.source_box)
        self._pump = Pump(self._turn, self)
        self._arrange()
        self._connect()
        self._on_model()
        self._facing.turn()
        self.choosing.prepare()
        self._pump.start()
        self._arranged = True
        if isinstance(engine, ModelThread) and own and self.model_bar.chosen is not None:
            engine.prepare(self.model_bar.chosen.choice)

    # ------------------------------------------------------------------ by program

    @property
    def busy(self) -> bool:
        """Whether an answer is on its way."""
        return self.session.busy

    @property
    def last_reply(self) -> Reply | None:
        """The last answer, None before there is one."""
        return next((x.reply for x in self.session.conversation.exchanges[::-1] if x.reply), None)

    def choose_layer(self, layer: Layer) -> None:
        """Choose the layer that is asked about."""
        self.source_box.choose_layer(layer)

    def choose_slices(self, spec: str) -> None:
        """Choose slices with the command line's words: "current", "even:11", "12,40"."""
        self.source_box.choose_slices(spec)

    def region_layer(self, layer: Layer) -> Shapes:
        """The layer of an image's regions, made where there is none, and ready for drawing."""
        return self._regions.draw_on(layer)

    def export(self) -> None:
        """Ask for a file, and write the conversation to it."""
        self._exporting.ask()

    def choose_model(self, name_or_folder: str) -> None:
        """Choose a model by its catalog name or folder.

        Raises
        ------
        CheckpointError
            If it is not there, or of an unknown layout.
        """
        self.model_bar.add(model_offer(name_or_folder))

    def ask(self, text: str | None = None) -> int:
        """Ask about what is chosen.

        Parameters
        ----------
        text
            The question; None asks what is typed.

        Returns
        -------
        request
            The engine's number of the question; 0 while it waits for an answer ahead.

        Raises
        ------
        MedvlmError
            If something is missing: a model, an image, a question.
        """
        if text is not None:
            self.ask_box.put(text)
        offer = self._offer()
        composed = self._compose(offer)
        layers = self.source_box.layers_of(composed.parts)
        follows = self.ask_box.follows
        exchange = self._turns.ask(composed.question, offer, layers, follows=follows)
        self.conversing.refresh()
        self.conversation_view.come_into_view()
        self.ask_box.sent()
        taken_out = taken_out_words(composed.question, offer.profile, offer.choice.path)
        self.ask_box.show_line(" ".join(filter(None, (*composed.remarks, taken_out))))
        self._pump.hurry()
        self._show_state()
        return exchange.request

    def stop(self) -> None:
        """Stop the answer; what has come is kept."""
        self.session.stop()

    # ------------------------------------------------------------------ building

    def _arrange(self) -> None:
        start = (self.notices, self.model_bar, rule(), self.first_steps)
        top = (*start, self.source_box, self.strip, self.chips)
        find = FindBar(self.conversation_view, self)
        middle = (rule(), self.conversation_bar, find, self.conversation_view)
        # The answer and the question stay in sight; in a small window what is chosen scrolls.
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 3, 0, 3)
        column.setSpacing(0)
        column.addWidget(Fitted((*top, self.legend, self.region_list), 100))
        column.addWidget(Fitted(middle, 215, stretched=True), 1)
        column.addWidget(Fitted((rule(), self.ask_box, footer()), 320))
        area = ReadingColumn()
        area.setWidget(body)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)
        self.setMinimumWidth(380)

    def _connect(self) -> None:
        self.choosing.came.connect(self._show_prepared)
        self.source_box.layers_there.listed.connect(self.first_steps.follow)
        self.first_steps.said.connect(self.ask_box.show_line)
        self.first_steps.follow()
        self.choosing.changed.connect(self._show_state)
        self.choosing.wished.connect(self._pump.hurry)
        self.chips.declare_asked.connect(self.declaring.ask)
        for part in (self.source_box, self.choosing, self.declaring):
            part.said.connect(self.ask_box.show_line)
        self.ask_box.follow.toggled.connect(self._show_again)
        self.conversing.changed.connect(self._show_again)
        self.model_bar.changed.connect(self._on_model)
        self.managing.said.connect(self.ask_box.show_line)
        self._turns.said.connect(self.ask_box.show_line)
        self._exporting.said.connect(self.ask_box.show_line)
        self._turns.edited.connect(self.ask_box.put_back)
        self._turns.changed.connect(self._pump.hurry)
        self._turns.changed.connect(self._show_state)
        self.notices.said.connect(self.ask_box.show_line)
        self.notices.started.connect(self._pump.hurry)
        self.preferring.changed.connect(self._on_model)
        self.conversation_view.again.connect(self._on_again)
        self.ask_box.asked.connect(self._on_ask)
        self.ask_box.stopped.connect(self.stop)
        self.ask_box.draw.connect(self._on_draw)
        self.ask_box.edited.connect(self._show_state)
        self._asking.changed.connect(self._show_state)
        closing = (self.choosing.preparer, self.session)
        self._end = end_with(window_of(self._viewer), self.session.thread, closing)
        self.destroyed.connect(self._end.now)

    def _rest_or_work(self) -> None:
        """Rest while in no window: what is taken out of its dock may go at any time.

        What Python then collects is not deleted in one go with every binding of Qt, and timers
        must not find half of it.
        """
        if self.parent() is not None:
            self._pump.start()
            return
        for timer in self.findChildren(QTimer):
            timer.stop()

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Ctrl+Enter asks and Esc stops, wherever in the panel the focus is."""
        if asks(event):
            self._on_ask()
        elif stops(event) and (self.choosing.give_up() or self.busy):
            self.stop()
        elif not self.choosing.key_pressed(event):
            super().keyPressEvent(event)

    def event(self, event: QEvent | None) -> bool:
        """Taken out of its dock, the panel stops the answer and frees the model's memory."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self._arranged:
            self._rest_or_work()
        if event is not None and event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self.session.release()
            for part in (self._facing, self.choosing, self._comparing):
                part.dock(self.parent() is not None)
        return bool(super().event(event))

    # ------------------------------------------------------------------ what is chosen

    def _show_prepared(self, prepared: Prepared) -> None:
        self._keeping.seek(prepared, self.choosing.layers(prepared))
        self.conversing.show(prepared, self.choosing.layers(prepared))
        regions, left_out = place_regions(self.choosing.boxes(prepared), prepared.frames)
        tiles = self.source_box.options.in_tiles
        offer = self.preferring.offer(self.model_bar.chosen)
        video = as_video(prepared.parts)
        history = self._history()
        need = self._budget.words(offer, prepared.frames, tiles=tiles, video=video, history=history)
        self.strip.show_frames(prepared.frames, regions, need)
        self.region_list.look(self.source_box.layer)
        self._asking.follow(prepared, self.choosing.boxes(prepared), tiles)
        self.legend.show_words(legend_of(Question("", prepared.frames, history=history)))
        self.ask_box.show_note(self.preferring.notes(prepared.frames, left_out))

    def _show_again(self, *_: object) -> None:
        if self.choosing.prepared is not None:
            self._show_prepared(self.choosing.prepared)
        self._show_state()

    def _history(self) -> tuple[Turn, ...]:
        return self.conversing.history(self._chosen()) if self.ask_box.follows else ()

    def _chosen(self) -> ModelOffer | None:
        return self.preferring.offer(self.model_bar.chosen)

    def _offer(self) -> ModelOffer:
        return self.preferring.required(self.model_bar.chosen)

    def _compose(self, offer: ModelOffer) -> Composed:
        prepared = self.choosing.get()
        self.conversing.show(prepared, self.choosing.layers(prepared))
        return compose(
            prepared.parts,
            self.ask_box.typed.text,
            **self.ask_box.typed.terms,
            regions=self.choosing.boxes(prepared),
            history=self._history(),
            frames=prepared.frames,
            tiles=self.source_box.options.in_tiles,
            legend=self.legend.wanted,
        )

    # ------------------------------------------------------------------ what happens

    def _turn(self) -> bool:
        self.choosing.poll()
        changed = self.session.pump()
        now = self.session.conversation.clock()
        if changed:
            self.conversation_view.update_from(changed, now)
        self.conversation_view.tick(now)
        for exchange in changed:
            if exchange.ended:
                self._on_end(exchange)
        self._keeping.bring_back()
        self.notices.look()
        self._asking.look()
        state = self.session.thread.state
        self.managing.turn()
        return self.busy or self.choosing.preparer.waiting or state.status == "loading"

    def _on_end(self, exchange: Exchange) -> None:
        self._turns.end(exchange)
        self._show_state()
        if exchange.stage is Stage.FAILED:
            self.failed.emit(exchange.status_words(self.session.conversation.clock()))
        else:
            self.replied.emit(exchange)

    def _show_state(self, *_: object) -> None:
        reason = self.choosing.problem
        if reason:
            self._asking.follow(None, (), False)
            self.legend.show_words("")
        if self.model_bar.chosen is None:
            reason = "No model is at hand: get one under models…"
        chosen = self._chosen()
        can_follow = self.conversing.can_follow(chosen)
        self.ask_box.show_state(busy=self.busy, reason=reason, can_follow=can_follow)
        tokens = self._budget.history_tokens(chosen, self.conversing.history(chosen))
        self.ask_box.show_follow_up(self.conversing.words(chosen, tokens))

    # ------------------------------------------------------------------ controls

    def _on_ask(self) -> None:
        if not self.ask_box.button.isEnabled():
            self.ask_box.show_line(self.ask_box.button.toolTip())
            return
        try:
            if self.choosing.when_ready(self._on_ask):
                self.ask()
        except MedvlmError as error:
            self.ask_box.show_line(str(error))

    def _on_again(self, exchange: Exchange) -> None:
        try:
            self._turns.ask_again(exchange, self._offer())
        except MedvlmError as error:
            self.ask_box.show_line(str(error))

    def _on_model(self) -> None:
        offer = self.model_bar.chosen
        self._asking.offer(offer)
        self.source_box.follow_model(self.model_bar.contract)
        self._show_again()

    def _on_draw(self) -> None:
        self.ask_box.show_line(self._regions.begin(self.source_box.layer))

    def _on_regions(self) -> None:
        self.choosing.settle()
        self.region_list.look(self.source_box.layer)
        self._comparing.look()

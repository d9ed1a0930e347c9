"""The panel's models: which are listed, which is in memory, the window that manages them.

All panels of a program share one desk, so that a download goes on whatever is closed, but the
last window of napari: then it ends, with what has come kept.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QWidget

from ...asking import ModelOffer, Session, model_offer
from ...asking.model.devices import Warned, cpu_warning
from ...asking.model.offers import TOY
from ...asking.model.presence import Presence
from ...asking.model.remembered import Wish, remember_chosen, remembered
from ...engine import EngineState
from ...errors import MedvlmError
from ...fetching.desk import ModelDesk
from ...fetching.overview import ModelRow
from ...fetching.telling import activity_words
from ..parts.hosting import window_of
from ..parts.lifecycle import AtTheEnd
from ..preferring import Preferring
from .model_bar import ModelBar
from .models_window import ModelsWindow

_desk: ModelDesk | None = None
_ends: dict[int, AtTheEnd] = {}


def shared_desk(window: QWidget | None) -> ModelDesk:
    """The program's desk, which ends with the last window that asked for it."""
    global _desk
    if _desk is None:
        _desk = ModelDesk()
    key = id(window)
    if key not in _ends:
        _ends[key] = AtTheEnd(window, lambda: _leave(key))
    return _desk


def _leave(key: int) -> None:
    global _desk
    _ends.pop(key, None)
    if not _ends and _desk is not None:
        _desk.close()
        _desk = None


class Managing(QObject):
    """Keeps a panel's model bar, its engine and the model manager in step.

    Parameters
    ----------
    bar
        The panel's list of models.
    session
        Whose engine holds the model.
    preferring
        How models are loaded that were not told otherwise.
    viewer
        Whose window the manager belongs to.
    listed
        Whether the bar lists what the desk finds; False leaves it to the program.
    """

    #: A line for people.
    said = Signal(str)

    def __init__(
        self,
        bar: ModelBar,
        session: Session,
        preferring: Preferring,
        viewer: Any,
        *,
        listed: bool,
    ) -> None:
        super().__init__(bar)
        self._bar, self._session, self._preferring = bar, session, preferring
        self._main, self._listed = window_of(viewer), listed
        self._presence = Presence()
        self._gone = False
        self._version = -1
        self._window: ModelsWindow | None = None
        self.desk = shared_desk(self._main)
        bar.manage.clicked.connect(self.show_window)
        preferring.changed.connect(self._on_preferences)
        bar.models.activated.connect(self._on_chosen)
        self._on_preferences()
        if listed:
            self._choose_as_last()

    # ------------------------------------------------------------------ the window

    @property
    def window(self) -> ModelsWindow:
        """The manager, made when it is first wanted."""
        if self._window is None:
            self._window = ModelsWindow(self.desk, self, self._main)
            self._bar.destroyed.connect(self._window.end)
        return self._window

    def show_window(self) -> None:
        """Open the manager at the chosen model, or bring it to the front."""
        window = self.window
        opened = not window.isVisible()
        window.show()
        window.raise_()
        window.activateWindow()
        row = self._chosen_row()
        if opened and row is not None:
            window.select(row.key)

    # ------------------------------------------------------------------ memory

    @property
    def state(self) -> EngineState:
        """Of the engine."""
        return self._session.thread.state

    @property
    def memory_words(self) -> str:
        """How far a load is, or what came of the last one."""
        holding = self._session.holding
        if holding.loading:
            return f"Loading: {holding.loading}"
        return holding.words

    @property
    def cpu_words(self) -> str:
        """Why the chosen model runs on the CPU, and what to do."""
        warned = self._warned()
        return "" if warned is None else warned.full

    def load(self, row: ModelRow) -> None:
        """Choose a model and load it.

        Raises
        ------
        MedvlmError
            If its folder cannot be used, or the engine was closed.
        """
        self._bar.add(self._offer(row))
        remember_chosen(row.key)
        offer = self._preferring.offer(self._bar.chosen)
        if offer is not None:
            self._session.holding.load(offer)

    def unload(self) -> None:
        """Free the model's memory."""
        try:
            self._session.holding.unload()
        except MedvlmError as error:
            self.said.emit(str(error))

    # ------------------------------------------------------------------ now and then

    def turn(self) -> None:
        """Show what has changed; called several times a second."""
        if self._version != self.desk.version:
            self._version = self.desk.version
            self._list()
        state, chosen = self.state, self._bar.chosen
        self._bar.show_state(state, self._session.holding.loading)
        gone = False
        if chosen is not None and self._listed:
            gone = self._presence.gone(chosen.choice.path, time.monotonic())
        if gone != self._gone:
            self._gone = gone
            self.desk.look()
        if gone:
            self._bar.show_warning(
                "the model's folder is gone: is its disk connected?",
                f"Expected a model in {chosen.choice.path if chosen else ''}. Connect the disk, or "
                "choose another model.",
            )
        else:
            warned = self._warned()
            self._bar.show_warning(*(("", "") if warned is None else (warned.gist, warned.full)))
        self._bar.show_work(self._work_words())

    def _warned(self) -> Warned | None:
        offer = self._preferring.offer(self._bar.chosen)
        return cpu_warning(None if offer is None else offer.choice, self.desk.machine, self.state)

    def _work_words(self) -> str:
        parts = []
        for job in self.desk.jobs.active:
            row = self.desk.row(job.key)
            parts.append(f"{row.label if row else job.key}: {activity_words(job.state)}")
        return " · ".join(parts)

    def _list(self) -> None:
        """List what is here; what is chosen stays chosen, even where it has become broken."""
        if not self._listed or not self.desk.rows:
            return
        offers = []
        for row in self.desk.rows:
            if row.state.kind == "ready":
                try:
                    offers.append((row.label, self._offer(row)))
                except MedvlmError:
                    continue  # gone between the two looks
        self._bar.relist(offers)

    def _offer(self, row: ModelRow) -> ModelOffer:
        wish = row.wish
        return model_offer(row.key, device=wish.device, dtype=wish.dtype)

    def _chosen_row(self) -> ModelRow | None:
        chosen = self._bar.chosen
        if chosen is None:
            return None
        path = Path(chosen.choice.path)
        return next((row for row in self.desk.rows if row.folder == path), None)

    def _on_chosen(self, _index: int) -> None:
        row = self._chosen_row()
        if row is not None and self._listed:
            remember_chosen(row.key)

    def _choose_as_last(self) -> None:
        known = remembered()
        wish = known.wishes.get(known.chosen, Wish())
        if known.chosen in ("", TOY):  # the toy comes first anyway
            return
        try:
            self._bar.add(model_offer(known.chosen, device=wish.device, dtype=wish.dtype))
        except MedvlmError:
            return  # not here any more

    def _on_preferences(self) -> None:
        now = self._preferring.now
        self.desk.default = Wish(now.device, now.dtype)
        self.desk.look()

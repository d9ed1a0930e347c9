"""From what is chosen to its frames, and from the strip back to what is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Qt, QTimer, Signal
from qtpy.QtGui import QKeyEvent

from ...asking import FramePreparer, Prepared
from ...asking.choose.picks import Picks
from ...asking.choose.regions import SourceBox as DrawnBox
from ...errors import MedvlmError
from ...imaging import Clip, Volume
from ..canvas.pointing import Pointing
from ..canvas.regions_layer import RegionLayers
from .pick_key import PickKey
from .source_box import SourceBox
from .strip import Strip

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

#: Milliseconds that a choice must stand still before its frames are taken.
SETTLE_MS = 60


class Choosing(QObject):
    """Takes the frames of what is chosen, away from the window's thread, and lets the strip choose.

    Parameters
    ----------
    viewer
        The viewer.
    source_box, strip
        Where images are chosen, and where they are shown.
    pointing
        The way to a frame's place.
    regions
        The user's boxes.
    parent
        The panel.
    """

    #: Another choice, or another reason why there is none.
    changed = Signal()
    #: The Prepared frames of what is chosen.
    came = Signal(object)
    #: Frames are on their way: somebody has to `poll`.
    wished = Signal()
    #: A line for people.
    said = Signal(str)

    def __init__(
        self,
        viewer: Viewer,
        source_box: SourceBox,
        strip: Strip,
        pointing: Pointing,
        regions: RegionLayers,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self.prepared: Prepared | None = None
        #: Why nothing can be sent, "" where it can.
        self.problem = ""
        self.preparer = FramePreparer()
        self._source_box = source_box
        self._strip = strip
        self._pointing = pointing
        self._regions = regions
        self._then: Callable[[], None] | None = None
        self._key = PickKey(viewer, source_box.toggle)
        self._docked = True
        self._settled = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settled.timeout.connect(self.prepare)
        source_box.changed.connect(self.settle)
        source_box.slices.name_key(self._key.name)
        strip.clicked.connect(self._on_clicked)
        strip.moved.connect(lambda at, to: self._change(lambda picks: picks.move(at, to)))
        strip.taken_out.connect(lambda at: self._change(lambda picks: picks.remove(at)))

    def when_ready(self, then: Callable[[], None]) -> bool:
        """Call back once the frames of the present choice are there, without waiting for them.

        Returns
        -------
        ready
            Whether they are there: then nothing is called.
        """
        if self.prepared is not None:
            return True
        self._then = then
        self.said.emit("Asked as soon as its images are ready.")
        return False

    def give_up(self) -> bool:
        """Call nobody back; whether somebody was waiting."""
        waiting, self._then = self._then is not None, None
        if waiting:
            self.said.emit("Not asked.")
        return waiting

    def settle(self) -> None:
        """Take another choice: what is wrong shows at once, frames wait until it stands."""
        self.prepared, self.problem = None, ""
        if self._then is not None:
            self._then = None  # it was meant for what was chosen before
            self.said.emit("Something else was chosen before its images were ready: ask again.")
        if self._docked:
            self._settled.start()
        try:
            self._source_box.parts()
        except MedvlmError as error:
            self._refuse(str(error))
        self.changed.emit()

    def prepare(self) -> None:
        """Have the frames taken; see `poll`."""
        self.prepared, self.problem = None, ""
        try:
            parts = self._source_box.parts()
        except MedvlmError as error:
            self.preparer.forget()
            self._refuse(str(error))
            self.changed.emit()
            return
        prepared = self.preparer.wish(parts)
        if prepared is not None:
            self._take(prepared)
        self.wished.emit()
        self.changed.emit()

    def poll(self) -> None:
        """Take frames that have come."""
        prepared = self.preparer.poll()
        if prepared is not None:
            self._take(prepared)

    def get(self) -> Prepared:
        """The frames of what is chosen now, waiting for them if need be.

        Raises
        ------
        MedvlmError
            If there is nothing to send.
        """
        prepared = self.preparer.get(self._source_box.parts())
        self._take(prepared)  # the strip is what is sent, whoever was first
        if prepared.error is not None:
            raise prepared.error
        return prepared

    def layers(self, prepared: Prepared) -> tuple[tuple[Layer, Volume | Clip], ...]:
        """Layer and source of each frame."""
        return self._source_box.layers_of(prepared.parts)

    def boxes(self, prepared: Prepared) -> tuple[DrawnBox, ...]:
        """The user's boxes on all layers that are sent, each bound to its own."""
        found: dict[Layer, tuple[DrawnBox, ...]] = {}
        for frame, (layer, _) in zip(prepared.frames, self.layers(prepared), strict=False):
            if layer not in found:
                drawn = self._regions.boxes(layer)
                found[layer] = tuple(replace(box, source=frame.source) for box in drawn)
        return tuple(box for boxes in found.values() for box in boxes)

    def dock(self, docked: bool) -> None:
        """Say whether the panel is in its dock: the key is the viewer's own otherwise."""
        if docked != self._docked:
            self._docked = docked
            self._source_box.dock(docked)
            if docked:
                self.settle()
            else:
                self._settled.stop()
        self._key.bind(docked)
        self._source_box.slices.name_key(self._key.name)

    def key_pressed(self, event: QKeyEvent | None) -> bool:
        """Pick with the same key where the panel has the focus; False for any other key."""
        if event is None or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return False
        if not self._key.name or event.text().upper() != self._key.name:
            return False
        self._source_box.toggle()
        return True

    def _take(self, prepared: Prepared) -> None:
        if prepared.error is not None:
            self._refuse(str(prepared.error))
        else:
            self.prepared, self.problem = prepared, ""
            self.came.emit(prepared)
        self.changed.emit()
        then, self._then = self._then, None
        if then is not None:
            then()

    def _refuse(self, words: str) -> None:
        self.problem = words
        self._strip.show_problem(words)

    # ------------------------------------------------------------------ the strip chooses

    def _change(self, change: Callable[[Picks], Picks]) -> None:
        """What is spread out becomes picked, and is changed."""
        try:
            self._source_box.choose_picks(change(self._source_box.picks_now()))
        except MedvlmError as error:
            self._refuse(str(error))

    def _on_clicked(self, number: int) -> None:
        if self.prepared is None or number >= len(self.prepared.frames):
            return
        layers = self.layers(self.prepared)
        if number < len(layers):
            self._pointing.show_frame(layers[number][0], self.prepared.frames[number])

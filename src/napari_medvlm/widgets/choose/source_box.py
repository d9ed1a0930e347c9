"""What is looked at: the layer, the plane, and which images are sent, of it and of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from ...asking.choose.choosing import SliceChoice, read_spec
from ...asking.choose.parts import Parts
from ...asking.choose.picks import Pick, Picks
from ...asking.choose.sources import Offer
from ...errors import MedvlmError, SelectionError
from ...imaging import Clip, Plane, Volume, default_plane, write_slices
from ...models.contracts import InputContract
from ..canvas.viewing import check_on_screen, current_slice, current_time
from .image_layers import ImageLayers
from .input_options import InputOptions
from .layer_boxes import layer_box, plane_box
from .layer_parts import layers_of_frames, part_of_layer, parts_of_picks
from .more_ways import MoreWays
from .screen_row import ScreenRow
from .slab_box import SlabBox
from .slice_box import SliceBox
from .window_box import WindowBox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari.layers import Image, Layer
    from napari.viewer import Viewer


class SourceBox(QWidget):
    """Layer, plane and slices; `parts` says what is chosen, `changed` that it changed."""

    changed = Signal()
    #: The layer or the plane is another one: the view may have to be turned.
    view_changed = Signal()
    #: A line for people.
    said = Signal(str)

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.layers_there = ImageLayers(viewer, self)
        #: What is picked, of whatever layer, in the order it is sent.
        self.picks = Picks()
        self._key = 0
        #: Planes that a person chose, by layer; others are seen as they were acquired.
        self._chosen_planes: dict[int, Plane] = {}
        self._source: Volume | Clip | None = None
        self._offer: Offer | None = None
        self._problem: MedvlmError | None = None
        self._written_problem: MedvlmError | None = None
        self._contract = InputContract(trained_on="")
        self._build()
        self._connect()
        self.layers_there.look()

    # ------------------------------------------------------------------ what is chosen

    @property
    def layer(self) -> Image | None:
        """The chosen layer, None without one."""
        return self.layers_there.layer(self._key)

    @property
    def source(self) -> Volume | Clip | None:
        """The Volume or Clip behind the chosen layer."""
        return self._source

    @property
    def plane(self) -> Plane:
        """The chosen plane."""
        plane: Plane | None = self.planes.currentData()
        return plane or "acquired"

    def parts(self) -> Parts:
        """What is sent, in its order.

        Raises
        ------
        SelectionError
            If there is no layer, a layer has no image, or the slices are not there.
        """
        choice = self.slices.choice
        if choice is None:
            return self._picked_parts()
        if self._problem is not None:
            raise self._problem
        here = self._here()
        if here is None or self._offer is None:
            raise SelectionError(
                "There is no image layer to ask about.",
                "Open a scan or a clip, or a sample from File › Open Sample.",
            )
        if choice.kind == "current":
            check_on_screen(self._viewer, self.layer, self._source, here.plane)
        indices = choice.indices(self._offer.stack(here.plane), here.index)
        return (part_of_layer(self.layers_there, self.options, here, indices),)

    @property
    def offered_planes(self) -> tuple[Plane, ...]:
        """The planes that the chosen layer can be cut in."""
        return self._offer.planes if self._offer else ()

    def follow_view(self) -> None:
        """The view was turned, or went to 3D or back: "this slice" is another one."""
        choice = self.slices.choice
        if choice is not None and choice.kind == "current":
            self.changed.emit()

    def follow_model(self, contract: InputContract | None) -> None:
        """Offer what a model was trained on: how many frames, and how slices are scaled."""
        self._contract = contract or InputContract(trained_on="")
        self._offer_slices()
        self.changed.emit()

    # ------------------------------------------------------------------ choosing by program

    def choose_layer(self, layer: Layer) -> None:
        """Choose a layer; one of another kind than Image becomes a line in the panel."""
        layer = getattr(layer, "__wrapped__", layer)  # of a plugin's proxy
        key = self.layers_there.key(layer)
        if key:
            self._show_chosen(key)
            if key != self._key:
                self._take(key)
            return
        kind = type(layer).__name__
        self._show_chosen(0)
        self._take(0)
        self._problem = SelectionError(
            f"“{layer.name}” is a {kind} layer; an Image layer of this viewer was expected.",
            "Choose a layer that holds a scan or a clip.",
        )
        self.changed.emit()

    def choose_plane(self, plane: Plane) -> None:
        """Choose a plane that the source offers."""
        if plane not in self.offered_planes:
            raise SelectionError(f"This layer has no {plane} plane.", "Choose another plane.")
        self.planes.setCurrentIndex(self.planes.findData(plane))

    def choose_slices(self, spec: str) -> None:
        """Choose slices with the command line's words: "current", "even:11", "12,40"."""
        choice = SliceChoice.from_spec(spec)
        if choice.kind == "spec":
            self.slices.list.setText(choice.spec)
            self.slices.list.setModified(False)
            self.picks = Picks()
            self._pick_written(choice.spec)
            self.slices.choose(None)
        else:
            self.slices.choose(choice)
        self.changed.emit()

    def choose_picks(self, picks: Iterable[Pick]) -> None:
        """Choose picked images, of any layer."""
        self.picks, self._written_problem = Picks.of(picks), None
        self.slices.choose(None)
        self._show_picks()
        self.changed.emit()

    def toggle(self) -> None:
        """Pick the slice on the screen, or take it out; what is spread out becomes picked."""
        here = self._here()
        if here is None:
            return
        try:
            check_on_screen(self._viewer, self.layer, self._source, here.plane)
        except SelectionError as error:
            self.said.emit(str(error))
            return
        choice = self.slices.choice
        if choice is not None and choice.kind == "current":
            self.choose_picks(self.picks.add(here))  # what is not sent cannot be taken out
        else:
            self.choose_picks(self.picks_now().toggle(here))

    def picks_now(self) -> Picks:
        """What is sent, as picked images."""
        if self.slices.choice is None:
            return self.picks
        return Picks.of(
            Pick(part.key, part.selection.plane, index, part.selection.time, part.selection.slab)
            for part in self.parts()
            for index in part.selection.indices
        )

    def layers_of(self, parts: Parts) -> tuple[tuple[Image, Volume | Clip], ...]:
        """The layer and source of each frame; nothing where a layer was removed meanwhile."""
        return layers_of_frames(self.layers_there, parts)

    def dock(self, docked: bool) -> None:
        """Follow the viewer only while the panel is in its window."""
        slider = self._viewer.dims.events.point
        (slider.connect if docked else slider.disconnect)(self._on_slider)
        self.layers_there.dock(docked)

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.layers, self.planes = layer_box(), plane_box()
        self.window_box, self.screen = WindowBox(), ScreenRow()
        self.slices, self.slab = SliceBox(), SlabBox()
        self.more = MoreWays(self.slices, self.slab)
        self.options = InputOptions()
        top = QHBoxLayout()
        top.addWidget(QLabel("layer"))
        top.addWidget(self.layers, 3)
        top.addWidget(QLabel("plane"))
        top.addWidget(self.planes, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        for widget in (self.window_box, self.screen, self.slices, self.more, self.options):
            layout.addWidget(widget)

    def _connect(self) -> None:
        self.layers.currentIndexChanged.connect(self._on_layer)
        self.planes.currentIndexChanged.connect(self._on_plane)
        self.slices.changed.connect(self._on_choice)
        self.slices.written.connect(self._on_written)
        self.slices.toggled.connect(self.toggle)
        self.slab.changed.connect(self._on_slab)
        self.options.changed.connect(self.changed.emit)
        self.layers_there.listed.connect(self._relist)
        self.layers_there.renamed.connect(self._relabel)
        self.layers_there.replaced.connect(self._on_replaced)
        self.layers_there.recoloured.connect(self._on_recoloured)
        self.window_box.said.connect(self.said.emit)
        self.layers_there.removed.connect(self._on_removed)
        self._viewer.dims.events.point.connect(self._on_slider)

    # ------------------------------------------------------------------ parts

    def _here(self) -> Pick | None:
        """The slice on the screen, as it would be picked."""
        layer, source, plane = self.layer, self._source, self.plane
        if layer is None or source is None:
            return None
        index = current_slice(self._viewer, layer, source, plane)
        time = current_time(self._viewer, layer, source)
        return Pick(self._key, plane, index, time, self.slab.slab)

    def _picked_parts(self) -> Parts:
        if self._written_problem is not None:
            raise self._written_problem
        if not self.picks:
            raise SelectionError(
                "No slice is picked yet.",
                f"Scroll to a slice and press “{self.slices.add.text()}”.",
            )
        return parts_of_picks(self.layers_there, self.options, self.picks)

    # ------------------------------------------------------------------ following

    def _relist(self, new: Sequence[Image]) -> None:
        present = self.layers_there.layers
        keep = self.layer
        # What was opened last is what one wants to ask about.
        chosen = new[-1] if new else keep if keep is not None else (present or [None])[-1]
        with QSignalBlocker(self.layers):
            self.layers.clear()
            for layer in present:
                self.layers.addItem(layer.name, self.layers_there.key(layer))
        key = 0 if chosen is None else self.layers_there.key(chosen)
        self._show_chosen(key)
        if key != self._key or chosen is None:
            self._take(key)

    def _show_chosen(self, key: int) -> None:
        with QSignalBlocker(self.layers):
            self.layers.setCurrentIndex(self.layers.findData(key) if key else -1)

    def _relabel(self) -> None:
        for index in range(self.layers.count()):
            layer = self.layers_there.layer(self.layers.itemData(index))
            if layer is not None:
                self.layers.setItemText(index, layer.name)
        self.changed.emit()

    def _on_replaced(self, key: int) -> None:
        try:
            self.picks = self.picks.within(key, self.layers_there.read(key)[1].count)
        except MedvlmError:
            self.picks = self.picks.without(key)
        if key == self._key:
            self._take(key)
        else:
            self.changed.emit()

    def _on_removed(self, key: int, name: str) -> None:
        left = self.picks.without(key)
        lost = len(self.picks) - len(left)
        self.picks = left
        if lost:
            many = "its picked slice is" if lost == 1 else f"its {lost} picked slices are"
            self.said.emit(f"“{name}” was removed; {many} no longer sent.")
            self._show_picks()
            self.changed.emit()

    def _on_layer(self, index: int) -> None:
        self._take(self.layers.itemData(index) or 0)

    def _take(self, key: int) -> None:
        self._key, self._source, self._offer, self._problem = key, None, None, None
        if key:
            try:
                self._source, self._offer = self.layers_there.read(key)
            except MedvlmError as error:
                self._problem = error
        self._offer_planes()
        self.window_box.follow(self.layer, self._source)
        self.view_changed.emit()
        self.changed.emit()

    def _on_recoloured(self, key: int) -> None:
        if key == self._key:
            self.window_box.show_current()
        if key == self._key or any(pick.key == key for pick in self.picks):
            self.changed.emit()

    def _offer_planes(self) -> None:
        planes = self._offer.planes if self._offer else ()
        with QSignalBlocker(self.planes):
            self.planes.clear()
            for plane in planes:
                self.planes.addItem(plane, plane)
            wanted = self._chosen_planes.get(self._key)
            if wanted is None and isinstance(self._source, Volume):
                wanted = default_plane(self._source)
            found = self.planes.findData(wanted)
            self.planes.setCurrentIndex(max(found, 0) if planes else -1)
        self.planes.setEnabled(self.planes.count() > 1)
        self._offer_slices()

    def _offer_slices(self) -> None:
        offered = self._offer or Offer((), {}, "slice")
        stack = offered.stack(self.plane)
        clip = isinstance(self._source, Clip)
        self.slices.follow(stack, offered.noun, self._contract.segments if clip else None)
        self.slab.follow(stack, offered.unit)
        self.more.follow(stack)
        self._show_picks()

    def _show_picks(self) -> None:
        """Say in this box what is picked."""
        here = self._here()
        self.slices.show_picked(here is not None and self.picks.find(here) is not None)
        if here is not None:
            written = self.picks.indices(here.key, here.plane, here.time)
            self.slices.show_list(write_slices(written))
        sources = [] if self._source is None else [self._source]
        if self.slices.choice is None:
            keys = dict.fromkeys(pick.key for pick in self.picks if pick.key != self._key)
            sources += [self.layers_there.read(key)[0] for key in keys]
        self.options.follow(self._contract, sources)

    # ------------------------------------------------------------------ controls

    def _on_plane(self, _index: int) -> None:
        self._chosen_planes[self._key], self._written_problem = self.plane, None
        self._offer_slices()
        self.view_changed.emit()
        self.changed.emit()

    def _on_choice(self) -> None:
        self._show_picks()
        self.changed.emit()

    def _on_written(self, text: str) -> None:
        self._pick_written(text)
        self.changed.emit()

    def _pick_written(self, text: str) -> None:
        here, self._written_problem = self._here(), None
        if here is None or self._offer is None:
            return
        try:
            stack = self._offer.stack(here.plane)
            indices = read_spec(text, stack, here.index) if text.strip() else ()
        except SelectionError as error:
            self._written_problem = error
            return
        self.picks = self.picks.write(here.key, here.plane, indices, time=here.time, slab=here.slab)
        self.slices.show_picked(self.picks.find(here) is not None)

    def _on_slab(self) -> None:
        self.picks = self.picks.thicken(self._key, self.plane, self.slab.slab)
        self.changed.emit()

    def _on_slider(self, event: Any = None) -> None:
        here = self._here()
        if here is None:
            return
        self.slices.show_picked(self.picks.find(here) is not None)
        choice = self.slices.choice
        # Time may have moved under any choice; the current slice only under the first.
        temporal = isinstance(self._source, Volume) and self._source.temporal
        if choice is not None and (choice.kind == "current" or temporal):
            self.changed.emit()

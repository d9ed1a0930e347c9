"""What is looked at: the layer, the plane, and which of its slices are sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from ..asking.choosing import DEFAULT_EVEN, SliceChoice, add_slice
from ..asking.sources import Offer, offer
from ..errors import MedvlmError, SelectionError
from ..imaging import Clip, Plane, Selection, Volume
from ..imaging.layers import volume_of
from ..models.contracts import InputContract
from .input_options import InputOptions
from .plain import named
from .viewing import current_slice, current_time

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


class SourceBox(QWidget):
    """Layer, plane and slices; `selection` says what is chosen, `changed` that it changed."""

    changed = Signal()
    #: The layer or the plane is another one: the view may have to be turned.
    view_changed = Signal()

    def __init__(self, viewer: Viewer, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._layers: list[Image] = []
        self._layer: Image | None = None
        self._source: Volume | Clip | None = None
        self._offer: Offer | None = None
        self._problem: MedvlmError | None = None
        self._contract = InputContract(trained_on="")
        self._suggested = DEFAULT_EVEN
        self._build()
        self._connect()
        self._relist()

    # ------------------------------------------------------------------ what is chosen

    @property
    def layer(self) -> Image | None:
        """The chosen layer, None without one."""
        return self._layer

    @property
    def source(self) -> Volume | Clip | None:
        """The Volume or Clip behind the chosen layer."""
        return self._source

    @property
    def plane(self) -> Plane:
        """The chosen plane."""
        plane: Plane | None = self.planes.currentData()
        return plane or "acquired"

    @property
    def choice(self) -> SliceChoice:
        """Which slices, as chosen."""
        if self.picked.isChecked():
            return (
                SliceChoice("spec", spec=self.list.text())
                if self.list.text().strip()
                else (SliceChoice("picked"))
            )
        if self.evenly.isChecked():
            segments = isinstance(self._source, Clip) and self._contract.segments is not None
            return SliceChoice("segments" if segments else "even", count=self.number.value())
        return SliceChoice("current")

    def selection(self) -> tuple[Volume | Clip, Selection]:
        """The source and what of it is sent.

        Raises
        ------
        SelectionError
            If there is no layer, the layer has no image, or the slices are not there.
        """
        if self._problem is not None:
            raise self._problem
        if self._layer is None or self._source is None or self._offer is None:
            raise SelectionError(
                "There is no image layer to ask about.",
                "Open a scan or a clip, or a sample from File › Open Sample.",
            )
        plane = self.plane
        current = current_slice(self._viewer, self._layer, self._source, plane)
        indices = self.choice.indices(self._offer.count(plane), current)
        time = current_time(self._viewer, self._layer, self._source)
        scaling = self.options.scaling
        return self._source, Selection(indices=indices, plane=plane, time=time, scaling=scaling)

    def follow_model(self, contract: InputContract | None) -> None:
        """Offer what a model was trained on: how many frames, and how slices are scaled."""
        self._contract = contract or InputContract(trained_on="")
        self._suggest()
        self.changed.emit()

    # ------------------------------------------------------------------ choosing by program

    def choose_layer(self, layer: Layer) -> None:
        """Choose a layer; one of another kind than Image becomes a line in the panel."""
        layer = getattr(layer, "__wrapped__", layer)  # of a plugin's proxy
        if layer in self._layers:
            self._show_chosen(layer)
            if layer is not self._layer:
                self._take(layer)
            return
        kind = type(layer).__name__
        self._show_chosen(None)
        self._take(None)
        self._problem = SelectionError(
            f"“{layer.name}” is a {kind} layer; an Image layer of this viewer was expected.",
            "Choose a layer that holds a scan or a clip.",
        )
        self.changed.emit()

    def choose_plane(self, plane: Plane) -> None:
        """Choose a plane that the source offers."""
        index = self.planes.findData(plane)
        if index < 0:
            raise SelectionError(f"This layer has no {plane} plane.", "Choose another plane.")
        self.planes.setCurrentIndex(index)

    def choose_slices(self, spec: str) -> None:
        """Choose slices with the command line's words: "current", "even:11", "12,40"."""
        choice = SliceChoice.from_spec(spec)
        if choice.kind == "even":
            self.number.setValue(choice.count)
            self.evenly.setChecked(True)
        elif choice.kind == "current":
            self.this.setChecked(True)
        else:
            self.list.setText(choice.spec)
            self.picked.setChecked(True)
        self.changed.emit()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.layers = QComboBox()
        self.layers.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.layers.setMinimumContentsLength(8)
        named(self.layers, "Layer", "The image layer that is asked about")
        self.planes = QComboBox()
        named(self.planes, "Plane", "The plane that slices are taken in; the viewer shows it too")
        self.this = QRadioButton("this slice")
        named(self.this, "This slice", "Send the slice that the viewer shows")
        self.picked = QRadioButton("picked")
        named(self.picked, "Picked slices", "Send the slices in the list, in its order")
        self.list = QLineEdit()
        self.list.setPlaceholderText("12, 40-44")
        self.list.setMinimumWidth(60)
        named(self.list, "List of slices", "Slice numbers and ranges, from 0: 12, 40-44")
        self.add = QPushButton("+ this slice")
        named(self.add, "Add this slice", "Put the slice that the viewer shows into the list")
        self.evenly = QRadioButton("evenly")
        named(self.evenly, "Evenly spaced slices", "Send slices spread over the whole plane")
        self.number = QSpinBox()
        self.number.setRange(1, 9999)
        self.number.setValue(DEFAULT_EVEN)
        self.number.setMaximumWidth(90)
        named(self.number, "How many slices", "How many evenly spaced slices are sent")
        self.total = QLabel()
        self.options = InputOptions()
        self._kinds = QButtonGroup(self)
        for button in (self.this, self.picked, self.evenly):
            self._kinds.addButton(button)
        self.this.setChecked(True)
        self._arrange()

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.addWidget(QLabel("layer"))
        top.addWidget(self.layers, 3)
        top.addWidget(QLabel("plane"))
        top.addWidget(self.planes, 2)
        grid = QGridLayout()
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.this, 0, 0)
        spread = QHBoxLayout()
        for widget in (self.evenly, self.number, self.total):
            spread.addWidget(widget)
        spread.addStretch(1)
        grid.addLayout(spread, 0, 1, 1, 2)
        grid.addWidget(self.picked, 1, 0)
        grid.addWidget(self.list, 1, 1)
        grid.addWidget(self.add, 1, 2)
        grid.setColumnStretch(1, 1)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setVerticalSpacing(4)
        layout.addLayout(top, 0, 0)
        layout.addLayout(grid, 1, 0)
        layout.addWidget(self.options, 2, 0)

    def _connect(self) -> None:
        self.layers.currentIndexChanged.connect(self._on_layer)
        self.planes.currentIndexChanged.connect(self._on_plane)
        self._kinds.buttonToggled.connect(lambda _button, on: on and self.changed.emit())
        self.number.valueChanged.connect(self._on_number)
        self.list.textEdited.connect(self._on_list)
        self.add.clicked.connect(self._on_add)
        self.options.changed.connect(self.changed.emit)
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self._relist)
        self._viewer.dims.events.point.connect(self._on_slider)

    def disconnect_viewer(self) -> None:
        """Stop following the viewer, before the widget goes."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.disconnect(self._relist)
        self._viewer.dims.events.point.disconnect(self._on_slider)
        for layer in self._layers:
            self._unfollow(layer)
        self._layers = []

    # ------------------------------------------------------------------ following

    def _follow(self, layer: Image) -> None:
        layer.events.name.connect(self._relabel)
        layer.events.data.connect(self._on_data)

    def _unfollow(self, layer: Image) -> None:
        layer.events.name.disconnect(self._relabel)
        layer.events.data.disconnect(self._on_data)

    def _relist(self, event: Any = None) -> None:
        from napari.layers import Image

        present = [layer for layer in self._viewer.layers if isinstance(layer, Image)]
        new = [layer for layer in present if layer not in self._layers]
        for layer in new:
            self._follow(layer)
        for layer in self._layers:
            if layer not in present:
                self._unfollow(layer)
        self._layers = present
        keep = self._layer if self._layer in present else None
        # What was opened last is what one wants to ask about.
        chosen = new[-1] if new else keep if keep is not None else (present or [None])[-1]
        with QSignalBlocker(self.layers):
            self.layers.clear()
            self.layers.addItems([layer.name for layer in present])
        self._show_chosen(chosen)
        if chosen is not self._layer or chosen is None:
            self._take(chosen)

    def _show_chosen(self, layer: Image | None) -> None:
        with QSignalBlocker(self.layers):
            self.layers.setCurrentIndex(-1 if layer is None else self._layers.index(layer))

    def _relabel(self, event: Any = None) -> None:
        for index, layer in enumerate(self._layers):
            self.layers.setItemText(index, layer.name)

    def _on_data(self, event: Any = None) -> None:
        self._take(self._layer)

    def _on_layer(self, index: int) -> None:
        self._take(self._layers[index] if 0 <= index < len(self._layers) else None)

    def _take(self, layer: Image | None) -> None:
        self._layer, self._source, self._offer, self._problem = layer, None, None, None
        if layer is not None:
            try:
                self._source = volume_of(layer)
                self._offer = offer(self._source)
            except MedvlmError as error:
                self._problem = error
        self._suggest()
        self._offer_planes()
        self.view_changed.emit()
        self.changed.emit()

    def _suggest(self) -> None:
        count = self._contract.segments if isinstance(self._source, Clip) else None
        if self.number.value() in (DEFAULT_EVEN, self._suggested):  # nobody chose another
            self._suggested = count or DEFAULT_EVEN
            with QSignalBlocker(self.number):
                self.number.setValue(self._suggested)
        self.options.follow(self._contract, self._source)

    def _offer_planes(self) -> None:
        before = self.planes.currentData()
        planes = self._offer.planes if self._offer else ()
        with QSignalBlocker(self.planes):
            self.planes.clear()
            for plane in planes:
                self.planes.addItem(plane, plane)
            self.planes.setCurrentIndex(max(self.planes.findData(before), 0) if planes else -1)
        self._offer_slices()

    def _offer_slices(self) -> None:
        count = self._offer.count(self.plane) if self._offer else 0
        noun = self._offer.noun if self._offer else "slice"
        self.this.setText(f"this {noun}")
        self.add.setText(f"+ this {noun}")
        self.total.setText(f"of {count}")
        for widget in (self.this, self.picked, self.evenly, self.list, self.add, self.number):
            widget.setEnabled(count > 0)
        self.planes.setEnabled(self.planes.count() > 1)

    def _on_plane(self, index: int) -> None:
        self._offer_slices()
        self.view_changed.emit()
        self.changed.emit()

    def _on_number(self, value: int) -> None:
        self.evenly.setChecked(True)
        self.changed.emit()

    def _on_list(self, text: str) -> None:
        self.picked.setChecked(True)
        self.changed.emit()

    def _on_add(self) -> None:
        if self._layer is None or self._source is None or self._offer is None:
            return
        index = current_slice(self._viewer, self._layer, self._source, self.plane)
        self.list.setText(add_slice(self.list.text(), index, self._offer.count(self.plane)))
        self.picked.setChecked(True)
        self.changed.emit()

    def _on_slider(self, event: Any = None) -> None:
        # Time may have moved under any choice; the current slice only under the first.
        temporal = isinstance(self._source, Volume) and self._source.temporal
        if self._layer is not None and (self.this.isChecked() or temporal):
            self.changed.emit()

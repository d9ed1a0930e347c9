"""The image layers of a viewer, each with a number of its own and the scan or clip behind it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from ...asking.choose.labels import layer_label
from ...asking.choose.sources import Offer, offer
from ...asking.declared import as_declared
from ...errors import MedvlmError, SelectionError
from ...imaging import Clip, Volume
from ...imaging.layers import SOURCE_KEY, layer_spacing, volume_of

if TYPE_CHECKING:
    from napari.layers import Image, Layer
    from napari.viewer import Viewer


@dataclass(eq=False)
class _Entry:
    layer: Image
    found: tuple[Volume | Clip, Offer] | None = None
    problem: MedvlmError | None = None


class ImageLayers(QObject):
    """Follows the image layers of a viewer.

    A layer keeps its number as long as it is there, whatever its name and place; a removed
    layer's number is not given again.
    """

    #: The list is another one: the layers that are new in it.
    listed = Signal(object)
    #: A layer has another name.
    renamed = Signal()
    #: The values of a layer were replaced: its number.
    replaced = Signal(int)
    #: A layer is shown in another window, or in other colours: its number.
    recoloured = Signal(int)
    #: A layer was moved, turned, scaled, hidden or shown: its number.
    moved = Signal(int)
    #: A layer was removed: its number, and its name.
    removed = Signal(int, str)

    def __init__(self, viewer: Viewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._numbers = itertools.count(1)
        self._entries: dict[int, _Entry] = {}
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self.look)

    @property
    def layers(self) -> list[Image]:
        """All of them, in the viewer's order."""
        from napari.layers import Image

        return [layer for layer in self._viewer.layers if isinstance(layer, Image)]

    def key(self, layer: Layer) -> int:
        """The number of a layer; 0 for one that is not followed."""
        found = (key for key, entry in self._entries.items() if entry.layer is layer)
        return next(found, 0)

    def layer(self, key: int) -> Image | None:
        """The layer of a number, None where it is gone."""
        entry = self._entries.get(key)
        return None if entry is None else entry.layer

    def read(self, key: int) -> tuple[Volume | Clip, Offer]:
        """The scan or clip behind a layer, and what it offers.

        Raises
        ------
        SelectionError
            If the layer is gone or cannot be looked at.
        """
        entry = self._entries.get(key)
        if entry is None:
            raise SelectionError("This layer was removed.", "Choose another layer.")
        if entry.problem is None and entry.found is None:
            try:
                source = as_declared(volume_of(entry.layer))
                entry.found = source, offer(source)
            except MedvlmError as error:
                entry.problem = error
        if entry.found is None:
            assert entry.problem is not None  # one of them is there
            raise entry.problem
        return entry.found

    def source(self, key: int) -> Volume | Clip | None:
        """The scan or clip behind a layer, where it is known without loading anything."""
        entry = self._entries.get(key)
        if entry is None or entry.problem is not None:
            return None
        if entry.found is None and SOURCE_KEY not in entry.layer.metadata:
            return None
        try:
            return self.read(key)[0]
        except MedvlmError:
            return None

    def label(self, key: int) -> str:
        """What a layer is called; "" where it is gone or cannot be looked at."""
        layer = self.layer(key)
        if layer is None:
            return ""
        try:
            source = self.read(key)[0]
        except MedvlmError:
            return ""
        path = None if SOURCE_KEY in layer.metadata else getattr(layer.source, "path", None)
        open_scans = (one.metadata.get(SOURCE_KEY) for one in self.layers)
        titles = [scan.title for scan in open_scans if isinstance(scan, Volume | Clip)]
        return layer_label(layer.name, source, titles=titles, path=path)

    def look(self, _event: Any = None) -> None:
        """Find out which layers there are."""
        present = self.layers
        known = [entry.layer for entry in self._entries.values()]
        gone = [key for key, entry in self._entries.items() if entry.layer not in present]
        names = {key: self._drop(key) for key in gone}
        new = [layer for layer in present if layer not in known]
        for layer in new:
            self._entries[next(self._numbers)] = _Entry(layer)
            for event, follow in self._events(layer):
                event.connect(follow)
        for key, name in names.items():
            self.removed.emit(key, name)
        self.listed.emit(new)

    def dock(self, docked: bool) -> None:
        """Follow the viewer only while the panel is in its window: it may outlive the panel."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            if docked:
                event.connect(self.look)
            else:
                event.disconnect(self.look)
        for entry in self._entries.values():
            for event, follow in self._events(entry.layer):
                (event.connect if docked else event.disconnect)(follow)
        if docked:
            self.look()

    def close(self) -> None:
        """Stop following."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.disconnect(self.look)
        for key in tuple(self._entries):
            self._drop(key)

    def _drop(self, key: int) -> str:
        layer = self._entries.pop(key).layer
        for event, follow in self._events(layer):
            event.disconnect(follow)
        return str(layer.name)

    def _events(self, layer: Image) -> list[tuple[Any, Callable[[Any], None]]]:
        events = layer.events
        found: list[tuple[Any, Callable[[Any], None]]] = [
            (events.name, self._on_name),
            (events.data, self._on_data),
            (events.metadata, self._on_data),  # something was declared about it
        ]
        looks = (events.contrast_limits, events.gamma, events.colormap)
        places = (events.scale, events.translate, events.rotate, events.shear, events.affine)
        found += [(event, self._on_look) for event in looks]
        found += [(event, self._on_moved) for event in (*places, events.visible, events.opacity)]
        return found

    def _on_name(self, _event: Any = None) -> None:
        self.renamed.emit()

    def _on_look(self, event: Any) -> None:
        layer = event.source
        key = self.key(layer)
        if key and layer.rgb and layer.dtype != "uint8" and event.type == "contrast_limits":
            self._on_data(event)  # the limits are in the values of its Volume
        elif key:
            self.recoloured.emit(key)

    def _on_moved(self, event: Any) -> None:
        layer = event.source
        key = self.key(layer)
        found = self._entries[key].found if key else None
        if found is not None and isinstance(found[0], Volume) and SOURCE_KEY not in layer.metadata:
            spacing, unit = layer_spacing(layer, min(layer.ndim, 3))
            if unit != found[0].unit or not np.allclose(spacing, found[0].spacing):
                self._on_data(event)  # it was scaled
        if key:
            self.moved.emit(key)

    def _on_data(self, event: Any) -> None:
        key = self.key(event.source)
        if key:
            self._entries[key] = _Entry(self._entries[key].layer)
            self.replaced.emit(key)

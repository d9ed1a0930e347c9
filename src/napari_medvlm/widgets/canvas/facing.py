"""How the patient faces: the chosen layer on the screen, turned to its plane, with letters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QLabel

from ...asking.answer.marks import FINDINGS, KEY
from ...asking.choose.screen_line import Screen
from ...imaging import Clip, Volume
from ..choose.source_box import SourceBox
from ..parts.hosting import canvas_of
from .cut_lines import CutLines
from .edges import EdgeLetters
from .moving import Moving
from .showing import Showing
from .viewing import (
    is_on_screen,
    is_turned,
    letters_shown,
    orient,
    plane_on_screen,
    sliders_count_others,
)

if TYPE_CHECKING:
    from napari.layers import Image
    from napari.viewer import Viewer


class Facing:
    """Keeps view, letters and napari's active layer in step with the chosen layer and plane.

    Parameters
    ----------
    viewer
        The viewer.
    source_box
        Where layer and plane are chosen.
    """

    def __init__(self, viewer: Viewer, source_box: SourceBox) -> None:
        self._viewer = viewer
        self._source_box = source_box
        self._images = source_box.layers_there
        self.showing = Showing(viewer, self._images)
        self._moving = Moving(viewer, self._images)
        canvas = canvas_of(viewer)
        self._edges = EdgeLetters(canvas)
        self.cuts = None if canvas is None else CutLines(viewer, canvas, FINDINGS)
        self._docked = True
        self._busy = False
        source_box.view_changed.connect(self.turn)
        source_box.screen.asked.connect(self._on_way)
        for signal in (self._images.moved, self._images.recoloured, self._images.listed):
            signal.connect(self.show_letters)
        for event, follow in self._events():
            event.connect(follow, position="last")

    @property
    def labels(self) -> dict[str, QLabel]:
        """The letters' labels by side: "left", "right", "top", "bottom"."""
        return self._edges.labels

    def dock(self, docked: bool) -> None:
        """Say whether the panel is in its dock: the canvas may outlive it."""
        if docked != self._docked:
            for event, follow in self._events():
                if docked:
                    event.connect(follow, position="last")
                else:
                    event.disconnect(follow)
            if not docked:
                self.showing.show_all()
        again, self._docked = docked and not self._docked, docked
        if again:
            self.turn()
        if self.cuts is not None:
            self.cuts.setVisible(docked)
        self.show_letters()

    def turn(self) -> None:
        """Bring the chosen layer to the screen, turned to the chosen plane."""
        layer, source = self._source_box.layer, self._source_box.source
        if layer is None or source is None or self._busy or not self._docked:
            self.show_letters()
            return
        self._busy = True
        try:
            order = tuple(self._viewer.dims.order)
            another = self.showing.show(layer)
            orient(self._viewer, layer, source, self._source_box.plane)
            if another or order != tuple(self._viewer.dims.order):
                self._viewer.fit_to_view(layers=[layer])
        finally:
            self._busy = False
        self.show_letters()

    def show_letters(self, *_: object) -> None:
        """Show the sides of what the viewer shows now, and say where it is not what is sent."""
        self._edges.show_letters(self._letters() if self._docked else None)
        self._source_box.screen.show_screen(self._screen())

    # ------------------------------------------------------------------ parts

    def _events(self) -> list[tuple[Any, Any]]:
        viewer = self._viewer
        dims, layers = viewer.dims.events, viewer.layers.events
        return [
            (dims.order, self._on_order),
            (dims.ndisplay, self._on_display),
            (dims.point, self.show_letters),
            (viewer.scene.camera.events.orientation, self.show_letters),
            (viewer.layers.selection.events.active, self._on_active),
            (layers.inserted, self._on_layers),
            (layers.removed, self._on_layers),
        ]

    def _letters(self) -> tuple[str, str, str, str] | None:
        """Letters of all images on the screen; where these differ on a side, "?"."""
        found = []
        for image in self._images.layers:
            if not is_on_screen(self._viewer, image):
                continue
            source = self._images.source(self._images.key(image))
            # Of an array of another reader nothing is known, and it is not loaded to find out.
            letters = None if source is None else letters_shown(self._viewer, image, source)
            found.append(("?",) * 4 if source is None else letters)
        if not found or None in found or self._viewer.dims.ndisplay != 2:
            return None
        left, right, top, bottom = (
            side[0] if len(set(side)) == 1 else "?"
            for side in zip(*filter(None, found), strict=True)
        )
        return left, right, top, bottom

    def _screen(self) -> Screen | None:
        box, viewer = self._source_box, self._viewer
        layer, source = box.layer, box.source
        if layer is None or source is None or layer not in viewer.layers:
            return None  # also while it is being removed
        cover = self.showing.cover(layer)
        return Screen(
            name=layer.name,
            flat=viewer.dims.ndisplay == 2,
            visible=is_on_screen(viewer, layer),
            cover="" if cover is None else cover.name,
            other_cut=plane_on_screen_is_other(viewer, layer, source, box),
            turned=is_turned(layer),
            look=_look(layer, source),
            other_numbers=sliders_count_others(viewer, layer),
            hidden=[image.name for image in self.showing.hidden],
        )

    def _on_order(self, _event: Any = None) -> None:
        """Rolled by hand, the view shows another plane: that is the chosen one then."""
        box = self._source_box
        layer, source = box.layer, box.source
        if not self._busy and layer is not None and isinstance(source, Volume):
            shown = plane_on_screen(self._viewer, layer, source, box.offered_planes)
            if shown is not None and plane_on_screen_is_other(self._viewer, layer, source, box):
                self._busy = True
                try:
                    box.choose_plane(shown)
                finally:
                    self._busy = False
        box.follow_view()
        self.show_letters()

    def _on_display(self, _event: Any = None) -> None:
        """Back from 3D the chosen plane is shown, also where it was chosen there."""
        layer, source = self._source_box.layer, self._source_box.source
        if layer is not None and source is not None and not self._busy:
            self._busy = True
            try:
                orient(self._viewer, layer, source, self._source_box.plane)
            finally:
                self._busy = False
        self._source_box.follow_view()
        self.show_letters()

    def _on_layers(self, _event: Any = None) -> None:
        self.showing.fit_sliders()
        self.show_letters()

    def _on_active(self, _event: Any = None) -> None:
        """The layer that is active in napari's list is the one that is asked about."""
        active = self._viewer.layers.selection.active
        if self._busy or active is None:
            return
        mark = active.metadata.get(KEY)
        image = mark["of"]() if isinstance(mark, dict) else active
        if image is not None and self._images.key(image) and image is not self._source_box.layer:
            self._source_box.choose_layer(image)

    def _on_way(self, way: str) -> None:
        layer = self._source_box.layer
        if way == "to_2d":
            self._viewer.dims.ndisplay = 2
        elif way == "show_all":
            self.showing.show_all()
        elif layer is not None and self._source_box.source is not None:
            self.showing.show(layer, alone=way == "alone")
            orient(self._viewer, layer, self._source_box.source, self._source_box.plane)
            if not is_on_screen(self._viewer, layer):
                self.showing.go_back(layer)
            self._viewer.fit_to_view(layers=[layer])
        self.show_letters()


def plane_on_screen_is_other(
    viewer: Viewer, layer: Image, source: Volume | Clip, box: SourceBox
) -> bool:
    """Whether the view is turned to another cut than the chosen plane."""
    if isinstance(source, Clip) or viewer.dims.ndisplay != 2 or layer.ndim < 3:
        return False
    return plane_on_screen(viewer, layer, source, (box.plane,)) is None


def _look(layer: Image, source: Volume | Clip) -> str:
    """What the viewer does to the values beside the window."""
    looks = []
    if layer.gamma != 1:
        looks.append(f"gamma {layer.gamma:.3g}")
    if not layer.rgb and layer.colormap.name not in ("gray", "grey"):
        looks.append(f"the colours “{layer.colormap.name}”")
    if isinstance(source, Clip) and tuple(layer.contrast_limits) != (0, 255):
        looks.append("another contrast")
    return " and ".join(looks)

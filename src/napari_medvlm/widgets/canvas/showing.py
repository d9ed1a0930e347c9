"""Panel and canvas are about one layer: the chosen one is on the screen, and fills it."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from ...asking.answer.marks import KEY
from ...imaging import Volume
from ...imaging.orientation import axis_ends
from ..choose.image_layers import ImageLayers
from .viewing import is_on_screen, same_transform

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt
    from napari.layers import Image, Layer
    from napari.viewer import Viewer

#: Blendings that let nothing through where a layer is opaque.
_COVERING = ("opaque", "translucent", "translucent_no_depth")


class Showing:
    """Shows one image of a viewer, and hides those that would lie over or beside it.

    Images of the same grid below it stay: nothing is seen of them, and a fusion from above
    (additive, or half transparent) is meant to be seen.

    Parameters
    ----------
    viewer
        The viewer.
    layers
        Its image layers, with the scans behind them.
    """

    def __init__(self, viewer: Viewer, layers: ImageLayers) -> None:
        self._viewer = viewer
        self._layers = layers
        self._shown: weakref.ref[Any] | None = None
        self._hidden: weakref.WeakSet[Any] = weakref.WeakSet()
        self._points: weakref.WeakKeyDictionary[Any, npt.NDArray[np.float64]] = (
            weakref.WeakKeyDictionary()
        )

    @property
    def hidden(self) -> list[Image]:
        """Images that were hidden here and still are."""
        return [one for one in self._layers.layers if one in self._hidden and not one.visible]

    def show(self, layer: Image, *, alone: bool = False) -> bool:
        """Bring a layer to the screen.

        Parameters
        ----------
        layer
            The chosen one.
        alone
            Hide all other images, fusions too.

        Returns
        -------
        another
            Whether another grid is on the screen now, so that the view is to be fitted.
        """
        before = self._shown() if self._shown is not None else None
        if before is not None and before is not layer and before in self._viewer.layers:
            self._points[before] = np.asarray(self._viewer.dims.point, dtype=np.float64)
        self._shown = weakref.ref(layer)
        self._set_visible(layer, True)
        for other in self._layers.layers:
            if (
                other is not layer
                and other.visible
                and (alone or self._is_in_the_way(other, layer))
            ):
                self._set_visible(other, False)
                self._hidden.add(other)
        self.fit_sliders()
        another = before is None or (before is not layer and not self.same_grid(before, layer))
        if another:
            self.go_back(layer)
        self._activate(layer)
        return another

    def show_all(self) -> None:
        """Show what was hidden."""
        for layer in self.hidden:
            self._set_visible(layer, True)
        self._hidden.clear()
        self.fit_sliders()

    def cover(self, layer: Image) -> Image | None:
        """The image that lies over a layer on the screen, None where none does."""
        above = self._viewer.layers[self._viewer.layers.index(layer) + 1 :]
        images = [one for one in self._layers.layers if one in above]
        return next((one for one in images[::-1] if is_on_screen(self._viewer, one)), None)

    def same_grid(self, one: Layer, other: Layer) -> bool:
        """Whether two images lie on each other voxel for voxel, and in the patient alike."""
        if one not in self._viewer.layers or not same_transform(one, other):
            return False
        shapes = [(x.data[0] if x.multiscale else x.data).shape[: x.ndim] for x in (one, other)]
        ends = {self._ends(one), self._ends(other)}
        return shapes[0] == shapes[1] and len(ends) == 1

    def fit_sliders(self, _event: Any = None) -> None:
        """Let the sliders run over the slices that are seen: hidden images do not count."""
        viewer = self._viewer
        if not viewer.layers:
            return
        hidden = {id(one) for image in self.hidden for one in (image, *self._overlays(image))}
        seen = [layer for layer in viewer.layers if id(layer) not in hidden]
        extent = viewer.layers.get_extent(seen if hidden else list(viewer.layers))
        ranges = list(viewer.dims.range)
        own = list(zip(*extent.world, extent.step, strict=True))
        # A hidden series over time has one axis more: there the others have but one place.
        first = len(ranges) - len(own)
        ranges = [(at, at, step) for (at, _, step) in ranges[:first]] + own
        if [tuple(map(float, one)) for one in ranges] != [
            tuple(map(float, one)) for one in viewer.dims.range
        ]:
            viewer.dims.range = tuple(ranges)

    def go_back(self, layer: Image) -> None:
        """Move the sliders to where this layer was left, or to its middle."""
        viewer = self._viewer
        first = viewer.dims.ndim - layer.ndim
        left = self._points.get(layer)
        low, high = np.asarray(layer.extent.world, dtype=np.float64)
        now = np.asarray(viewer.dims.point, dtype=np.float64)[first:]
        outside = bool(np.any((now < low - 1e-6) | (now > high + 1e-6)))
        if left is not None and len(left) >= layer.ndim:
            place = left[-layer.ndim :]
        elif outside:
            shape = (layer.data[0] if layer.multiscale else layer.data).shape[: layer.ndim]
            place = np.asarray(layer.data_to_world([(n - 1) // 2 for n in shape]))
        else:
            return
        for axis in viewer.dims.not_displayed:
            if axis >= first:
                viewer.dims.set_point(axis, float(place[axis - first]))

    # ------------------------------------------------------------------ parts

    def _is_in_the_way(self, other: Image, layer: Image) -> bool:
        if not self.same_grid(other, layer):
            return True
        layers = self._viewer.layers
        opaque = other.opacity == 1 and str(other.blending) in _COVERING
        return opaque and layers.index(other) > layers.index(layer)

    def _ends(self, layer: Layer) -> object:
        found = self._layers.source(self._layers.key(layer))
        unknown = (("?", "?"),) * 3
        return axis_ends(found) if isinstance(found, Volume) else unknown

    def _overlays(self, image: Layer) -> Iterator[Layer]:
        for layer in self._viewer.layers:
            mark = layer.metadata.get(KEY)
            if isinstance(mark, dict) and mark["of"]() is image:
                yield layer

    def _set_visible(self, image: Image, visible: bool) -> None:
        """Show or hide an image with what lies on it; what a person hid there stays hidden."""
        if image.visible != visible:
            image.visible = visible
        for overlay in self._overlays(image):
            if visible and overlay in self._hidden:
                self._hidden.discard(overlay)
                overlay.visible = True
            elif not visible and overlay.visible:
                self._hidden.add(overlay)
                overlay.visible = False
        if visible:
            self._hidden.discard(image)

    def _activate(self, layer: Image) -> None:
        """Make it napari's active layer, unless a layer on it is: somebody draws there."""
        selection = self._viewer.layers.selection
        active = selection.active
        if active is not layer and active not in tuple(self._overlays(layer)):
            selection.active = layer

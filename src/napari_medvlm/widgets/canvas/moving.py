"""Images that are moved in the viewer take their regions, findings and masks along."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

from ...asking.answer.marks import KEY
from ..choose.image_layers import ImageLayers

if TYPE_CHECKING:
    import numpy.typing as npt
    from napari.layers import Layer
    from napari.viewer import Viewer

_PARTS = ("scale", "translate", "rotate", "shear", "affine")


class Moving:
    """Keeps what lies on an image in its place on it when the image is moved or turned.

    Parameters
    ----------
    viewer
        The viewer.
    images
        Its image layers.
    """

    def __init__(self, viewer: Viewer, images: ImageLayers) -> None:
        self._viewer = viewer
        self._images = images
        self._places: weakref.WeakKeyDictionary[Any, npt.NDArray[np.float64]] = (
            weakref.WeakKeyDictionary()
        )
        images.listed.connect(self._note)
        images.moved.connect(self._carry)
        self._note()

    def _note(self, *_: object) -> None:
        for layer in self._images.layers:
            self._places.setdefault(layer, _place(layer))

    def _carry(self, key: int) -> None:
        layer = self._images.layer(key)
        if layer is None:
            return
        before, self._places[layer] = self._places.get(layer), _place(layer)
        if before is not None and np.array_equal(before, self._places[layer]):
            return
        for overlay in self._viewer.layers:
            mark = overlay.metadata.get(KEY)
            if not isinstance(mark, dict) or mark["of"]() is not layer:
                continue
            # What a person has moved on the image by itself stays there.
            if before is None or np.allclose(_place(overlay), before):
                for part in _PARTS:
                    setattr(overlay, part, getattr(layer, part))


def _place(layer: Layer) -> npt.NDArray[np.float64]:
    corners = (np.zeros(layer.ndim), *np.eye(layer.ndim))
    return np.array([layer.data_to_world(corner) for corner in corners])

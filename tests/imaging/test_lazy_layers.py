"""Lazy voxels in napari's own layer model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume, Window
from napari_medvlm.imaging.arrays import scale_affine
from napari_medvlm.imaging.layers import layer_data, volume_of
from napari_medvlm.imaging.lazy import LazyVoxels

VOXELS = np.random.default_rng(0).integers(-1000, 2000, (20, 6, 8)).astype(np.int16)


def lazy(array: np.ndarray, broken: int | None = None) -> LazyVoxels:
    def decode(place: tuple[int, ...], out: np.ndarray) -> None:
        if place[-1] == broken:
            raise ImagingError("this slice is broken")
        out[...] = array[place]

    return LazyVoxels(array.shape, array.dtype, decode, array.ndim - 2)


def viewer_with(data: Any, **attributes: Any) -> Any:
    from napari.components import ViewerModel

    viewer = ViewerModel()
    viewer.add_image(data, **attributes)
    return viewer


def on_screen(viewer: Any) -> np.ndarray:
    return np.asarray(viewer.layers[0]._slice.image.raw)


def test_scrolling_decodes_what_is_shown():
    voxels = lazy(VOXELS)
    volume = Volume(voxels, scale_affine(2, 1, 1), windows=(Window(40, 400),))
    data, attributes, _ = layer_data(volume)
    viewer = viewer_with(data, **attributes)
    first = voxels.decoded
    assert first <= 2
    for k in (3, 7, 3):
        viewer.dims.set_current_step(0, k)
        np.testing.assert_array_equal(on_screen(viewer), VOXELS[k])
    assert voxels.decoded <= first + 2
    assert tuple(viewer.layers[0].contrast_limits) == (-160, 240)
    assert volume_of(viewer.layers[0]) is volume


def test_another_order_of_axes_shows_the_other_planes():
    viewer = viewer_with(lazy(VOXELS), contrast_limits=(0, 100))
    viewer.dims.order = (1, 0, 2)
    viewer.dims.set_current_step(1, 4)
    np.testing.assert_array_equal(on_screen(viewer), VOXELS[:, 4])


def test_time_leads():
    array = np.stack([VOXELS, VOXELS + 1])
    voxels = lazy(array)
    viewer = viewer_with(voxels, contrast_limits=(0, 100))
    viewer.dims.set_current_step(0, 1)
    viewer.dims.set_current_step(1, 5)
    np.testing.assert_array_equal(on_screen(viewer), array[1, 5])
    assert voxels.decoded <= 4


def test_a_broken_slice_is_blank_in_the_layer_and_told_once():
    told: list[ImagingError] = []
    shown = lazy(VOXELS, broken=7).shown(told.append)
    viewer = viewer_with(shown, contrast_limits=(0, 100))
    for k in (7, 6, 7):
        viewer.dims.set_current_step(0, k)
    assert not on_screen(viewer).any()
    assert len(told) == 1
    viewer.dims.set_current_step(0, 8)
    np.testing.assert_array_equal(on_screen(viewer), VOXELS[8])


def test_without_the_view_for_showing_a_broken_slice_raises():
    viewer = viewer_with(lazy(VOXELS, broken=7), contrast_limits=(0, 100))
    with pytest.raises(ImagingError, match="broken"):
        viewer.dims.set_current_step(0, 7)

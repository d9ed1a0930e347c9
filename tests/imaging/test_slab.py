"""Slabs: the mean or maximum of neighbouring slices, and what is said about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Selection, Slab, Volume, Window, parse_slab, slice_count, take
from napari_medvlm.imaging.orientation import plane_axes

from .test_orientation import affine_of, orders, signs

PLANES = st.sampled_from(["axial", "coronal", "sagittal", "acquired"])
KINDS = st.sampled_from(["mean", "maximum"])
WIDE = Window(500.0, 1001.0)


def volume_of(shape: tuple[int, ...] = (7, 6, 5), affine=None, **facts) -> Volume:
    voxels = np.random.default_rng(3).integers(0, 1000, shape).astype(np.int16)
    lps = affine_of((2, 1, 0), (1, -1, -1), (3.0, 1.0, 1.0))
    return Volume(voxels, lps if affine is None else affine, windows=(WIDE,), **facts)


@settings(deadline=None)
@given(orders, signs, PLANES, KINDS, st.integers(2, 9), st.integers(0, 3))
def test_a_slab_is_made_of_the_voxels_that_lie_behind_each_other(
    order, sign, plane, kind, slices, index
):
    volume = volume_of(affine=affine_of(order, sign, (1.0, 1.0, 1.0)))
    (frame,) = take(volume, Selection((index,), plane, slab=Slab(slices, kind)))
    axes = plane_axes(volume, plane)
    count = slice_count(volume, plane)
    first, last = frame.slab.first, frame.slab.last
    assert 0 <= first <= index <= last < count
    assert frame.slab.slices <= slices
    reduce = np.mean if kind == "mean" else np.max
    for row, column in np.ndindex(*frame.pixels.shape[:2]):
        place = frame.to_source @ (column + 0.5, row + 0.5, 1)
        key = [round(float(value)) for value in place]
        assert key[axes.normal] == index
        key[axes.normal] = slice(first, last + 1)
        value = reduce(volume.voxels[tuple(key)].astype(np.float64))
        grey = np.floor(np.clip((value - 499.5) / 1000 + 0.5, 0, 1) * 255 + 0.5)
        assert frame.pixels[row, column, 0] == grey


@given(st.integers(2, 12), st.integers(0, 9), st.integers(1, 10), KINDS)
def test_a_slab_lies_around_its_slice_and_can_be_asked_for_again(slices, index, count, kind):
    index = min(index, count - 1)
    first, last = Slab(slices, kind).around(index, count)
    assert 0 <= first <= index <= last < count
    assert last - first + 1 <= slices
    if first > 0 and last < count - 1:
        assert last - first + 1 == slices
        assert last - index - (index - first) in (0, 1)
    if last > first:
        made = take(volume_of((count, 4, 4)), Selection((index,), slab=Slab(slices, kind)))[0].slab
        assert made.around(index).around(index, count) == (first, last)


def test_the_thickness_is_that_of_the_slices_together():
    frames = take(volume_of(), Selection((3, 0), slab=Slab(3)))
    assert [frame.slab.thickness for frame in frames] == [9.0, 6.0]
    coronal = take(volume_of(), Selection((3,), "coronal", slab=Slab(4)))[0]
    assert coronal.slab.thickness == pytest.approx(4.0)
    assert take(volume_of(unit="pixel"), Selection((3,), slab=Slab(3)))[0].slab.thickness is None


def test_a_tilted_gantry_counts_across_the_slices():
    tilted = affine_of((2, 1, 0), (1, -1, -1), (3.0, 1.0, 1.0))
    tilted[1, 0] = 4.0  # slices follow each other 5 mm apart, 3 mm of it across them
    frame = take(volume_of(affine=tilted), Selection((3,), "acquired", slab=Slab(3)))[0]
    assert frame.slab.thickness == pytest.approx(9.0)


def test_unevenly_spaced_slices_count_by_where_they_lie():
    uneven = volume_of((4, 6, 5), slice_positions=(0.0, 1.0, 2.0, 12.0))
    frame = take(uneven, Selection((2,), "acquired", slab=Slab(3)))[0]
    assert (frame.slab.first, frame.slab.last) == (1, 3)
    assert frame.slab.thickness == pytest.approx(16.5)


def test_one_slice_is_no_slab():
    volume = volume_of((1, 6, 5))
    frame = take(volume, Selection((0,), "acquired", slab=Slab(5)))[0]
    assert frame.slab is None
    np.testing.assert_array_equal(frame.pixels, take(volume, Selection((0,), "acquired"))[0].pixels)


def test_colours_and_times_are_kept_apart():
    coloured = Volume(
        np.random.default_rng(0).integers(0, 255, (2, 5, 4, 4, 3), np.uint8),
        np.eye(4),
        coloured=True,
        temporal=True,
        oriented=False,
    )
    frame = take(coloured, Selection((2,), "acquired", time=1, slab=Slab(3, "maximum")))[0]
    np.testing.assert_array_equal(frame.pixels, coloured.voxels[1, 1:4].max(axis=0))
    assert frame.time == 1


def test_each_slab_can_be_scaled_by_its_own_extremes():
    frame = take(volume_of(), Selection((3,), scaling="slice_extremes", slab=Slab(5)))[0]
    assert (frame.pixels.min(), frame.pixels.max()) == (0, 255)


def test_only_its_slices_are_read():
    class Watched:
        def __init__(self, array):
            self.array, self.asked = array, set()
            self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

        def __getitem__(self, key):
            first = key[0] if isinstance(key, tuple) else key
            self.asked.update(np.arange(len(self.array))[first].reshape(-1).tolist())
            return self.array[key]

    volume = volume_of()
    watched = Watched(volume.voxels)
    take(replace(volume, voxels=watched, identity="a" * 64), Selection((3,), slab=Slab(3)))
    assert watched.asked == {2, 3, 4}


@pytest.mark.parametrize(
    ("text", "slab"),
    [
        ("5", Slab(5)),
        ("mean:3", Slab(3)),
        ("MAX: 7", Slab(7, "maximum")),
        ("maximum:2", Slab(2, "maximum")),
        ("1", None),
    ],
)
def test_a_written_slab_is_read(text, slab):
    assert parse_slab(text) == slab


@pytest.mark.parametrize("text", ["", "0", "thick", "min:5", "mean:", "-3", "5 mm"])
def test_what_is_no_slab_is_said(text):
    with pytest.raises(SelectionError, match="slab"):
        parse_slab(text)


@pytest.mark.parametrize("slab", [Slab(1), Slab(3, "median")])  # type: ignore[arg-type]
def test_a_slab_that_means_nothing_is_refused(slab):
    with pytest.raises(SelectionError, match="mean or the maximum of at least 2"):
        take(volume_of(), Selection((3,), slab=slab))

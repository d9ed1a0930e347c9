from __future__ import annotations

import copy
import threading
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, Window, take
from napari_medvlm.imaging.arrays import scale_affine
from napari_medvlm.imaging.lazy import LazyVoxels
from napari_medvlm.imaging.progress import Cancelled, Step

PLAIN = np.arange(5 * 3 * 4, dtype=np.int16).reshape(5, 3, 4)
IN_TIME = np.arange(2 * 5 * 3 * 4, dtype=np.float32).reshape(2, 5, 3, 4)


class Source:
    """Slices of an array, handed out one by one and counted."""

    def __init__(self, array: np.ndarray, broken: tuple[tuple[int, ...], ...] = ()) -> None:
        self.array = array
        self.broken = broken
        self.asked: Counter[tuple[int, ...]] = Counter()

    def __call__(self, place: tuple[int, ...], out: np.ndarray) -> None:
        self.asked[place] += 1
        if place in self.broken:
            raise ImagingError(f"slice {place} is broken")
        out[...] = self.array[place]

    def voxels(self) -> LazyVoxels:
        return LazyVoxels(self.array.shape, self.array.dtype, self, self.array.ndim - 2)


def lazy(array: np.ndarray = PLAIN, *broken: tuple[int, ...]) -> tuple[LazyVoxels, Source]:
    source = Source(array, broken)
    return source.voxels(), source


def test_it_looks_like_the_array_and_decodes_nothing_for_that():
    voxels, source = lazy(IN_TIME)
    for name in ("shape", "dtype", "ndim", "size", "nbytes", "itemsize"):
        assert getattr(voxels, name) == getattr(IN_TIME, name)
    assert len(voxels) == 2
    assert "0 of 10 slices" in repr(voxels)
    assert not source.asked


@settings(max_examples=150, deadline=None)
@given(array=st.sampled_from([PLAIN, IN_TIME]), data=st.data())
def test_any_basic_index_gives_what_numpy_gives(array, data):
    key = data.draw(hnp.basic_indices(array.shape, allow_newaxis=True))
    voxels, source = lazy(array)
    got, expected = voxels[key], array[key]
    assert type(got) is type(expected)
    np.testing.assert_array_equal(got, expected)
    # Only what the index touches, and each slice once.
    numbers = np.broadcast_to(
        np.arange(np.prod(array.shape[:-2])).reshape(*array.shape[:-2], 1, 1), array.shape
    )
    if expected.size:
        assert len(source.asked) == len(np.unique(numbers[key]))
    assert set(source.asked.values()) <= {1}


@pytest.mark.parametrize(
    "key",
    [
        [0, 3], np.array([4, -5, 4]), np.array([[0, 1], [2, 0]]), ([1, 2], [0, 2]),
        (slice(None), [0, 2]), PLAIN > 7, np.array([True, False, False, True, False]),
        (Ellipsis, 0), (None, -1), (0, 0, 0), True,
    ],
)  # fmt: skip
def test_fancy_indices_give_what_numpy_gives(key):
    voxels, _ = lazy()
    np.testing.assert_array_equal(voxels[key], PLAIN[key])


@pytest.mark.parametrize("key", [5, -6, (0, 3), (0, 0, 0, 0), 1.5, "a", [7]])
def test_what_numpy_cannot_index_is_an_index_error(key):
    with pytest.raises(IndexError):
        lazy()[0][key]


def test_eleven_of_three_hundred_slices_decode_eleven():
    voxels, source = lazy(np.zeros((300, 4, 4), np.uint8))
    volume = Volume(voxels, scale_affine(1, 1, 1), identity="ab" * 32)
    chosen = tuple(range(0, 300, 28))
    frames = take(volume, Selection(chosen, "acquired", Window(0, 100)))
    assert len(frames) == len(source.asked) == voxels.decoded == 11
    assert {frame.source for frame in frames} == {"ab" * 6}


def test_other_planes_and_the_digest_are_those_of_the_array():
    affine = scale_affine(2, 1, 1)
    eager = Volume(IN_TIME, affine, temporal=True)
    volume = Volume(lazy(IN_TIME)[0], affine, temporal=True)
    for plane in ("axial", "coronal", "sagittal"):
        for time in (0, 1):
            chosen = Selection((0, 2), plane, time=time)
            for a, b in zip(take(eager, chosen), take(volume, chosen), strict=True):
                np.testing.assert_array_equal(a.pixels, b.pixels)
    assert volume.digest == eager.digest
    np.testing.assert_array_equal(volume.at_time(1), IN_TIME[1])


def test_slices_come_read_only_and_copies_are_the_same_voxels():
    voxels, source = lazy()
    with pytest.raises(ValueError, match="read-only"):
        voxels[0][0, 0] = 1
    assert copy.deepcopy(voxels) is voxels
    assert copy.copy(voxels) is voxels
    first = np.asarray(voxels)
    assert np.shares_memory(first, np.asarray(voxels))
    own = np.array(voxels)
    own[...] = 0
    np.testing.assert_array_equal(voxels, PLAIN)
    assert np.asarray(voxels, dtype=np.float64).dtype == np.float64
    assert sum(source.asked.values()) == 5


def test_a_broken_slice_concerns_nobody_else():
    voxels, source = lazy(PLAIN, (2,))
    np.testing.assert_array_equal(voxels[3:], PLAIN[3:])
    with pytest.raises(ImagingError, match=r"slice \(2,\) is broken"):
        voxels[1:3]
    with pytest.raises(ImagingError, match="broken"):
        voxels.fill()
    np.testing.assert_array_equal(voxels[[0, 1, 4]], PLAIN[[0, 1, 4]])
    source.broken = ()
    np.testing.assert_array_equal(voxels, PLAIN)


def test_shown_blanks_a_broken_slice_and_tells_it_once():
    voxels, _ = lazy(PLAIN, (2,))
    told: list[ImagingError] = []
    shown = voxels.shown(told.append)
    np.testing.assert_array_equal(shown[1], PLAIN[1])
    assert not shown[2].any()
    assert not shown[:, 1][2].any()
    np.testing.assert_array_equal(np.asarray(shown)[3:], PLAIN[3:])
    assert [str(error) for error in told] == ["slice (2,) is broken"]
    assert (shown.shape, shown.dtype, shown.voxels) == (PLAIN.shape, PLAIN.dtype, voxels)
    with pytest.raises(ImagingError):
        voxels[2]


def test_filling_reports_and_can_be_stopped():
    voxels, source = lazy(np.zeros((40, 2, 2), np.int16))
    voxels[7]
    steps: list[Step] = []

    def stop(step: Step) -> None:
        steps.append(step)
        if len(steps) == 3:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        voxels.fill(stop)
    assert steps[0].total == 39
    kept = voxels.decoded
    voxels.fill(steps.append)
    assert voxels.decoded == 40
    assert steps[-1].total == 40 - kept
    assert set(source.asked.values()) == {1}


def test_while_it_is_filled_a_slice_that_is_looked_at_comes_next():
    gate = threading.Event()

    def decode(place: tuple[int, ...], out: np.ndarray) -> None:
        if place != (39,):
            assert gate.wait(10)
        out[...] = place[0]

    voxels = LazyVoxels((40, 2, 2), np.int16, decode)
    filling = threading.Thread(target=voxels.fill)
    filling.start()
    try:
        assert voxels[39].max() == 39
        assert voxels.decoded < 40
    finally:
        gate.set()
        filling.join(10)
    assert voxels.decoded == 40


def test_many_threads_decode_each_slice_once():
    voxels, source = lazy(np.arange(60, dtype=np.int32).reshape(60, 1, 1))
    barrier = threading.Barrier(4)
    sums: list[int] = []

    def look(step: int) -> None:
        barrier.wait(10)
        sums.append(sum(int(voxels[n, 0, 0]) for n in range(60)[::step]))

    threads = [threading.Thread(target=look, args=(step,)) for step in (1, -1, 1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sums == [1770] * 4
    assert set(source.asked.values()) == {1}


def test_more_than_memory_holds_is_an_error_for_people():
    with pytest.raises(ImagingError, match=r"needs .* GB of memory"):
        LazyVoxels((1 << 20, 1 << 16, 1 << 16), np.float32, lambda place, out: None)

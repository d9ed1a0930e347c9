"""The Clip over a decoder that counts: what is decoded when, kept, and foreseen."""

from __future__ import annotations

import copy
import gc
import threading
import time
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.errors import ImagingError, SelectionError
from napari_medvlm.imaging.clip import Clip
from napari_medvlm.imaging.frame_cache import FrameCache

COUNT, ROWS, COLUMNS = 60, 4, 6
BYTES = ROWS * COLUMNS * 3


class Counting:
    """Frame ``n`` is full of ``n``; refuses two threads at once, as decoders do."""

    size = (ROWS, COLUMNS)
    fps = 25.0

    def __init__(self, times=None, broken=()) -> None:
        self.times = times or tuple(n / 25 for n in range(COUNT))
        self.asked: list[list[int]] = []
        self.broken = broken
        self.closed = False
        self.gate = threading.Event()
        self.gate.set()
        self._busy = threading.Lock()

    def decode(self, indices):
        assert self._busy.acquire(blocking=False), "two threads at once"
        try:
            self.asked.append(list(indices))
            self.gate.wait(30)
            if set(indices) & set(self.broken):
                raise ImagingError("a.mp4: this frame is damaged.")
            return [np.full((*self.size, 3), n, np.uint8) for n in indices]
        finally:
            self._busy.release()

    def close(self) -> None:
        self.closed = True
        self.gate.set()


def clip_of(source, *, frames=1000, prefetch=False) -> Clip:
    cache = FrameCache(frames * BYTES)
    return Clip(source, digest="d" * 64, cache=cache, prefetch=prefetch)


def settle(clip: Clip) -> None:
    """Wait until nothing is decoded ahead any more."""
    until = time.monotonic() + 30
    while clip._prefetch._thread is not None and time.monotonic() < until:
        time.sleep(0.002)
    assert clip._prefetch._thread is None


def test_opening_decodes_nothing_and_a_frame_decodes_one():
    source = Counting()
    clip = clip_of(source)
    assert clip.shape == (COUNT, ROWS, COLUMNS, 3)
    assert source.asked == []
    assert clip.frame(7).max() == 7
    assert source.asked == [[7]]


def test_frames_come_in_the_order_asked_for_and_each_is_decoded_once():
    source = Counting()
    clip = clip_of(source)
    assert [frame.max() for frame in clip.frames((9, 3, 9, 5))] == [9, 3, 9, 5]
    assert source.asked == [[3, 5, 9]]
    clip.frames((3, 4, 9))
    assert source.asked[1:] == [[4]]


def test_frames_cannot_be_written_to():
    with pytest.raises(ValueError, match="read-only"):
        clip_of(Counting()).frame(0)[:] = 0


@pytest.mark.parametrize("index", [-1, COUNT])
def test_frames_that_are_not_there(index):
    with pytest.raises(SelectionError, match="0 to 59"):
        clip_of(Counting()).frame(index)


def test_frames_are_kept_by_bytes_the_ones_used_last():
    source = Counting()
    clip = clip_of(source, frames=3)
    clip.frames((0, 1, 2))
    clip.frame(0)
    clip.frame(3)  # lets 1 go, which was used longest ago
    assert clip._cache.nbytes == 3 * BYTES
    assert clip.missing(range(4)) == [1]


def test_a_request_larger_than_the_cache_is_given_all_the_same():
    clip = clip_of(Counting(), frames=3)
    assert [frame.max() for frame in clip.frames(range(20))] == list(range(20))
    assert clip._cache.nbytes == 3 * BYTES


def test_clips_share_a_cache_and_give_their_part_back():
    cache = FrameCache(100 * BYTES)
    first = Clip(Counting(), digest="a", cache=cache, prefetch=False)
    second = Clip(Counting(), digest="b", cache=cache, prefetch=False)
    first.frames(range(5))
    second.frames(range(7))
    assert cache.nbytes == 12 * BYTES
    first.close()
    assert cache.nbytes == 7 * BYTES
    del second
    gc.collect()
    assert cache.nbytes == 0


def test_a_clip_that_goes_while_the_cache_is_busy_is_forgotten_later():
    cache = FrameCache(100 * BYTES)
    clip = Clip(Counting(), digest="a", cache=cache, prefetch=False)
    clip.frames(range(5))
    with cache._lock:  # as when the garbage collector runs inside the cache
        del clip
        gc.collect()
    other = Clip(Counting(), digest="b", cache=cache, prefetch=False)
    other.frame(0)
    assert cache.nbytes == BYTES


def test_threads_may_share_a_clip():
    source = Counting()
    clip = clip_of(source, frames=10, prefetch=True)
    wrong: list[object] = []

    def look(start: int) -> None:
        try:
            for n in range(100):
                index = (start + 37 * n) % COUNT
                if clip.frame(index).max() != index:
                    wrong.append(index)
        except AssertionError as error:
            wrong.append(error)

    threads = [threading.Thread(target=look, args=(s,)) for s in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not wrong
    clip.close()


def test_going_forwards_the_next_frames_are_decoded_ahead():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    clip.frame(3)
    assert clip.missing(range(COUNT)) == [n for n in range(COUNT) if n != 3]
    clip.frame(4)
    settle(clip)
    assert clip.missing(range(3, 37)) == []
    assert clip.missing(range(37, COUNT)) == list(range(37, COUNT))
    assert max(len(asked) for asked in source.asked) <= 4  # so that nobody waits for long
    before = len(source.asked)
    for index in range(5, 15):
        clip.frame(index)
    assert len(source.asked) == before


def test_going_back_a_whole_block_is_decoded_in_one_pass():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    clip.frame(50)
    clip.frame(49)
    settle(clip)
    assert source.asked[2:] == [list(range(17, 49))]
    for index in range(48, 20, -1):
        clip.frame(index)
    settle(clip)
    assert len(source.asked) == 4  # one block more, not one pass a frame
    assert clip.missing(range(49)) == []


def test_steps_are_followed_and_jumps_are_not():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    clip.frame(0)
    clip.frame(40)
    clip.frame(3)
    settle(clip)
    assert source.asked == [[0], [40], [3]]
    clip.frame(8)
    settle(clip)
    kept = [n for n in range(9, COUNT) if not clip.missing([n])]
    assert kept == sorted({*range(13, COUNT, 5), 40})


def test_who_waits_for_a_frame_comes_before_the_prefetch():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    clip.frames((0, 1))
    source.gate.clear()
    clip.frame(0)
    clip.frame(1)
    until = time.monotonic() + 30
    while len(source.asked) < 2 and time.monotonic() < until:
        time.sleep(0.002)  # the prefetch has its first four frames in hand
    asking = threading.Thread(target=clip.frames, args=((55,),))
    asking.start()
    while clip._turns._waiting == 0 and time.monotonic() < until:
        time.sleep(0.002)
    source.gate.set()
    asking.join(30)
    settle(clip)
    assert source.asked[:3] == [[0, 1], [2, 3, 4, 5], [55]]


def test_a_damaged_frame_ahead_is_told_only_to_who_asks_for_it():
    clip = clip_of(Counting(broken=(6,)), prefetch=True)
    clip.frame(3)
    clip.frame(4)
    settle(clip)
    assert clip.frame(5).max() == 5
    with pytest.raises(ImagingError, match="damaged"):
        clip.frame(6)
    assert clip.frame(7).max() == 7


def test_closing_ends_the_thread_and_the_decoder():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    clip.frame(3)
    source.gate.clear()
    scrolling = threading.Thread(target=clip.frame, args=(4,))
    scrolling.start()
    with clip:
        pass
    scrolling.join(30)
    assert source.closed
    assert clip._prefetch._thread is None or not clip._prefetch._thread.is_alive()
    assert clip.missing([3]) == [3]


def test_a_clip_that_nobody_holds_goes_and_its_thread_with_it():
    source = Counting()
    clip = clip_of(source, prefetch=True)
    gone = weakref.ref(clip)
    clip.frame(3)
    clip.frame(4)
    thread = clip._prefetch._thread
    del clip
    if thread is not None:
        thread.join(30)
        assert not thread.is_alive()
    gc.collect()
    assert gone() is None


def test_a_clip_of_giant_frames_foresees_no_more_than_fits():
    source = Counting()
    clip = clip_of(source, frames=8, prefetch=True)
    clip.frame(3)
    clip.frame(4)
    settle(clip)
    assert clip.missing(range(3, 12)) == [9, 10, 11]


def test_the_frame_nearest_in_time():
    times = (0.0, 0.04, 0.2, 1.0)
    clip = clip_of(Counting(times))
    seconds = (-5.0, 0.0, 0.02, 0.021, 0.12, 0.13, 0.61, 9.0, float("inf"))
    assert [clip.at_seconds(s) for s in seconds] == [0, 0, 0, 1, 1, 2, 3, 3, 3]
    assert clip.duration == 1.0
    with pytest.raises(SelectionError, match="NaN"):
        clip.at_seconds(float("nan"))
    assert clip_of(Counting((0.0,))).at_seconds(3.0) == 0


@given(steps=st.lists(st.floats(0.001, 2.0), min_size=0, max_size=30), seconds=st.floats(-1, 60))
def test_no_frame_is_nearer_than_the_nearest(steps, seconds):
    times = tuple(np.cumsum([0.0, *steps]).tolist())
    clip = clip_of(Counting(times))
    away = [abs(time - seconds) for time in times]
    assert away[clip.at_seconds(seconds)] == min(away)


def test_so_many_frames_a_second():
    clip = clip_of(Counting())  # 60 frames at 25 a second
    assert clip.each_second(1) == (0, 25, 50)
    assert clip.each_second(5, start=1.0, stop=2.0) == (25, 30, 35, 40, 45, 50)
    assert clip.each_second(1000) == tuple(range(COUNT))
    assert clip.each_second(0.01) == (0,)
    assert clip.each_second(2, start=2.0, stop=99.0) == (50,)
    for wrong in ((0,), (-1,), (float("nan"),), (float("inf"),), (1, 5.0), (1, 2.0, 1.0)):
        with pytest.raises(SelectionError, match="frames a second"):
            clip.each_second(*wrong)


KEYS = [
    5, -1, slice(3, 9, 2), (4, slice(None), 3), (slice(0, 2), ..., 1), (..., 0), (np.int64(8),),
    ([2, 5], slice(1, 3)), slice(0, 0), (), ..., (slice(40, None), 1, slice(0, 4, 2), 2),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_the_array_slices_like_the_decoded_stack(key):
    clip = clip_of(Counting())
    array, stack = clip.as_array(), np.stack(clip.frames(range(COUNT)))
    np.testing.assert_array_equal(array[key], stack[key])


def test_the_array_has_the_manners_of_one():
    clip = clip_of(Counting())
    array, stack = clip.as_array(), np.stack(clip.frames(range(COUNT)))
    assert (array.shape, array.dtype, array.ndim) == (stack.shape, stack.dtype, stack.ndim)
    assert (array.size, array.nbytes, len(array)) == (stack.size, stack.nbytes, len(stack))
    np.testing.assert_array_equal(np.asarray(array), stack)
    assert copy.deepcopy(array) is array


def test_a_whole_film_at_once_is_refused_before_it_fills_the_memory():
    source = Counting()
    source.size = (4000, 8000)
    array = clip_of(source).as_array()
    with pytest.raises(SelectionError, match="6 GB"):
        np.asarray(array)
    assert source.asked == []


def test_napari_shows_the_frame_under_the_slider_and_decodes_no_other():
    from napari.components import ViewerModel
    from napari.layers import Image

    from napari_medvlm.imaging.layers import layer_data

    source = Counting()
    clip = clip_of(source)
    data, attributes, _ = layer_data(clip)
    viewer = ViewerModel()
    layer = viewer.add_layer(Image(data, **attributes))
    for index in (0, 1, 2, 41, 40):
        viewer.dims.set_current_step(0, index)
        np.testing.assert_array_equal(np.asarray(layer._slice.image.raw), clip.frame(index))
    shown = sorted(n for asked in source.asked for n in asked)
    # napari starts in the middle of a stack.
    assert set(shown) <= {0, 1, 2, 40, 41, (COUNT - 1) // 2, COUNT // 2}

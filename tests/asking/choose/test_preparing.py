from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from napari_medvlm.asking import FramePreparer, Part, Prepared
from napari_medvlm.errors import SelectionError
from napari_medvlm.imaging import Clip, Selection

from ..scans import ct


@pytest.fixture
def preparer():
    made = FramePreparer()
    yield made
    made.close()


def _wait(preparer: FramePreparer) -> Prepared:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        done = preparer.poll()
        if done is not None:
            return done
        time.sleep(0.005)
    raise AssertionError("no frames came")


def test_frames_come_without_waiting_for_them(preparer: FramePreparer) -> None:
    volume = ct()
    assert preparer.poll() is None
    preparer.wish((Part(volume, Selection(indices=(1, 4))),))
    assert [frame.index for frame in _wait(preparer).frames] == [1, 4]
    assert not preparer.waiting
    assert preparer.poll() is None


def test_the_same_wish_is_answered_once_and_kept(preparer: FramePreparer) -> None:
    volume, selection = ct(), Selection(indices=(1,))
    preparer.wish((Part(volume, selection),))
    first = _wait(preparer)
    assert preparer.get((Part(volume, Selection(indices=(1,))),)) is first


def test_a_mistake_comes_back_as_one(preparer: FramePreparer) -> None:
    preparer.wish((Part(ct(), Selection(indices=(99,))),))
    prepared = _wait(preparer)
    assert isinstance(prepared.error, SelectionError)
    assert prepared.frames == ()


def test_overtaken_wishes_are_skipped(preparer: FramePreparer) -> None:
    release, decoded = threading.Event(), []

    class Slow:
        times = tuple(float(n) for n in range(9))
        size = (4, 4)
        fps = 1.0

        def decode(self, indices):
            release.wait(10)
            decoded.extend(indices)
            return [np.zeros((4, 4, 3), np.uint8) for _ in indices]

    clip = Clip(Slow(), digest="0" * 64)
    for index in range(6):
        preparer.wish((Part(clip, Selection(indices=(index,))),))
    release.set()
    assert [frame.index for frame in _wait(preparer).frames] == [5]
    # The first had begun; the others never did.
    assert set(decoded) <= {0, 5}

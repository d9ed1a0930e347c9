"""Work in a thread, without a window."""

from __future__ import annotations

import threading

import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging.progress import Cancelled, Step
from napari_medvlm.widgets.parts.background import Background


def test_the_result_and_the_last_step_are_there_when_it_is_done():
    def work(progress):
        progress(Step(3, 4, "reading"))
        return "read"

    job = Background(work, "test")
    assert job.join(10)
    assert job.result() == "read"
    assert job.step == Step(3, 4, "reading")


def test_an_error_is_raised_where_the_result_is_asked_for():
    def work(progress):
        raise ImagingError("It is broken.")

    job = Background(work, "test")
    assert job.join(10)
    with pytest.raises(ImagingError, match="It is broken"):
        job.result()


def test_cancelled_work_ends_at_its_next_step():
    started, go_on = threading.Event(), threading.Event()

    def work(progress):
        started.set()
        go_on.wait(10)
        progress(Step(0, 0, "reading"))
        raise AssertionError("it went on")

    job = Background(work, "test")
    assert started.wait(10)
    assert not job.done
    job.cancel()
    go_on.set()
    assert job.join(10)
    assert job.cancelled
    with pytest.raises(Cancelled):
        job.result()

"""Works in threads: how far they are, and every way in which they end."""

from __future__ import annotations

import threading

import pytest

from napari_medvlm.errors import FetchError
from napari_medvlm.fetching.download import FetchCancelled
from napari_medvlm.fetching.jobs import Job, Jobs, JobState
from napari_medvlm.fetching.pace import Pace
from napari_medvlm.fetching.progress import Doing, Progress, Step
from napari_medvlm.fetching.telling import (
    activity_words,
    ended_words,
    file_words,
    time_words,
    total_words,
)

MB = 1_000_000


def _step(done: int, doing: Doing = "fetching", total: int = 100 * MB) -> Step:
    return Step(doing, "model.safetensors", done, total, done, total)


class _Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_job_tells_speed_and_time_left() -> None:
    clock, at, go = _Clock(), threading.Event(), threading.Event()

    def work(progress: Progress) -> str:
        for second in range(5):
            clock.now = float(second)
            progress(_step(10 * MB * second))
        at.set()
        assert go.wait(10)
        return "whole"

    job = Job("chexone", "download", work, clock=clock)
    job.start()
    assert at.wait(10)
    state = job.state
    assert state.stage == "running"
    assert state.rate == pytest.approx(10e6)
    assert state.seconds_left == pytest.approx(6)
    assert activity_words(state) == "downloading 40 %"
    assert file_words(state) == "model.safetensors: 40 of 100 MB"
    assert total_words(state) == "40 of 100 MB · 10.0 MB/s · 6 s left"
    go.set()
    assert job.join(10)
    assert (job.state.stage, job.state.result) == ("done", "whole")


def test_what_was_here_before_is_no_speed() -> None:
    clock, at, go = _Clock(), threading.Event(), threading.Event()

    def work(progress: Progress) -> None:
        progress(_step(0, "checking"))
        clock.now = 1.0
        progress(_step(90 * MB, "checking"))
        for second in range(2, 6):
            clock.now = float(second)
            progress(_step(90 * MB + second * MB))
        at.set()
        go.wait(10)

    job = Job("chexone", "download", work, clock=clock)
    job.start()
    assert at.wait(10)
    assert job.state.rate == pytest.approx(1e6)
    go.set()
    assert job.join(10)


def test_a_stall_slows_what_is_told() -> None:
    pace = Pace()
    pace.restart(0.0)
    for second in range(5):
        pace.more(float(second), MB)
    assert pace.rate(0.5) is None
    assert pace.rate(20.0) == 0
    assert pace.seconds_left(20.0, MB) is None


def test_a_stopped_job_ends_at_its_next_piece() -> None:
    begun = threading.Event()

    def work(progress: Progress) -> None:
        while True:
            progress(_step(41 * MB))
            begun.set()

    job = Job("chexone", "download", work)
    job.start()
    assert begun.wait(10)
    job.stop()
    assert job.join(10)
    assert job.state.stage == "stopped"
    assert ended_words(job.state) == "Paused: 41 of 100 MB are here."


def test_an_error_is_a_sentence_and_a_bug_is_too() -> None:
    def refused(_: Progress) -> None:
        raise FetchError("The hub refused.", "Try again.")

    def broken(_: Progress) -> None:
        raise ZeroDivisionError("by zero")

    told = []
    for work in (refused, broken):
        job = Job("chexone", "download", work, on_end=lambda job: told.append(job.state.stage))
        job.start()
        assert job.join(10)
        told.append(ended_words(job.state))
    assert told[0::2] == ["failed", "failed"]
    assert told[1] == "The hub refused. Try again."
    assert "ZeroDivisionError: by zero" in told[3]


def test_one_work_on_a_model_at_a_time() -> None:
    go, jobs = threading.Event(), Jobs()
    first = jobs.start("chexone", "check", lambda _: go.wait(10))
    with pytest.raises(FetchError, match="just now"):
        jobs.start("chexone", "pack", lambda _: None)
    other = jobs.start("demo", "check", lambda _: None)
    assert other.join(10)
    assert jobs.active == (first,)
    go.set()
    assert first.join(10)
    jobs.forget("chexone")
    assert jobs.of("chexone") is None


def test_closing_stops_all_and_starts_none() -> None:
    jobs, begun = Jobs(), threading.Event()

    def work(progress: Progress) -> None:
        while True:
            progress(_step(1))
            begun.set()

    job = jobs.start("chexone", "download", work)
    assert begun.wait(10)
    assert jobs.close(seconds=10)
    assert job.state.stage == "stopped"
    with pytest.raises(FetchError, match="about to end"):
        jobs.start("demo", "check", lambda _: None)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (JobState("download", "running"), "Downloading …"),
        (JobState("download", "running", _step(5, "waiting")), "The connection broke at"),
        (JobState("use", "running", _step(5, "checking")), "comparing the checksum of model"),
    ],
)
def test_the_file_line(state: JobState, words: str) -> None:
    assert file_words(state).startswith(words)


def test_the_end_in_words() -> None:
    assert ended_words(JobState("check", "done", result=())) == "Every file matches its checksum."
    found = tuple(f"{n} is missing." for n in "abcde")
    assert ended_words(JobState("check", "done", result=found)).endswith("And 2 more.")
    assert "Nothing of the copy" in ended_words(JobState("use", "stopped"))
    assert ended_words(JobState("remove", "done", result=2 * 10**9)) == "2.0 GB freed."
    assert total_words(JobState("download", "stopping", _step(1))).startswith("Stopping")
    assert [time_words(s) for s in (0.2, 59, 61, 4800)] == ["1 s", "59 s", "1 min", "1 h 20 min"]
    assert issubclass(FetchCancelled, FetchError)

"""Long works on models (downloads, packs, checks), each in a thread of its own. No Qt.

A window looks at the state of a job from a timer and gives it commands; it may close meanwhile.
A job that is stopped ends at its next piece, and leaves what its act leaves when it is cancelled:
a part of a download that can go on later, and nothing of a copy.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ..errors import FetchError, MedvlmError
from .download import FetchCancelled
from .pace import Pace
from .progress import Progress, Step

Act = Literal["ask", "download", "use", "pack", "check", "remove"]
Stage = Literal["running", "stopping", "done", "stopped", "failed"]
#: Gives a result, of whatever kind its act has.
Work = Callable[[Progress], object]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobState:
    """A snapshot of a job.

    Parameters
    ----------
    act, stage
        What it is, and whether it still runs.
    step
        How far it is; None before the first step.
    rate
        Bytes a second of what now goes on; None where that is not known.
    seconds_left
        None where that is not known.
    words
        Why it failed, with what to do; empty otherwise.
    result
        What the work gave, when it is done.
    """

    act: Act
    stage: Stage
    step: Step | None = None
    rate: float | None = None
    seconds_left: float | None = None
    words: str = ""
    result: object = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.stage in ("done", "stopped", "failed")


class Job:
    """One work in a thread of its own; every method may be called from any thread.

    Parameters
    ----------
    key
        The model that it is about: a catalog name or a folder.
    act, work
        What is done, and how.
    on_end
        Told of its end, in its thread.
    clock
        Seconds, from any beginning.
    """

    def __init__(
        self,
        key: str,
        act: Act,
        work: Work,
        on_end: Callable[[Job], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.key, self.act = key, act
        self._work, self._on_end, self._clock = work, on_end, clock
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._pace = Pace()
        self._step: Step | None = None
        self._end: JobState | None = None
        # A daemon: a server that does not answer must not keep the program from ending, and
        # whatever ends a download, its part stays good.
        self._thread = threading.Thread(target=self._run, name=f"medvlm-{act}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def state(self) -> JobState:
        """How it stands now."""
        if self._end is not None:
            return self._end
        stage: Stage = "stopping" if self._stop.is_set() else "running"
        with self._lock:
            step, now = self._step, self._clock()
            if step is None or step.doing == "waiting":
                return JobState(self.act, stage, step)
            left = self._pace.seconds_left(now, step.total - step.done)
            return JobState(self.act, stage, step, self._pace.rate(now), left)

    def stop(self) -> None:
        """Ask it to end at its next piece."""
        self._stop.set()

    def join(self, seconds: float | None = None) -> bool:
        """Wait for its end; whether that came."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return self._end is not None

    def _run(self) -> None:
        try:
            self._end = JobState(self.act, "done", self._step, result=self._work(self._progress))
        except FetchCancelled:
            self._end = JobState(self.act, "stopped", self._step)
        except MedvlmError as error:
            self._end = JobState(self.act, "failed", self._step, words=str(error))
        except Exception as error:
            _log.exception("The %s of %s failed", self.act, self.key)
            words = f"It failed unexpectedly ({type(error).__name__}: {error}). The log tells more."
            self._end = JobState(self.act, "failed", self._step, words=words)
        if self._on_end is not None:
            self._on_end(self)

    def _progress(self, step: Step) -> None:
        if self._stop.is_set():
            raise FetchCancelled
        with self._lock:
            last, self._step = self._step, step
            if last is None or (last.name, last.doing) != (step.name, step.doing):
                if last is None or last.doing != step.doing:
                    self._pace.restart(self._clock())
                return
            self._pace.more(self._clock(), max(step.here - last.here, 0))


class Jobs:
    """The works of this program, at most one for each model at a time.

    Parameters
    ----------
    on_end
        Told of each end, in the thread of the work.
    """

    def __init__(self, on_end: Callable[[Job], None] | None = None) -> None:
        self._on_end = on_end
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()
        self._closed = False

    def start(self, key: str, act: Act, work: Work, after: Job | None = None) -> Job:
        """Begin a work.

        Parameters
        ----------
        key, act, work
            As of a job.
        after
            A work that may still run: this one waits for its end by itself.

        Raises
        ------
        FetchError
            If another work on this model runs, or the program is about to end.
        """
        with self._lock:
            running = self._jobs.get(key)
            if self._closed:
                raise FetchError("The program is about to end.")
            if running is not None and running is not after and not running.state.ended:
                raise FetchError("Something else is being done with this model just now.")
            job = self._jobs[key] = Job(key, act, work, self._on_end)
        job.start()
        return job

    def of(self, key: str) -> Job | None:
        """The last work on a model, ended or not; None where there was none."""
        return self._jobs.get(key)

    def forget(self, key: str) -> None:
        """Forget a work that has ended."""
        with self._lock:
            job = self._jobs.get(key)
            if job is not None and job.state.ended:
                del self._jobs[key]

    @property
    def active(self) -> tuple[Job, ...]:
        """Those that have not ended."""
        with self._lock:
            return tuple(job for job in self._jobs.values() if not job.state.ended)

    def close(self, seconds: float = 0.0) -> bool:
        """Stop all, and start none any more.

        Parameters
        ----------
        seconds
            How long to wait for their ends.

        Returns
        -------
        ended
            Whether all have ended.
        """
        with self._lock:
            self._closed = True
            jobs = list(self._jobs.values())
        for job in jobs:
            job.stop()
        until = time.monotonic() + seconds
        for job in jobs:
            job.join(max(until - time.monotonic(), 0.0))
        return all(job.state.ended for job in jobs)

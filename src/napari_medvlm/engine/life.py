"""The life of the model, as one thread that owns it: queue, stop, crash, restart, unload.

Everything that happens (a call of the program, a message of the model, a time limit) is done
here, one after the other, so that no state needs a lock. Every request ends with exactly one
last event, and nothing that carries its number is delivered after that: a late token of a
stopped answer is dropped here.
"""

from __future__ import annotations

import collections
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from ..dialogue.context import ParseContext
from ..dialogue.events import (
    Event,
    Failed,
    Loaded,
    Loading,
    Prefill,
    Queued,
    Replied,
    Token,
    Unloaded,
)
from ..dialogue.parse import read_reply
from ..dialogue.question import Question
from ..errors import EngineError
from .backend import Backend, Ended, Memory, News, Prepared, Ready, Sink
from .choice import EngineState, ModelChoice, Status
from .mailbox import Mailbox
from .runner import one_line

#: What an orderly end of the model process may take before it is forced.
_ORDERLY_SECONDS = 0.3

_log = logging.getLogger(__name__)


@dataclass
class Job:
    """One request: a question, or a load where ``question`` is None."""

    request: int
    choice: ModelChoice
    question: Question | None = None
    sent: bool = False
    waits: bool = False
    stop_by: float | None = None
    text: list[str] = field(default_factory=list)
    tokens: int = 0

    def stopped(self) -> Event:
        """Its last event when it is stopped: the text so far."""
        if self.question is None:
            return Unloaded(request=self.request)
        # The family, which alone knows how its boxes are to be read, had no say: no boxes.
        context = ParseContext.of(self.question, family="", finish_reason="stopped")
        reply = read_reply("".join(self.text), context)
        reply = replace(reply, boxes=(), complete=False, new_tokens=self.tokens)
        return Replied(request=self.request, reply=reply)


class Life:
    """The thread behind ``ModelThread``; public methods may be called from any thread."""

    def __init__(
        self,
        make_backend: Callable[[Sink], Backend],
        mailbox: Mailbox,
        grace_seconds: float,
        start_seconds: float,
    ) -> None:
        self.state = EngineState()
        self._make_backend = make_backend
        self._mailbox = mailbox
        self._grace = grace_seconds
        self._start_seconds = start_seconds
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="medvlm-engine", daemon=True)
        # From here on touched by the thread only.
        self._jobs: collections.deque[Job] = collections.deque()
        self._current: Job | None = None
        self._backend: Backend | None = None
        self._ready = False
        self._prepares: ModelChoice | None = None  # before it is ready for orders
        self._start_by: float | None = None
        self._loaded: ModelChoice | None = None

    def start(self) -> None:
        """Start the thread; it starts no process before there is something to do."""
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Put a request behind the others."""
        self._inbox.put(partial(self._on_submit, job))

    def prepare(self, choice: ModelChoice) -> None:
        """Start the process where there is none, and let it import what the model takes."""
        self._inbox.put(partial(self._on_prepare, choice))

    def stop(self, request: int | None) -> None:
        """Stop a running or waiting request; None means the running one."""
        self._inbox.put(partial(self._on_stop, request))

    def unload(self, request: int) -> None:
        """Stop everything and end the process."""
        self._inbox.put(partial(self._on_unload, request))

    def close(self) -> None:
        """End the process and the thread, within the grace period and a second."""
        self._closing.set()
        self._inbox.put(self._drop_everything)
        if not self._thread.is_alive() or threading.current_thread() is self._thread:
            return  # the latter when the garbage collector runs here
        self._thread.join(self._grace + 0.5)
        backend = self._backend
        if self._thread.is_alive() and backend is not None:
            backend.kill()
            self._thread.join(0.5)

    def _run(self) -> None:
        while not self._closing.is_set():
            with contextlib.suppress(queue.Empty):
                self._safely(self._inbox.get(timeout=self._until_limit()))
            self._safely(self._on_limit)
            self._safely(self._advance)
        self._safely(self._drop_everything)
        self._mailbox.shut()

    def _safely(self, action: Callable[[], None]) -> None:
        # A fault of ours, or a question that cannot be sent, costs this one answer.
        try:
            action()
        except Exception as error:
            _log.exception("The engine failed")
            self._end_backend("dead")
            self._fail("model", f"The question could not be handed over: {one_line(error)}")

    # What the program asks for

    def _on_submit(self, job: Job) -> None:
        ahead = len(self._jobs) + (self._current is not None)
        self._jobs.append(job)
        self._deliver(Queued(request=job.request, ahead=ahead))

    def _on_prepare(self, choice: ModelChoice) -> None:
        if self._backend is None and not self._closing.is_set() and self.state.status != "dead":
            self._start_backend(choice, "empty")

    def _on_stop(self, request: int | None) -> None:
        job = self._current
        if job is not None and request in (None, job.request):
            if not job.sent:
                self._finish(job.stopped())
            elif job.stop_by is None and self._backend is not None:
                job.stop_by = time.monotonic() + self._grace
                self._backend.stop(job.request)
            return
        for waiting in [job for job in self._jobs if job.request == request]:
            self._jobs.remove(waiting)
            self._deliver(waiting.stopped(), last=True)

    def _on_unload(self, request: int) -> None:
        self._drop_everything()
        self._deliver(Unloaded(request=request), last=True)

    def _drop_everything(self) -> None:
        dropped = [job for job in (self._current, *self._jobs) if job is not None]
        self._current = None
        self._jobs.clear()
        self._end_backend("empty", _ORDERLY_SECONDS)
        for job in dropped:
            self._deliver(job.stopped(), last=True)

    # What comes from the model

    def _sink(self, backend: Backend, news: News) -> None:
        self._inbox.put(partial(self._on_news, backend, news))

    def _on_news(self, backend: Backend, news: News) -> None:
        if backend is not self._backend:
            return  # of a process that was given up
        match news:
            case Ready(pid):
                self._start_by = None
                self._set(pid=pid)
                assert self._prepares is not None
                backend.prepare(self._prepares)
            case Prepared():
                self._ready = True
            case Memory(count):
                self._set(memory_bytes=count)
            case Ended(reason, advice):
                self._end_backend("dead")
                self._set(problem=reason, advice=advice)
                self._fail("crash", reason, advice)
            case _:
                self._on_event(news)

    def _on_event(self, event: Event) -> None:
        job = self._current
        if job is None or event.request != job.request:
            return  # of an answer that nobody waits for
        match event:
            case Loading():
                self._loaded = None
                self._set("loading", choice=job.choice)
            case Loaded():
                self._loaded = job.choice
                self._set(
                    "answering" if job.question else "ready",
                    choice=job.choice,
                    device=event.device,
                    dtype=event.dtype,
                    memory_bytes=event.memory_bytes,
                )
            case Prefill():
                self._set("answering")
            case Token():
                job.text.append(event.text)
                job.tokens = event.count or len(job.text)
        ends_load = job.question is None and isinstance(event, Loaded | Unloaded)
        if ends_load or isinstance(event, Replied | Failed):
            self._finish(event)
        else:
            self._deliver(event)

    # Starting, limits, ending

    def _advance(self) -> None:
        if self._current is None and self._jobs:
            self._current = self._jobs.popleft()
        job = self._current
        if job is None or job.sent or self._closing.is_set():
            return
        if self._backend is None:
            self._start_backend(job.choice, "loading")
        elif not self._ready:
            self._set("loading", choice=job.choice)
            if not job.waits:
                job.waits = True
                stage = "importing torch and transformers"
                self._deliver(Loading(request=job.request, stage=stage))
        elif self._is_held_back(job.choice):
            self._end_backend("empty", _ORDERLY_SECONDS)
            self._start_backend(job.choice, "loading")
        else:
            job.sent = True
            self._set("answering" if self._loaded == job.choice else "loading", choice=job.choice)
            if job.question is None:
                self._backend.load(job.request, job.choice)
            else:
                self._backend.ask(job.request, job.question, job.choice)

    def _is_held_back(self, choice: ModelChoice) -> bool:
        """Whether the process runs at a lower priority, for the CPU, and a GPU is wanted now."""
        before = self._loaded
        return before is not None and before.device == "cpu" != choice.device

    def _start_backend(self, choice: ModelChoice, status: Status) -> None:
        self._backend = self._make_backend(self._sink)
        self._ready, self._loaded = False, None
        self._prepares = choice
        self._start_by = time.monotonic() + self._start_seconds
        self._set(status, choice=choice if status == "loading" else None)
        try:
            self._backend.start()
        except EngineError as error:
            self._end_backend("dead")
            self._fail("crash", error.message, error.advice)

    def _until_limit(self) -> float | None:
        stop_by = self._current.stop_by if self._current else None
        limits = [limit for limit in (stop_by, self._start_by) if limit is not None]
        return max(0.0, min(limits) - time.monotonic()) if limits else None

    def _on_limit(self) -> None:
        now = time.monotonic()
        job = self._current
        if job is not None and job.stop_by is not None and now >= job.stop_by:
            _log.warning("The model did not stop within %g s; ending its process", self._grace)
            self._end_backend("empty")
            self._finish(job.stopped())
        elif self._start_by is not None and now >= self._start_by and self._backend is not None:
            words = self._backend.last_words()
            self._end_backend("dead")
            reason = f"The model process did not start within {self._start_seconds:g} s"
            self._fail("crash", f"{reason}: {words}." if words else f"{reason}.", "Ask again.")

    def _end_backend(self, status: Status, patience: float = 0.0) -> None:
        backend, self._backend = self._backend, None
        self._ready, self._start_by, self._loaded = False, None, None
        if backend is not None:
            backend.end(patience)
        self.state = EngineState(status, queued=len(self._jobs))

    def _fail(self, kind: str, message: str, advice: str = "") -> None:
        if self._current is not None:
            failed = Failed(request=self._current.request, message=message, advice=advice)
            self._finish(replace(failed, kind=kind))  # type: ignore[arg-type]

    def _finish(self, event: Event) -> None:
        job, self._current = self._current, None
        if isinstance(event, Failed) and event.kind == "memory" and self._loaded is None:
            # What a half-loaded model holds comes back for certain only with its process.
            self._end_backend("empty")
        elif self._backend is not None:
            self._set("ready" if self._loaded else "empty", choice=self._loaded)
        if isinstance(event, Failed) and job is not None and job.question is None:
            # Nobody may be left who reads the event of a load.
            self._set(problem=event.message, advice=event.advice)
        self._deliver(event, last=True)

    def _set(self, status: Status | None = None, **changes: object) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if status in ("loading", "ready"):
            state = replace(state, problem="", advice="")
        self.state = replace(state, status=status or state.status, queued=len(self._jobs))

    def _deliver(self, event: Event, last: bool = False) -> None:
        self._set()
        self._mailbox.deliver(event, last)

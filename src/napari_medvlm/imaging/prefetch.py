"""Frames decoded ahead of the slider, in the direction in which it moves."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from ..errors import ImagingError

#: Frames ahead of the one shown, memory permitting.
AHEAD = 32
#: Steps longer than this are jumps, after which nothing can be foreseen.
_LONGEST_STEP = 8
#: Frames decoded forwards before someone who waits gets a turn.
_AT_ONCE = 4


class Turns:
    """Lets one thread at a time decode: those who wait for a frame before the prefetch."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._busy = False
        self._waiting = 0

    @contextmanager
    def turn(self, *, urgent: bool) -> Iterator[None]:
        """Wait for a turn and hold it."""
        with self._changed:
            self._waiting += urgent
            self._changed.wait_for(lambda: not self._busy and (urgent or not self._waiting))
            self._waiting -= urgent
            self._busy = True
        try:
            yield
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()


class Loader(Protocol):
    """What a Clip offers the prefetch."""

    def __len__(self) -> int: ...

    def load(self, indices: Sequence[int], *, urgent: bool) -> object: ...

    def missing(self, indices: Sequence[int]) -> list[int]: ...


class Prefetch:
    """Foresees which frames are shown next and has them decoded.

    Its thread lives only while there is something to decode, and holds the clip only while it
    decodes, so that a clip nobody needs goes away with it.

    Parameters
    ----------
    loader
        The clip.
    ahead
        How many frames, at least one.
    """

    def __init__(self, loader: Loader, ahead: int) -> None:
        self._loader = weakref.ref(loader)
        self._ahead = ahead
        self._last: int | None = None
        self._plan: list[int] = []
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def shown(self, index: int) -> None:
        """A frame was shown; plan what comes next."""
        loader = self._loader()
        if loader is None:
            return
        with self._lock:
            step = 0 if self._last is None else index - self._last
            self._last = index
            if step == 0 or self._closed:
                return
            self._plan = []
            if abs(step) > _LONGEST_STEP:
                return
            end = index + step * (self._ahead + 1)
            wanted = [n for n in range(index + step, end, step) if 0 <= n < len(loader)]
            missing = loader.missing(wanted)
            # Frames come in blocks: going back, a block costs as much as one frame, the run from
            # the key frame on; so wait until half of what lies ahead is used up.
            if not missing or abs(missing[0] - index) > abs(step) * max(1, self._ahead // 2):
                return
            self._plan = missing
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._work, name="clip-prefetch", daemon=True
                )
                self._thread.start()

    def close(self) -> None:
        """Plan nothing more, and wait until the thread is gone."""
        with self._lock:
            self._closed = True
            self._plan = []
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _work(self) -> None:
        while (chunk := self._next_chunk()) is not None:
            loader = self._loader()
            if loader is None:
                return
            try:
                loader.load(chunk, urgent=False)
            except ImagingError:
                # Nobody asked for this frame yet; who does gets the error.
                with self._lock:
                    self._plan = []
            del loader

    def _next_chunk(self) -> list[int] | None:
        with self._lock:
            plan = self._plan
            if not plan:
                self._thread = None
                return None
            forwards = len(plan) < 2 or plan[0] < plan[1]
            count = _AT_ONCE if forwards else len(plan)
            self._plan = plan[count:]
            return sorted(plan[:count])

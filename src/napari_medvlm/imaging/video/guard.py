"""Frames from a decoder process: a hang, a crash or damage costs an error, never the viewer."""

from __future__ import annotations

import importlib.util
import os
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from ...errors import ImagingError, MissingExtraError
from ..frame_cache import Pixels
from .channel import Message
from .facts import Backend, Facts, Wanted
from .process import Crashed, DecoderProcess, Hung, Take

_ADVICE = "Check that the file is complete, or convert it to MP4 (H.264)."
#: Processes that clips hold at once; the one used longest ago gives its own away.
_MOST_PROCESSES = 4

Start = Callable[[], DecoderProcess]


def backend() -> Backend:
    """PyAV, or decord where PyAV is missing."""
    has_av = importlib.util.find_spec("av") is not None
    return "av" if has_av or importlib.util.find_spec("decord") is None else "decord"


class GuardedSource:
    """The ``FrameSource`` of a video; a process decodes for it.

    The process is started when it is needed and may be taken away in between: the next request
    starts another and opens the video again.

    Parameters
    ----------
    wanted
        What to open.
    name
        How errors call it: the name of the file.
    using
        Which library decodes; chosen by what is installed if None.
    start
        Starts a process; another one in tests.

    Raises
    ------
    ImagingError
        If no picture can be decoded from it, or the decoder hangs or crashes.
    MissingExtraError
        If neither PyAV nor decord is installed.
    """

    def __init__(
        self,
        wanted: Wanted,
        *,
        name: str,
        using: Backend | None = None,
        start: Start = DecoderProcess,
    ) -> None:
        self._wanted = wanted
        self._name = name
        self._using: Backend = using or backend()
        self._start = start
        self._stamp = _stamp(wanted)
        self._process: DecoderProcess | None = None
        self._lock = threading.RLock()
        self._closed = False
        with self._lock:
            self._facts = self._opened()
        self.times = self._facts.times
        self.size = self._facts.size
        self.fps = self._facts.fps
        self.remarks = self._facts.remarks

    def decode(self, indices: Sequence[int]) -> list[Pixels]:
        """Frames ``(rows, columns, 3)`` at these indices, in this order.

        Raises
        ------
        ImagingError
            If one cannot be decoded, the decoder hangs or crashes, or the file is gone.
        """
        order: Message = {"op": "decode", "indices": sorted(set(indices))}
        got: dict[int, Pixels] = {}

        def take(reply: Message, blob: bytearray) -> None:
            if tuple(reply["shape"]) != (*self.size, 3):
                raise self._error("a frame has another size than the first")
            got[int(reply["index"])] = np.frombuffer(blob, np.uint8).reshape(*self.size, 3)

        with self._lock:
            self._ask(self._ready(), order, b"", take)
        if len(got) < len(order["indices"]):
            raise self._error("frames could not be decoded")
        return [got[index] for index in indices]

    def rest(self) -> None:
        """Give the process back; the next request takes another."""
        with self._lock:
            process, self._process = self._process, None
        _holders.drop(self)
        if process is not None:
            _spare.put(process)

    def try_rest(self) -> bool:
        """``rest``, unless it is decoding just now."""
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self.rest()
        finally:
            self._lock.release()
        return True

    def close(self) -> None:
        """Give the process back; nothing can be decoded afterwards."""
        self._closed = True
        process = self._process
        if process is not None and not self.try_rest():
            process.end()  # it is decoding for another thread, which gets an error
            self.rest()

    def __del__(self) -> None:
        process = getattr(self, "_process", None)
        if process is not None:
            process.end()

    def _ready(self) -> DecoderProcess:
        """A process that has this video open."""
        if self._closed:
            raise self._error("it was closed", "Open it again.")
        if self._process is None or not self._process.alive:
            if _stamp(self._wanted) != self._stamp:
                raise self._error("it has changed or is gone since it was opened", "Open it again.")
            if self._opened() != self._facts:
                raise self._error("it has changed since it was opened", "Open it again.")
        _holders.touch(self)
        assert self._process is not None
        return self._process

    def _opened(self) -> Facts:
        self._process = _spare.take(self._start)
        wanted = asdict(self._wanted)
        data = wanted.pop("data")
        order: Message = {"op": "open", "backend": self._using, "wanted": wanted}
        facts: list[Facts] = []
        try:
            self._ask(
                self._process, order, data, lambda r, _: facts.append(Facts.of_message(r["facts"]))
            )
        except (ImagingError, MissingExtraError):
            self.rest()
            raise
        _holders.touch(self)
        return facts[0]

    def _ask(self, process: DecoderProcess, order: Message, blob: bytes, take: Take) -> None:
        try:
            last = process.ask(order, blob, take)
        except Hung as error:
            raise self._error(
                f"the decoder gave no sign of life for {process.limit:g} s and was stopped"
            ) from error
        except Crashed as error:
            what = "it was closed" if self._closed else "the decoder crashed on it"
            raise self._error(what) from error
        if last["op"] == "failed":
            raise self._error(str(last["reason"]))
        if last["op"] == "missing":
            raise MissingExtraError(str(last["message"]), str(last["advice"]))

    def _error(self, what: str, advice: str = _ADVICE) -> ImagingError:
        return ImagingError(f"{self._name}: {what}.", advice)


def _stamp(wanted: Wanted) -> tuple[int, int] | None:
    """Size and time of change, by which another file in the same place shows."""
    if wanted.path is None:
        return None
    try:
        status = os.stat(wanted.path)
    except OSError:
        return -1, -1
    return status.st_size, status.st_mtime_ns


class _Spare:
    """At most one idle process, so that a folder of videos does not start one for each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: DecoderProcess | None = None

    def take(self, start: Start) -> DecoderProcess:
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            if start is DecoderProcess and process.alive:
                return process
            process.end()
        return start()

    def put(self, process: DecoderProcess) -> None:
        """Keep it if it is one of ours, healthy, and the only one."""
        if type(process) is DecoderProcess and process.alive:
            try:
                process.ask({"op": "close"})
            except (Hung, Crashed):
                return  # and so it has ended
            with self._lock:
                if self._process is None:
                    self._process = process
                    return
        process.end()


class _Holders:
    """Which sources hold a process, the one used longest ago first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[int, weakref.ref[GuardedSource]] = OrderedDict()

    def touch(self, source: GuardedSource) -> None:
        with self._lock:
            self._held[id(source)] = weakref.ref(source)
            self._held.move_to_end(id(source))
            older = [one for ref in self._held.values() if (one := ref()) is not None]
            self._held = OrderedDict((id(one), weakref.ref(one)) for one in older)
        surplus = len(older) - _MOST_PROCESSES
        for one in older[:-1]:
            if surplus > 0 and one.try_rest():
                surplus -= 1

    def drop(self, source: GuardedSource) -> None:
        with self._lock:
            self._held.pop(id(source), None)


_spare = _Spare()
_holders = _Holders()

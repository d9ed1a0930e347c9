"""Decoder processes as the viewer sees them: started, asked, ended when they take too long."""

from __future__ import annotations

import atexit
import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from .channel import Message, receive, send

#: Seconds without a sign of life after which a decoder counts as hung.
LIMIT = 8.0
_COMMAND = (sys.executable, "-P", "-m", "napari_medvlm.imaging.video.child")
_F_SETPIPE_SZ = 1031  # linux/fcntl.h
_PIPE_BYTES = 1 << 20
_STARTING_SECONDS = 30.0
_ENDING_SECONDS = 5.0


#: What is done with a message and the bytes behind it.
Take = Callable[[Message, bytearray], None]


class Hung(Exception):
    """No sign of life within the limit; the process is ended."""


class Crashed(Exception):
    """The process ended by itself."""


class DecoderProcess:
    """One child process; used by one thread at a time.

    Parameters
    ----------
    limit
        Seconds without a sign of life.
    command
        What to start; another one in tests.
    """

    def __init__(self, limit: float = LIMIT, command: tuple[str, ...] = _COMMAND) -> None:
        self.limit = limit
        self._child: subprocess.Popen[bytes] = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=_environment(),
        )
        self._orders: Any = self._child.stdin
        replies: Any = self._child.stdout
        self._replies = replies
        _widen(replies.fileno())
        self._fresh = True
        _running.add(self)

    @property
    def alive(self) -> bool:
        """Whether it can take another order."""
        return self._child.poll() is None

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._child.pid

    def ask(self, order: Message, blob: bytes = b"", take: Take = lambda *_: None) -> Message:
        """Give an order, and hand what comes back to ``take`` up to the message that ends it.

        Returns
        -------
        last
            That message: its ``op`` is "done", "failed" or "missing".

        Raises
        ------
        Hung
            If nothing came for ``limit`` seconds.
        Crashed
            If the process ended.
        """
        if self._fresh:
            self._wait_until_ready()
        last: Message | None = None
        with _Watch(self._child, self.limit) as watch:
            try:
                send(self._orders, order, blob)
                while last is None:
                    reply, pixels = receive(self._replies)
                    watch.renew()
                    if reply["op"] in ("done", "failed", "missing"):
                        last = reply
                    elif reply["op"] != "alive":
                        take(reply, pixels)
            except OSError as error:
                raise (Hung if watch.struck else Crashed) from error
            finally:
                # Not read to its end, the channel is out of step.
                if last is None:
                    self.end()
        return last

    def _wait_until_ready(self) -> None:
        # On a busy machine Python itself takes its time to start: that is no decoder's fault.
        with _Watch(self._child, _STARTING_SECONDS) as watch:
            try:
                self._fresh = receive(self._replies)[0]["op"] != "ready"
            except OSError as error:
                self.end()
                raise (Hung if watch.struck else Crashed) from error

    def end(self) -> None:
        """End it at once; harmless when it has ended."""
        _running.discard(self)
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_ENDING_SECONDS)
        for stream in (self._orders, self._replies):
            with contextlib.suppress(OSError):
                stream.close()


class _Watch:
    """Kills a child that gives no sign of life: whoever reads its pipe then reads the end."""

    def __init__(self, child: subprocess.Popen[bytes], limit: float) -> None:
        self._child = child
        self._limit = limit
        self._over = threading.Event()
        self.struck = False
        self.renew()

    def renew(self) -> None:
        self._until = time.monotonic() + self._limit

    def __enter__(self) -> _Watch:
        self._thread = threading.Thread(target=self._look, name="video-watch", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while (left := self._until - time.monotonic()) > 0:
            if self._over.wait(left):
                return
        self.struck = True
        self._child.kill()


_running: set[DecoderProcess] = set()


@atexit.register
def _end_all() -> None:
    for process in list(_running):
        process.end()


def _environment() -> dict[str, str]:
    environment = dict(os.environ)
    # The child finds the same modules, in whatever way this process came to find them.
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    # It decodes with threads of its own; linear algebra needs none, and each has a stack.
    environment["OPENBLAS_NUM_THREADS"] = environment["OMP_NUM_THREADS"] = "1"
    return environment


def _widen(descriptor: int) -> None:
    """Let the pipe hold a whole frame, where the system lets us choose."""
    if sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(descriptor, _F_SETPIPE_SZ, _PIPE_BYTES)

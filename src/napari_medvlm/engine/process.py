"""The model in a child process: starting it, talking to it, ending it, seeing it die."""

from __future__ import annotations

import collections
import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from typing import IO, Any, cast

from ..dialogue.question import Question
from ..errors import EngineError
from . import codec, guard
from .backend import Ended, Memory, News, Prepared, Ready, Sink
from .blocks import Block, pack
from .choice import ModelChoice
from .framing import ChannelError, read_message, write_message

_STDERR_LINES = 200
_STDERR_LINE_LENGTH = 500
_SHOWN_LINES = 3
_ENDING_SECONDS = 5.0

_log = logging.getLogger(__name__)


class ProcessBackend:
    """One child process. Started and ended by the engine's thread only."""

    def __init__(self, opener: str, sink: Sink, *, yields: bool = False) -> None:
        self._opener = opener
        self._yields = yields
        self._sink = sink
        self._child: subprocess.Popen[bytes] | None = None
        self._stderr: collections.deque[str] = collections.deque(maxlen=_STDERR_LINES)
        self._stderr_reader = threading.Thread(
            target=self._read_stderr, name="model-stderr", daemon=True
        )
        self._block: Block | None = None
        self._block_lock = threading.Lock()
        self._ready = False

    def start(self) -> None:
        """Start the child.

        Raises
        ------
        EngineError
            If the interpreter cannot be run.
        """
        # -P: a folder that happens to be the current one must not offer modules.
        python = sys.executable or "python"
        command = [python, "-P", "-X", "faulthandler", "-m", "napari_medvlm.engine.worker"]
        try:
            self._child = subprocess.Popen(
                [*command, str(os.getpid()), self._opener, *(["yields"] if self._yields else [])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_child_environment(),
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise EngineError(
                f"The model process could not be started with {python!r} "
                f"({error.strerror or error}).",
                "Check that this Python installation is complete.",
            ) from error
        self._stderr_reader.start()
        threading.Thread(target=self._read, name="model-events", daemon=True).start()

    def prepare(self, choice: ModelChoice) -> None:
        """Order the imports."""
        self._order({"op": "prepare", "request": 0, "choice": codec.encode(choice)[0]})

    def load(self, request: int, choice: ModelChoice) -> None:
        """Order a load."""
        self._order({"op": "load", "request": request, "choice": codec.encode(choice)[0]})

    def ask(self, request: int, question: Question, choice: ModelChoice) -> None:
        """Order an answer; the pixels go through shared memory, by pipe where there is none."""
        tree, arrays = codec.encode(question)
        message = {
            "op": "ask",
            "request": request,
            "choice": codec.encode(choice)[0],
            "question": tree,
        }
        try:
            block = Block(arrays)
        except OSError as error:
            _log.info("Sending pixels through the pipe: %s", error)
            places, data = pack(arrays)
            self._order({**message, "arrays": places}, data)
            return
        with self._block_lock:
            self._block = block
        self._order({**message, "arrays": block.places, "block": block.name})

    def stop(self, request: int) -> None:
        """Tell the child's reader thread."""
        self._order({"op": "stop", "request": request})

    def end(self, patience: float = 0.0) -> None:
        """Close the control pipe, wait, kill, and take the child off the process table."""
        child = self._child
        if child is None:
            return
        with contextlib.suppress(OSError):
            cast("IO[bytes]", child.stdin).close()
        try:
            child.wait(patience)
        except subprocess.TimeoutExpired:
            child.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(_ENDING_SECONDS)
        self._release_block()

    def kill(self) -> None:
        """End the child at once, from any thread."""
        if self._child is not None:
            self._child.kill()

    def _order(self, message: dict[str, Any], blob: bytes | bytearray = b"") -> None:
        assert self._child is not None
        assert self._child.stdin is not None
        # A child that is gone is reported by the thread that reads its events.
        with contextlib.suppress(OSError, ValueError):
            write_message(cast("Any", self._child.stdin), message, blob)

    def _read(self) -> None:
        assert self._child is not None
        stream = cast("Any", self._child.stdout)
        try:
            with stream:
                while (received := read_message(stream)) is not None:
                    self._take(*received)
        except (ChannelError, codec.CodecError):
            _log.exception("The model process wrote something that is not a message")
        finally:
            # Whatever happened, the engine hears of it, and nobody waits for ever.
            self.end(_ENDING_SECONDS)
            self._sink(self, self._obituary())

    def _take(self, message: dict[str, Any], blob: bytes) -> None:
        news: News
        match message["op"]:
            case "ready":
                if message["version"] != codec.VERSION:
                    raise codec.CodecError(f"Version {message['version']} of the channel.")
                self._ready = True
                news = Ready(int(message["pid"]))
            case "taken":
                self._release_block()
                return
            case "prepared":
                news = Prepared()
            case "memory":
                news = Memory(int(message["bytes"]))
            case _:
                arrays = codec.read_arrays(message["arrays"], blob)
                news = codec.decode(message["event"], arrays)
        self._sink(self, news)

    def _release_block(self) -> None:
        with self._block_lock:
            block, self._block = self._block, None
        if block is not None:
            block.release()

    def _read_stderr(self) -> None:
        assert self._child is not None
        stream = cast("Any", self._child.stderr)
        with stream:
            # In pieces: a library may write megabytes without a line's end.
            while piece := stream.readline(_STDERR_LINE_LENGTH):
                line = piece.decode(errors="replace").rstrip()
                self._stderr.append(line)
                _log.debug("model process: %s", line)

    def _obituary(self) -> Ended:
        assert self._child is not None
        code = self._child.returncode
        if self._ready:
            return Ended(_reason(code), _advice(code))
        words = self.last_words() or "it printed nothing"
        return Ended(
            f"The model process did not start (exit code {code}): {words}.",
            "Check that this Python installation is complete.",
        )

    def last_words(self) -> str:
        """Give the last lines that the child wrote to stderr, on one line."""
        self._stderr_reader.join(1.0)  # until its end, where that has come
        lines = [line.strip() for line in self._stderr if line.strip()]
        return " / ".join(lines[-_SHOWN_LINES:])


def _child_environment() -> dict[str, str]:
    environment = dict(os.environ)
    # The child finds the same modules, in whatever way this process came to find them.
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    environment["PYTHONUNBUFFERED"] = "1"
    # Before its interpreter starts: numpy reads the thread counts when it is imported.
    guard.prepare_environment(environment)
    return environment


def _reason(code: int | None) -> str:
    if code is None:
        return "The model process stopped responding."
    if code >= 0:
        return f"The model process ended unexpectedly (exit code {code})."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"The model process was ended by {name}."


def _advice(code: int | None) -> str:
    if code is not None and code == -getattr(signal, "SIGKILL", 0):
        return (
            "The system may have ended it for lack of memory: close other programs, or choose "
            "a smaller model. Asking again starts it anew."
        )
    return "Asking again starts it anew."

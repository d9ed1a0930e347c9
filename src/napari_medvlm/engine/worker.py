"""The model process: ``python -m napari_medvlm.engine.worker``, started by the engine only.

Messages come on stdin and go out on what was stdout; anything that prints lands on stderr
instead, so that no library can garble the channel. The main thread holds the model. A reader
thread listens meanwhile: it notes a stop, which the model looks at between tokens, and ends
the process when the engine is gone.
"""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import signal
import sys
import threading
from typing import Any, BinaryIO, NoReturn

from ..dialogue.events import Event, Failed, Loaded
from . import codec, guard, lifeline
from .blocks import copy_out, pack
from .framing import ChannelError, read_message, write_message
from .runner import Runner

#: Each step of it takes a fifth of the share of processor time on a busy machine.
_NICE = 3

_log = logging.getLogger(__name__)


class Worker:
    """Reads orders, runs them one after the other, writes events."""

    def __init__(
        self, orders: BinaryIO, events: BinaryIO, opener: str, *, yields: bool = False
    ) -> None:
        self._yields = yields
        self._orders = orders
        self._events = events
        self._writing = threading.Lock()
        self._todo: queue.Queue[tuple[dict[str, Any], bytes]] = queue.Queue()
        self._stopped: set[int] = set()
        self._runner = Runner(opener, self._emit)

    def run(self) -> NoReturn:
        """Work for as long as there is an engine; ``_listen`` ends the process."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()
        self._send({"op": "ready", "version": codec.VERSION, "pid": os.getpid()})
        while True:
            message, blob = self._todo.get()
            self._work(message, blob)
            self._send({"op": "memory", "bytes": self._runner.memory()})

    def _work(self, message: dict[str, Any], blob: bytes) -> None:
        request = int(message["request"])
        choice = codec.decode(message["choice"], {})

        def should_stop() -> bool:
            return request in self._stopped

        if message["op"] == "prepare":
            self._runner.prepare(choice)
            self._send({"op": "prepared"})
        elif message["op"] == "load":
            self._runner.load(request, choice, should_stop)
        else:
            try:
                question = codec.decode(message["question"], self._arrays(message, blob))
            except codec.CodecError as error:
                self._emit(Failed(request=request, kind="user", message=error.message))
            else:
                self._runner.ask(request, question, choice, should_stop)
        self._stopped.discard(request)

    def _arrays(self, message: dict[str, Any], blob: bytes) -> codec.Arrays:
        places = message["arrays"]
        if not message.get("block"):
            return codec.read_arrays(places, blob)
        arrays = copy_out(message["block"], places)
        self._send({"op": "taken", "request": message["request"]})
        return arrays

    def _listen(self) -> None:
        try:
            while (received := read_message(self._orders)) is not None:
                message, blob = received
                if message["op"] == "stop":
                    self._stopped.add(int(message["request"]))
                else:
                    self._todo.put((message, blob))
        except ChannelError:
            _log.exception("The order channel broke")
        lifeline.leave()

    def _emit(self, event: Event) -> None:
        if self._yields and isinstance(event, Loaded) and event.device == "cpu":
            self._yields = False
            _lower_priority()
        tree, arrays = codec.encode(event)
        places, data = pack(arrays)
        self._send({"op": "event", "event": tree, "arrays": places}, data)

    def _send(self, message: dict[str, Any], blob: bytes | bytearray = b"") -> None:
        try:
            with self._writing:
                write_message(self._events, message, blob)
        except OSError:
            lifeline.leave()  # nobody reads any more


def _take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for messages; leave an empty stdin, and stderr as stdout."""
    orders, events = os.dup(0), os.dup(1)
    if sys.platform == "win32":
        import msvcrt

        for fd in (orders, events):
            msvcrt.setmode(fd, os.O_BINARY)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return os.fdopen(orders, "rb"), os.fdopen(events, "wb")


def _lower_priority() -> None:
    """Let a window go first, once a model computes on the same cores.

    A little: at half the weight of others a busy machine still leaves it a share. What is done
    before (imports, reading weights) is what a person waits for.
    """
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(_NICE)


def main(arguments: list[str]) -> NoReturn:
    """Run the model process.

    Parameters
    ----------
    arguments
        The parent's process number, the opener, and "yields" where a window is beside it.
    """
    parent, opener = int(arguments[0]), arguments[1]
    orders, events = _take_channel()
    lifeline.tie_to_parent(parent)
    # Ctrl-C in the terminal reaches every process of it; what then happens, the engine says.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    guard.prepare_environment(os.environ)
    guard.refuse_network()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    try:
        Worker(orders, events, opener, yields="yields" in arguments[2:]).run()
    except BaseException:
        # Also sys.exit in a library: what is left of this process is of no use.
        _log.exception("The model process ends")
        sys.stderr.flush()
        lifeline.leave(1)


if __name__ == "__main__":
    main(sys.argv[1:])

"""The decoder process: ``python -m napari_medvlm.imaging.video.child``.

Decoders are C code that reads hostile data: here one may hang, abort or fill the memory, and the
viewer goes on. Orders come in on stdin, frames go out on what was stdout; see ``channel``.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from io import FileIO
from typing import Any

from ...errors import MissingExtraError
from .channel import ChannelError, Message, receive, send
from .facts import Decoder, DecodingError, Wanted

#: Bytes of private memory: enough for 8K with the references that codecs keep. Linux only.
_MOST_MEMORY = 1 << 30
_LOOK_SECONDS = 1.0


def main() -> None:
    """Serve until the other side ends."""
    orders, replies = take_streams()
    limit_memory()
    threading.Thread(target=watch_parent, args=(os.getppid(),), daemon=True).start()
    service = _Service(replies)
    with contextlib.suppress(OSError):
        send(replies, {"op": "ready"})
        while True:
            try:
                message, blob = receive(orders)
            except ChannelError:
                break
            service.serve(message, bytes(blob))
    os._exit(0)  # without the exit handlers of a decoder that may hang in them


class _Service:
    def __init__(self, replies: FileIO) -> None:
        self._replies = replies
        self._decoder: Decoder | None = None
        self._told = 0.0

    def serve(self, message: Message, blob: bytes) -> None:
        try:
            if message["op"] == "open":
                self._open(message, blob)
            elif message["op"] == "decode":
                self._decode([int(i) for i in message["indices"]])
            else:
                self._close()
        except DecodingError as error:
            send(self._replies, {"op": "failed", "reason": str(error)})
        except MissingExtraError as error:
            reply = {"op": "missing", "message": error.message, "advice": error.advice}
            send(self._replies, reply)
        except MemoryError:
            send(self._replies, {"op": "failed", "reason": "its frames do not fit into memory"})
        else:
            send(self._replies, {"op": "done"})

    def _open(self, message: Message, blob: bytes) -> None:
        self._close()
        wanted = Wanted(data=blob, **message["wanted"])
        decoder: Any
        if message["backend"] == "av":
            from .with_pyav import PyAVDecoder as decoder
        else:
            from .with_decord import DecordDecoder as decoder
        self._decoder = decoder(wanted, self._alive)
        assert self._decoder is not None
        send(self._replies, {"op": "opened", "facts": self._decoder.facts.as_message()})

    def _decode(self, indices: list[int]) -> None:
        if self._decoder is None:
            raise DecodingError("nothing is open")
        for index, pixels in self._decoder.each(indices):
            head = {"op": "frame", "index": index, "shape": pixels.shape}
            send(self._replies, head, pixels.data.cast("B"))

    def _close(self) -> None:
        decoder, self._decoder = self._decoder, None
        if decoder is not None:
            decoder.close()

    def _alive(self) -> None:
        now = time.monotonic()
        if now - self._told > _LOOK_SECONDS / 2:
            self._told = now
            send(self._replies, {"op": "alive"})


def take_streams() -> tuple[FileIO, FileIO]:
    """Keep the channel to ourselves: what libraries print must not get into it."""
    orders, replies = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    return FileIO(orders, "rb"), FileIO(replies, "wb")


def limit_memory() -> None:
    """Let this process take no more memory than any frame needs."""
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def watch_parent(parent: int) -> None:
    """End with the viewer, also while a decoder hangs; on Windows the end of the pipe decides."""
    while sys.platform != "win32":
        if os.getppid() != parent:
            os._exit(0)
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    main()

"""Messages between the viewer and its decoder process: a length, JSON, and pixels behind it."""

from __future__ import annotations

import json
import struct
from typing import Any, Protocol

_HEAD = struct.Struct(">4sIQ")
_MAGIC = b"MVV1"
#: Times of a million frames are some 20 MB of text; more means that the channel is out of step.
_MOST_TEXT = 256 << 20

Message = dict[str, Any]


class ChannelError(OSError):
    """The other side ended, or wrote something that is no message."""


class Stream(Protocol):
    """An unbuffered binary stream."""

    def write(self, data: Any, /) -> int | None: ...

    def readinto(self, buffer: Any, /) -> int | None: ...


def send(stream: Stream, message: Message, blob: bytes | memoryview = b"") -> None:
    """Write one message.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    text = json.dumps(message, separators=(",", ":")).encode()
    _write(stream, memoryview(_HEAD.pack(_MAGIC, len(text), len(blob)) + text))
    _write(stream, memoryview(blob))


def receive(stream: Stream) -> tuple[Message, bytearray]:
    """Read one message and the bytes behind it.

    Raises
    ------
    ChannelError
        If the other side ended or is out of step.
    """
    magic, text_length, blob_length = _HEAD.unpack(_read(stream, _HEAD.size))
    if magic != _MAGIC or text_length > _MOST_TEXT:
        raise ChannelError(f"Expected a message, found {magic!r}.")
    message = json.loads(_read(stream, text_length))
    if not isinstance(message, dict) or "op" not in message:
        raise ChannelError("Expected a JSON object as message.")
    return message, _read(stream, blob_length)


def _write(stream: Stream, data: memoryview) -> None:
    try:
        while data:
            data = data[stream.write(data) or 0 :]
    except ValueError as error:  # closed on this side, by another thread
        raise ChannelError("The channel was closed.") from error


def _read(stream: Stream, count: int) -> bytearray:
    data = bytearray(count)
    rest = memoryview(data)
    try:
        while rest:
            got = stream.readinto(rest)
            if not got:
                raise ChannelError("The other side ended.")
            rest = rest[got:]
    except ValueError as error:  # closed on this side, by another thread
        raise ChannelError("The channel was closed.") from error
    return data

"""Messages on the pipe between the engine and the model process.

One message is a header (magic, length of the JSON, length of the bytes behind it), a JSON
object, and bytes that the object describes (masks of a reply). Questions' pixels do not go
this way but through shared memory; see ``blocks``.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

_HEADER = struct.Struct(">4sIQ")
_MAGIC = b"MVL1"
#: A longer JSON text means that the stream is out of step, not that a question is long.
_MAX_JSON = 256 * 1024 * 1024


class ChannelError(OSError):
    """The other side wrote something that is not a message, or ended in the middle of one."""


def write_message(
    stream: BinaryIO, message: dict[str, Any], blob: bytes | bytearray | memoryview = b""
) -> None:
    """Write one message and flush it.

    Raises
    ------
    OSError
        If the other side is gone.
    """
    text = json.dumps(message, separators=(",", ":")).encode()
    stream.write(_HEADER.pack(_MAGIC, len(text), len(blob)) + text)
    if len(blob):
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> tuple[dict[str, Any], bytes] | None:
    """Read one message; None at the end of the stream.

    Raises
    ------
    ChannelError
        If what arrives is not a whole message.
    """
    head = stream.read(_HEADER.size)
    if not head:
        return None
    if len(head) < _HEADER.size:
        raise ChannelError("The pipe ended inside the header of a message.")
    magic, json_length, blob_length = _HEADER.unpack(head)
    if magic != _MAGIC or json_length > _MAX_JSON:
        raise ChannelError(f"Expected a message on the pipe, found {head[:4]!r}.")
    try:
        message = json.loads(_exactly(stream, json_length))
    except (ValueError, RecursionError) as error:
        raise ChannelError("Expected JSON in a message, found none, or nested too deep.") from error
    if not isinstance(message, dict):
        raise ChannelError("Expected a JSON object as message.")
    return message, _exactly(stream, blob_length)


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count) if count else b""
    if len(data) != count:
        raise ChannelError(f"The pipe ended after {len(data)} of {count} bytes.")
    return data

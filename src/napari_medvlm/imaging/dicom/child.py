"""A decoder process for compressed DICOM: ``python -m napari_medvlm.imaging.dicom.child``.

Orders come in on stdin, stored values go out on what was stdout; see ``video.channel``.
"""

from __future__ import annotations

import contextlib
import os
import threading
import warnings
from io import FileIO
from pathlib import Path

import numpy as np

from ..video.channel import ChannelError, Message, receive, send
from ..video.child import limit_memory, take_streams, watch_parent
from .dataset import DAMAGE
from .decoding import decode_frame
from .source import open_pixels


def main() -> None:
    """Serve until the other side ends."""
    orders, replies = take_streams()
    limit_memory()
    warnings.simplefilter("ignore")
    threading.Thread(target=watch_parent, args=(os.getppid(),), daemon=True).start()
    with contextlib.suppress(OSError):
        send(replies, {"op": "ready"})
        while True:
            try:
                order, _ = receive(orders)
            except ChannelError:
                break
            _serve(replies, order)
    os._exit(0)


def _serve(replies: FileIO, order: Message) -> None:
    try:
        stored = decode_frame(open_pixels(Path(order["path"])), int(order["frame"]))
    except DAMAGE as error:
        send(replies, {"op": "failed", "reason": str(error) or type(error).__name__})
        return
    pixels = np.ascontiguousarray(stored)
    head = {"op": "frame", "shape": pixels.shape, "dtype": pixels.dtype.str}
    send(replies, head, pixels.reshape(-1).view(np.uint8).data)
    send(replies, {"op": "done"})


if __name__ == "__main__":
    main()

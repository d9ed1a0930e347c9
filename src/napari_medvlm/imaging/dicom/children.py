"""Decoding on all cores with decoders that hold Python's global lock.

Those of lossless JPEG (GDCM) and JPEG-LS (CharLS) do: in threads they run one after another, and
the window stands still with each image. Long series are decoded in processes instead. OpenJPEG
uses all cores by itself, and RLE is done before a process has been asked.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid

from ..video.channel import Message
from ..video.process import Crashed, DecoderProcess, Hung
from .header import ImageHeader

_SYNTAXES = frozenset(
    str(syntax)
    for syntax in (
        uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEGLSNearLossless,
    )
)  # fmt: skip
_COMMAND = (sys.executable, "-P", "-m", "napari_medvlm.imaging.dicom.child")
#: Pixels that others decode meanwhile, from which on processes are worth their start of about a
#: second: some two hundred slices.
_WORTH = 50_000_000
#: Seconds after which the decoder of one image counts as hung.
_LIMIT = 60.0
_MOST = 8


@contextmanager
def children_for(headers: Iterable[ImageHeader]) -> Iterator[Children | None]:
    """Decoder processes for these images, ended afterwards; None where they are not worth it."""
    cores = min(os.cpu_count() or 1, _MOST)
    work = sum(h.shape[0] * h.shape[1] for h in headers if serves(h))
    if work * (cores - 1) / cores < _WORTH:
        yield None
        return
    children = Children(cores)
    try:
        yield children
    finally:
        children.end()


def serves(header: ImageHeader) -> bool:
    """Whether an image is better decoded in a process."""
    return header.syntax in _SYNTAXES and header.tile is None


class Children:
    """Some decoder processes; safe to use from several threads.

    Parameters
    ----------
    count
        How many; each is started when it is needed first.
    command
        What to start; another one in tests.
    """

    def __init__(self, count: int, command: tuple[str, ...] = _COMMAND) -> None:
        self._command = command
        self._all: list[DecoderProcess] = []
        self._idle: SimpleQueue[DecoderProcess | None] = SimpleQueue()
        for _ in range(count):
            self._idle.put(None)

    def read_stored(self, header: ImageHeader) -> npt.NDArray[Any]:
        """Stored values of one image, as ``decoding.read_stored`` gives them.

        Raises
        ------
        ValueError
            If it is damaged.
        RuntimeError
            If its decoder crashed or hung, which costs this image alone.
        """
        found: list[npt.NDArray[Any]] = []

        def take(message: Message, pixels: bytearray) -> None:
            found.append(np.frombuffer(pixels, message["dtype"]).reshape(message["shape"]))

        child = self._idle.get()
        try:
            if child is None or not child.alive:
                child = DecoderProcess(_LIMIT, self._command)
                self._all.append(child)
            order = {"op": "decode", "path": str(header.path), "frame": header.frame or 0}
            last = child.ask(order, take=take)
        except Hung as error:
            raise RuntimeError(f"its decoder did nothing for {_LIMIT:g} s") from error
        except Crashed as error:
            raise RuntimeError("its decoder crashed") from error
        finally:
            self._idle.put(child)
        if last["op"] != "done":
            raise ValueError(str(last.get("reason", "")))
        return found[0]

    def end(self) -> None:
        """End all of them."""
        for child in self._all:
            child.end()

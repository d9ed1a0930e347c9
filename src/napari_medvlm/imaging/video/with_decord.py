"""Frames through decord, where PyAV is not installed.

decord decodes rightly from the start on, but when it jumps or skips it gives wrong frames without
a word where groups of pictures are open, the rate varies, or an MP4 is in fragments (measured with
decord 0.6.0). So it goes frame by frame here, and begins again to go back. Kinds of files that it
gets wrong from the start on are refused, and so are files that ask for more than their stored
frames, which decord passes over without a word: PyAV shows them as they ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from ...extras import require
from ..frame_cache import Pixels
from .containers import HEAD, container_of
from .facts import MOST_FRAMES, MOST_PIXELS, Alive, DecodingError, Facts, Wanted
from .plain_files import oddity

_READ = ("mov", "matroska")
_ASK = "install PyAV (pip install av) to read it"
_REMARK = (
    "Read with decord, without PyAV: jumps are slow, and edit lists, frames of another size than "
    "the first, and missing frames are not noticed."
)


class DecordDecoder:
    """One stream, opened with decord.

    Raises
    ------
    DecodingError
        If no picture can be decoded from it, or decord is known to give wrong ones.
    """

    def __init__(self, wanted: Wanted, alive: Alive) -> None:
        decord = require("decord", "to read videos")
        decord.logging.set_level(decord.logging.QUIET)
        self._alive = alive
        self._errors = (RuntimeError, decord.DECORDError, IndexError, ValueError)
        self._open_reader: Any = lambda: decord.VideoReader(
            BytesIO(wanted.data) if wanted.path is None else wanted.path, num_threads=1
        )
        kind = container_of(_head(wanted), wanted.codec)
        if kind not in _READ:
            raise DecodingError(f"decord does not read this kind of video rightly; {_ASK}")
        source = wanted.data if wanted.path is None else Path(wanted.path)
        try:
            odd = oddity(source, kind)
        except ValueError as error:
            raise DecodingError("no video could be decoded") from error
        if odd is not None:
            raise DecodingError(f"it has {odd}, which decord passes over; {_ASK}")
        try:
            self._reader: Any = self._open_reader()
            count = len(self._reader)
            if not 0 < count <= MOST_FRAMES:
                raise ValueError("no frames")
            first = self._reader[0].asnumpy()
            stamps = self._reader.get_frame_timestamp(list(range(count)))[:, 0].astype(float)
            fps = float(wanted.fps or self._reader.get_avg_fps())
        except self._errors as error:
            raise DecodingError("no video could be decoded") from error
        rows, columns, channels = first.shape
        if rows % 2 or columns % 2 or channels != 3 or rows * columns > MOST_PIXELS:
            raise DecodingError(f"decord does not show such frames rightly; {_ASK}")
        times = np.arange(count) / fps if wanted.fps else stamps - stamps[0]
        if count > 1 and np.diff(times).min() <= 0:
            raise DecodingError(f"decord finds no usable times in it; {_ASK}")
        self.facts = Facts(
            # decord keeps times as 32-bit numbers; microseconds hide that.
            times=tuple(round(float(t), 6) for t in times),
            size=(int(rows), int(columns)),
            fps=fps,
            remarks=(_REMARK,),
        )
        self._next = 1

    def close(self) -> None:
        del self._reader

    def each(self, indices: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
        for index in indices:
            try:
                self._go(index)
                pixels = np.ascontiguousarray(self._reader.next().asnumpy())
            except (*self._errors, StopIteration) as error:
                self._next = len(self.facts.times)
                raise DecodingError(f"frame {index} could not be decoded") from error
            self._next = index + 1
            if pixels.shape != (*self.facts.size, 3):
                raise DecodingError(f"frame {index} has another size than the first")
            yield index, pixels

    def _go(self, index: int) -> None:
        """Stand before a frame: on from here, or from the start."""
        if index < self._next:
            self._reader = self._open_reader()
            self._next = 0
        while self._next < index:
            self._reader.next()
            self._next += 1
            self._alive()


def _head(wanted: Wanted) -> bytes:
    if wanted.path is None:
        return wanted.data[:HEAD]
    with Path(wanted.path).open("rb") as file:
        return file.read(HEAD)

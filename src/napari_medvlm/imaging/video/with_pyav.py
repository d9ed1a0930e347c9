"""Frames through PyAV, exactly those of a plain decode from the start, wherever one jumps.

A frame is known by its presentation time. To reach one, decoding starts at the last key frame
shown before it, and goes on without a jump where it lies ahead in the same run. Streams whose
packets carry no times one can trust (elementary streams, AVI with B-frames) are counted from the
start instead.
"""

from __future__ import annotations

import os
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ...extras import require
from ..frame_cache import Pixels
from .containers import ELEMENTARY, HEAD, container_of
from .facts import MOST_PIXELS, Alive, DecodingError, Facts, Wanted
from .index import Index, index_packets, index_table
from .turning import Turn, turn_of

#: Codecs in which a frame marked as no reference really is none: those may be left out on the
#: way to a wanted one. (In HEVC the mark means "not within its own temporal layer".)
_DISPOSABLE = frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video"})
#: Frames ahead that are rather decoded than jumped over.
_NEAR = 4
_MOST_THREADS = 4
#: Key frames to go back by where the nearest does not lead to a frame.
_FURTHER = 3
#: MP4 files of which not every packet is read when they are opened.
_LARGE = 8 << 20
#: Packets from the last key frame on that are compared with the table in the header.
_MOST_LAST = 2000


@dataclass(frozen=True)
class _Keep:
    """Times of the frames that are wanted now, and the last of them.

    Frames before that last one that nobody wants and nothing depends on are not decoded; those
    behind it are, since the next request goes on there.
    """

    stamps: frozenset[int]
    last: int

    def passes(self, stamp: int | None) -> bool:
        return stamp is not None and stamp < self.last and stamp not in self.stamps


class PyAVDecoder:
    """One stream, opened with PyAV.

    Raises
    ------
    DecodingError
        If no picture can be decoded from it.
    """

    def __init__(self, wanted: Wanted, alive: Alive) -> None:
        self._av: Any = require("av", "to read videos")
        # PyAV is silent by default. Its log levels must stay untouched: they make FFmpeg's
        # threads wait for the interpreter, and closing a file may wait for those threads.
        self._wanted = wanted
        self._alive = alive
        self._format = container_of(_head(wanted), wanted.codec)
        self._ready: deque[Any] = deque()
        try:
            self._open()
            self._index()
            self._open()
            first = self._step(None)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise DecodingError("no video could be decoded") from error
        if first is None:
            raise DecodingError("no video could be decoded: it has no whole frame")
        self._turn: Turn = turn_of(_display_matrix(first))
        self._stored = (int(first.height), int(first.width))
        self.facts = Facts(
            times=self._times,
            size=self._turn.size(self._stored),
            fps=self._rate(),
            remarks=self._remarks(first),
        )
        self._ready.appendleft(first)
        self._at = -1

    def close(self) -> None:
        self._container.close()

    def each(self, indices: Sequence[int]) -> Iterator[tuple[int, Pixels]]:
        keep = None
        if not self._counted and indices:
            keep = _Keep(frozenset(self._stamps[n] for n in indices), self._stamps[indices[-1]])
        for index in indices:
            yield index, self._pixels(self._reach(index, keep))

    # Opening

    def _open(self) -> None:
        """Open, or begin again: the position is before the first frame."""
        data = self._wanted.data
        self._container = self._av.open(
            BytesIO(data) if self._wanted.path is None else self._wanted.path,
            format=self._format,
            # Titles in unknown encodings are none of our business.
            metadata_errors="ignore",
            options={"protocol_whitelist": "file"},
        )
        cover = self._av.stream.Disposition.attached_pic
        streams = [s for s in self._container.streams.video if not s.disposition & cover]
        if not streams:
            raise DecodingError("expected a video; it holds no moving picture")
        self._stream: Any = streams[0]
        context = self._stream.codec_context
        if context is None:
            raise DecodingError("expected a video; its compression is not known to PyAV")
        if context.width * context.height > MOST_PIXELS:
            raise DecodingError(
                f"it declares frames of {context.width} × {context.height}, "
                "larger than any that is read"
            )
        context.thread_count = min(_MOST_THREADS, os.cpu_count() or 1)
        self._stream.thread_type = "AUTO"
        self._packets: Iterator[Any] = self._container.demux(self._stream)
        self._ready.clear()
        self._at = -1

    def _index(self) -> None:
        """Presentation times of all frames and of key frames; nothing is decoded."""
        index = self._from_table() or index_packets(self._packets, self._alive)
        stamps = index.stamps
        reordered = self._format == "avi" and self._stream.codec_context.has_b_frames
        self._counted = bool(
            self._format in ELEMENTARY
            or reordered
            or len(stamps) < index.count
            or len(set(stamps)) < len(stamps)
        )
        self._stamps = stamps
        self._keys = index.keys
        self._times = self._seconds(index.count)

    def _from_table(self) -> Index | None:
        """The index of a large file from its header, if the last packets agree with it."""
        path = self._wanted.path
        if self._format != "mov" or path is None or os.path.getsize(path) < _LARGE:
            return None
        table = index_table(self._stream)
        if table is None:
            return None
        self._container.seek(table.stamps[-1], stream=self._stream)
        packets = self._container.demux(self._stream)
        last = [p.pts for p in islice(packets, _MOST_LAST) if p.size and not p.is_corrupt]
        agrees = bool(last) and max(last) == table.stamps[-1] and set(last) <= set(table.stamps)
        self._open()
        return table if agrees else None

    def _seconds(self, count: int) -> tuple[float, ...]:
        fps = self._wanted.fps
        if self._counted:
            told = self._wanted.frames
            # Of interlaced streams each half picture may be a packet of its own.
            count = told if told is not None and 0 < told < count else count
            rate = fps or (
                None if self._format in ELEMENTARY else float(self._stream.average_rate or 0)
            )
            if not rate:
                raise DecodingError("it carries no times, and no frame rate is known")
            return tuple(n / rate for n in range(count))
        if fps:
            return tuple(n / fps for n in range(count))
        first, base = self._stamps[0], self._stream.time_base
        # Whole numbers up to the last step: rounded once.
        up, down = int(base.numerator), int(base.denominator)
        return tuple((stamp - first) * up / down for stamp in self._stamps)

    def _rate(self) -> float:
        if len(self._times) > 1 and self._times[-1] > 0:
            return (len(self._times) - 1) / self._times[-1]
        return float(self._wanted.fps or self._stream.average_rate or 0.0)

    def _remarks(self, first: Any) -> tuple[str, ...]:
        remarks = []
        aspect = self._stream.codec_context.sample_aspect_ratio
        if aspect and aspect != 1:
            remarks.append(
                f"Its pixels are not square (width to height {aspect.numerator}:"
                f"{aspect.denominator}); frames are shown as stored."
            )
        if first.color_trc in (16, 18):  # ITU-T H.273, table 3: PQ and HLG
            remarks.append("High dynamic range: reduced to 8 bits without tone mapping.")
        if self._cut_off():
            remarks.append("Its header promises more frames than there are: it may be cut off.")
        return tuple(remarks)

    def _cut_off(self) -> bool:
        if self._format == "avi":
            return bool(self._stream.frames > len(self._times))
        length = self._container.duration
        if not length or self._counted or len(self._times) < 2 or self._container.streams.audio:
            return False
        # Some containers count from the first frame and some from zero: the milder one.
        last = self._times[-1] + max(0.0, self._stamps[0] * float(self._stream.time_base))
        return bool(length / self._av.time_base - last > 4 * max(np.diff(self._times)))

    # Reaching a frame

    def _reach(self, index: int, keep: _Keep | None) -> Any:
        """The decoded frame at an index, one of those in ``keep``."""
        if not self._stands_well(index):
            self._jump(index)
        frame = self._forward(index, keep)
        if frame is None and not self._counted:
            # A key frame that does not stand alone (gradual refresh): once more, from further back.
            self._jump(index, back=_FURTHER)
            frame = self._forward(index, keep)
        if frame is None:
            raise DecodingError(f"frame {index} could not be decoded: the data is damaged there")
        return frame

    def _stands_well(self, index: int) -> bool:
        """Whether decoding on from here is the way to a frame."""
        if index <= self._at:
            return False
        if self._counted or index - self._at <= _NEAR:
            return True
        here = bisect_right(self._keys, self._stamps[max(self._at, 0)])
        return bisect_right(self._keys, self._stamps[index]) == here

    def _restart(self) -> None:
        self._container.close()
        try:
            self._open()
        except FileNotFoundError as error:
            raise DecodingError("it is no longer there") from error
        except (self._av.FFmpegError, OSError) as error:
            raise DecodingError("it can no longer be opened") from error

    def _jump(self, index: int, back: int = 0) -> None:
        """Go to the last key frame shown at or before a frame, or so many before that one."""
        nearest = 0 if self._counted else bisect_right(self._keys, self._stamps[index]) - back
        if nearest <= 1:
            self._restart()
            return
        # Containers that seek by decoding time may land one key frame early or late.
        for key in reversed(self._keys[max(0, nearest - 3) : nearest]):
            try:
                self._container.seek(key, stream=self._stream)
                self._packets = self._container.demux(self._stream)
                self._ready.clear()
                packet: Any = next(self._packets, None)
            except (self._av.FFmpegError, OSError):
                break
            if packet is None or not packet.is_keyframe or packet.pts is None:
                continue
            place = bisect_left(self._stamps, packet.pts)
            if place <= index and self._stamps[place] == packet.pts:
                # Frames that are shown before the key frame need the run before it.
                self._at = place - 1
                self._feed(packet)
                return
        self._restart()

    def _forward(self, index: int, keep: _Keep | None) -> Any:
        """Decode up to a frame; None where it is missing."""
        while (frame := self._step(keep)) is not None:
            self._alive()
            if self._counted:
                self._at += 1
                if self._at == index:
                    return None if frame.is_corrupt else frame
                continue
            if frame.pts is None or frame.pts < self._stamps[index]:
                continue
            self._at = bisect_right(self._stamps, frame.pts) - 1
            if frame.pts > self._stamps[index]:
                self._ready.appendleft(frame)
                self._at -= 1
                return None
            return None if frame.is_corrupt else frame
        self._at = len(self._times)
        return None

    def _step(self, keep: _Keep | None) -> Any:
        """The next frame in order of presentation, of those decoded; None at the end."""
        while not self._ready:
            try:
                packet = next(self._packets, None)
            except (self._av.FFmpegError, OSError):
                packet = None  # unreadable from here on: the same as the end
            if packet is None:
                return None
            self._feed(packet, keep)
        return self._ready.popleft()

    def _feed(self, packet: Any, keep: _Keep | None = None) -> None:
        context = self._stream.codec_context
        if context.name in _DISPOSABLE:
            idle = keep is not None and keep.passes(packet.pts)
            context.skip_frame = "NONREF" if idle else "DEFAULT"
        try:
            self._ready.extend(packet.decode())
        except self._av.FFmpegError:
            # This one is damaged; whether a wanted frame is missing shows later.
            self._alive()

    def _pixels(self, frame: Any) -> Pixels:
        rows, columns = self._stored
        try:
            pixels = frame.to_ndarray(format="rgb24", width=columns, height=rows)
        except (self._av.FFmpegError, ValueError) as error:
            raise DecodingError("its pixels could not be converted to RGB") from error
        return self._turn.apply(pixels)


def _head(wanted: Wanted) -> bytes:
    if wanted.path is None:
        return wanted.data[:HEAD]
    with Path(wanted.path).open("rb") as file:
        return file.read(HEAD)


def _display_matrix(frame: Any) -> bytes | None:
    for data in frame.side_data:
        if data.type.name == "DISPLAYMATRIX":
            return bytes(data)
    return None

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
from fractions import Fraction
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

from ...extras import require
from ..frame_cache import Pixels
from .containers import ELEMENTARY, HEAD, container_of
from .facts import MOST_PIXELS, Alive, DecodingError, Facts, Wanted
from .index import Index, index_packets, index_table
from .plain_files import may_change_size
from .remarks import choice_remark, cut_remark, display_matrix, picture_remarks, time_remarks
from .shaping import Size, shaping_of
from .turning import turn_of

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
        frames = [first, *self._ready]
        sizes = self._sizes(first)
        aspect = self._aspect()
        self._shaping = shaping_of(
            sizes, aspect if wanted.square else Fraction(1), turn_of(display_matrix(first))
        )
        self.facts = Facts(
            times=self._times,
            size=self._shaping.size,
            fps=self._rate(),
            remarks=(
                *choice_remark(self._stream, self._streams()),
                *picture_remarks(self._stream, frames, sizes, aspect, self._shaping),
                *time_remarks(self._packed, self._made_rate),
                *self._cut_off(),
            ),
        )

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
        self._stream: Any = self._chosen()
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

    def _streams(self) -> list[Any]:
        """Those of moving pictures; covers of albums are none."""
        cover = self._av.stream.Disposition.attached_pic
        return [s for s in self._container.streams.video if not s.disposition & cover]

    def _chosen(self) -> Any:
        """The stream that FFmpeg and the players built on it choose (``av_find_best_stream``)."""
        streams = self._streams()
        if not streams:
            raise DecodingError("expected a video; it holds no moving picture")
        best = self._container.streams.best("video")
        return next((s for s in streams if best is not None and s.index == best.index), streams[0])

    def _index(self) -> None:
        """Presentation times of all frames and of key frames; nothing is decoded."""
        context = self._stream.codec_context
        index = self._from_table() or index_packets(self._packets, self._alive, context.name)
        reordered = self._format == "avi" and context.has_b_frames
        # Times one cannot order frames by: they are counted in the order of decoding.
        unusable = len(index.stamps) < index.count or not (index.ascending or context.has_b_frames)
        elementary = self._format in ELEMENTARY
        self._counted = bool(elementary or reordered or unusable or index.repeated)
        self._packed = index
        self._stamps = index.stamps
        self._keys = index.keys
        self._made_rate: float | None = None
        if not self._counted or (index.repeated and not (elementary or reordered or unusable)):
            self._times = self._stamped()
        else:
            self._times = self._even(index.count)
            # An AVI has no other times than those of its rate.
            if unusable and not (elementary or self._format == "avi" or self._wanted.fps):
                self._made_rate = float(self._stream.average_rate)

    def _from_table(self) -> Index | None:
        """The index of a large file from its header, if the last packets agree with it."""
        path = self._wanted.path
        if self._format != "mov" or path is None or os.path.getsize(path) < _LARGE:
            return None
        table = None if may_change_size(Path(path)) else index_table(self._stream)
        if table is None:
            return None
        self._container.seek(table.stamps[-1], stream=self._stream)
        packets = self._container.demux(self._stream)
        last = [p.pts for p in islice(packets, _MOST_LAST) if p.size and not p.is_corrupt]
        agrees = bool(last) and max(last) == table.stamps[-1] and set(last) <= set(table.stamps)
        self._open()
        return table if agrees else None

    def _even(self, count: int) -> tuple[float, ...]:
        """Times of an even rate, for frames that are counted."""
        told = self._wanted.frames
        # Of interlaced streams each half picture may be a packet of its own.
        count = told if told is not None and 0 < told < count else count
        rate = self._wanted.fps or (
            None if self._format in ELEMENTARY else float(self._stream.average_rate or 0)
        )
        if not rate:
            raise DecodingError("it carries no times, and no frame rate is known")
        return tuple(n / rate for n in range(count))

    def _stamped(self) -> tuple[float, ...]:
        """Times as the packets say."""
        if self._wanted.fps:
            return tuple(n / self._wanted.fps for n in range(len(self._stamps)))
        first, base = self._stamps[0], self._stream.time_base
        # Whole numbers up to the last step: rounded once.
        up, down = int(base.numerator), int(base.denominator)
        return tuple((stamp - first) * up / down for stamp in self._stamps)

    def _rate(self) -> float:
        if len(self._times) > 1 and self._times[-1] > 0:
            return (len(self._times) - 1) / self._times[-1]
        return float(self._wanted.fps or self._stream.average_rate or 0.0)

    def _aspect(self) -> Fraction:
        """Width to height of a pixel, as the container or else the codec says."""
        aspect = self._stream.sample_aspect_ratio
        return Fraction(aspect) if aspect and aspect > 0 else Fraction(1)

    def _cut_off(self) -> list[str]:
        if self._wanted.fps or (self._counted and self._format != "matroska"):
            return []
        return cut_remark(self._container, self._stream, self._packed, self._av.time_base)

    def _sizes(self, first: Any) -> list[Size]:
        """(rows, columns) of the first frame, and of those whose headers may say another size."""
        sizes = {(int(first.height), int(first.width)): None}
        self._ready.appendleft(first)
        self._at = -1
        marks = self._packed.marks[1:]
        if self._counted or not marks:
            return list(sizes)
        for stamp in marks:
            try:
                frame = self._reach(bisect_left(self._stamps, stamp), None)
            except DecodingError:
                continue  # damaged; asked for, it is an error of its own
            if frame.height * frame.width <= MOST_PIXELS:
                sizes[int(frame.height), int(frame.width)] = None
        self._restart()
        return list(sizes)

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
        try:
            return self._shaping.pixels(frame)
        except (self._av.FFmpegError, ValueError) as error:
            raise DecodingError("its pixels could not be converted to RGB") from error


def _head(wanted: Wanted) -> bytes:
    if wanted.path is None:
        return wanted.data[:HEAD]
    with Path(wanted.path).open("rb") as file:
        return file.read(HEAD)

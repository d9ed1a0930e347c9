"""Which frames a stream has, before any is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .facts import MOST_FRAMES, Alive, DecodingError

#: Packets between two signs of life.
_ALIVE_EVERY = 500


@dataclass(frozen=True)
class Index:
    """Presentation times, in the stream's own unit.

    Parameters
    ----------
    count
        Number of frames.
    stamps
        Times of those that have one, ascending.
    keys
        Times of key frames, ascending.
    """

    count: int
    stamps: list[int]
    keys: list[int]


def index_packets(packets: Iterable[Any], alive: Alive) -> Index:
    """From the packets themselves: exact, and reads the whole file.

    Raises
    ------
    DecodingError
        If there are none, or too many.
    """
    count = 0
    stamps: list[int] = []
    keys: list[int] = []
    for n, packet in enumerate(packets):
        if n % _ALIVE_EVERY == 0:
            alive()
        if n > MOST_FRAMES:
            raise DecodingError(f"it has more than {MOST_FRAMES} frames")
        # Empty: the end. Discarded: cut away by an edit list. Corrupt: cut off in the middle.
        if packet.size == 0 or packet.is_discard or packet.is_corrupt:
            continue
        count += 1
        if packet.pts is not None:
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
    if not count:
        raise DecodingError("no video could be decoded: it has no frames")
    return Index(count, sorted(stamps), sorted(keys))


def index_table(stream: Any) -> Index | None:
    """From the table in the header of an MP4 or QuickTime file, where that is enough.

    The table has decoding times. Where those are even, presentation times are the same grid from
    the first one on; with an edit list, or an uneven rate, only packets tell. Key frames of open
    groups are shown a little later than said here.
    """
    entries = list(stream.index_entries)
    if len(entries) < 2 or len(entries) != stream.frames or stream.start_time is None:
        return None
    if len(entries) > MOST_FRAMES or any(entry.is_discard for entry in entries):
        return None
    times = [int(entry.timestamp) for entry in entries]
    step = times[1] - times[0]
    if step <= 0 or times != list(range(times[0], times[0] + step * len(times), step)):
        return None
    start = int(stream.start_time)
    stamps = list(range(start, start + step * len(times), step))
    keys = [stamp for stamp, entry in zip(stamps, entries, strict=True) if entry.is_keyframe]
    return Index(len(stamps), stamps, keys)

"""Which frames a stream has, before any is decoded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .facts import MOST_FRAMES, Alive, DecodingError
from .sizes import size_mark

#: Packets between two signs of life.
_ALIVE_EVERY = 500
#: Different sizes that are looked for; a stream of more is hostile.
_MOST_MARKS = 16


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
    ascending
        Whether times never fall from packet to packet.
    longest
        The longest time that a packet says its frame is shown; 0 where none does.
    marks
        Times of key frames from which on frames may have another size, the first one's first
        (see ``sizes``).
    """

    count: int
    stamps: list[int]
    keys: list[int]
    ascending: bool = True
    longest: int = 0
    marks: tuple[int, ...] = ()

    @property
    def repeated(self) -> int:
        """How many frames have the time of another one before them."""
        return len(self.stamps) - len(set(self.stamps))


def index_packets(packets: Iterable[Any], alive: Alive, codec: str = "") -> Index:
    """From the packets themselves: exact, and reads the whole file.

    Raises
    ------
    DecodingError
        If there are none, or too many.
    """
    count = longest = 0
    stamps: list[int] = []
    keys: list[int] = []
    marks: dict[bytes, int] = {}
    for n, packet in enumerate(packets):
        if n % _ALIVE_EVERY == 0:
            alive()
        if n > MOST_FRAMES:
            raise DecodingError(f"it has more than {MOST_FRAMES} frames")
        # Empty: the end. Discarded: cut away by an edit list. Corrupt: cut off in the middle.
        if packet.size == 0 or packet.is_discard or packet.is_corrupt:
            continue
        count += 1
        longest = max(longest, packet.duration or 0)
        if packet.pts is not None:
            stamps.append(packet.pts)
            if packet.is_keyframe:
                keys.append(packet.pts)
                if len(marks) < _MOST_MARKS and (mark := size_mark(codec, packet)):
                    marks.setdefault(mark, packet.pts)
    if not count:
        raise DecodingError("no video could be decoded: it has no frames")
    ascending = all(after >= before for before, after in pairwise(stamps))
    return Index(count, sorted(stamps), sorted(keys), ascending, longest, tuple(marks.values()))


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

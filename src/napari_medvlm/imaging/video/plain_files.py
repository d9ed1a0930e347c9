"""Whether a file asks for nothing but its frames as they are stored, told by its headers alone.

For decord, which does not say what it passes over: other streams, pixels that are not square,
half pictures, turns by a matrix. MP4 and QuickTime boxes (ISO/IEC 14496-12) and Matroska elements
(RFC 9559) are walked down to the video tracks.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from .h264_sps import parameter_set

#: Headers larger than this are not walked; that of a film of hours is smaller.
_MOST_BYTES = 64 << 20
_UPRIGHT = (65536, 0, 0, 0, 65536)


def oddity(source: Path | bytes, kind: str) -> str | None:
    """What a file asks for beyond its stored frames, in a few words; None where nothing.

    Parameters
    ----------
    source
        The file, or its bytes.
    kind
        "mov" or "matroska".

    Raises
    ------
    ValueError
        If its headers make no sense.
    """
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            if kind == "mov":
                return _odd_mp4(_mp4_header(file))
            return _odd_matroska(_matroska_header(file))
    except (struct.error, IndexError) as error:
        raise ValueError("headers that make no sense") from error


def may_change_size(path: Path) -> bool:
    """Whether an MP4's video tracks have several descriptions, or parameter sets among frames."""
    try:
        with path.open("rb") as file:
            tracks = _inside_each(_mp4_header(file), b"trak")
            tables = [
                _inside(t, b"mdia", b"minf", b"stbl", b"stsd") for t in tracks if _is_video(t)
            ]
        return any(t[4:8] != b"\0\0\0\1" or t[12:16] in _IN_BAND for t in tables)
    except ValueError:
        return True


# MP4 and QuickTime

#: Codecs whose parameter sets may come with frames (ISO/IEC 14496-15, 5.4.2.1); HEVC's hev1 is
#: written for all kinds of files.
_IN_BAND = (b"avc3", b"dvav")


def _inside_each(data: bytes, name: bytes) -> list[bytes]:
    return [content for kind, content in _boxes(data) if kind == name]


def _is_video(track: bytes) -> bool:
    return _inside(track, b"mdia", b"hdlr")[8:12] == b"vide"


def _mp4_header(file: IO[bytes]) -> bytes:
    """The content of the ``moov`` box."""
    size = file.seek(0, 2)
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        skip = 8
        if length == 1:
            length, skip = int.from_bytes(head[8:16], "big"), 16
        elif length == 0:
            length = size - at
        if name == b"moov":
            file.seek(at + skip)
            return file.read(min(length - skip, _MOST_BYTES))
        if length < 8:
            break
        at += length
    raise ValueError("no header")


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        if length < 8:
            raise ValueError("a box of no length")
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def _inside(data: bytes, *names: bytes) -> bytes:
    """The content of a box within boxes; empty where there is none."""
    for name in names:
        data = next((content for kind, content in _boxes(data) if kind == name), b"")
    return data


def _odd_mp4(header: bytes) -> str | None:
    videos = [track for track in _inside_each(header, b"trak") if _is_video(track)]
    if len(videos) != 1:
        return f"{len(videos)} video tracks"
    track = _inside(videos[0], b"tkhd")
    # Version 1 has three times of eight bytes instead of four.
    at = 40 + (12 if track[:1] == b"\x01" else 0)
    if struct.unpack(">5i", track[at : at + 20]) != _UPRIGHT:
        return "a turn"
    entries = _inside(videos[0], b"mdia", b"minf", b"stbl", b"stsd")
    if int.from_bytes(entries[4:8], "big") != 1:
        return "sizes or codecs that change"
    ((codec, entry),) = list(_boxes(entries[8:]))[:1]
    if codec in _IN_BAND:
        return "sizes that may change"
    parts = dict(_boxes(entry[78:])) if len(entry) > 86 else {}
    aspect = parts.get(b"pasp", bytes(8))
    if aspect[:4] != aspect[4:8]:
        return "pixels that are not square"
    if parts.get(b"fiel", b"\x01")[:1] == b"\x02":
        return "interlaced frames"
    return _odd_avc(parts.get(b"avcC", b""))


def _odd_avc(record: bytes) -> str | None:
    # ISO/IEC 14496-15, 5.3.3.1: the sets follow six bytes, each behind its length.
    at = 6
    for _ in range(record[5] & 0x1F if len(record) > 6 else 0):
        length = int.from_bytes(record[at : at + 2], "big")
        found = parameter_set(record[at + 2 : at + 2 + length])
        if found.interlaced:
            return "interlaced frames"
        if not found.square:
            return "pixels that are not square"
        at += 2 + length
    return None


# Matroska

_SEGMENT, _TRACKS, _ENTRY = 0x18538067, 0x1654AE6B, 0xAE
_TYPE, _PRIVATE, _VIDEO, _CODEC = 0x83, 0x63A2, 0xE0, 0x86
_INTERLACED, _PROJECTION, _UNIT = 0x9A, 0x7670, 0x54B2
_WIDTH, _HEIGHT, _SHOWN_WIDTH, _SHOWN_HEIGHT = 0xB0, 0xBA, 0x54B0, 0x54BA


def _matroska_header(file: IO[bytes]) -> bytes:
    """The content of the Tracks element, near the start as writers put it."""
    data = file.read(_MOST_BYTES >> 3)
    for number, content in _elements(data):
        if number == _SEGMENT:
            for inner, tracks in _elements(content):
                if inner == _TRACKS:
                    return tracks
    raise ValueError("no header")


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(data):
        width = 9 - data[at].bit_length()
        number = int.from_bytes(data[at : at + width], "big")
        at += width
        if at >= len(data) or width > 4 or not data[at]:
            return
        width = 9 - data[at].bit_length()
        length = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
        unknown = length == (1 << 7 * width) - 1
        at += width
        yield number, data[at:] if unknown else data[at : at + length]
        at = len(data) if unknown else at + length


def _odd_matroska(tracks: bytes) -> str | None:
    entries = [
        dict(_elements(content)) for number, content in _elements(tracks) if number == _ENTRY
    ]
    videos = [entry for entry in entries if _number(entry, _TYPE) == 1]
    if len(videos) != 1:
        return f"{len(videos)} video tracks"
    video = dict(_elements(videos[0].get(_VIDEO, b"")))
    if _number(video, _INTERLACED) == 1:
        return "interlaced frames"
    if _PROJECTION in video:
        return "a projection"
    wide, high = _number(video, _WIDTH), _number(video, _HEIGHT)
    shown = _number(video, _SHOWN_WIDTH) or wide, _number(video, _SHOWN_HEIGHT) or high
    if shown[0] * high != shown[1] * wide:
        return "pixels that are not square"
    if videos[0].get(_CODEC, b"").rstrip(b"\0") == b"V_MPEG4/ISO/AVC":
        return _odd_avc(videos[0].get(_PRIVATE, b""))
    return None


def _number(element: dict[int, bytes], key: int) -> int:
    return int.from_bytes(element.get(key, b""), "big")

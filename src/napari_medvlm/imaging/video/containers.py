"""Which container or elementary stream some bytes are, by their first bytes.

Decoders are told the kind instead of guessing it: their own guess takes in playlists, which
name other files and addresses.
"""

from __future__ import annotations

from .facts import Codec, DecodingError

#: First bytes that are looked at.
HEAD = 4096

_TS_PACKET = 188
_ELEMENTARY: dict[str, str] = {"h264": "h264", "hevc": "hevc", "mpeg2": "mpegvideo"}
#: Elementary streams as FFmpeg names their formats: they carry no times.
ELEMENTARY = frozenset(_ELEMENTARY.values())


def container_of(head: bytes, codec: Codec | None = None) -> str:
    """FFmpeg's name of the format.

    Parameters
    ----------
    head
        The first bytes, some thousands.
    codec
        Where known, the elementary stream that bytes without a container are.

    Raises
    ------
    DecodingError
        If it is none of those that are read.
    """
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"\x30\x26\xb2\x75"):
        return "asf"
    if head.startswith(b"\x00\x00\x01\xba"):
        return "mpeg"
    if head[:1] == b"\x47" and head[_TS_PACKET : _TS_PACKET + 1] == b"\x47":
        return "mpegts"
    kind = codec or _elementary(head)
    if kind is None:
        raise DecodingError("expected a video; found data of an unknown kind")
    return _ELEMENTARY[kind]


def _elementary(head: bytes) -> Codec | None:
    # A start code, and the first unit behind it: ISO/IEC 13818-2, 6.2.1 (sequence header);
    # H.264, table 7-1 and H.265, table 7-1 (parameter sets, access unit delimiter, SEI).
    start = head.find(b"\x00\x00\x01")
    if start not in (0, 1) or len(head) < start + 4:
        return None
    unit = head[start + 3]
    if unit == 0xB3:
        return "mpeg2"
    if unit >> 1 in (32, 33, 35, 39) and unit & 0x81 == 0:
        # Read as H.264 these are units of type 0, 2, 6 with a reference mark that 6 never has.
        return "hevc"
    return "h264" if unit & 0x1F in (1, 5, 6, 7, 9) and unit < 0x80 else None

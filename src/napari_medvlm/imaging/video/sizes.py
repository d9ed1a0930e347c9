"""Where in a stream frames may change their size, told by the headers that key frames carry."""

from __future__ import annotations

from typing import Any

#: First bytes of a packet that are looked at: its headers come before its pixels.
_LOOKED_AT = 1 << 14
_START = b"\x00\x00\x01"


def size_mark(codec: str, packet: Any) -> bytes:
    """The part of a key frame's headers that holds its size, as it stands there.

    Two key frames of different marks may differ in size; what else differs does no harm.

    Parameters
    ----------
    codec
        FFmpeg's name of it.
    packet
        Of a key frame.

    Returns
    -------
    mark
        Empty where the packet says nothing about its size.
    """
    if packet.has_sidedata("new_extradata"):
        return bytes(packet.get_sidedata("new_extradata"))
    find = _FINDERS.get(codec)
    return b"" if find is None else find(bytes(memoryview(packet)[:_LOOKED_AT]))


def _units(data: bytes) -> list[bytes]:
    # H.264, annex B (start codes), or ISO/IEC 14496-15 (lengths of four bytes).
    if data.startswith((_START, b"\x00" + _START)):
        return [unit for unit in data.split(_START) if unit]
    units, at = [], 0
    while at + 4 < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 1:
            break
        units.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return units


def _h264(data: bytes) -> bytes:
    # Table 7-1: unit 7 is a sequence parameter set.
    return b"".join(u.rstrip(b"\x00") for u in _units(data) if u[:1] and u[0] & 0x1F == 7)


def _hevc(data: bytes) -> bytes:
    # H.265, table 7-1: unit 33.
    return b"".join(u.rstrip(b"\x00") for u in _units(data) if u[:1] and u[0] >> 1 & 0x3F == 33)


def _mpeg2(data: bytes) -> bytes:
    # ISO/IEC 13818-2, 6.2.2.1: width and height follow the start code of a sequence header.
    at = data.find(_START + b"\xb3")
    return data[at + 4 : at + 7] if at >= 0 else b""


def _mpeg4(data: bytes) -> bytes:
    # ISO/IEC 14496-2, table 6-3: start codes 0x20 to 0x2F begin a video object layer.
    return b"".join(unit for unit in data.split(_START) if unit[:1] and unit[0] >> 4 == 2)


def _mjpeg(data: bytes) -> bytes:
    # ISO/IEC 10918-1, B.2.2: the frame header holds precision, height and width.
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return data[at + 5 : at + 9]
        at += 2 + max(2, length)
    return b""


def _vp8(data: bytes) -> bytes:
    # RFC 6386, 9.1: frame tag, start code, width, height.
    return data[6:10] if data[3:6] == b"\x9d\x01\x2a" else b""


def _vp9(data: bytes) -> bytes:
    # Bitstream specification, 6.2, of profile 0: eight bits, sync code, four bits, width, height.
    if data[1:4] != b"\x49\x83\x42" or len(data) < 9:
        return b""
    return data[4:8] + bytes([data[8] & 0xF0])


def _av1(data: bytes) -> bytes:
    # Bitstream specification, 5.3 and 5.5: unit 1 is a sequence header; sizes are LEB128.
    at = 0
    while at + 2 < len(data):
        kind, extended, sized = data[at] >> 3 & 15, data[at] >> 2 & 1, data[at] >> 1 & 1
        at += 1 + extended
        if not sized:
            break
        length = shift = 0
        while at < len(data):
            byte, at = data[at], at + 1
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        if kind == 1:
            return data[at : at + length]
        at += length
    return b""


_FINDERS = {
    "h264": _h264,
    "hevc": _hevc,
    "mpeg2video": _mpeg2,
    "mpeg1video": _mpeg2,
    "mpeg4": _mpeg4,
    "mjpeg": _mjpeg,
    "vp8": _vp8,
    "vp9": _vp9,
    "libdav1d": _av1,
    "libaom-av1": _av1,
    "av1": _av1,
}

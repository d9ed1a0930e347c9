"""What a compressed image says about itself: size, precision and colour space.

JPEG and JPEG-LS (ITU-T T.81 B.2, T.87 C.2) and JPEG 2000 (ITU-T T.800 A.5). Looked at before
any decoder allocates what the image declares, and because DICOM headers often mislabel colour.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

#: Frame headers of JPEG (not DHT, JPG, DAC, which lie among them) and of JPEG-LS.
_FRAME_HEADERS = {*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC}
#: Markers that stand alone, without a length.
_ALONE = {0x01, *range(0xD0, 0xD9)}


@dataclass(frozen=True)
class Codestream:
    """The header of a compressed image.

    Parameters
    ----------
    precision
        Bits of a sample.
    colour
        Colour space that the image itself tells for three components; None where it is silent.
    lossy_jpeg
        Whether it is JPEG by DCT (baseline, extended, progressive).
    """

    rows: int
    columns: int
    components: int
    precision: int
    colour: Literal["RGB", "YBR"] | None = None
    lossy_jpeg: bool = False


def read_codestream(data: bytes) -> Codestream | None:
    """The header of a JPEG, JPEG-LS or JPEG 2000 image; None where there is none to be found."""
    if data.startswith(b"\xff\xd8"):
        return _jpeg(data)
    at = data.find(b"\xff\x4f\xff\x51", 0, 4096)  # boxes of a JP2 file may come first
    return _jpeg_2000(data, at + 4) if at >= 0 else None


def bare_codestream(data: bytes) -> bytes:
    """A JPEG 2000 image without the boxes of a JP2 file, where these make no sense.

    Boxes follow each other by their lengths (ITU-T T.800 I.4): a library that walks damaged ones
    may go round for ever. The codestream says all that is needed of its pixels.
    """
    if not data.startswith(b"\x00\x00\x00\x0cjP"):
        return data
    if _boxes_hold(data, 0, len(data)):
        return data
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0:
        raise ValueError("a damaged JPEG 2000 image: no codestream is to be found in its boxes")
    return data[start:]


def _boxes_hold(data: bytes, at: int, end: int) -> bool:
    """Whether boxes follow each other to the end, or to the codestream, each of some length."""
    while at < end:
        if at + 8 > end:
            return False
        length, kind = struct.unpack_from(">L4s", data, at)
        head = 8
        if length == 1 and at + 16 <= end:
            (length,) = struct.unpack_from(">Q", data, at + 8)
            head = 16
        if kind == b"jp2c" and data[at + head : at + head + 4] == b"\xff\x4f\xff\x51":
            return True  # a length of 0 means: to the end
        if length < head or at + length > end:
            return False
        if kind == b"jp2h" and not _boxes_hold(data, at + head, at + length):
            return False
        at += length
    return True


def _jpeg_2000(data: bytes, at: int) -> Codestream | None:
    if len(data) < at + 38:
        return None
    right, bottom, left, top = struct.unpack_from(">4L", data, at + 4)
    (components,) = struct.unpack_from(">H", data, at + 36)
    precision = (data[at + 38] & 0x7F) + 1 if len(data) > at + 38 else 0
    return Codestream(bottom - top, right - left, components, precision)


def _jpeg(data: bytes) -> Codestream | None:
    jfif, adobe, at = False, None, 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes may come before a marker
            at += 1
            continue
        if marker in _ALONE:
            at += 2
            continue
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if marker in _FRAME_HEADERS:
            return _frame_header(marker, body, jfif=jfif, adobe=adobe)
        if marker == 0xE0 and body.startswith(b"JFIF"):
            jfif = True
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
        elif marker == 0xDA:
            return None
        at += 2 + length
    return None


def _frame_header(marker: int, body: bytes, *, jfif: bool, adobe: int | None) -> Codestream | None:
    if len(body) < 6 or len(body) < 6 + 3 * body[5]:
        return None
    precision, rows, columns, count = struct.unpack_from(">BHHB", body)
    parts = [body[6 + 3 * n : 9 + 3 * n] for n in range(count)]
    lossy = marker not in (0xC3, 0xC7, 0xCB, 0xCF, 0xF7)
    colour: Literal["RGB", "YBR"] | None = None
    if count == 3:
        ids = bytes(part[0] for part in parts)
        subsampled = len({part[1] for part in parts}) > 1
        if adobe is not None:
            # 0: no transform; 1: YCbCr (Adobe Technical Note 5116).
            colour = "YBR" if adobe == 1 else "RGB"
        elif subsampled or jfif:
            colour = "YBR"
        elif ids.upper() == b"RGB":
            colour = "RGB"
    return Codestream(rows, columns, count, precision, colour, lossy)

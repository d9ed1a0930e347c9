"""The header of an ordinary DICOM file in a fraction of a general reader's time.

A walk over the elements up to the pixels (PS3.5 section 7.1) that converts what is wanted and
steps over the rest. It knows explicit and implicit little endian in a file with its preamble.
At the first sign of anything else it gives up, and pydicom reads the file: ``quick_header``
either gives what pydicom gives, or None.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from pydicom.datadict import dictionary_VR, private_dictionary_VR, tag_for_keyword

from .plain_values import Unexpected, plain_value

#: Bytes read at first: headers of most images are shorter. A header that is not through after
#: the second figure is left to pydicom.
_FIRST, _MOST = 16 << 10, 4 << 20

_EXPLICIT = struct.Struct("<L2sHL").unpack_from
_IMPLICIT = struct.Struct("<LL").unpack_from

#: Bytes before the value, by VR (PS3.5 tables 7.1-1 and 7.1-2).
HEAD = dict.fromkeys(
    (b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FL", b"FD", b"IS", b"LO", b"LT", b"PN",
     b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"), 8,
) | dict.fromkeys(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"),
    12,
)  # fmt: skip

CAPITALS = re.compile(rb"[A-Z]{2}")
UNDEFINED = 0xFFFFFFFF


def _key(tag: int) -> int:
    # A tag as its four bytes read as one little endian number: group in the lower half.
    return (tag & 0xFFFF) << 16 | tag >> 16


ITEM, ITEM_END, SEQUENCE_END = (_key(tag) for tag in (0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD))
CHARSET, SIGNED = _key(0x00080005), _key(0x00280103)
META = {
    _key(0x00020002): "MediaStorageSOPClassUID",
    _key(0x00020010): "TransferSyntaxUID",
}
PIXELS = _key(0x7FE00010)
FLOAT_PIXELS = (_key(0x7FE00008), _key(0x7FE00009))
SYNTAXES_LEFT = (
    "1.2.840.10008.1.2.2",  # explicit big endian
    "1.2.840.10008.1.2.1.99",  # deflated
    "1.2.840.113619.5.2",  # implicit with pixels in big endian, of GE
)
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
#: Sequences in sequences that are followed.
DEPTH = 16


#: VR and bytes of elements, by the key of their tag.
Raw = dict[int, tuple[bytes, bytes]]


class _Short(Exception):
    """More of the file has to be read."""


#: A keyword of PS3.6, or (group, element) of a private tag.
Tag = str | tuple[int, int]


class Wanted:
    """The elements to look for, prepared once.

    Parameters
    ----------
    tags
        Keywords of pydicom's dictionary, and (group, element) of tags that are private or of a
        repeating group.
    """

    def __init__(self, tags: Iterable[Tag]) -> None:
        #: Each element's name, and its VR where the file does not say it.
        self.by_key: dict[int, tuple[Tag, bytes]] = {
            CHARSET: ("SpecificCharacterSet", b"CS"),
            SIGNED: ("PixelRepresentation", b"US"),
        }
        for name in tags:
            if isinstance(name, tuple):
                group, element = name
                if group % 2:
                    self.by_key[element << 16 | group] = (name, b"UN")
                    creator = (group, element >> 8)
                    self.by_key[creator[1] << 16 | group] = (creator, b"LO")
                else:  # of a repeating group, whose keyword stands for all of them
                    vr = dictionary_VR(group << 16 | element).encode()
                    self.by_key[element << 16 | group] = (name, vr)
            else:
                tag = tag_for_keyword(name)
                if tag is None:
                    raise ValueError(f"{name} is no keyword of the DICOM dictionary")
                self.by_key[_key(tag)] = (name, dictionary_VR(tag).encode())


class PixelPlace(NamedTuple):
    """Where the value of PixelData (7FE0,0010) lies in its file, in bytes.

    ``length`` is None where the pixels are encapsulated, which is where they are compressed.
    """

    offset: int
    length: int | None


@dataclass(frozen=True)
class PrivateValue:
    """The value of a private tag, as an element of a pydicom data set holds it."""

    value: Any


class QuickHeader:
    """Wanted elements of a file by keyword, as a pydicom data set gives them.

    Several values are a tuple; values are shared between files and must not be changed.

    Parameters
    ----------
    file_meta
        TransferSyntaxUID and MediaStorageSOPClassUID.
    pixels
        Place of the pixels.
    """

    __slots__ = ("file_meta", "get", "pixels", "values")

    def __init__(
        self, file_meta: dict[str, str], pixels: PixelPlace, values: dict[Tag, Any]
    ) -> None:
        self.file_meta = file_meta
        self.pixels = pixels
        self.values = values
        #: Value of a keyword, or the ``PrivateValue`` of a private tag; else the default (None).
        self.get = values.get

    def __contains__(self, key: Tag, /) -> bool:
        return key in self.values


def quick_header(path: Path | str, wanted: Wanted) -> QuickHeader | None:
    """Read the wanted elements of an image, if the file is of the ordinary kind.

    Parameters
    ----------
    path
        Any file.
    wanted
        What to look for.

    Returns
    -------
    header
        Equal to what ``pydicom.dcmread(path, stop_before_pixels=True)`` gives for what is
        wanted; None for any file that pydicom should read: without preamble, big endian,
        deflated, with a wanted sequence that is not empty, without pixels, damaged.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with open(path, "rb", buffering=0) as file:
        head = file.read(_FIRST)
        while True:
            try:
                return _header(head, wanted.by_key)
            except Unexpected:
                return None
            except (_Short, struct.error):
                more = file.read(3 * len(head)) if len(head) < _MOST else b""
                if not more:
                    return None
                head += more


def _header(data: bytes, wanted: dict[int, tuple[Tag, bytes]]) -> QuickHeader:
    if data[128:132] != b"DICM":
        raise Unexpected
    at, meta = _file_meta(data)
    syntax = meta.get("TransferSyntaxUID")
    if not syntax or syntax in SYNTAXES_LEFT:
        raise Unexpected
    walk = _walk_implicit if syntax == IMPLICIT_LITTLE else _walk_explicit
    raw, pixels = walk(data, at, wanted)
    charset = raw.get(CHARSET, (b"CS", b""))[1]
    values = {}
    for key, (vr, value) in raw.items():
        name = wanted[key][0]
        if vr == b"UN" or vr == b"US or SS":
            vr = true_vr(key, vr, raw)
        found = plain_value(vr, value, charset)
        values[name] = PrivateValue(found) if isinstance(name, tuple) else found
    return QuickHeader(meta, pixels, values)


def true_vr(key: int, vr: bytes, raw: Raw) -> bytes:
    """VR of an element that does not say it itself: by the private dictionary, or by the sign.

    Parameters
    ----------
    key, vr
        Of the element; "UN" or "US or SS".
    raw
        Elements beside it: its creator, PixelRepresentation.

    Raises
    ------
    Unexpected
        If they do not tell it.
    """
    if vr == b"UN":
        creator = raw.get((key >> 24) << 16 | key & 0xFFFF)
        if not key & 1 or not key >> 24:  # a public element, or a private one of no maker
            raise Unexpected
        return _private_vr(key, creator[1]) if creator is not None else vr
    sign = raw.get(SIGNED)
    if sign is None or sign[1] not in (b"\0\0", b"\1\0"):
        raise Unexpected
    return b"SS" if sign[1][0] else b"US"


@lru_cache(maxsize=256)
def _private_vr(key: int, creator: bytes) -> bytes:
    name = plain_value(b"LO", creator)
    if not isinstance(name, str):
        raise Unexpected
    try:
        return str(private_dictionary_VR((key & 0xFFFF) << 16 | key >> 16, name)).encode()
    except KeyError:
        return b"UN"


def _file_meta(data: bytes) -> tuple[int, dict[str, str]]:
    """Offset of the first element after group 0002, and what of it is wanted."""
    at, meta = 132, {}
    while True:
        key, vr, size, long = _EXPLICIT(data, at)
        if key & 0xFFFF != 2:
            break
        head = HEAD.get(vr)
        if head is None:
            raise Unexpected
        if head == 12:
            size = long
        at += head
        if key in META:
            value = plain_value(vr, data[at : at + size])
            if vr != b"UI" or not isinstance(value, str):
                raise Unexpected
            meta[META[key]] = value
        at += size
    if key & 0xFFFF == 0:
        raise Unexpected  # a command group (0000) does not belong into files
    return at, meta


def _walk_explicit(
    data: bytes, at: int, wanted: dict[int, tuple[Tag, bytes]]
) -> tuple[Raw, PixelPlace]:
    raw: Raw = {}
    while True:
        key, vr, size, long = _EXPLICIT(data, at)
        head = HEAD.get(vr)
        if head is None:
            raise Unexpected
        if head == 12:
            size = long
        at += head
        if size == UNDEFINED:
            if key == PIXELS:
                return raw, PixelPlace(at, None)
            if vr != b"SQ" or key in wanted:
                raise Unexpected
            at = _past_sequence(data, at, explicit=True)
        elif key in wanted:
            value = data[at : at + size]
            if len(value) < size:
                raise _Short
            raw[key] = vr, value
            at += size
        elif key == PIXELS:
            return raw, PixelPlace(at, size)
        elif key in FLOAT_PIXELS:
            raise Unexpected
        else:
            at += size


def _walk_implicit(
    data: bytes, at: int, wanted: dict[int, tuple[Tag, bytes]]
) -> tuple[Raw, PixelPlace]:
    if CAPITALS.match(data, at + 4):  # where a length should be: explicit after all
        raise Unexpected
    raw: Raw = {}
    while True:
        key, size = _IMPLICIT(data, at)
        at += 8
        if key == PIXELS:
            if size == UNDEFINED:
                raise Unexpected  # encapsulated pixels are never implicit
            return raw, PixelPlace(at, size)
        if key & 0xFFFF == 0xFFFE or key in FLOAT_PIXELS:
            raise Unexpected
        if size == UNDEFINED:
            if key in wanted or not can_be_sequence(key):
                raise Unexpected
            at = _past_sequence(data, at, explicit=False)
        elif key in wanted:
            value = data[at : at + size]
            if len(value) < size:
                raise _Short
            raw[key] = wanted[key][1], value
            at += size
        else:
            at += size


def can_be_sequence(key: int) -> bool:
    """Whether an element without a VR and of undefined length may be a sequence."""
    try:
        return str(dictionary_VR((key & 0xFFFF) << 16 | key >> 16)) == "SQ"
    except KeyError:
        return True


def _past_sequence(data: bytes, at: int, *, explicit: bool, depth: int = 0) -> int:
    """Offset behind a sequence of undefined length whose items start at ``at``."""
    if depth > DEPTH:
        raise Unexpected
    while True:
        key, size = _IMPLICIT(data, at)
        at += 8
        if key == SEQUENCE_END and size == 0:
            return at
        if key != ITEM:
            raise Unexpected
        end = None if size == UNDEFINED else at + size
        at = _past_item(data, at, end, explicit, depth)


def _past_item(data: bytes, at: int, end: int | None, explicit: bool, depth: int) -> int:
    while at != end:
        if end is not None and at > end:
            raise Unexpected
        key, size = _IMPLICIT(data, at)
        if key == ITEM_END:
            if size or end is not None:
                raise Unexpected
            return at + 8
        vr, head = b"", 8
        if explicit:
            key, vr, size, long = _EXPLICIT(data, at)
            head = HEAD.get(vr, 0)
            if not head:
                raise Unexpected
            if head == 12:
                size = long
        at += head
        if size != UNDEFINED:
            at += size
        elif vr != b"SQ" if explicit else not can_be_sequence(key):
            raise Unexpected
        else:
            at = _past_sequence(data, at, explicit=explicit, depth=depth + 1)
    return at

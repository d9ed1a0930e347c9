"""Values of DICOM elements from their bytes: the plain cases, converted as pydicom converts them.

Anything out of the ordinary is refused rather than guessed, for pydicom to deal with.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from pydicom.uid import UID


class Unexpected(Exception):
    """Something that the quick way leaves to pydicom."""


_INTEGER = re.compile(r" *[+-]?[0-9]{1,12} *")
_DECIMAL = re.compile(r" *[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})? *")
_DIGITS = "0123456789."
_NUMBERS = {b"US": "H", b"SS": "h", b"UL": "L", b"SL": "l", b"FL": "f", b"FD": "d"}
_BYTES = (b"OB", b"OW", b"UN")
#: VRs whose text is in the file's own character set, and those among them of one value.
_TEXT, _SINGLE = (b"LO", b"SH", b"UC", b"LT", b"ST", b"UT"), (b"LT", b"ST", b"UT")
_CODE = (b"CS", b"AS", b"DA", b"TM", b"DT")
#: Python's names of the character sets that one byte string can be decoded with as a whole
#: (PS3.3 C.12.1.1.2); without a declaration pydicom takes Latin-1.
_CHARSETS = {
    b"": "latin-1",
    b"ISO_IR 6": "latin-1",
    b"ISO_IR 100": "latin-1",
    b"ISO_IR 192": "utf-8",
}


#: Longer values are not remembered.
_SHORT = 64


def plain_value(vr: bytes, raw: bytes, charset: bytes = b"") -> Any:
    """The value that pydicom gives, several as a tuple.

    Parameters
    ----------
    vr
        Two capitals.
    raw
        The element's bytes, little endian.
    charset
        Bytes of SpecificCharacterSet (0008,0005); matters for text alone.

    Raises
    ------
    Unexpected
        If the value is not of the plain form of its VR.
    """
    return (_remembered if len(raw) <= _SHORT else _converted)(vr, raw, charset)


class _Odd:
    """Stands for a value that is left to pydicom."""


ODD = _Odd()


def plain_values(vr: bytes, raws: list[bytes], charset: bytes = b"") -> list[Any]:
    """``plain_value`` of many; ``ODD`` where it would refuse one."""
    together = _together(vr, raws) if vr in _JOINED else None
    return [_or_odd(vr, raw, charset) for raw in raws] if together is None else together


def _or_odd(vr: bytes, raw: bytes, charset: bytes) -> Any:
    try:
        return plain_value(vr, raw, charset)
    except Unexpected:
        return ODD


def _together(vr: bytes, raws: list[bytes]) -> list[Any] | None:
    """Values of texts that are looked at as one; None where one of them is not of the usual form.

    All have as many parts as the first, and none is empty.
    """
    count = raws[0].count(b"\\") + 1
    pattern, convert = _JOINED[vr]
    whole = b"\\".join(raws)
    if pattern.fullmatch(whole) is None or whole.count(b"\\") + 1 != count * len(raws):
        return None
    parts = [convert(part) for part in whole.decode("ascii").split("\\")]
    if count == 1:
        return parts
    if any(raw.count(b"\\") + 1 != count for raw in raws):
        return None
    return list(zip(*[iter(parts)] * count, strict=True))


def _converted(vr: bytes, raw: bytes, charset: bytes) -> Any:
    if vr in _NUMBERS:
        return _numbers(_NUMBERS[vr], raw) if raw else None
    if vr in _BYTES:
        return raw or None
    if vr == b"AT":
        return _tags(raw) if raw else None
    if vr == b"PN":
        return raw.rstrip(b" \0")  # as it is: names are compared, never shown
    if vr == b"SQ":
        if raw:
            raise Unexpected
        return ()
    if vr in _TEXT:
        return _text(vr, raw, charset)
    try:
        text = raw.decode("ascii").rstrip(" \0")
    except UnicodeDecodeError as error:
        raise Unexpected from error
    if vr == b"DS" or vr == b"IS":
        return _decimals(vr, text) if raw else None
    if vr == b"UI":
        return _several([_uid(part) for part in text.split("\\")])
    if vr in _CODE:
        return _several(text.split("\\"))
    raise Unexpected


#: Images of a series share most values, which are converted once.
_remembered = lru_cache(maxsize=8192)(_converted)


def _several(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else tuple(parts)


def _numbers(kind: str, raw: bytes) -> Any:
    count, rest = divmod(len(raw), struct.calcsize("<" + kind))
    if rest:
        raise Unexpected
    return _several(list(struct.unpack(f"<{count}{kind}", raw)))


def _tags(raw: bytes) -> Any:
    if len(raw) % 4:
        raise Unexpected
    halves = struct.unpack(f"<{len(raw) // 2}H", raw)
    pairs = zip(halves[::2], halves[1::2], strict=True)
    return _several([group << 16 | element for group, element in pairs])


def _decimals(vr: bytes, text: str) -> Any:
    pattern, convert = (_DECIMAL, float) if vr == b"DS" else (_INTEGER, int)
    parts = text.split("\\")
    if not all(pattern.fullmatch(part) for part in parts):
        raise Unexpected
    return _several([convert(part) for part in parts])


def _uid(text: str) -> UID:
    if text.strip(_DIGITS):
        raise Unexpected
    # Past UID's own constructor, whose check of the form was just made.
    return str.__new__(UID, text)


def _plain_uid(text: str) -> UID:
    return str.__new__(UID, text.rstrip(" \0"))


def _joined(part: str) -> re.Pattern[bytes]:
    return re.compile(rf"(?:{part})(?:\\(?:{part}))*".encode())


#: Of VRs that are looked at together: the form of all their values, joined by backslashes, and
#: what makes a value of a part.
_JOINED: dict[bytes, tuple[re.Pattern[bytes], Callable[[str], Any]]] = {
    b"DS": (_joined(_DECIMAL.pattern), float),
    b"IS": (_joined(_INTEGER.pattern), int),
    b"UI": (_joined(r"[0-9.]+[ \0]*"), _plain_uid),
}


def _text(vr: bytes, raw: bytes, charset: bytes) -> Any:
    charset = charset.rstrip(b" \0")
    if raw.isascii():
        # Character sets agree on ASCII, but for Japan's ISO_IR 13, and unless they are switched.
        if b"\x1b" in raw or b"13" in charset:
            raise Unexpected
        text = raw.decode("ascii")
    else:
        try:
            text = raw.decode(_CHARSETS[charset])
        except (KeyError, UnicodeDecodeError) as error:
            raise Unexpected from error
    if vr in _SINGLE:
        return text.rstrip("\0 ")
    return _several([part.rstrip("\0 ") for part in text.split("\\")])

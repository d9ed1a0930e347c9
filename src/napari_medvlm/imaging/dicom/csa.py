"""Siemens' CSA header, kept as bytes in the private tag (0029,1010).

Its layout is known from nibabel's description (doc/source/dicom/siemens_csa.rst) and GDCM's
CSAHeader: a count, then tags of 84 bytes with a name and a number of items, each item of 16
bytes that hold its length, then text padded to four bytes. "SV10" and eight bytes precede the
newer form (CSA2); the older (CSA1) starts with the count.
"""

from __future__ import annotations

import struct

#: More tags or items than scanners write mean that the bytes are something else.
_MOST = 1024


def read_csa(raw: bytes) -> dict[str, tuple[str, ...]]:
    """Tags of a CSA header that hold anything, as texts.

    Parameters
    ----------
    raw
        Value of (0029,1010) or (0029,1020).

    Returns
    -------
    tags
        Empty where the bytes are no CSA header; what was read before the damage where they
        are cut.
    """
    at = 8 if raw[:4] == b"SV10" else 0
    tags: dict[str, tuple[str, ...]] = {}
    try:
        (count,) = struct.unpack_from("<I", raw, at)
        at += 8
        if not 0 < count <= _MOST:
            return {}
        for _ in range(count):
            name, _, _, _, items, _ = struct.unpack_from("<64si4s3i", raw, at)
            at += 84
            if not 0 <= items <= _MOST:
                break
            texts, at = _items(raw, at, items)
            if texts:
                tags[_text(name)] = texts
    except struct.error:
        pass  # cut short: what came before is sound
    return tags


def csa_floats(tags: dict[str, tuple[str, ...]], name: str) -> tuple[float, ...]:
    """Numbers of a tag; none where it is missing or no number."""
    try:
        return tuple(float(text) for text in tags.get(name, ()))
    except ValueError:
        return ()


def _items(raw: bytes, at: int, count: int) -> tuple[tuple[str, ...], int]:
    texts = []
    for _ in range(count):
        _, length, _, _ = struct.unpack_from("<4i", raw, at)
        at += 16
        if not 0 <= length <= len(raw) - at:
            raise struct.error("an item runs over the end")
        text = _text(raw[at : at + length])
        if text:
            texts.append(text)
        at += (length + 3) // 4 * 4
    return tuple(texts), at


def _text(raw: bytes) -> str:
    return raw.split(b"\0")[0].decode("latin-1").strip()

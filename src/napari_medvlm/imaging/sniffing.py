"""Which format a file is in, told by its first bytes; names only help to explain."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Literal

Kind = Literal["dicom", "nifti", "npy", "picture", "video"]

_HEAD = 4096
#: What a file's name promises, for the error when its bytes say otherwise.
_PROMISED = {
    ".dcm": "a DICOM file", ".nii": "a NIfTI image", ".gz": "a gzipped NIfTI image",
    ".npy": "a NumPy array", ".png": "a PNG picture", ".jpg": "a JPEG picture",
    ".jpeg": "a JPEG picture", ".mp4": "an MP4 video", ".avi": "an AVI video",
    ".mov": "a QuickTime video", ".mkv": "a Matroska video", ".webm": "a WebM video",
}  # fmt: skip


def sniff(path: Path) -> Kind | None:
    """Format of a file, or None if it is none that is read here.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[128:132] == b"DICM" or _bare_dicom(head):
        return "dicom"
    if _nifti(head):
        return "nifti"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")):
        return "picture"
    return "video" if _video(head) else None


def promised(path: Path) -> str:
    """What the name of a file makes one expect."""
    return _PROMISED.get(
        path.suffix.lower(), "DICOM, NIfTI, .npy, PNG, JPEG or a video (MP4, AVI, MOV, MKV)"
    )


def found(path: Path) -> str:
    """What a file of no known format looks like, in a few words without its content."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return "an empty file"
    if head.startswith(b"\x80") and head[1:2] in b"\x02\x03\x04\x05":
        return "a Python pickle, which is never loaded"
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive"
    if head.startswith(b"\x1f\x8b"):
        return "gzipped data that is no NIfTI image"
    try:
        # A multi-byte character may be cut at the end of what was read.
        text = head.decode("utf-8", errors="strict" if len(head) < _HEAD else "ignore")
    except UnicodeDecodeError:
        return "data of an unknown kind"
    printable = sum(c.isprintable() or c.isspace() for c in text)
    return "plain text" if printable > 0.95 * len(text) else "data of an unknown kind"


def _bare_dicom(head: bytes) -> bool:
    # Without the preamble a data set starts with an element of group 0002 or 0008: tag, then
    # either a VR of two capitals or a four-byte length that is not huge.
    if len(head) < 16:
        return False
    explicit = head[4:6].isalpha() and head[4:6].isupper()
    if head[:2] == b"\x00\x08":  # big endian, which is always explicit
        return explicit and head[2:4] <= b"\x00\x70"
    if head[:2] not in (b"\x02\x00", b"\x08\x00"):
        return False
    element, length = struct.unpack("<HI", head[2:8])
    return bool(element <= 0x0070 and (explicit or length <= 128))


def _nifti(head: bytes) -> bool:
    if head.startswith(b"\x1f\x8b"):
        try:
            head = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 512)
        except zlib.error:
            return False
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _video(head: bytes) -> bool:
    return (
        head[4:8] in (b"ftyp", b"moov")
        or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75"))
    )

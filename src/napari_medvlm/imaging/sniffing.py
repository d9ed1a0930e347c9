"""Which format a file is in, told by its first bytes; names only help to explain."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path
from typing import Literal

Kind = Literal[
    "dicom", "nifti", "mgh", "nrrd", "metaimage", "npy", "npz", "picture", "tiff", "video"
]

#: Bytes of a file that tell its format.
HEAD = 4096
#: What a file's name promises, for the error when its bytes say otherwise.
_PROMISED = {
    ".dcm": "a DICOM file", ".dicom": "a DICOM file", ".nii": "a NIfTI image",
    ".nii.gz": "a gzipped NIfTI image", ".gz": "a gzipped NIfTI image",
    ".hdr": "the header of a NIfTI or Analyze pair", ".img": "the voxels of a .hdr/.img pair",
    ".mgh": "an MGH image", ".mgz": "a gzipped MGH image", ".nrrd": "an NRRD image",
    ".nhdr": "the header of an NRRD image", ".mha": "a MetaImage",
    ".mhd": "the header of a MetaImage", ".npy": "a NumPy array",
    ".npz": "an archive of NumPy arrays", ".png": "a PNG picture", ".jpg": "a JPEG picture",
    ".jpeg": "a JPEG picture", ".bmp": "a BMP picture", ".gif": "a GIF picture",
    ".webp": "a WebP picture", ".tif": "a TIFF picture", ".tiff": "a TIFF picture",
    ".mp4": "an MP4 video", ".avi": "an AVI video", ".mov": "a QuickTime video",
    ".mkv": "a Matroska video", ".webm": "a WebM video",
}  # fmt: skip
#: First bytes of the pictures that Pillow decodes.
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
#: TIFF and BigTIFF, in both byte orders.
_TIFFS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_MGH_TYPES = (0, 1, 3, 4, 10)


def sniff(path: Path) -> Kind | None:
    """Format of a file, or None if it is none that is read here.

    The .img file of a NIfTI or Analyze pair has no mark of its own: it is told by its header
    beside it.

    Raises
    ------
    OSError
        If the file cannot be opened.
    """
    with path.open("rb") as file:
        return sniff_head(file.read(HEAD), path)


def sniff_head(head: bytes, path: Path) -> Kind | None:
    """As ``sniff``, of a file whose first ``HEAD`` bytes are there."""
    kind = _kind(head, path)
    if kind is None and path.name.lower().endswith((".img", ".img.gz")):
        from .formats.nifti import pair

        header, _ = pair(path)
        if header != path and sniff(header) == "nifti":
            return "nifti"
    return kind


def _kind(head: bytes, path: Path) -> Kind | None:
    if head[128:132] == b"DICM" or _bare_dicom(head):
        return "dicom"
    packed = head.startswith(b"\x1f\x8b")
    inner = _inflated(head) if packed else head
    if _nifti(inner) or (path.name.lower().endswith((".hdr", ".hdr.gz")) and _analyze(inner)):
        return "nifti"
    if _mgh(inner):
        return "mgh"
    if packed:
        return None
    if head.startswith(b"NRRD000"):
        return "nrrd"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if _npz(head):
        return "npz"
    if head.startswith(_TIFFS):
        return "tiff"
    if head.startswith(_PICTURES) or _bmp(head) or _webp(head):
        return "picture"
    if _metaimage(head):
        return "metaimage"
    return "video" if _video(head) else None


def promised(path: Path) -> str:
    """What the name of a file makes one expect."""
    return _PROMISED.get(
        path.suffix.lower(),
        "DICOM, NIfTI, MGH, NRRD, MetaImage, .npy, a picture (PNG, JPEG, TIFF, BMP) or a video "
        "(MP4, AVI, MOV, MKV)",
    )


def found(path: Path) -> str:
    """What a file of no known format looks like, in a few words without its content."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        return "an empty file"
    if head.startswith(b"\x80") and head[1:2] in b"\x02\x03\x04\x05":
        return "a Python pickle, which is never loaded"
    if head.startswith(b"PK\x03\x04"):
        return "a ZIP archive"
    if head.startswith(b"\x1f\x8b"):
        return "gzipped data that is no NIfTI or MGH image"
    try:
        # A multi-byte character may be cut at the end of what was read.
        text = head.decode("utf-8", errors="strict" if len(head) < HEAD else "ignore")
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


def _inflated(head: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(head, 512)
    except zlib.error:
        return b""


def _nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _analyze(head: bytes) -> bool:
    # Analyze 7.5 has no magic word; its first number is the size of its header.
    return len(head) >= 348 and head[:4] in (b"\x5c\x01\0\0", b"\0\0\x01\x5c")


def _mgh(head: bytes) -> bool:
    # Version 1, four counts, the type of the numbers: all big endian.
    if len(head) < 32 or head[:4] != b"\0\0\0\1":
        return False
    *counts, kind = struct.unpack(">5i", head[4:24])
    return min(counts) > 0 and kind in _MGH_TYPES


def _npz(head: bytes) -> bool:
    # The name of a ZIP archive's first member follows 30 bytes.
    if not head.startswith(b"PK\x03\x04") or len(head) < 34:
        return False
    return head[30 : 30 + int.from_bytes(head[26:28], "little")].endswith(b".npy")


def _bmp(head: bytes) -> bool:
    # "BM", then (after size and offset) the size of one of the known headers.
    sizes = (12, 40, 52, 56, 64, 108, 124)
    return head[:2] == b"BM" and int.from_bytes(head[14:18], "little") in sizes


def _webp(head: bytes) -> bool:
    return head.startswith(b"RIFF") and head[8:12] == b"WEBP"


def _metaimage(head: bytes) -> bool:
    if b"\0" in head[:16] or not re.match(rb"[A-Za-z]+[ \t]*=", head):
        return False
    return re.search(rb"(?m)^DimSize[ \t]*=", head) is not None


def _video(head: bytes) -> bool:
    return (
        head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat")
        # Packets of an MPEG transport stream start with 0x47 every 188 bytes.
        or head[: 4 * 188 : 188] == b"\x47" * 4
        or (head.startswith(b"RIFF") and head[8:12] == b"AVI ")
        or head.startswith((b"\x1a\x45\xdf\xa3", b"\x00\x00\x01\xba", b"\x30\x26\xb2\x75"))
    )

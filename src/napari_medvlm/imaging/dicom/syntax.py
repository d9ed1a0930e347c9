"""How pixels are coded: what the file names, and what the pixels themselves say against it."""

from __future__ import annotations

from typing import Any

from pydicom.uid import (
    JPEG2000,
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLosslessSV1,
    JPEGLSNearLossless,
)


def transfer_syntax(ds: Any) -> str:
    """UID of a data set's transfer syntax; where the file names none, the one found out.

    Files without the preamble come from before it. pydicom has found out how they are coded.
    """
    named = getattr(ds, "file_meta", {}).get("TransferSyntaxUID")
    if named:
        return str(named)
    implicit, little = ds.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little else ExplicitVRBigEndian)


def true_syntax(ds: Any, allocated: int) -> tuple[str, tuple[str, ...]]:
    """The transfer syntax that the pixels' own length agrees with, and a remark on any other.

    Compressed pixels are items of undefined length (PS3.5 A.4). A length of exactly as many bytes
    as the header describes is that of pixels which were never compressed, or no longer are.

    Parameters
    ----------
    ds
        A data set; the place of its pixels is looked at where it is known.
    allocated
        BitsAllocated.
    """
    named = transfer_syntax(ds)
    place = getattr(ds, "pixels", None)
    if place is None or UID(named).is_private:
        return named, ()
    compressed = UID(named).is_compressed
    if compressed and place.length is not None and is_native(ds, place.length, allocated):
        return str(ExplicitVRLittleEndian), (
            f"TransferSyntaxUID (0002,0010) says {UID(named).name}, and the pixels are as many "
            "bytes as uncompressed ones: they are read as such.",
        )
    if not compressed and place.length is None:
        return named, (
            f"TransferSyntaxUID (0002,0010) says {UID(named).name}, and the pixels lie in items as "
            "compressed ones do: they are read as what they themselves say they are.",
        )
    return named, ()


def is_native(ds: Any, length: int, allocated: int) -> bool:
    """Whether so many bytes hold the pixels of a header uncompressed, but for a padding byte."""
    try:
        rows, columns = int(ds.get("Rows")), int(ds.get("Columns"))
        samples, frames = (int(ds.get(n) or 1) for n in ("SamplesPerPixel", "NumberOfFrames"))
    except (TypeError, ValueError):
        return False
    wanted = rows * columns * samples * frames * allocated // 8
    return allocated >= 8 and 0 < wanted <= length <= wanted + wanted % 2


def syntax_of(data: bytes) -> UID | None:
    """The transfer syntax that a compressed image is of, by its first bytes; None if unknown.

    JPEG and JPEG-LS are told apart by their frame header (ITU-T T.81 B.1.1.3, T.87 C.1.1).
    """
    if data.startswith((b"\xff\x4f\xff\x51", b"\x00\x00\x00\x0cjP")):
        return JPEG2000
    if not data.startswith(b"\xff\xd8"):
        return None
    at = 2
    kinds = {
        0xC0: JPEGBaseline8Bit, 0xC1: JPEGExtended12Bit, 0xC2: JPEGExtended12Bit,
        0xC3: JPEGLosslessSV1, 0xF7: JPEGLSNearLossless,
    }  # fmt: skip
    while at + 4 <= len(data) and data[at] == 0xFF:
        if data[at + 1] in kinds:
            return kinds[data[at + 1]]
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None

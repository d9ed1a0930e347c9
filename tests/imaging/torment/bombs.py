"""Small files that claim, or unpack to, far more than a machine holds."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import nibabel
import numpy as np
import pydicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from ..dicom.odd_enhanced import enhanced, frame_groups
from ..dicom.odd_series import ct, noise, stack


def zeros_deflated(count: int) -> bytes:
    """Raw deflate data of ``count`` MiB of zeros, a thousandth of that long."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # Flushed in full, a piece stands for itself and can be repeated.
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * count + packer.flush()


def gzipped(head: bytes, zeros: int) -> bytes:
    """gzip data of a head and of ``zeros`` MiB of zeros, its checksum wrong."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = packer.compress(head) + packer.flush(zlib.Z_FULL_FLUSH)
    size = (len(head) + (zeros << 20)) % (1 << 32)
    return b"\x1f\x8b\x08" + bytes(7) + first + zeros_deflated(zeros) + struct.pack("<II", 0, size)


def dicom(ds: Any) -> bytes:
    out = io.BytesIO()
    pydicom.dcmwrite(out, ds, enforce_file_format=True)
    return out.getvalue()


def _slice(**tags: Any) -> Any:
    (ds,) = stack(noise(1, 40, 36), ct("bomb"))
    for name, value in tags.items():
        setattr(ds, name, value)
    return ds


def _encapsulated(syntax: str, rows: int, columns: int) -> bytes:
    ds = _slice()
    ds.compress(JPEG2000Lossless)
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns = rows, columns
    return dicom(ds)


def _huge_jpeg2000() -> bytes:
    # The sizes inside the code stream too (SIZ marker: after FF51, its length and a word).
    data = bytearray(_encapsulated(JPEG2000Lossless, 65535, 65535))
    at = data.index(b"\xff\x51") + 6
    data[at : at + 8] = struct.pack(">II", 65535, 65535)
    data[at + 16 : at + 24] = struct.pack(">II", 65535, 65535)
    return bytes(data)


def _deflated_bomb() -> bytes:
    ds = _slice()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    data = dicom(ds)
    meta = data[: 144 + struct.unpack("<I", data[140:144])[0]]
    private = struct.pack("<HH2sHI", 0x0009, 0x1010, b"OB", 0, 4 << 30 - 1)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return meta + packer.compress(private) + packer.flush(zlib.Z_FULL_FLUSH) + zeros_deflated(3000)


def _many_frames(per_frame: int) -> bytes:
    if not per_frame:
        return dicom(_slice(NumberOfFrames=2**31 - 1))
    groups = [frame_groups((0, 0, k), {}) for k in range(per_frame)]
    ds = enhanced(noise(per_frame, 8, 8), groups, ct("frames"))
    ds.NumberOfFrames = 2**31 - 1
    return dicom(ds)


def _nifti(shape: tuple[int, ...], version: type = nibabel.Nifti1Image) -> bytes:
    header = bytearray(version(np.zeros((2, 2, 2), np.int16), np.eye(4)).to_bytes())
    if version is nibabel.Nifti1Image:
        header[40:56] = struct.pack("<8h", len(shape), *shape, *[1] * (7 - len(shape)))
    else:
        header[16:80] = struct.pack("<8q", len(shape), *shape, *[1] * (7 - len(shape)))
    return bytes(header)


def _npy(shape: str, version: bytes = b"\1\0", told: int | None = None) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    size = len(text) if told is None else told
    width = "<H" if version == b"\1\0" else "<I"
    return b"\x93NUMPY" + version + struct.pack(width, size) + text.encode() + bytes(800)


def _npz() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("a.npy", _npy("(600, 512, 512)") + bytes(1 << 20))
    return out.getvalue()


def _png(columns: int, rows: int, data: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def _bmp() -> bytes:
    return b"BM" + struct.pack("<IIIIiiHHIIiiII", 154, 0, 54, 40, 2**30, 2**30, 1, 24, 0, 0,
                               0, 0, 0, 0) + bytes(100)  # fmt: skip


def _tiff() -> bytes:
    fields = ((256, 4, 2**31), (257, 4, 2**31), (258, 3, 8), (259, 3, 1), (262, 3, 1),
              (273, 4, 8), (277, 3, 1), (278, 4, 2**31), (279, 4, 2**31))  # fmt: skip
    out = struct.pack("<2sHIH", b"II", 42, 8, len(fields))
    for tag, kind, value in fields:
        out += struct.pack("<HHII", tag, kind, 1, value)
    return out + bytes(104)


_NRRD = b"NRRD0004\ntype: short\ndimension: 3\nsizes: %s\nendian: little\nencoding: %s\n\n"
_MHA = (b"ObjectType = Image\nNDims = 3\nBinaryData = True\nCompressedData = %s\n"
        b"DimSize = %s\nElementType = MET_SHORT\nElementDataFile = LOCAL\n")  # fmt: skip
_MGH = struct.pack(">7i", 1, 60000, 60000, 60000, 1, 0, 0) + bytes(256)

BOMBS: dict[str, Callable[[], bytes]] = {
    "rows.dcm": lambda: dicom(_slice(Rows=65535, Columns=65535)),
    "frames.dcm": lambda: _many_frames(0),
    "frames_enhanced.dcm": lambda: _many_frames(2),
    "samples.dcm": lambda: dicom(_slice(SamplesPerPixel=65535)),
    "bits.dcm": lambda: dicom(_slice(BitsAllocated=65535, BitsStored=65535)),
    "jpeg.dcm": lambda: _encapsulated(JPEGBaseline8Bit, 65535, 65535),
    "j2k_rows.dcm": lambda: _encapsulated(JPEG2000Lossless, 65535, 65535),
    "j2k_inside.dcm": _huge_jpeg2000,
    "deflated.dcm": _deflated_bomb,
    "dims.nii": lambda: _nifti((32767, 32767, 32767)),
    "negative.nii": lambda: _nifti((-5, 4, 4)),
    "dims_two.nii": lambda: _nifti((2**40, 2**40, 2**40), nibabel.Nifti2Image),
    "dims.nii.gz": lambda: gzipped(_nifti((32767, 32767, 3)), 300),
    "tail.nii.gz": lambda: gzipped(_nifti((2, 2, 2)), 3000),
    "bomb.nii.gz": lambda: gzipped(_nifti((32767, 32767, 32)), 3000),
    "shape.npy": lambda: _npy("(99999, 99999, 9999)"),
    "head.npy": lambda: _npy("(3, 3)", b"\2\0", 2**32 - 1),
    "deep.npy": lambda: _npy("(" * 50 + "3" + ",)" * 50),
    "shape.npz": _npz,
    "size.png": lambda: _png(2**31 - 1, 2**31 - 1),
    "bomb.png": lambda: _png(40000, 40000, b"\x78\x9c" + zeros_deflated(1000)),
    "size.bmp": _bmp,
    "size.tif": _tiff,
    "sizes.nrrd": lambda: _NRRD % (b"99999 99999 9999", b"raw") + bytes(900),
    "bomb.nrrd": lambda: _NRRD % (b"32767 32767 32", b"gzip") + gzipped(b"", 3000),
    "sizes.mha": lambda: _MHA % (b"False", b"99999 99999 9999") + bytes(900),
    "bomb.mha": lambda: (
        _MHA % (b"True", b"32767 32767 32") + b"\x78\x9c" + zeros_deflated(3000)
    ),
    "sizes.mgh": lambda: _MGH + bytes(900),
    "bomb.mgz": lambda: gzipped(_MGH, 3000),
}  # fmt: skip

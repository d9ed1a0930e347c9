"""NRRD (.nrrd, .nhdr), the format of 3D Slicer: headers through pynrrd."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ImagingError
from ...extras import require
from ..scan import Entry
from .damage import damaged
from .inflate import Packing
from .nrrd_axes import Axes, read_axes
from .nrrd_place import geometry
from .numbers import Numbers
from .pieces import beside, counted
from .stored import Stored

_EXPECTED = "an NRRD image"
_ADVICE = "Save it again as an NRRD image, for instance with 3D Slicer."
_HEADER = 1 << 20
_PACKINGS: dict[str, Packing] = {
    "raw": "raw", "gzip": "gzip", "gz": "gzip", "bzip2": "bzip2", "bz2": "bzip2",
    "ascii": "raw", "text": "raw", "txt": "raw",
}  # fmt: skip
_TEXT = ("ascii", "text", "txt")


#: Names of types (teem.sourceforge.net/nrrd/format.html#type), by what they are in numpy.
_TYPES = {
    name: code
    for code, names in {
        "i1": "signed char, int8, int8_t",
        "u1": "uchar, unsigned char, uint8, uint8_t",
        "i2": "short, short int, signed short, signed short int, int16, int16_t",
        "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
        "i4": "int, signed int, int32, int32_t",
        "u4": "uint, unsigned int, uint32, uint32_t",
        "i8": "longlong, long long, long long int, signed long long, signed long long int, "
        "int64, int64_t",
        "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
        "f4": "float",
        "f8": "double",
    }.items()
    for name in names.split(", ")
}


def scan_nrrd(path: Path) -> Entry:
    """List an NRRD image by its header.

    ``space`` and ``space directions`` give the affine, sheared ones too; a space that is
    not of the patient leaves the orientation unknown. An axis without a direction is colour,
    the components of a vector, time or a list, as ``kinds`` says.

    Raises
    ------
    ImagingError
        If the file is damaged, its voxels are missing, or its axes cannot be told apart.
    """
    return stored_nrrd(path).entry()


@dataclass(frozen=True)
class Head:
    """A header: its fields as pynrrd reads them, the files it lists, and where it ends."""

    fields: dict[str, Any]
    listed: list[str]
    end: int


def read_head(path: Path) -> Head:
    """Read the header alone, and no more of the file than a header can take."""
    nrrd: Any = require("nrrd", "to read NRRD files")
    with path.open("rb") as file:
        head = file.read(_HEADER)
    lines: list[str] = []
    listed: list[str] = []
    end = 0
    while end < len(head):
        stop = head.find(b"\n", end)
        stop = len(head) if stop < 0 else stop
        line = head[end:stop].decode("latin-1").rstrip()
        end = stop + 1
        if listed or (lines and _starts_list(lines[-1])):
            if line:
                listed.append(line)
            continue
        if not line:
            break
        lines.append(line)
    fields = nrrd.read_header(lines)
    return Head({str(name): value for name, value in fields.items()}, listed, end)


def _starts_list(line: str) -> bool:
    name, _, value = line.partition(":")
    return name.strip() in ("data file", "datafile") and value.strip().startswith("LIST")


def data_files(path: Path, head: Head) -> list[Path]:
    """Files that hold the voxels; the header's own where it names none."""
    named = head.fields.get("data file", head.fields.get("datafile"))
    if named is None:
        return [path]
    words = str(named).split()
    if words[:1] == ["LIST"]:
        return [beside(path, line) for line in head.listed]
    if "%" in str(named) and len(words) >= 4:
        return counted(path, words[0], words[1], words[2], words[3])
    return [beside(path, str(named))]


def stored_nrrd(path: Path) -> Stored:
    """What the header tells."""
    nrrd: Any = require("nrrd", "to read NRRD files")
    with damaged(path, _EXPECTED, nrrd.NRRDError):
        head = read_head(path)
        axes = read_axes(head.fields)
        place = geometry(head.fields, axes)
        return Stored(
            numbers=_numbers(path, head, axes),
            axes=axes.letters,
            affine=place.affine,
            noun="NRRD volume",
            oriented=place.oriented,
            unit=place.unit,
            remarks=(*place.remarks, *axes.remarks),
            facts={"format": "NRRD"},
        )


def _numbers(path: Path, head: Head, axes: Axes) -> Numbers:
    fields = head.fields
    encoding = str(fields["encoding"]).lower()
    if encoding not in _PACKINGS:
        raise ImagingError(
            f"{path.name}: expected NRRD data that are raw, gzip, bzip2 or text; found "
            f"{encoding[:40]}.",
            _ADVICE,
        )
    dtype = _dtype(path, fields, encoding)
    files = data_files(path, head)
    if not files:
        raise ImagingError(
            f"{path.name}: expected the files of its voxels; the list is empty.", _ADVICE
        )
    packing = _PACKINGS[encoding]
    lines = int(fields.get("line skip", fields.get("lineskip", 0)))
    skip = int(fields.get("byte skip", fields.get("byteskip", 0)))
    if skip < -1:
        raise ValueError(f"byte skip {skip}")
    attached = files == [path]
    share = axes.count * dtype.itemsize // len(files)
    pieces = []
    for file in files:
        offset = _after_lines(file, head.end if attached else 0, lines)
        if skip == -1 and packing == "raw":
            offset = file.stat().st_size - share
        pieces.append((file, offset))
    ahead = 0 if skip == -1 and packing == "raw" else skip
    if packing == "raw" and ahead:
        pieces, ahead = [(file, offset + ahead) for file, offset in pieces], 0
    return Numbers(
        path, _EXPECTED, tuple(pieces), dtype, axes.shape, packing, ahead, encoding in _TEXT
    )


def _dtype(path: Path, fields: dict[str, Any], encoding: str) -> np.dtype[Any]:
    code = _TYPES.get(str(fields["type"]).lower())
    if code is None:
        raise ImagingError(
            f"{path.name}: expected NRRD numbers; found type {str(fields['type'])[:40]}.", _ADVICE
        )
    dtype = np.dtype(code)
    if dtype.itemsize == 1 or encoding in _TEXT:
        return dtype
    endian = str(fields.get("endian", "")).lower()
    if endian not in ("little", "big"):
        raise ImagingError(
            f"{path.name}: expected the byte order of NRRD numbers (endian: little or big); "
            f"found “{endian[:20]}”.",
            _ADVICE,
        )
    return dtype.newbyteorder("<" if endian == "little" else ">")


def _after_lines(file: Path, offset: int, lines: int) -> int:
    if not 0 <= lines <= 10_000:
        raise ValueError(f"line skip {lines}")
    if lines == 0:
        return offset
    with file.open("rb") as stream:
        stream.seek(offset)
        for _ in range(lines):
            stream.readline(_HEADER)
        return stream.tell()

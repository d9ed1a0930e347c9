"""MetaImage (.mha, .mhd), the format of ITK: a header of text lines, then voxels."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ..scan import Entry
from .damage import damaged
from .inflate import Packing
from .numbers import Numbers
from .pieces import beside, counted
from .stored import Stored, sound_affine

_EXPECTED = "a MetaImage"
_ADVICE = "Save it again as a MetaImage, for instance with 3D Slicer."
#: ElementType (MetaIO's metaTypes.h); MET_LONG has four bytes in files.
_TYPES = {
    "MET_CHAR": "i1", "MET_UCHAR": "u1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4",
    "MET_UINT": "u4", "MET_LONG": "i4", "MET_ULONG": "u4", "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
#: Longest header; one that names ten thousand files still fits.
_HEADER = 1 << 20
#: MetaImage's world is LPS, as DICOM's.
_TO_RAS = np.diag([-1.0, -1.0, 1.0])


def scan_metaimage(path: Path) -> Entry:
    """List a MetaImage by its header.

    The affine follows ITK: rows of TransformMatrix are the directions of the axes in LPS,
    whatever AnatomicalOrientation says. Without a TransformMatrix the orientation is unknown.

    Raises
    ------
    ImagingError
        If the file is damaged, or its voxels are missing.
    """
    return stored_metaimage(path).entry()


def header_fields(path: Path) -> tuple[dict[str, str], int]:
    """Fields of the header, names in lower case, and where the header ends.

    The last field is ElementDataFile; the lines that follow LIST are part of it.
    """
    with path.open("rb") as file:
        head = file.read(_HEADER)
    fields: dict[str, str] = {}
    end = 0
    while end < len(head):
        line_end = head.find(b"\n", end)
        stop = len(head) if line_end < 0 else line_end
        name, equals, value = head[end:stop].decode("latin-1").partition("=")
        end = stop + 1
        if not equals:
            raise ValueError("a line of the header is no “name = value”")
        fields[name.strip().lower()] = value.strip()
        if name.strip().lower() == "elementdatafile":
            if value.strip().upper().startswith("LIST"):
                fields["elementdatafile"] += "\n" + head[end:].decode("latin-1")
            return fields, end
    raise ValueError("the header does not name its ElementDataFile")


def data_files(path: Path) -> tuple[list[Path], int]:
    """Files that hold the voxels, and where in each they begin (-1: at its end)."""
    fields, end = header_fields(path)
    size = int(fields.get("headersize", "0") or 0)
    first, *more = fields["elementdatafile"].splitlines()
    words = first.split()
    if not words:
        raise ValueError("ElementDataFile is empty")
    if words[0].upper() == "LOCAL":
        return [path], end
    if words[0].upper() == "LIST":
        # "LIST 2": two-dimensional files, the default, one a slice.
        return [beside(path, line.strip()) for line in more if line.strip()], size
    if "%" in words[0] and len(words) >= 3:
        return counted(path, words[0], words[1], words[2], (*words, "1")[3]), size
    return [beside(path, first)], size


def stored_metaimage(path: Path) -> Stored:
    """What the header tells."""
    with damaged(path, _EXPECTED):
        fields, _ = header_fields(path)
        sizes = [int(word) for word in fields["dimsize"].split()]
        count = int(fields["ndims"])
        if len(sizes) != count or count not in (2, 3, 4):
            raise ImagingError(
                f"{path.name}: expected a MetaImage of two to four axes; found DimSize "
                f"{tuple(sizes)} and NDims {count}.",
                _ADVICE,
            )
        channels = int(fields.get("elementnumberofchannels", "1"))
        affine, oriented, unit, remarks = _geometry(fields, count)
        axes, shape, said = _axes(sizes, channels, fields["elementtype"])
        return Stored(
            numbers=_numbers(path, fields, shape),
            axes=axes,
            affine=affine,
            noun="MetaImage volume",
            oriented=oriented,
            unit=unit,
            modality=_modality(fields),
            remarks=(*remarks, *said),
            facts={"format": "MetaImage"},
        )


def _numbers(path: Path, fields: dict[str, str], shape: tuple[int, ...]) -> Numbers:
    kind = fields["elementtype"].upper()
    if kind not in _TYPES:
        raise ImagingError(
            f"{path.name}: expected numbers; found ElementType {kind[:40]}.", _ADVICE
        )
    swapped = fields.get("binarydatabyteordermsb", fields.get("elementbyteordermsb", "False"))
    dtype = np.dtype(_TYPES[kind]).newbyteorder(">" if _true(swapped) else "<")
    text = not _true(fields.get("binarydata", "True"))
    packing: Packing = "zlib" if _true(fields.get("compresseddata", "False")) else "raw"
    files, offset = data_files(path)
    if not files:
        raise ImagingError(
            f"{path.name}: expected the files of its voxels; the list is empty.", _ADVICE
        )
    if offset < 0:  # HeaderSize -1: the voxels are what the file ends with
        share = int(np.prod([float(n) for n in shape])) * dtype.itemsize // len(files)
        pieces = tuple((file, file.stat().st_size - share) for file in files)
    else:
        pieces = tuple((file, offset) for file in files)
    return Numbers(path, _EXPECTED, pieces, dtype, shape, packing, text=text)


def _axes(
    sizes: list[int], channels: int, kind: str
) -> tuple[str, tuple[int, ...], tuple[str, ...]]:
    spatial = [*sizes, 1][:3]
    shape, axes = tuple(reversed(spatial)), "kji"
    remarks: list[str] = []
    if len(sizes) == 4:
        shape, axes = (sizes[3], *shape), "tkji"
        remarks.append(f"The fourth axis has {sizes[3]} entries of unknown time.")
    if channels == 1:
        return axes, shape, tuple(remarks)
    if channels in (3, 4) and kind.upper() == "MET_UCHAR":
        return axes + "c", (*shape, channels), tuple(remarks)
    if len(sizes) == 4:
        raise ValueError(f"{channels} channels at each of {sizes[3]} times")
    remarks.append(f"The leading axis holds the {channels} components of a vector, not time.")
    return axes + "v", (*shape, channels), tuple(remarks)


def _geometry(
    fields: dict[str, str], count: int
) -> tuple[npt.NDArray[np.float64], bool, str, tuple[str, ...]]:
    spacing = _floats(fields, ("elementspacing", "elementsize"))
    directions = _floats(fields, ("transformmatrix", "rotation", "orientation"))
    origin = _floats(fields, ("offset", "position", "origin"))
    remarks = []
    if spacing is None:
        remarks.append("The MetaImage header gives no spacing: sizes are in pixels.")
    lengths = np.ones(3) if spacing is None else np.append(spacing, 1.0)[:3]
    columns = np.eye(3)
    known = directions is not None and len(directions) == count * count and count > 2
    if known and directions is not None:
        # Row n of the matrix is the direction of axis n.
        columns = directions.reshape(count, count)[:3, :3].T
        remarks.append("Orientation and spacing from the MetaImage header (LPS).")
    else:
        remarks.append("The MetaImage header gives no orientation in the patient.")
    start = np.zeros(3)
    if origin is not None:
        start[: min(3, len(origin))] = origin[:3]
    affine = np.eye(4)
    affine[:3, :3] = (_TO_RAS @ columns @ np.diag(lengths))[:, ::-1]
    affine[:3, 3] = _TO_RAS @ start
    affine, sound, degenerate = sound_affine(affine)
    unit = "pixel" if spacing is None else "mm"
    oriented = known and sound and spacing is not None
    return affine, oriented, unit, (*remarks, *degenerate)


def _floats(fields: dict[str, str], names: tuple[str, ...]) -> npt.NDArray[np.float64] | None:
    for name in names:
        if name in fields:
            return np.array([float(word) for word in fields[name].split()], dtype=np.float64)
    return None


def _true(word: str) -> bool:
    return word[:1].upper() in ("T", "1", "Y")


def _modality(fields: dict[str, Any]) -> str:
    # MET_MOD_CT and so on; the words that are DICOM's too.
    match = re.fullmatch(r"MET_MOD_(CT|MR|NM|US)", str(fields.get("modality", "")).upper())
    return match.group(1) if match else ""

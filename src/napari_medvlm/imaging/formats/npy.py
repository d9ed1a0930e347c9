"""NumPy arrays: .npy, and .npz archives of them; never pickled ones."""

from __future__ import annotations

import ast
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy_format

from ...errors import ImagingError
from ..arrays import scale_affine
from ..scan import Entry
from .damage import damaged
from .inflate import Packing
from .numbers import Numbers
from .stored import Stored

_EXPECTED = "an array of numbers"
_ADVICE = "Save a plain array of numbers (slices, rows, columns) with numpy.save."
_NEITHER = "A NumPy array holds neither spacing nor orientation: sizes are in pixels."
_MOST_ARRAYS = 1000


def scan_npy(path: Path) -> Entry:
    """List an array as a Volume of unknown orientation and spacing.

    Shapes are (rows, columns), (slices, rows, columns) and (1, slices, rows, columns); a last
    axis of three in uint8 is colour, after two or three others.

    Raises
    ------
    ImagingError
        For pickled objects, other shapes, or a damaged file.
    """
    with damaged(path, _EXPECTED, advice=_ADVICE), path.open("rb") as file:
        head = read_head(file, path.name)
        offset = file.tell()
    return stored_array(path, head, offset).entry()


@dataclass(frozen=True)
class Head:
    """Header of one array."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]


def read_head(file: IO[bytes], name: str) -> Head:
    """Read an array's header from where the file stands, and no further.

    Raises
    ------
    ImagingError
        If it is damaged, or the array is no plain one.
    """
    advice = _ADVICE
    with damaged(Path(name), _EXPECTED, advice=advice):
        version = npy_format.read_magic(file)
        if version == (1, 0):
            shape, fortran, dtype = npy_format.read_array_header_1_0(file)
        elif version == (2, 0):
            shape, fortran, dtype = npy_format.read_array_header_2_0(file)
        else:
            shape, fortran, dtype = _utf8_header(file)
    if dtype.hasobject:
        raise ImagingError(
            f"{name}: expected {_EXPECTED}; found Python objects, which are never loaded.", advice
        )
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise ImagingError(f"{name}: expected {_EXPECTED}; found type {dtype}.", advice)
    return Head(tuple(int(n) for n in shape), bool(fortran), dtype)


def _utf8_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    # Version 3 differs in the encoding of field names alone, and fields are refused.
    length = int.from_bytes(file.read(4), "little")
    if length > 10_000:
        raise ValueError("its header is too long")
    fields = ast.literal_eval(file.read(length).decode("utf-8"))
    return fields["shape"], fields["fortran_order"], np.dtype(fields["descr"])


def axes_of(head: Head, name: str) -> tuple[str, tuple[str, ...]]:
    """Letters of the axes as ``Stored`` has them, without those of one entry that lead.

    Raises
    ------
    ImagingError
        If the shape is none of an image.
    """
    shape = head.shape
    colour = len(shape) in (3, 4) and shape[-1] == 3 and head.dtype == np.uint8
    spatial = len(shape) - colour
    if spatial == 4 and shape[0] == 1:
        spatial = 3
    if spatial not in (2, 3) or min(shape) < 1:
        raise ImagingError(
            f"{name}: expected (rows, columns), (slices, rows, columns) or "
            f"(1, slices, rows, columns); found shape {shape}.",
            _ADVICE,
        )
    said = ("The last axis, three of uint8, is taken as colour.",) if colour else ()
    return "kji"[3 - spatial :] + ("c" if colour else ""), said


def stored_array(
    path: Path, head: Head, offset: int, packing: Packing = "raw", member: str = ""
) -> Stored:
    """What the header of an array tells.

    Parameters
    ----------
    path
        The .npy file or the archive.
    head
        Shape, order and type.
    offset
        Where the numbers begin in the file or in the unpacked member.
    packing, member
        Of the archive that holds it.
    """
    letters, said = axes_of(head, path.name)
    shape = head.shape[len(head.shape) - len(letters) :]
    if "k" not in letters:
        letters, shape = f"k{letters}", (1, *shape)
    if head.fortran:
        letters, shape = letters[::-1], shape[::-1]
    # Not every byte of a damaged file is a valid truth value; as numbers all are.
    dtype = np.dtype(np.uint8) if head.dtype == np.bool_ else head.dtype
    at, ahead = (offset, 0) if packing == "raw" else (0, offset)
    return Stored(
        numbers=Numbers(
            path, _EXPECTED, ((path, at),), dtype, shape, packing, ahead, member=member
        ),
        axes=letters,
        affine=scale_affine(1, 1, 1),
        noun="array",
        oriented=False,
        unit="pixel",
        remarks=(_NEITHER, *said),
        description=member.removesuffix(".npy"),
        facts={"format": "npy"},
    )


def scan_npz(path: Path) -> list[Entry]:
    """List the arrays of an archive that have the shape of an image, one entry each.

    Raises
    ------
    ImagingError
        If it is damaged, or holds no such array.
    """
    entries: list[Entry] = []
    refused: list[str] = []
    with (
        damaged(path, "a NumPy .npz archive", advice=_ADVICE),
        zipfile.ZipFile(path) as archive,
    ):
        names = [name for name in archive.namelist() if name.endswith(".npy")]
        for name in names[:_MOST_ARRAYS]:
            try:
                with archive.open(name) as file:
                    head = read_head(file, path.name)
                    offset = file.tell()
                entries.append(stored_array(path, head, offset, "zip", name).entry())
            except ImagingError as error:
                refused.append(error.message.partition(": ")[2].rstrip("."))
    if not entries:
        found = "; ".join(refused[:3]) or "found no arrays"
        raise ImagingError(f"{path.name}: no array in it is an image: {found}.", _ADVICE)
    if not refused:
        return entries
    said = f"{len(refused)} other arrays of this archive are no images."
    return [replace(entry, remarks=(*entry.remarks, said)) for entry in entries]

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
from ..progress import Progress, Step
from ..scan import Entry
from .damage import damaged
from .inflate import Packing, open_member
from .numbers import Numbers
from .stored import Stored

_EXPECTED = "an array of numbers"
_ADVICE = "Save a plain array of numbers (slices, rows, columns) with numpy.save."
_NEITHER = "A NumPy array holds neither spacing nor orientation: sizes are in pixels."
#: Arrays of an archive that are listed, and bytes of the largest directory that is read (some
#: 300,000 members): each takes its time, and nobody chooses from longer lists.
_MOST_ARRAYS = 1000
_MOST_DIRECTORY = 1 << 24
#: Archives of more arrays tell how far they are.
_TELL_EVERY = 50
_OTHER_SHAPE = (
    "Save it as NIfTI, which says what its axes are, or save one part (array[0]) with numpy.save."
)
#: How much longer than the other an image's side may be, for the axes of four to be believed.
_OBLONG = 4


def scan_npy(path: Path) -> Entry:
    """List an array as a Volume of unknown orientation and spacing.

    Shapes are (rows, columns), (slices, rows, columns) and (time, slices, rows, columns); a last
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


def read_head(file: IO[bytes] | zipfile.ZipExtFile, name: str) -> Head:
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


def _utf8_header(
    file: IO[bytes] | zipfile.ZipExtFile,
) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
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
    if min(shape, default=0) < 1 or not (spatial in (2, 3) or _time_leads(shape)):
        raise ImagingError(
            f"{name}: expected (rows, columns), (slices, rows, columns), (time, slices, rows, "
            f"columns) of images larger than their number, or uint8 with three colours at the end; "
            f"found shape {shape} of {head.dtype}.",
            _OTHER_SHAPE,
        )
    letters = "tkji"[4 - spatial :] + ("c" if colour else "")
    if colour:
        return letters, ("The last axis, three of uint8, is taken as colour.",)
    if spatial == 4:
        said = f"Its axes are taken as (time, slices, rows, columns): {shape[0]} unknown times."
        return letters, (said,)
    return letters, ()


def _time_leads(shape: tuple[int, ...]) -> bool:
    """Whether four axes can be (time, slices, rows, columns): the last two look like an image.

    Arrays of other programs often run (columns, rows, slices, time); nothing but the lengths
    tells. So an image has to be at least as long as there are slices on both sides, not very
    oblong, and no pair of equal sides may stand at the front instead.
    """
    if len(shape) != 4:
        return False
    first, slices, rows, columns = shape
    side = min(rows, columns)
    turned = first == slices and rows != columns and 2 * first >= side
    return columns > 4 and slices <= side and max(rows, columns) <= _OBLONG * side and not turned


def stored_array(
    path: Path, head: Head, offset: int, member: zipfile.ZipInfo | None = None
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
    member
        Entry in the directory of the archive that holds it.
    """
    letters, said = axes_of(head, path.name)
    shape = head.shape[len(head.shape) - len(letters) :]
    if "k" not in letters:
        letters, shape = f"k{letters}", (1, *shape)
    if head.fortran:
        letters, shape = letters[::-1], shape[::-1]
    # Not every byte of a damaged file is a valid truth value; as numbers all are.
    dtype = np.dtype(np.uint8) if head.dtype == np.bool_ else head.dtype
    packing: Packing = "raw" if member is None else "zip"
    at, ahead = (offset, 0) if member is None else (0, offset)
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
        description="" if member is None else member.filename.removesuffix(".npy"),
        facts={"format": "npy"},
    )


def scan_npz(path: Path, progress: Progress | None = None) -> list[Entry]:
    """List the arrays of an archive that have the shape of an image, one entry each.

    Of an archive of very many arrays the first are listed, and each of them tells how many are
    left out.

    Parameters
    ----------
    path
        The archive.
    progress
        Told how many arrays were looked at; may raise ``Cancelled``.

    Raises
    ------
    ImagingError
        If it is damaged, or holds no such array.
    """
    images: list[Stored] = []
    refused: list[str] = []
    with damaged(path, "a NumPy .npz archive", advice=_ADVICE):
        _check_directory(path)
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename.endswith(".npy")]
    listed = members[:_MOST_ARRAYS]
    for n, member in enumerate(listed):
        if progress is not None and n % _TELL_EVERY == 0:
            progress(Step(n, len(listed), "looking at arrays"))
        try:
            with damaged(path, "a NumPy .npz archive", advice=_ADVICE):
                with open_member(path, member) as file:
                    head = read_head(file, path.name)
                    offset = file.tell()
                stored = stored_array(path, head, offset, member)
                stored.numbers.check()
            images.append(stored)
        except ImagingError as error:
            refused.append(error.message.partition(": ")[2].rstrip("."))
    if not images:
        found = "; ".join(refused[:3]) or "found no arrays"
        raise ImagingError(f"{path.name}: no array in it is an image: {found}.", _ADVICE)
    remarks = []
    if refused:
        remarks.append(f"{len(refused)} other arrays of this archive are no images.")
    if len(members) > len(listed):
        remarks.append(
            f"The archive holds {len(members):,} arrays; the first {len(listed):,} were looked at, "
            f"{len(members) - len(listed):,} are left out."
        )
    return [replace(one, remarks=(*one.remarks, *remarks)).entry() for one in images]


def _check_directory(path: Path) -> None:
    """Refuse a directory of millions of members before it is read, which nothing can stop."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - (1 << 16) - 22))  # the longest comment, and what stands before it
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")  # APPNOTE 4.3.16: end of central directory
    if at >= 0 and int.from_bytes(tail[at + 12 : at + 16], "little") > _MOST_DIRECTORY:
        raise ImagingError(
            f"{path.name}: expected an archive of arrays; found more members than are listed here "
            f"(a directory of more than {_MOST_DIRECTORY >> 20} MB).",
            "Save fewer arrays in one archive.",
        )

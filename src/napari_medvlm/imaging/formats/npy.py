"""NumPy .npy arrays; never pickled ones."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from ...errors import ImagingError
from ..arrays import plain_voxels, scale_affine
from ..scan import Entry, entry_of
from ..volume import Volume

_ADVICE = "Save a plain array of numbers (slices, rows, columns) with numpy.save."

#: What numpy raises on damaged headers, and on shapes that no file could hold.
_DAMAGE = (
    ValueError, EOFError, OSError, SyntaxError, TokenError, TypeError, OverflowError, MemoryError,
)  # fmt: skip


def scan_npy(path: Path) -> Entry:
    """What ``read_npy`` would give."""
    return entry_of(read_npy(path))


def read_npy(path: Path) -> Volume:
    """Read an array as a Volume of unknown orientation and spacing.

    Shapes (rows, columns), (slices, rows, columns) and (1, slices, rows, columns).

    Raises
    ------
    ImagingError
        For pickled objects, other shapes, or a damaged file.
    """
    try:
        array = np.load(path, allow_pickle=False)
    except _DAMAGE as error:
        pickled = "allow_pickle" in str(error)
        found = "Python objects, which are never loaded" if pickled else "a damaged array"
        raise ImagingError(
            f"{path.name}: expected an array of numbers; found {found}.", _ADVICE
        ) from error
    if array.dtype.kind not in "biuf":
        raise ImagingError(
            f"{path.name}: expected an array of numbers; found type {array.dtype}.", _ADVICE
        )
    shape = array.shape
    if array.ndim == 4 and shape[0] == 1:
        array = array[0]
    elif array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.size == 0:
        raise ImagingError(
            f"{path.name}: expected (rows, columns), (slices, rows, columns) or "
            f"(1, slices, rows, columns); found shape {shape}.",
            _ADVICE,
        )
    voxels, remarks = plain_voxels(array)
    volume = Volume(
        voxels=voxels,
        affine=scale_affine(1, 1, 1),
        oriented=False,
        unit="pixel",
        remarks=(
            "A .npy file holds neither spacing nor orientation: sizes are in pixels.",
            *remarks,
        ),
        facts={"format": "npy"},
        name="array",
    )
    return volume.named()

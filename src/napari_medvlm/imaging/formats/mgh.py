"""FreeSurfer's MGH and MGZ: headers through nibabel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...extras import require
from ..scan import Entry
from .damage import damaged
from .inflate import open_packed, packing_of
from .numbers import unpacked_at
from .stored import Stored, sound_affine

_EXPECTED = "an MGH image"
#: Bytes of the header with what is reserved, after which the voxels begin.
_OFFSET = 284


def scan_mgh(path: Path) -> Entry:
    """List an MGH or MGZ image by its header; several frames become the leading axis.

    Raises
    ------
    ImagingError
        If the file is damaged.
    """
    return stored_mgh(path).entry()


def stored_mgh(path: Path) -> Stored:
    """What the header tells."""
    mgh: Any = require("nibabel.freesurfer.mghformat", "to read MGH files")
    spatial: Any = require("nibabel.spatialimages", "to read MGH files")
    with damaged(path, _EXPECTED, mgh.MGHError, spatial.HeaderDataError):
        with open_packed(path, 0, packing_of(path)) as stream:
            head = stream.read(_OFFSET)
        if len(head) < _OFFSET:
            raise ValueError(f"the header ends after {len(head)} of {_OFFSET} bytes")
        header = mgh.MGHHeader(head)
        shape = tuple(int(n) for n in header["dims"])
        with np.errstate(all="ignore"):
            affine = np.asarray(header.get_affine(), dtype=np.float64)
        dtype = header.get_data_dtype()
        # MGHHeader puts its own defaults in where the flag is not set.
        known = bool(np.frombuffer(head[28:30], ">i2")[0])
    affine[:, :3] = affine[:, 2::-1]
    affine, sound, remarks = sound_affine(affine)
    said = [
        "Orientation and spacing from the MGH header."
        if known
        else "The MGH header gives no orientation (goodRASFlag 0): 1 mm is assumed."
    ]
    axes = "kji"
    if shape[3] > 1:
        axes = "tkji"
        said.append(f"The fourth axis has {shape[3]} entries of unknown time.")
    sizes = shape[::-1] if shape[3] > 1 else shape[2::-1]
    return Stored(
        numbers=unpacked_at(path, _EXPECTED, (path, _OFFSET), dtype, sizes),
        axes=axes,
        affine=affine,
        noun="MGH volume",
        oriented=known and sound,
        remarks=(*said, *remarks),
        facts={"format": "MGH"},
    )

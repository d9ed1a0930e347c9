"""Pixels of DICOM images in their final units: the door of the modules beside it.

``stored`` reads what a header says about stored values, ``source`` and ``encapsulation`` find
them in the file, ``decoding`` and ``colour`` decode them, ``units`` brings them into their
final units, ``voi`` says how they are shown.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid

from .decoding import read_stored
from .header import ImageHeader
from .units import is_coloured, is_inverted, padding_of, to_units, voxel_type
from .voi import display_windows

__all__ = [
    "display_windows",
    "is_coloured",
    "is_inverted",
    "padding_of",
    "raw_type",
    "read_image",
    "to_units",
    "voxel_type",
]


def read_image(header: ImageHeader, out: npt.NDArray[Any] | None = None) -> npt.NDArray[Any]:
    """One image in its final units; safe to call from several threads.

    Parameters
    ----------
    header
        Of the image, as ``header.read_headers`` gives it.
    out
        Where to put it: (rows, columns[, 3]) of the ``voxel_type`` of all images of its group.
        Without it the type is that of this image alone.

    Returns
    -------
    image
        (rows, columns), or uint8 (rows, columns, 3) where ``is_coloured``.

    Raises
    ------
    One of ``header.DAMAGE``
        If the pixels are missing or damaged, or no decoder for their compression is installed.
    """
    stored = read_stored(header)
    if stored.shape[:2] != header.shape[:2]:
        raise ValueError(f"{stored.shape[:2]} pixels where {header.shape[:2]} were expected")
    return to_units(header, stored, out)


def raw_type(header: ImageHeader) -> np.dtype[Any] | None:
    """Type of the stored values where they lie in the file as a plain array, one after another.

    Such values, read by whatever means, are what ``to_units`` takes. None where only
    ``read_image`` can tell them: compressed, deflated, coloured, or packed in bits.
    """
    orders = {
        uid.ImplicitVRLittleEndian: "<",
        uid.ExplicitVRLittleEndian: "<",
        uid.ExplicitVRBigEndian: ">",
    }
    order = orders.get(uid.UID(header.syntax))
    if order is None or is_coloured(header) or header.allocated not in (8, 16, 32, 64):
        return None
    if header.allocated == 8:
        # Bytes of big-endian files may lie in swapped pairs.
        return None if order == ">" else np.dtype("i1" if header.signed else "u1")
    kind = "f" if header.floating else "i" if header.signed else "u"
    return np.dtype(f"{order}{kind}{header.allocated // 8}")

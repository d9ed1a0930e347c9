"""JPEG of 12 bits, by GDCM itself: pydicom keeps its GDCM plugin from these images."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.uid import JPEGExtended12Bit


def decode_twelve(data: bytes, rows: int, columns: int) -> npt.NDArray[np.uint16]:
    """A grey JPEG image of 9 to 12 bits a sample, (rows, columns).

    Raises
    ------
    ValueError
        If GDCM cannot decode it, or is not installed.
    """
    try:
        import gdcm
    except ImportError as error:
        raise ValueError("no decoder for 12-bit JPEG is installed: missing dependencies") from error
    image: Any = gdcm.Image()
    image.SetNumberOfDimensions(2)
    image.SetDimensions((columns, rows, 1))
    image.SetDataElement(_element(gdcm, data))
    kind = gdcm.PhotometricInterpretation.MONOCHROME2
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
    syntax = gdcm.TransferSyntax.GetTSType(str(JPEGExtended12Bit))
    image.SetTransferSyntax(gdcm.TransferSyntax(syntax))
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
    try:
        # GDCM hands its bytes over as text.
        plain = image.GetBuffer().encode("utf-8", "surrogateescape")
    except (AttributeError, SystemError, RuntimeError, MemoryError) as error:
        # It has no buffer to give where it fails.
        raise ValueError("a damaged image of JPEG Extended of 12 bits") from error
    return np.frombuffer(plain, dtype="<u2").reshape(rows, columns).astype(np.uint16)


def _element(gdcm: Any, data: bytes) -> Any:
    fragment = gdcm.Fragment()
    fragment.SetByteStringValue(data)
    fragments = gdcm.SequenceOfFragments.New()
    fragments.AddFragment(fragment)
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetValue(fragments.__ref__())
    return element

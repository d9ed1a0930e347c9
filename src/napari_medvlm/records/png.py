"""Frames as PNG and back, without loss."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt


def to_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """Encode a frame.

    Parameters
    ----------
    pixels
        uint8 (rows, columns, 3). Grey ones are stored as grey: a third of the bytes.

    Returns
    -------
    png
        The same pixels for the same input, `from_png` gives them back exactly.
    """
    from PIL import Image

    grey = bool((pixels[..., :1] == pixels).all())
    image = Image.fromarray(np.ascontiguousarray(pixels[..., 0] if grey else pixels))
    out = io.BytesIO()
    # Level 1: frames are encoded while somebody waits, and higher ones save some percent only.
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def from_png(png: bytes) -> npt.NDArray[np.uint8]:
    """Decode a frame: uint8 (rows, columns, 3).

    Raises
    ------
    OSError
        If it is no whole PNG.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        return np.array(image.convert("RGB"), dtype=np.uint8)

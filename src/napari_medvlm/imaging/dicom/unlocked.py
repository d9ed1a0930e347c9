"""Decoders that let go of Python's global lock, so that frames decode on all cores.

They are those of imagecodecs: libjpeg-turbo for lossless JPEG and for JPEG of 12 bits, CharLS for
JPEG-LS, OpenJPEG for JPEG 2000 and HTJ2K. Here they serve what is plain (samples of the size
that the header says, signed as it says); the rest is left to the decoders of ``decoding``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import uid

from .codestream import Codestream

Image = npt.NDArray[Any]

_LOSSLESS_JPEG = frozenset((uid.JPEGLossless, uid.JPEGLosslessSV1))
_JPEG_LS = frozenset(uid.JPEGLSTransferSyntaxes)
_JPEG_2000 = frozenset(uid.JPEG2000TransferSyntaxes) | {
    uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K,
}  # fmt: skip
#: SOC and SIZ: a bare codestream. One in a JP2 box may come with a palette or a colour profile.
_BARE = b"\xff\x4f\xff\x51"


class Refused(ValueError):
    """The image is damaged, and no other decoder is to be asked."""


def decode_unlocked(
    syntax: uid.UID, data: bytes, stream: Codestream, options: dict[str, Any]
) -> Image | None:
    """Stored values of a compressed image, as pydicom's decoders give them with ``raw``.

    Parameters
    ----------
    syntax
        Transfer syntax.
    data
        The compressed image.
    stream
        What the image says of itself; its size is that of ``options``.
    options
        Of pydicom's decoders: bits_allocated, pixel_representation and so on.

    Returns
    -------
    image
        (rows, columns[, samples]); None where another decoder has to do it.

    Raises
    ------
    Refused
        If a lossless JPEG is damaged: on such data GDCM may end the process.
    """
    allocated, signed = options.get("bits_allocated"), bool(options.get("pixel_representation"))
    if not stream.rows or allocated not in (8, 16) or (stream.precision > 8) != (allocated > 8):
        return None
    if syntax in _LOSSLESS_JPEG and not stream.lossy_jpeg:
        image = _lossless_jpeg(data, stream)
    elif syntax in _JPEG_LS:
        image = _decoded("jpegls_decode", data)
    elif syntax in _JPEG_2000 and data.startswith(_BARE):
        image = _decoded("jpeg2k_decode", data)
        if image is not None and (image.dtype.kind == "i") is not signed:
            return None
    else:
        return None
    if image is None or not _fits(image, stream, allocated):
        return None
    image = np.ascontiguousarray(image)
    if not signed:
        return image
    image = image.view(f"i{allocated // 8}")
    if syntax in _JPEG_LS:
        # It knows no sign: its values are those of as many bits as it has.
        spare = allocated - stream.precision
        image = (image << spare) >> spare
    return image


def decode_lossy_twelve(data: bytes, stream: Codestream) -> Image | None:
    """Values of a grey JPEG of 9 to 12 bits by DCT, uint16; None where another has to do it."""
    if stream.components != 1 or not stream.rows:
        return None
    image = _decoded("jpeg8_decode", data)
    return image if image is not None and _fits(image, stream, 16) else None


def _fits(image: Image, stream: Codestream, allocated: int) -> bool:
    samples = (stream.components,) if stream.components > 1 else ()
    shape = (stream.rows, stream.columns, *samples)
    return image.shape == shape and 8 * image.dtype.itemsize == allocated


def _lossless_jpeg(data: bytes, stream: Codestream) -> Image | None:
    decode = _function("jpeg8_decode")
    if decode is None:
        return None
    # Colours are left as they are coded.
    space = {"colorspace": "RGB", "outcolorspace": "RGB"} if stream.components == 3 else {}
    try:
        return np.asarray(decode(data, **space))
    except (RuntimeError, ValueError) as error:
        raise Refused("a damaged image of lossless JPEG") from error


def _decoded(name: str, data: bytes) -> Image | None:
    decode = _function(name)
    if decode is None:
        return None
    try:
        return np.asarray(decode(data))
    except (RuntimeError, ValueError):
        return None


@lru_cache(maxsize=8)
def _function(name: str) -> Callable[..., Any] | None:
    """A function of imagecodecs; None where it is not installed, or was built without it."""
    try:
        import imagecodecs

        found = getattr(imagecodecs, name)
        codec = getattr(imagecodecs, name.removesuffix("_decode").upper())
    except (ImportError, AttributeError):
        return None
    # libjpeg-turbo knows lossless JPEG and 12 bits since its version 3.
    able = codec.available and getattr(codec, "all_precisions", name != "jpeg8_decode")
    return found if able else None

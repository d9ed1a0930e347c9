"""Decoders that let go of Python's global lock, so that frames decode on all cores.

They are those of imagecodecs: libjpeg-turbo for lossless JPEG and for JPEG of 12 bits, CharLS for
JPEG-LS, OpenJPEG for JPEG 2000 and HTJ2K, PackBits for RLE. Here they serve what is plain
(samples of the size that the header says, signed as it says); the rest is left to the decoders
of ``decoding``.
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
    syntax: uid.UID, data: bytes, stream: Codestream | None, options: dict[str, Any]
) -> Image | None:
    """Stored values of a compressed image, as pydicom's decoders give them with ``raw``.

    Parameters
    ----------
    syntax
        Transfer syntax.
    data
        The compressed image.
    stream
        What the image says of itself; None where it says nothing, as in RLE.
    options
        Of pydicom's decoders: rows, columns, bits_allocated, pixel_representation and so on.

    Returns
    -------
    image
        (rows, columns[, samples]); None where another decoder has to do it.

    Raises
    ------
    Refused
        If a lossless JPEG or an RLE image is damaged: on such data GDCM may end the process.
    """
    allocated, signed = options.get("bits_allocated"), bool(options.get("pixel_representation"))
    if syntax == uid.RLELossless:
        return _rle(data, options)
    if syntax in _LOSSLESS_JPEG:
        image = _lossless_jpeg(data, stream, allocated)
    elif stream is None:
        return None
    elif syntax in _JPEG_LS:
        image = _decoded("jpegls_decode", data)
    elif syntax in _JPEG_2000 and data.startswith(_BARE):
        image = _decoded("jpeg2k_decode", data)
        if image is not None and (image.dtype.kind == "i") is not signed:
            return None
    else:
        return None
    if image is None or stream is None or not _fits(image, stream, allocated):
        return None
    image = np.ascontiguousarray(image)
    if not signed:
        return image
    image = image.view(f"i{image.dtype.itemsize}")
    if syntax in _JPEG_LS:
        # It knows no sign: its values are those of as many bits as it has.
        spare = 8 * image.dtype.itemsize - stream.precision
        image = (image << spare) >> spare
    return image


def decode_lossy_twelve(data: bytes, stream: Codestream) -> Image | None:
    """Values of a grey JPEG of 9 to 12 bits by DCT, uint16; None where another has to do it.

    Raises
    ------
    Refused
        If it is damaged.
    """
    decode = _function("jpeg8_decode")
    if decode is None:
        return None
    image = _or_refused(decode, data, "JPEG Extended of 12 bits")
    if image.shape != (stream.rows, stream.columns) or image.dtype != np.uint16:
        raise Refused("a damaged image of JPEG Extended of 12 bits")
    return image


def _fits(image: Image, stream: Codestream, allocated: Any) -> bool:
    samples = (stream.components,) if stream.components > 1 else ()
    shape = (stream.rows, stream.columns, *samples)
    return image.shape == shape and 8 * image.dtype.itemsize == allocated


def _lossless_jpeg(data: bytes, stream: Codestream | None, allocated: Any) -> Image | None:
    decode = _function("jpeg8_decode")
    if decode is None or allocated not in (8, 16):
        return None
    if stream is None or stream.lossy_jpeg or not stream.rows or stream.precision > allocated:
        raise Refused("a damaged image of lossless JPEG")
    # Colours are left as they are coded.
    space = {"colorspace": "RGB", "outcolorspace": "RGB"} if stream.components == 3 else {}
    image = _or_refused(decode, data, "lossless JPEG", **space)
    return image.astype(f"u{allocated // 8}", copy=False)


def _or_refused(decode: Callable[..., Any], data: bytes, what: str, **options: Any) -> Image:
    try:
        return np.asarray(decode(data, **options))
    except (RuntimeError, ValueError) as error:
        raise Refused(f"a damaged image of {what}") from error


def _rle(data: bytes, options: dict[str, Any]) -> Image | None:
    """PS3.5 annex G: each byte of the samples is a segment of its own, the highest first."""
    decode = _function("packbits_decode")
    allocated, samples = options.get("bits_allocated"), options.get("samples_per_pixel", 1)
    if decode is None or allocated not in (8, 16, 32):
        return None
    size, bytes_each = options["rows"] * options["columns"], allocated // 8
    header = np.frombuffer(data[:64].ljust(64, b"\0"), "<u4").tolist()
    count, starts = header[0], header[1:]
    if count != samples * bytes_each or count > len(starts):
        raise Refused("a damaged image of RLE")
    ends = [*starts[1:count], len(data)]
    planes = np.empty((samples, bytes_each, size), np.uint8)
    for n, (start, end) in enumerate(zip(starts[:count], ends, strict=True)):
        plane = np.frombuffer(_segment(decode, data[start:end], size), np.uint8)[:size]
        if len(plane) < size:
            raise Refused("a damaged image of RLE")
        planes[n // bytes_each, bytes_each - 1 - n % bytes_each] = plane
    kind = f"<{'i' if options.get('pixel_representation') else 'u'}{bytes_each}"
    image = np.ascontiguousarray(planes.transpose(2, 0, 1)).view(kind)[..., 0]
    shape = (options["rows"], options["columns"])
    return image.reshape((*shape, samples) if samples > 1 else shape)


def _segment(decode: Callable[..., Any], data: bytes, size: int) -> bytes:
    """The first ``size`` bytes of an RLE segment.

    PS3.5 G.3.1 ends decoding when enough bytes are there: what pads a segment to an even length
    may be any byte, or many. imagecodecs takes every byte for data; where it stumbles, the
    segment is unpacked step by step.
    """
    try:
        found = bytes(decode(data)) if data else b""
    except (RuntimeError, ValueError):
        found = b""
    return found if len(found) >= size else unpack_bits(data, size)


def unpack_bits(data: bytes, size: int) -> bytes:
    """PackBits (PS3.5 G.3.1), until ``size`` bytes are there or the data end."""
    out, at = bytearray(), 0
    while len(out) < size and at + 1 < len(data):
        control = data[at]
        if control < 128:
            out += data[at + 1 : at + 2 + control]
            at += 2 + control
        else:
            if control > 128:
                out += data[at + 1 : at + 2] * (257 - control)
            at += 2 if control > 128 else 1
    return bytes(out[:size])


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

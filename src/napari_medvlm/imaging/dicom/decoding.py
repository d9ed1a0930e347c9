"""Stored values of one image of a file, whatever its transfer syntax.

Most images are decoded by imagecodecs, whose decoders run side by side in threads (``unlocked``):
lossless JPEG and JPEG of 12 bits, JPEG-LS, JPEG 2000 and HTJ2K, RLE. All others, and those that
it leaves, are decoded through pydicom, in an order of our own, the next one tried where one
fails. GDCM is not asked about what another one has failed at: on damaged data it may end the
whole process.

- JPEG of 8 bits: Pillow (libjpeg-turbo). Pillow alone tells apart what the image itself says of
  its colours. It runs in threads, too.
- JPEG of 12 bits and lossless JPEG: GDCM, where imagecodecs is not installed.
- JPEG-LS: CharLS (pyjpegls).
- JPEG 2000 and HTJ2K: OpenJPEG (pylibjpeg-openjpeg), then Pillow.
- RLE: pylibjpeg-rle, then pydicom.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy.typing as npt
from pydicom import uid
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder

from .codestream import Codestream, bare_codestream, read_codestream
from .colour import to_eight_bits, ybr_to_rgb
from .encapsulation import begins_at, find_frames, read_pieces
from .header import DAMAGE, ImageHeader
from .source import PixelSource, open_pixels
from .twelve import decode_twelve
from .unlocked import decode_lossy_twelve, decode_unlocked

#: Uncompressed frames, each an item of its own (PS3.5 A.4.11).
ENCAPSULATED_UNCOMPRESSED = uid.UID("1.2.840.10008.1.2.1.98")

_JPEG = ("pillow", "gdcm")
_LS = ("pyjpegls", "gdcm", "pylibjpeg")
_J2K = ("pylibjpeg", "gdcm", "pillow")
_PLUGINS: dict[str, tuple[str, ...]] = {
    uid.JPEGBaseline8Bit: _JPEG,
    uid.JPEGExtended12Bit: _JPEG,
    uid.JPEGLossless: ("gdcm", "pylibjpeg"),
    uid.JPEGLosslessSV1: ("gdcm", "pylibjpeg"),
    uid.JPEGLSLossless: _LS,
    uid.JPEGLSNearLossless: _LS,
    uid.JPEG2000Lossless: _J2K,
    uid.JPEG2000: _J2K,
    uid.HTJ2KLossless: ("pylibjpeg",),
    uid.HTJ2KLosslessRPCL: ("pylibjpeg",),
    uid.HTJ2K: ("pylibjpeg",),
    uid.RLELossless: ("pylibjpeg", "pydicom"),
}


_J2K_SYNTAXES = frozenset(syntax for syntax, plugins in _PLUGINS.items() if plugins is _J2K)


def read_stored(header: ImageHeader) -> npt.NDArray[Any]:
    """Stored values of one image: (rows, columns), or (rows, columns, 3) uint8 RGB.

    Raises
    ------
    One of ``header.DAMAGE``
        If the pixels are missing or damaged, or no decoder is installed.
    """
    tile: tuple[int, int, int, int] | None = getattr(header, "tile", None)
    if tile is None:
        image = _at_once(header)
        return decode_frame(open_pixels(header.path), header.frame or 0) if image is None else image
    row, column, rows, columns = tile
    stat = header.path.stat()
    whole = _whole(header.path, header.frame or 0, stat.st_mtime_ns)
    return whole[row : row + rows, column : column + columns]


def _at_once(header: ImageHeader) -> npt.NDArray[Any] | None:
    """A grey image that is alone in its file, without another look at the file's header.

    None where it takes one. Looking costs Python's global lock, which holds up other threads.
    """
    place = header.pixels_at
    if place is None or place.length is not None or header.frame is not None:
        return None
    if header.shape[2] != 1 or header.photometric == "PALETTE COLOR":
        return None
    syntax = uid.UID(header.syntax)
    try:
        with header.path.open("rb") as file:
            if not begins_at(file, place.offset):
                return None  # not the file any more whose header was read
            (pieces,) = find_frames(file, place.offset, 1)
            data = _ended(syntax, read_pieces(file, pieces))
        if syntax in _J2K_SYNTAXES:
            data = bare_codestream(data)
    except DAMAGE:
        return None  # the other way tells what is wrong
    stream = read_codestream(data)
    own = header.shape if stream is None else (stream.rows, stream.columns, stream.components)
    lossy_twelve = stream is not None and stream.lossy_jpeg and stream.precision > 8
    if own != header.shape or lossy_twelve:
        return None
    options = {
        "rows": header.shape[0], "columns": header.shape[1], "samples_per_pixel": 1,
        "bits_allocated": header.allocated, "pixel_representation": int(header.signed),
    }  # fmt: skip
    return decode_unlocked(syntax, data, stream, options)


def _ended(syntax: uid.UID, data: bytes) -> bytes:
    # CharLS looks for bits beyond the end of its data, for seconds, unless there is an end.
    missing = syntax in uid.JPEGLSTransferSyntaxes and b"\xff\xd9" not in data[-16:]
    return data + b"\xff\xd9" if missing else data


@lru_cache(maxsize=2)
def _whole(path: Path, frame: int, changed: int) -> npt.NDArray[Any]:
    # All tiles of a mosaic come from one decoded frame.
    image = decode_frame(open_pixels(path), frame)
    image.setflags(write=False)
    return image


def decode_frame(source: PixelSource, frame: int) -> npt.NDArray[Any]:
    """Stored values of one frame, colour as RGB; see ``read_stored``."""
    if source.encapsulated:
        image, space = _encapsulated(source, frame)
    else:
        image, space = _native(source, frame)
    if source.palette is not None:
        return source.palette.look_up(image)
    if image.ndim == 2:
        return image
    if image.shape[2] != 3:
        raise ValueError(f"colour of {image.shape[2]} samples is not supported")
    colours = to_eight_bits(image, int(source.options.get("bits_stored", 8)))
    if not space.startswith("YBR") or space in ("YBR_ICT", "YBR_RCT"):
        return colours
    return ybr_to_rgb(colours, partial="PARTIAL" in space)


def _native(source: PixelSource, frame: int) -> tuple[npt.NDArray[Any], str]:
    options = dict(source.options)
    space = str(options["photometric_interpretation"])
    if space in ("YBR_FULL_422", "YBR_PARTIAL_422"):
        whole = options["rows"] * options["columns"] * 3 * options["number_of_frames"]
        # Labelled as subsampled, and three samples a pixel all the same: a known mistake.
        full = source.length is not None and source.length >= whole
        options["photometric_interpretation"] = "YBR_FULL" if full else "YBR_FULL_422"
    with source.opened() as file:
        file.seek(source.start)
        image, _ = get_decoder(source.syntax).as_array(
            file, index=frame, raw=True, correct_unused_bits=False, **options
        )
    return image, space


def _encapsulated(source: PixelSource, frame: int) -> tuple[npt.NDArray[Any], str]:
    if frame >= len(source.frames):
        raise ValueError(f"frame {frame} is missing: the file ends after {len(source.frames)}")
    with source.opened() as file:
        data = _ended(source.syntax, read_pieces(file, source.frames[frame]))
    if source.syntax in _J2K_SYNTAXES:
        data = bare_codestream(data)
    options = {**source.options, "number_of_frames": 1}
    space = str(options["photometric_interpretation"])
    if source.syntax == ENCAPSULATED_UNCOMPRESSED:
        decoder = get_decoder(uid.ExplicitVRLittleEndian)
        return decoder.as_array(data, raw=True, correct_unused_bits=False, **options)[0], space
    stream = read_codestream(data)
    if stream is not None:
        _check(stream, options)
        if options.get("samples_per_pixel", 1) == 3:
            space = _space(stream, space)
            options["photometric_interpretation"] = space
        elif stream.lossy_jpeg and stream.precision > 8:
            image = decode_lossy_twelve(data, stream)
            if image is None:
                image = decode_twelve(data, options["rows"], options["columns"])
            return image, space
    image = decode_unlocked(source.syntax, data, stream, options)
    if image is not None:
        # OpenJPEG has undone the transform of colours.
        return image, "RGB" if space in ("YBR_ICT", "YBR_RCT") else space
    return _plugin(source.syntax, data, options)


def _check(stream: Codestream, options: dict[str, Any]) -> None:
    """Refuse an image of another size than its header, before a decoder makes room for it."""
    told = (options["rows"], options["columns"], options.get("samples_per_pixel", 1))
    own = (stream.rows, stream.columns, stream.components)
    # 0 rows: they are told at the end of the image (DNL), as T.81 B.2.5 allows.
    if own != told and stream.rows:
        raise ValueError(f"a compressed image of {own} where the header says {told}")


def _space(stream: Codestream, told: str) -> str:
    # What the image itself says is what its encoder did; the header is often wrong.
    if stream.colour == "RGB":
        return "RGB"
    if stream.colour == "YBR" and not told.startswith("YBR"):
        return "YBR_FULL"
    return told


def _plugin(syntax: uid.UID, data: bytes, options: dict[str, Any]) -> tuple[npt.NDArray[Any], str]:
    decoder = get_decoder(syntax)
    wrapped = encapsulate([data], has_bot=False)
    error: BaseException | None = None
    for name in _PLUGINS.get(syntax, ()):
        if name not in decoder.available_plugins:
            continue
        if name == "gdcm" and error is not None:
            continue  # damaged data, on which GDCM may end the whole process
        try:
            image, got = decoder.as_array(
                wrapped, index=0, raw=True, decoding_plugin=name,
                **_bits_as_they_are(syntax), **options,
            )  # fmt: skip
        except BaseException as problem:
            if not _is_damage(problem):
                raise
            error = problem
        else:
            return image, str(got["photometric_interpretation"])
    if error is None:
        raise ValueError(f"no decoder for {syntax.name} is installed: missing dependencies")
    raise ValueError(f"a damaged image of {syntax.name}") from error


def _is_damage(problem: BaseException) -> bool:
    # A decoder written in Rust panics on damaged data, which is no Exception in Python.
    return isinstance(problem, DAMAGE) or type(problem).__name__ == "PanicException"


def _bits_as_they_are(syntax: uid.UID) -> dict[str, Any]:
    own_correction = syntax in uid.JPEG2000TransferSyntaxes or syntax in uid.JPEGLSTransferSyntaxes
    return {} if own_correction else {"correct_unused_bits": False}

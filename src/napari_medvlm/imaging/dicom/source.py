"""The pixels of a file, found once: where they lie, how they are coded, which frame is where."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pydicom
from pydicom.pixels.utils import as_pixel_options
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    MPEGTransferSyntaxes,
)

from .colour import Palette, read_palette
from .encapsulation import Piece, find_frames, read_pieces
from .quick import PixelPlace
from .syntax import is_native, syntax_of, transfer_syntax

#: A deflated data set may inflate to this many bytes; one that wants more is no image.
_INFLATED = 512 << 20
#: Samples of one frame: a mammogram has some 30 million, and more than this is a damaged header.
_SAMPLES = 1 << 27
_TAGS = [
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration",
    "NumberOfFrames", "BitsAllocated", "BitsStored", "PixelRepresentation", "PixelPresentation",
    "ExtendedOffsetTable", "ExtendedOffsetTableLengths",
    *(f"{c}PaletteColorLookupTableDescriptor" for c in ("Red", "Green", "Blue")),
    *(f"{c}PaletteColorLookupTableData" for c in ("Red", "Green", "Blue")),
    *(f"Segmented{c}PaletteColorLookupTableData" for c in ("Red", "Green", "Blue")),
]  # fmt: skip
_KEYWORDS = {
    0x7FE00008: "FloatPixelData",
    0x7FE00009: "DoubleFloatPixelData",
    0x7FE00010: "PixelData",
}
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, eq=False)
class PixelSource:
    """Where the pixels of a file lie.

    Parameters
    ----------
    options
        Of pydicom's decoders: size, samples, bits, photometric interpretation and so on.
    start, length
        The value of the pixel element in the file (in the inflated data set); ``length`` is
        None where it is undefined.
    encapsulated
        Whether that value is a sequence of fragments.
    frames
        Fragments of each frame where encapsulated; else empty.
    inflated
        The data set of a deflated file, else None.
    """

    path: Path
    syntax: UID
    options: dict[str, Any]
    start: int
    length: int | None
    encapsulated: bool
    frames: tuple[tuple[Piece, ...], ...]
    palette: Palette | None
    inflated: bytes | None = None

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """The file, or what was inflated of it."""
        if self.inflated is not None:
            yield BytesIO(self.inflated)
        else:
            with self.path.open("rb") as file:
                yield file


def open_pixels(path: Path) -> PixelSource:
    """Find the pixels of a file; what was found is remembered until the file changes.

    Raises
    ------
    One of ``header.DAMAGE``
        If there are none, or if the header is damaged.
    """
    stat = path.stat()
    found = _found(path, stat.st_mtime_ns, stat.st_size)
    return found if found is not None else _inflated(path, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=16)
def _found(path: Path, changed: int, size: int) -> PixelSource | None:
    with path.open("rb") as file:
        return None if _deflated_from(file) is not None else _source(path, file, None)


@lru_cache(maxsize=1)
def _inflated(path: Path, changed: int, size: int) -> PixelSource:
    # One at a time: these hold their whole data set in memory.
    with path.open("rb") as file:
        inflated = inflate(file)
    return _source(path, BytesIO(inflated or b""), inflated)


def _source(path: Path, stream: BinaryIO, inflated: bytes | None) -> PixelSource:
    ds: Any = pydicom.dcmread(stream, stop_before_pixels=True, force=True, specific_tags=_TAGS)
    syntax = UID(transfer_syntax(ds))
    # pydicom stops with the stream at the tag of the pixels.
    keyword, vr, length = _element(stream, little=ds.original_encoding[1])
    start = stream.tell()
    options = as_pixel_options(ds, pixel_keyword=keyword, pixel_vr=vr)
    rows, columns = options["rows"], options["columns"]
    if rows * columns * options.get("samples_per_pixel", 1) > _SAMPLES:
        raise ValueError(f"an image of {columns} x {rows} pixels is too large")
    offsets = options.pop("extended_offsets", ((), ()))[0]
    encapsulated = length is None
    if length is not None and not syntax.is_private and syntax.is_compressed:
        if not is_native(ds, length, options["bits_allocated"]):
            raise ValueError(
                f"TransferSyntaxUID says {syntax.name}, whose pixels lie in items of no stated "
                f"length; {length} bytes are stated"
            )
        syntax = ExplicitVRLittleEndian
    frames: tuple[tuple[Piece, ...], ...] = ()
    if encapsulated:
        table = memoryview(offsets).cast("Q") if len(offsets) % 8 == 0 and offsets else ()
        # A video is one stream, however many frames it has.
        count = 1 if syntax in MPEGTransferSyntaxes else options["number_of_frames"]
        frames = tuple(find_frames(stream, start, count, list(table)))
        if not syntax.is_private and not syntax.is_compressed:
            syntax = _coded_as(stream, frames, syntax)
    palette = read_palette(ds) if options["photometric_interpretation"] == "PALETTE COLOR" else None
    return PixelSource(
        path, syntax, options, start, length, encapsulated, frames, palette, inflated
    )


def _coded_as(stream: BinaryIO, frames: tuple[tuple[Piece, ...], ...], named: UID) -> UID:
    """The syntax of compressed pixels whose file names one without compression."""
    found = syntax_of(read_pieces(stream, frames[0])) if frames else None
    if found is None:
        raise ValueError(
            f"TransferSyntaxUID says {named.name}, and the pixels lie in items as compressed ones "
            "do, of no kind that is known"
        )
    return found


def contradicting_place(ds: Any, stream: BinaryIO) -> PixelPlace | None:
    """Where the pixels of a file lie whose length says otherwise than its transfer syntax.

    Parameters
    ----------
    ds
        As pydicom has just read it up to the pixels, with ``original_encoding``.
    stream
        Where pydicom stopped: at the tag of the pixels, or at the end.
    """
    syntax = UID(transfer_syntax(ds))
    if syntax.is_private or syntax == DeflatedExplicitVRLittleEndian:
        return None
    try:
        keyword, _, length = _element(stream, little=ds.original_encoding[1])
    except ValueError:
        return None  # no pixels
    if keyword != "PixelData" or syntax.is_compressed is (length is None):
        return None
    return PixelPlace(stream.tell(), length)


def _element(stream: BinaryIO, *, little: bool) -> tuple[str, str, int | None]:
    # Keyword, value representation and length of the element that the stream stands at.
    order: Literal["little", "big"] = "little" if little else "big"
    head = stream.read(8)
    if len(head) < 8:
        raise ValueError("there are no pixels in it")
    tag = int.from_bytes(head[:2], order) << 16 | int.from_bytes(head[2:4], order)
    if tag not in _KEYWORDS:
        raise ValueError("there are no pixels in it")
    vr, length = "OW", head[4:]
    # Some files are not coded as their transfer syntax says. As a length, which is even, none
    # of these could be.
    if head[4:] in (b"OB\0\0", b"OW\0\0", b"OF\0\0", b"OD\0\0", b"UN\0\0"):
        vr, length = head[4:6].decode(), stream.read(4)
    size = int.from_bytes(length, order)
    return _KEYWORDS[tag], vr, None if size == _UNDEFINED else size


def inflate(file: BinaryIO, limit: int = _INFLATED) -> bytes | None:
    """The data set of a deflated file as an ordinary file of it; None where it is not deflated.

    Parameters
    ----------
    file
        At its start; stands there again afterwards.
    limit
        Bytes beyond which inflating stops.

    Raises
    ------
    ValueError
        If the data set is larger than ``limit``.
    zlib.error, EOFError
        If it is damaged.
    """
    start = _deflated_from(file)
    if start is None:
        return None
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    file.seek(start)
    data = inflater.decompress(file.read(), limit)
    file.seek(0)
    if inflater.unconsumed_tail:
        raise ValueError(f"its data set inflates to more than {limit >> 20} MB")
    return data


def _deflated_from(file: BinaryIO) -> int | None:
    # Where the deflated data set of a file begins; the file stays at its start.
    head = file.read(1024)
    file.seek(0)
    if head[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in head:
        return None
    start = 144 + int.from_bytes(head[140:144], "little")  # (0002,0000), its group's length
    meta = pydicom.dcmread(BytesIO(head[:start])).file_meta
    return start if meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian else None

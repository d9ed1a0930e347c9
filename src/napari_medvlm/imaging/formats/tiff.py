"""TIFF: one picture, or a stack of pages as the slices of a volume."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ...extras import require
from ..arrays import flat_colour, plain_voxels, scale_affine
from ..progress import Progress, Step
from ..quiet import quietly
from ..scan import Entry, middle_image
from ..volume import Volume
from .damage import damaged
from .numbers import BOMB_BYTES, BOMB_RATIO, memory
from .picture import DPI, MOST_PIXELS, NEITHER, checked_size, plain_pixels, turn_upright
from .stored import fingerprint
from .tiff_notes import MOST_IMAGES
from .tiff_stack import Stack, directories, image_bytes, is_there, stack_of, upright

_EXPECTED = "a TIFF picture"
_ADVICE = "Export the picture again, as PNG or as an uncompressed TIFF."
#: Compressions that tifffile undoes by itself: none, deflate (two codes), PackBits.
_PLAIN = (1, 8, 32946, 32773)
#: Orientations whose rows are the columns as seen.
_ON_ITS_SIDE = (5, 6, 7, 8)
#: (rows, columns[, 3]), and what was changed.
_Image = tuple[npt.NDArray[Any], tuple[str, ...]]


@dataclass(frozen=True)
class Layout:
    """What the first page says of all that look like it; rows and columns are those as seen."""

    stack: Stack
    rows: int
    columns: int
    deep: bool
    remarks: tuple[str, ...]


def scan_tiff(path: Path) -> Entry:
    """List a TIFF by its directories.

    Pages of the size of the first one are slices of a volume of unknown orientation and
    spacing; others (thumbnails, reduced copies) are left out. What ImageJ, OME and tifffile note
    of slices, times and channels is followed (see ``tiff_stack``). Pages are turned upright as
    their orientation tag asks. Whole numbers of any size and fractions keep their values.
    Resolution tags are not millimetres of a patient.

    Raises
    ------
    ImagingError
        If it cannot be read, or is larger than any radiograph.
    """
    with _opened(path) as tiff:
        layout = _layout(path, tiff)
    name = f"picture {fingerprint(path)}"

    def opener(*, lazy: bool, progress: Progress | None) -> Volume:
        return _read(path, layout, name, progress)

    def preview() -> npt.NDArray[Any]:
        return middle_image(_read(path, replace(layout, remarks=()), name, None, alone=True))

    return Entry(
        kind="volume",
        name=name,
        shape=(*layout.stack.sizes, layout.rows, layout.columns),
        opener=opener,
        preview=preview,
        remarks=layout.remarks,
    )


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    # tifffile logs what it finds wrong; what matters of it is said in remarks. It would also
    # open other files that the notes of an OME-TIFF name.
    tifffile: Any = require("tifffile", "to read TIFF files")
    with (
        quietly(),
        damaged(path, _EXPECTED, tifffile.TiffFileError, Warning, advice=_ADVICE),
        tifffile.TiffFile(path, _multifile=False) as tiff,
    ):
        yield tiff


def _layout(path: Path, tiff: Any) -> Layout:
    count, cut = directories(path, MOST_IMAGES + 1)
    if not 0 < count <= MOST_IMAGES:
        raise ImagingError(f"{path.name}: expected {_EXPECTED}; found {count} pages.", _ADVICE)
    first = tiff.pages[0]
    rows, columns = int(first.imagelength), int(first.imagewidth)
    if not 0 < rows * columns <= MOST_PIXELS:
        raise ImagingError(
            f"{path.name}: expected at most {MOST_PIXELS / 1e6:.0f} million pixels a page; found "
            f"{columns:,} × {rows:,}.",
            "Cut or shrink it first.",
        )
    size = path.stat().st_size
    same = [n for n in range(count) if _kind(tiff.pages[n]) == _kind(first)]
    alike = tuple(n for n in same if n == 0 or is_there(tiff.pages[n], size))
    turned = any(_orientation(tiff.pages[n]) != 1 for n in alike)
    stack = stack_of(tiff, alike, size)
    bits = int(first.bitspersample)
    declared = rows * columns * int(first.samplesperpixel) * max(1, bits // 8)
    _check_size(path, first, declared, stack.count)
    remarks = [NEITHER, *stack.said()]
    if len(same) < count:
        remarks.append(f"{count - len(same)} pages of another size or type were left out.")
    if len(alike) < len(same):
        remarks.append(f"{len(same) - len(alike)} pages lie behind the end of the file, as if cut.")
    if len(stack.pages) < len(alike):
        remarks.append(f"{len(alike) - len(stack.pages)} pages are no part of it and left out.")
    if cut:
        remarks.append("The file names a further page that is not there: it may be cut off.")
    if turned:
        remarks.append("Turned upright as its orientation tag says.")
    if 282 in first.tags:
        remarks.append(DPI)
    if _orientation(first) in _ON_ITS_SIDE:
        rows, columns = columns, rows
    # Pillow takes signed bytes for unsigned ones, and does not know images without a directory.
    deep = bits > 8 or int(first.sampleformat) == 2 or stack.offset is not None
    return Layout(stack, rows, columns, deep, tuple(remarks))


def _orientation(page: Any) -> int:
    """Tag 274 of a page; 1 (upright) where it is absent or none of the eight."""
    tag = page.tags.get(274)
    value = 1 if tag is None else tag.value
    return int(value) if value in range(1, 9) else 1


def _kind(page: Any) -> tuple[Any, ...]:
    return (
        page.imagelength, page.imagewidth, page.samplesperpixel, page.bitspersample,
        page.sampleformat, page.photometric, _orientation(page) in _ON_ITS_SIDE,
    )  # fmt: skip


def _check_size(path: Path, page: Any, declared: int, pages: int) -> None:
    # An uncompressed page has to be in the file before room is made for it. Pages may share
    # their data, so that even uncompressed ones can be a bomb.
    size = path.stat().st_size
    if int(page.compression) == 1 and declared > 8 * size:
        raise ImagingError(
            f"{path.name}: expected {declared:,} bytes of pixels, as its header declares; found a "
            f"file of {size:,} bytes.",
            _ADVICE,
        )
    if declared * pages > max(BOMB_BYTES, BOMB_RATIO * size) or declared * pages > memory():
        raise ImagingError(
            f"{path.name}: expected pixels that fit the memory; found {declared * pages / 1e9:.1f} "
            f"GB of them in {size / 1e6:.1f} MB.",
            "Cut or shrink it first.",
        )


def _read(
    path: Path, layout: Layout, name: str, progress: Progress | None, *, alone: bool = False
) -> Volume:
    """The Volume; ``alone`` of its middle image only."""
    remarks: dict[str, None] = dict.fromkeys(layout.remarks)
    slices: list[npt.NDArray[Any]] = []
    count = layout.stack.count
    wanted = (count // 2,) if alone else tuple(range(count))
    for n, (pixels, said) in enumerate(_images(path, layout, wanted)):
        if progress is not None:
            progress(Step(n, len(wanted), "reading pages"))
        slices.append(pixels)
        remarks |= dict.fromkeys(said)
    with damaged(path, _EXPECTED, advice=_ADVICE):
        stack = np.stack(slices)
        slices.clear()
        if not alone:
            stack = layout.stack.arranged(stack)
    leading = not alone and len(layout.stack.sizes) == 2
    voxels, changes = plain_voxels(stack)
    return Volume(
        voxels=voxels,
        affine=scale_affine(1, 1, 1),
        name=name,
        oriented=False,
        unit="pixel",
        coloured=voxels.ndim == 4 + leading,
        temporal=leading,
        remarks=(*remarks, *changes),
        facts={"format": "TIFF"},
    )


def _images(path: Path, layout: Layout, wanted: tuple[int, ...]) -> Iterator[_Image]:
    stack = layout.stack
    if stack.offset is not None:
        return _images_behind_one(path, stack.pages[0], stack.offset, wanted)
    pages = tuple(stack.pages[n] for n in wanted)
    return _deep_pages(path, pages) if layout.deep else _pillow_pages(path, pages)


def _pillow_pages(path: Path, pages: tuple[int, ...]) -> Iterator[_Image]:
    pil: Any = require("PIL.Image", "to read pictures")
    ops: Any = require("PIL.ImageOps", "to read pictures")
    with (
        damaged(path, _EXPECTED, pil.DecompressionBombError, Warning, advice=_ADVICE),
        # Of a file that it opens itself Pillow 13 maps grey pixels into memory, and scrambles
        # those of pictures that are stored on their side.
        path.open("rb") as file,
        pil.open(file) as image,
    ):
        for n in pages:
            image.seek(n)
            checked_size(path, image)
            image.load()
            turn_upright(image, ops)
            pixels = plain_pixels(image)
            yield pixels.array, pixels.remarks


def _deep_pages(path: Path, pages: tuple[int, ...]) -> Iterator[_Image]:
    # Pillow knows 16-bit grey alone; tifffile every type of number.
    with _opened(path) as tiff:
        for n in pages:
            yield _deep(path, n, tiff.pages[n])


def _images_behind_one(
    path: Path, number: int, offset: int, wanted: tuple[int, ...]
) -> Iterator[_Image]:
    """Uncompressed images that follow each other behind one directory."""
    with _opened(path) as tiff, path.open("rb") as file:
        page = tiff.pages[number]
        dtype = np.dtype(page.dtype).newbyteorder(tiff.byteorder)
        shape = (page.imagelength, page.imagewidth, page.samplesperpixel)
        length = image_bytes(page)
        for n in wanted:
            file.seek(offset + n * length)
            data = file.read(length)
            array = np.frombuffer(data, dtype).reshape(shape)
            yield _plain(path, page, array.astype(dtype.newbyteorder("=")), _orientation(page))


def _deep(path: Path, number: int, page: Any) -> _Image:
    if int(page.compression) not in _PLAIN:
        return _plain(path, page, _through_pillow(path, number, page), 1)  # Pillow has turned it
    array = np.asarray(page.asarray())
    if array.ndim == 3 and int(page.planarconfig) == 2:
        array = np.moveaxis(array, 0, -1)
    if int(page.samplesperpixel) == 1:
        array = array.reshape(page.imagelength, page.imagewidth, 1)
    return _plain(path, page, array, _orientation(page))


def _plain(path: Path, page: Any, array: npt.NDArray[Any], orientation: int) -> _Image:
    """An image (rows, columns, samples) as grey or RGB, upright."""
    colours = int(page.samplesperpixel)
    array = upright(array, orientation)
    if colours == 1:
        return _white_is_high(array.reshape(array.shape[:2]), page)
    if colours in (3, 4) and int(page.photometric) == 2 and array.dtype in (np.uint8, np.uint16):
        # As in DICOM viewers: the high byte is what a screen shows.
        deep = array.dtype == np.uint16
        eight = (array >> 8).astype(np.uint8) if deep else array
        rgb, said = flat_colour(eight) if colours == 4 else (eight, ())
        return rgb, ("Its 16 bits a channel were reduced to 8.", *said) if deep else said
    raise ImagingError(
        f"{path.name}: expected grey or RGB; found {colours} samples of {array.dtype}.", _ADVICE
    )


def _through_pillow(path: Path, number: int, page: Any) -> npt.NDArray[Any]:
    # LZW and others that tifffile cannot undo, where Pillow keeps the numbers as they are.
    exact = (int(page.samplesperpixel), int(page.bitspersample), int(page.sampleformat))
    if exact not in ((1, 16, 1), (1, 32, 3)):
        raise ImagingError(
            f"{path.name}: expected a TIFF whose compression is known for its numbers; found "
            f"{getattr(page.compression, 'name', page.compression)} with {page.dtype}.",
            _ADVICE,
        )
    ((array, _),) = _pillow_pages(path, (number,))
    return np.asarray(array)


def _white_is_high(array: npt.NDArray[Any], page: Any) -> _Image:
    if int(page.photometric) != 0 or array.dtype.kind != "u":
        return array, ()
    inverted = np.iinfo(array.dtype).max - array
    return inverted, ("Stored with white as zero; the values were turned over.",)

"""TIFF: one picture, or a stack of pages as the slices of a volume."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ...extras import require
from ..arrays import flat_colour, plain_voxels, scale_affine
from ..progress import Progress, Step
from ..scan import Entry, middle_image
from ..volume import Volume
from .damage import damaged
from .numbers import BOMB_BYTES, BOMB_RATIO, memory
from .picture import DPI, MOST_PIXELS, NEITHER, checked_size, plain_pixels, turn_upright
from .stored import fingerprint

_EXPECTED = "a TIFF picture"
_ADVICE = "Export the picture again, as PNG or as an uncompressed TIFF."
_MOST_PAGES = 20_000
#: Compressions that tifffile undoes by itself: none, deflate (two codes), PackBits.
_PLAIN = (1, 8, 32946, 32773)


@dataclass(frozen=True)
class Layout:
    """What the first page says of all that look like it."""

    pages: tuple[int, ...]
    rows: int
    columns: int
    deep: bool
    remarks: tuple[str, ...]


def scan_tiff(path: Path) -> Entry:
    """List a TIFF by its directories.

    Pages of the size of the first one are slices of a volume of unknown orientation and
    spacing; others (thumbnails, reduced copies) are left out. Whole numbers of any size and
    fractions keep their values. Resolution tags are not millimetres of a patient.

    Raises
    ------
    ImagingError
        If it cannot be read, or is larger than any radiograph.
    """
    tifffile: Any = require("tifffile", "to read TIFF files")
    with damaged(path, _EXPECTED, tifffile.TiffFileError, Warning, advice=_ADVICE):
        with tifffile.TiffFile(path) as tiff:
            layout = _layout(path, tiff)
        name = f"picture {fingerprint(path)}"

    def opener(*, lazy: bool, progress: Progress | None) -> Volume:
        return _read(path, layout, name, progress)

    def preview() -> npt.NDArray[Any]:
        middle = layout.pages[len(layout.pages) // 2]
        alone = Layout((middle,), layout.rows, layout.columns, layout.deep, ())
        return middle_image(_read(path, alone, name, None))

    return Entry(
        kind="volume",
        name=name,
        shape=(len(layout.pages), layout.rows, layout.columns),
        opener=opener,
        preview=preview,
        remarks=layout.remarks,
    )


def _layout(path: Path, tiff: Any) -> Layout:
    count = len(tiff.pages)
    if not 0 < count <= _MOST_PAGES:
        raise ImagingError(f"{path.name}: expected {_EXPECTED}; found {count} pages.", _ADVICE)
    first = tiff.pages[0]
    rows, columns = int(first.imagelength), int(first.imagewidth)
    if not 0 < rows * columns <= MOST_PIXELS:
        raise ImagingError(
            f"{path.name}: expected at most {MOST_PIXELS / 1e6:.0f} million pixels a page; found "
            f"{columns:,} × {rows:,}.",
            "Cut or shrink it first.",
        )
    alike = tuple(n for n in range(count) if _kind(tiff.pages[n]) == _kind(first))
    samples = int(first.samplesperpixel)
    bits = int(first.bitspersample)
    _check_size(path, first, rows * columns * samples * max(1, bits // 8), len(alike))
    remarks = [NEITHER]
    if len(alike) > 1:
        remarks.append(f"{len(alike)} pages are taken as slices, in the file's order.")
    if len(alike) < count:
        remarks.append(f"{count - len(alike)} pages of another size or type were left out.")
    if 282 in first.tags:
        remarks.append(DPI)
    # Pillow takes signed bytes for unsigned ones.
    deep = bits > 8 or int(first.sampleformat) == 2
    return Layout(alike, rows, columns, deep, tuple(remarks))


def _kind(page: Any) -> tuple[Any, ...]:
    return (
        page.imagelength, page.imagewidth, page.samplesperpixel, page.bitspersample,
        page.sampleformat, page.photometric,
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


def _read(path: Path, layout: Layout, name: str, progress: Progress | None) -> Volume:
    remarks: dict[str, None] = dict.fromkeys(layout.remarks)
    slices: list[npt.NDArray[Any]] = []
    reader = _deep_pages if layout.deep else _pillow_pages
    for n, (pixels, said) in enumerate(reader(path, layout.pages)):
        if progress is not None:
            progress(Step(n, len(layout.pages), "reading pages"))
        slices.append(pixels)
        remarks |= dict.fromkeys(said)
    with damaged(path, _EXPECTED, advice=_ADVICE):
        stack = np.stack(slices)
        slices.clear()
    voxels, changes = plain_voxels(stack)
    return Volume(
        voxels=voxels,
        affine=scale_affine(1, 1, 1),
        name=name,
        oriented=False,
        unit="pixel",
        coloured=voxels.ndim == 4,
        remarks=(*remarks, *changes),
        facts={"format": "TIFF"},
    )


def _pillow_pages(path: Path, pages: tuple[int, ...]) -> Any:
    pil: Any = require("PIL.Image", "to read pictures")
    ops: Any = require("PIL.ImageOps", "to read pictures")
    with (
        damaged(path, _EXPECTED, pil.DecompressionBombError, Warning, advice=_ADVICE),
        pil.open(path) as image,
    ):
        for n in pages:
            image.seek(n)
            checked_size(path, image)
            image.load()
            turn_upright(image, ops)
            pixels = plain_pixels(image)
            yield pixels.array, pixels.remarks


def _deep_pages(path: Path, pages: tuple[int, ...]) -> Any:
    # Pillow knows 16-bit grey alone; tifffile every type of number.
    tifffile: Any = require("tifffile", "to read TIFF files")
    with (
        damaged(path, _EXPECTED, tifffile.TiffFileError, Warning, advice=_ADVICE),
        tifffile.TiffFile(path) as tiff,
    ):
        for n in pages:
            yield _deep(path, n, tiff.pages[n])


def _deep(path: Path, number: int, page: Any) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    colours = int(page.samplesperpixel)
    if int(page.compression) not in _PLAIN:
        array = _through_pillow(path, number, page)
    else:
        array = np.asarray(page.asarray())
    if array.ndim == 3 and int(page.planarconfig) == 2:
        array = np.moveaxis(array, 0, -1)
    if colours == 1:
        return _upright_grey(array.reshape(page.imagelength, page.imagewidth), page)
    if colours in (3, 4) and int(page.photometric) == 2 and array.dtype == np.uint16:
        # As in DICOM viewers: the high byte is what a screen shows.
        eight = (array >> 8).astype(np.uint8)
        rgb, said = flat_colour(eight) if colours == 4 else (eight, ())
        return rgb, ("Its 16 bits a channel were reduced to 8.", *said)
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


def _upright_grey(array: npt.NDArray[Any], page: Any) -> tuple[npt.NDArray[Any], tuple[str, ...]]:
    if int(page.photometric) != 0 or array.dtype.kind != "u":
        return array, ()
    inverted = np.iinfo(array.dtype).max - array
    return inverted, ("Stored with white as zero; the values were turned over.",)

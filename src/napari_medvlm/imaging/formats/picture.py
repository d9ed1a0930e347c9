"""Pictures: PNG, JPEG, BMP, GIF, WebP, such as exported radiographs and screenshots."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ...extras import require
from ..arrays import flat_colour, plain_voxels, scale_affine
from ..progress import Progress
from ..scan import Entry, middle_image
from ..volume import Volume
from .damage import damaged
from .inflate import DEFLATE_LIMIT
from .stored import fingerprint

_EXPECTED = "a picture (PNG, JPEG, BMP, GIF or WebP)"
_ADVICE = "Export the picture again, as PNG."
NEITHER = "A picture holds neither spacing nor orientation: sizes are in pixels."
DPI = "Its resolution (dots per inch) is that of a print, not of the patient; it is not used."
#: Pixels of the largest picture that is decoded: 200 MB as RGB, of which decoding takes some
#: copies. The largest radiographs have half as many.
MOST_PIXELS = 1 << 26
_ORIENTATION = 0x0112


@dataclass(frozen=True, eq=False)
class Pixels:
    """A decoded picture.

    Parameters
    ----------
    array
        (rows, columns) of grey, or (rows, columns, 3) of uint8.
    remarks
        What decoding changed.
    """

    array: npt.NDArray[Any]
    remarks: tuple[str, ...] = ()


def scan_picture(path: Path) -> Entry:
    """List a picture as a Volume of one slice, of unknown orientation and spacing.

    Grey stays grey, 16-bit grey keeps its values; colour becomes RGB, transparency put on
    black. The rotation that a camera notes (EXIF) is applied. Of an animation the first image
    is taken.

    Raises
    ------
    ImagingError
        If its header cannot be read, or it is larger than any radiograph.
    """
    pil: Any = require("PIL.Image", "to read pictures")
    with damaged(path, _EXPECTED, pil.DecompressionBombError, Warning, advice=_ADVICE):
        with pil.open(path) as image:
            width, height = checked_size(path, image)
            turned = image.getexif().get(_ORIENTATION, 1) in (5, 6, 7, 8)
            remarks = _remarks(image)
        name = f"picture {fingerprint(path)}"
    rows, columns = (width, height) if turned else (height, width)

    def opener(*, lazy: bool, progress: Progress | None) -> Volume:
        return _read(path, pil, name, remarks)

    return Entry(
        kind="volume",
        name=name,
        shape=(1, rows, columns),
        opener=opener,
        preview=lambda: middle_image(_read(path, pil, name, remarks)),
        remarks=remarks,
    )


def checked_size(path: Path, image: Any) -> tuple[int, int]:
    """Width and height.

    Raises
    ------
    ImagingError
        For more pixels than any radiograph has, or than the file can hold.
    """
    width, height = (int(n) for n in image.size)
    if width * height > MOST_PIXELS:
        raise ImagingError(
            f"{path.name}: expected a picture of at most {MOST_PIXELS / 1e6:.0f} million pixels; "
            f"found {width:,} × {height:,}.",
            "Cut or shrink it first.",
        )
    size = path.stat().st_size
    if image.format == "PNG" and width * height > 8 * DEFLATE_LIMIT * size:
        # Not even black and white packs as tightly.
        raise ImagingError(
            f"{path.name}: expected a picture of {width:,} × {height:,} pixels, as its header "
            f"declares; found {size:,} bytes.",
            _ADVICE,
        )
    return width, height


def _remarks(image: Any) -> tuple[str, ...]:
    remarks = [NEITHER]
    if image.info.get("dpi"):
        remarks.append(DPI)
    if getattr(image, "n_frames", 1) > 1:
        remarks.append(f"An animation of {image.n_frames} images; the first is shown.")
    if image.getexif().get(_ORIENTATION, 1) in range(2, 9):
        remarks.append("Turned upright as its EXIF orientation says.")
    return tuple(remarks)


def _read(path: Path, pil: Any, name: str, remarks: tuple[str, ...]) -> Volume:
    ops: Any = require("PIL.ImageOps", "to read pictures")
    with damaged(path, _EXPECTED, pil.DecompressionBombError, Warning, advice=_ADVICE):
        deep = _deep_colour(path)
        with pil.open(path) as image:
            checked_size(path, image)
            image.load()
            turn_upright(image, ops)
            pixels = plain_pixels(image)
    voxels, changes = plain_voxels(pixels.array[None])
    return Volume(
        voxels=voxels,
        affine=scale_affine(1, 1, 1),
        name=name,
        oriented=False,
        unit="pixel",
        coloured=pixels.array.ndim == 3,
        remarks=(*remarks, *deep, *pixels.remarks, *changes),
        facts={"format": "picture"},
    )


def _deep_colour(path: Path) -> tuple[str, ...]:
    # Pillow gives 8 bits of a PNG of 16-bit colour or grey with alpha (types 2, 4 and 6 of
    # its IHDR) without a word.
    with path.open("rb") as file:
        head = file.read(26)
    if head[1:4] == b"PNG" and head[24] == 16 and head[25] in (2, 4, 6):
        return ("Its 16 bits a channel were reduced to 8.",)
    return ()


def turn_upright(image: Any, ops: Any) -> None:
    """Apply the EXIF orientation in place; a large picture is not copied without need."""
    if image.getexif().get(_ORIENTATION, 1) != 1:
        ops.exif_transpose(image, in_place=True)


def plain_pixels(image: Any) -> Pixels:
    """Grey or RGB of a loaded Pillow image, whatever its mode."""
    mode = str(image.mode)
    if mode.startswith("I") or mode == "F":
        return Pixels(np.asarray(image))
    if "transparency" in image.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        rgb, remarks = flat_colour(np.asarray(image.convert("RGBA")))
        return Pixels(rgb[..., 0] if mode in ("1", "L", "LA", "La") else rgb, remarks)
    if mode in ("1", "L"):
        return Pixels(np.asarray(image if mode == "L" else image.convert("L")))
    remarks = ()
    if mode not in ("RGB", "P", "YCbCr"):
        remarks = (f"Converted from {mode} to RGB.",)
    rgb = np.asarray(image if mode == "RGB" else image.convert("RGB"))
    if mode == "P" and (rgb == rgb[..., :1]).all():
        return Pixels(np.ascontiguousarray(rgb[..., 0]))  # a palette of greys
    return Pixels(rgb, remarks)

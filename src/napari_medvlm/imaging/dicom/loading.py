"""From images in their places to voxels.

Uncompressed pixels go from the file straight into their place in the volume and are rescaled
there, so that little more memory is used than the volume takes. Files are read by several
threads, in which compressed images are decoded on all cores (see ``unlocked``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ..lazy import LazyVoxels, Place, in_threads, too_large
from ..progress import Progress
from ..quiet import quietly
from .encapsulation import begins_at
from .geometry import Placement, place
from .header import DAMAGE, ImageHeader
from .pixels import is_coloured, raw_type, read_image, to_units, voxel_type
from .quick import PixelPlace, Wanted, quick_header

_ADVICE = "Check that the files are complete DICOM images and were copied without change."
_DECODERS = (
    "Install the decoders for compressed images with: pip install imagecodecs pylibjpeg "
    "pylibjpeg-openjpeg pylibjpeg-rle pyjpegls python-gdcm"
)
_NOTHING = Wanted(())


@dataclass(frozen=True, eq=False)
class Loaded:
    """Voxels, and where they lie.

    Parameters
    ----------
    voxels
        ``([time,] slice, row, column[, rgb])``.
    placement
        Of the images that could be read.
    problems
        Why others could not, one reason for each file.
    """

    voxels: npt.NDArray[Any]
    placement: Placement
    problems: tuple[str, ...] = ()


def load(
    headers: Sequence[ImageHeader], placement: Placement, progress: Progress | None = None
) -> Loaded:
    """Read all images. Broken ones are left out, and the others placed without them.

    Parameters
    ----------
    headers
        All images of the group, those included that ``placement`` makes no use of.
    placement
        As ``place(headers)`` gives it.
    progress
        Told how many images are read; may raise ``Cancelled``.

    Raises
    ------
    ImagingError
        If no image can be read, or memory does not suffice.
    """
    problems: dict[Path, str] = {}
    broken: set[int] = set()
    voxels = _room(placement)
    failed = _fill(voxels, _images(placement), progress)
    while failed:
        problems |= {header.path: reason for header, reason in failed}
        broken |= {id(header) for header, _ in failed}
        sound = [header for header in headers if id(header) not in broken]
        if not sound:
            raise _nothing(headers, problems)
        before, placement = placement, place(sound)
        voxels, missing = _moved(voxels, before, placement)
        failed = _fill(voxels, missing, progress)
    return Loaded(voxels, placement, tuple(problems.values()))


def lazy_voxels(placement: Placement) -> LazyVoxels:
    """The same voxels, each image decoded when it is asked for.

    A broken image is found out only then: asking for it raises ``ImagingError``.
    """
    images = _images(placement)

    def decode(index: Place, out: npt.NDArray[Any]) -> None:
        header = images[index]
        with quietly():
            try:
                read_slice(header, out)
            except DAMAGE as error:
                raise ImagingError(
                    f"{header.path.name}: {_sentence(header, error)}", _advice(str(error))
                ) from error

    shape, dtype = _shape(placement), _dtype(placement)
    leading = 2 if len(placement.points) > 1 else 1
    return LazyVoxels(shape, dtype, decode, leading)


def read_slice(header: ImageHeader, out: npt.NDArray[Any]) -> None:
    """Read one image into its place.

    Parameters
    ----------
    header
        Of the image.
    out
        C-contiguous (rows, columns[, 3]) of the ``voxel_type`` of the group.

    Raises
    ------
    One of ``header.DAMAGE``
        If it is missing or damaged, or no decoder for its compression is installed.
    """
    if is_coloured(header) != (out.ndim == 3):
        raise ValueError("a coloured image among grey ones, or a grey one among coloured ones")
    if not _read_plain(header, out):
        read_image(header, out)


@lru_cache(maxsize=64)
def _pixels_at(path: Path, changed: int) -> PixelPlace | None:
    # Once for all frames of a file: its functional groups can be longer than its pixels.
    found = quick_header(path, _NOTHING)
    return None if found is None else found.pixels


def _read_plain(header: ImageHeader, out: npt.NDArray[Any]) -> bool:
    """Whether the pixels lie in the file as an array, which then was read."""
    kind = raw_type(header)
    if kind is None or getattr(header, "tile", None) is not None:
        return False
    pixels = header.pixels_at
    if pixels is None:
        pixels = _pixels_at(header.path, header.path.stat().st_mtime_ns)
    if pixels is None or pixels.length is None:
        return False
    offset, length = pixels.offset, pixels.length
    size = out.shape[0] * out.shape[1] * kind.itemsize
    skipped = (header.frame or 0) * size
    if skipped + size > length:
        return False
    # Values of the same size are read where they stay.
    raw = out.view(kind) if out.itemsize == kind.itemsize else np.empty(out.shape, kind)
    with header.path.open("rb", buffering=0) as file:
        if not begins_at(file, offset):
            return False  # not the file any more whose header was read
        file.seek(offset + skipped)
        _read_all(file, raw.reshape(-1).view(np.uint8).data)
    to_units(header, raw, out)
    return True


def _read_all(file: Any, into: memoryview) -> None:
    done = 0
    while done < len(into):
        count = file.readinto(into[done:])
        if not count:
            raise ValueError(f"the file ends {len(into) - done} bytes before its image does")
        done += count


def _shape(placement: Placement) -> tuple[int, ...]:
    first = placement.points[0]
    time = (len(placement.points),) if len(placement.points) > 1 else ()
    rgb = (3,) if is_coloured(first[0]) else ()
    return (*time, len(first), *first[0].shape[:2], *rgb)


def _dtype(placement: Placement) -> np.dtype[Any]:
    return voxel_type(header for images in placement.points for header in images)


def _room(placement: Placement) -> npt.NDArray[Any]:
    shape, dtype = _shape(placement), _dtype(placement)
    try:
        return np.empty(shape, dtype)
    except MemoryError as error:
        raise too_large(shape, dtype) from error


def _images(placement: Placement) -> dict[Place, ImageHeader]:
    temporal = len(placement.points) > 1
    return {
        (t, k) if temporal else (k,): header
        for t, images in enumerate(placement.points)
        for k, header in enumerate(images)
    }


def _fill(
    voxels: npt.NDArray[Any], images: dict[Place, ImageHeader], progress: Progress | None
) -> list[tuple[ImageHeader, str]]:
    """Read images into their places; returns those that failed, and why."""
    failed: list[tuple[ImageHeader, str]] = []
    together: dict[Any, list[Place]] = {}
    for index, header in images.items():
        # Tiles of one mosaic one after another, so that it is decoded once.
        tiled = getattr(header, "tile", None) is not None
        together.setdefault((header.path, header.frame) if tiled else index, []).append(index)

    def read(places: list[Place]) -> None:
        for index in places:
            try:
                read_slice(images[index], voxels[index])
            except DAMAGE as error:
                failed.append((images[index], _reason(error)))

    with quietly():
        in_threads(read, list(together.values()), progress)
    return failed


def _moved(
    voxels: npt.NDArray[Any], before: Placement, after: Placement
) -> tuple[npt.NDArray[Any], dict[Place, ImageHeader]]:
    """Voxels for another placement of the same images, and the images that have to be read."""
    images = _images(after)
    if _dtype(after) != voxels.dtype:
        return _room(after), images
    known = {id(header): index for index, header in _images(before).items()}
    sources = {index: known[id(h)] for index, h in images.items() if id(h) in known}
    missing = {index: h for index, h in images.items() if index not in sources}
    order = list(sources.values())
    if not missing and order == sorted(order) and len(before.points) == len(after.points) == 1:
        # The usual case, a few slices less: moved up within the same memory.
        for k, source in enumerate(order):
            if source != (k,):
                voxels[k] = voxels[source]
        return voxels[: len(order)], missing
    moved = _room(after)
    for index, source in sources.items():
        moved[index] = voxels[source]
    return moved, missing


def _reason(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    what = "its pixels could not be decoded"
    return f"{what} ({lines[0][:200].rstrip('.:')})" if lines else what


def _sentence(header: ImageHeader, error: BaseException) -> str:
    frame = f"Frame {header.frame}: " if header.frame else ""
    return f"{frame}{_reason(error)}."


def _advice(text: str) -> str:
    return _DECODERS if "missing dependencies" in text else _ADVICE


def _nothing(headers: Sequence[ImageHeader], problems: dict[Path, str]) -> ImagingError:
    names = list(dict.fromkeys(header.path.name for header in headers))
    files = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} other files"
    reasons = list(problems.values())
    counts = {text: reasons.count(text) for text in dict.fromkeys(reasons)}
    parts = [text if n == 1 else f"{n} times {text}" for text, n in counts.items()]
    more = f"; and {len(parts) - 3} other reasons" if len(parts) > 3 else ""
    return ImagingError(
        f"{files}: No DICOM image could be read: {'; '.join(parts[:3])}{more}.",
        _advice(" ".join(reasons)),
    )

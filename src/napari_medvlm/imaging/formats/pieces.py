"""Voxels that lie in files beside their header (NRRD's .nhdr, MetaImage's .mhd)."""

from __future__ import annotations

from pathlib import Path

from ...errors import ImagingError

#: Most files that one header may name.
_MOST = 100_000


def beside(header: Path, name: str) -> Path:
    """A file that a header names, relative to the header's folder.

    Raises
    ------
    ImagingError
        If it leads out of that folder: a scan that was sent by somebody must not make the
        viewer show other files of the disk.
    """
    part = Path(name.replace("\\", "/"))
    if part.is_absolute() or ".." in part.parts or not name.strip():
        raise ImagingError(
            f"{header.name}: expected its voxels in a file beside it; the header names another "
            "place.",
            "Put both into one folder and let the header name the file alone.",
        )
    return header.parent / part


def counted(header: Path, pattern: str, first: str, last: str, step: str) -> list[Path]:
    """The files of a pattern such as ``slice%03d.raw``, numbered from first to last."""
    start, stop, by = int(first), int(last), int(step)
    if by == 0 or pattern.count("%") != 1 or abs(stop - start) // abs(by) >= _MOST:
        raise ValueError("the numbering of its files makes no sense")
    numbers = range(start, stop + (1 if by > 0 else -1), by)
    return [beside(header, pattern % number) for number in numbers]

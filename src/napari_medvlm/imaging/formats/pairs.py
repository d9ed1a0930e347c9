"""Files that belong to the header beside them, and are no entries of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..sniffing import Kind
from .damage import damaged


def companions(kinds: Mapping[Path, Kind]) -> set[Path]:
    """Voxel files of the headers among these files.

    Parameters
    ----------
    kinds
        Files and what they were found to be.

    Returns
    -------
    files
        Such as the .img of a .hdr, or the .raw of an .mhd; headers that cannot be read
        have none.
    """
    return {part for path, kind in kinds.items() for part in _parts(path, kind)} - {
        path for path, kind in kinds.items() if kind in ("nrrd", "metaimage")
    }


def _parts(path: Path, kind: Kind) -> list[Path]:
    from ...errors import ImagingError

    try:
        with damaged(path, "a header"):
            return _named(path, kind)
    except ImagingError:
        return []  # opening it will tell why


def _named(path: Path, kind: Kind) -> list[Path]:
    # Imported here, as in reading: one format, one library.
    if kind == "nifti":
        from .nifti import pair

        header, voxels = pair(path)
        return [voxels] if header == path and voxels not in (None, path) else []
    if kind == "metaimage":
        from .metaimage import data_files

        return [part for part in data_files(path)[0] if part != path]
    if kind == "nrrd":
        from . import nrrd

        return [part for part in nrrd.data_files(path, nrrd.read_head(path)) if part != path]
    return []

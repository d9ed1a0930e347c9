"""A glance: one slice of a folder, shown while the folder is still being looked through.

A folder on a slow drive takes its time, and one slice tells whether it is the right one. Only
for the eye: nothing about its place is known yet, so it becomes no layer and reaches no model.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from .first_need import load_pydicom
from .scan import Entry
from .selection import Selection
from .sniffing import sniff
from .taking import take
from .volume import Volume
from .walking import files_in
from .windowing import default_window

#: Longest side of the picture in pixels.
SIDE = 256
#: Files that are opened in one folder, and in all, before it is given up.
_TRIES, _TRIES_IN_ALL = 3, 8
#: Bytes above which a file is passed over: the headers of many frames take as long as a folder.
_LARGEST = 64 << 20


@dataclass(frozen=True, eq=False)
class Glance:
    """One slice, small.

    Parameters
    ----------
    picture
        uint8 (rows, columns, 3) as shown by default, no side longer than ``SIDE``: every n-th
        pixel, turned as radiology does, of square pixels.
    """

    picture: npt.NDArray[np.uint8]


def glance(*paths: str | os.PathLike[str]) -> Glance | None:
    """One DICOM slice of a folder, or of several files that belong together.

    It is the middle one by name of the first folder that holds any, or of the files that follow
    it; a few files are opened at most. A slice whose file names no window is shown in the range
    of its own values, as the whole volume may not be.

    Parameters
    ----------
    paths
        One folder, looked through with its subfolders, or files.

    Returns
    -------
    glance
        None where there is no such slice, or where anything at all is wrong: ``scan`` is there
        to tell about that.
    """
    try:
        for path in itertools.islice(_tried([Path(path) for path in paths]), _TRIES_IN_ALL):
            found = _of_file(path)
            if found is not None:
                return found
    except Exception:
        # A folder that goes away meanwhile, no memory: none of it is a glance's to tell.
        return None
    return None


def _tried(paths: Sequence[Path]) -> Iterator[Path]:
    """The few files of each folder to open, in this order."""
    folder = len(paths) == 1 and paths[0].is_dir()
    files = files_in(paths[0]) if folder else sorted(paths)
    for _, group in itertools.groupby(files, key=lambda path: path.parent):
        beside = list(group)
        middle = len(beside) // 2
        yield from (beside[middle:] + beside[:middle])[:_TRIES]


def _of_file(path: Path) -> Glance | None:
    # Imported here, so that a program that reads another format does not load it.
    load_pydicom()
    from .dicom.series import scan_dicom

    try:
        # Opening a pipe waits, which ``is_file`` does not.
        if not path.is_file() or path.stat().st_size > _LARGEST or sniff(path) != "dicom":
            return None
        entries = scan_dicom(path).entries
        return _of_entry(entries[0]) if entries and entries[0].kind == "volume" else None
    except Exception:
        # Whatever is wrong with a file, the next one may be sound.
        return None


def _of_entry(entry: Entry) -> Glance | None:
    volume = entry.open(lazy=True)
    if not isinstance(volume, Volume):
        return None
    middle = (volume.time_count // 2,) if volume.temporal else ()
    slices = np.asarray(volume.voxels[(*middle, volume.spatial_shape[0] // 2)])[None]

    def alone(step: int) -> Volume:
        return Volume(
            voxels=slices[:, ::step, ::step],
            affine=volume.affine @ np.diag([1, step, step, 1.0]),
            windows=volume.windows,
            oriented=volume.oriented,
            coloured=volume.coloured,
            unit=volume.unit,
            padding=volume.padding,
        )

    whole = alone(1)
    step = _step(whole)
    if step is None:
        return None
    # The range of values is that of all pixels; only what is shown of them is windowed.
    chosen = Selection(plane="acquired", indices=(0,), window=default_window(whole))
    (frame,) = take(alone(step), chosen)
    return Glance(frame.pixels)


def _step(volume: Volume) -> int | None:
    """Which of its pixels are shown; None where they are too oblong for a picture."""
    _, down, right = volume.spacing
    _, rows, columns = volume.spatial_shape

    def longest(step: int) -> int:
        # Along the coarser axis pixels are made square by more of them.
        extent = max(-(-rows // step) * down, -(-columns // step) * right)
        return round(extent / min(down, right))

    steps = range(1, max(rows, columns) + 1)
    return next((step for step in steps if longest(step) <= SIDE), None)

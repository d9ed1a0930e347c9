"""NIfTI-1 and NIfTI-2 files, plain or gzipped, through nibabel."""

from __future__ import annotations

import gzip
import logging
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ...extras import require
from ..arrays import plain_voxels
from ..scan import Entry, entry_of
from ..volume import Volume, Window

_ADVICE = "Check that the file is complete and was copied without change."
#: Meaning of sform_code and qform_code (nifti1.h, NIFTI_XFORM_*).
_SPACES = {1: "scanner", 2: "aligned", 3: "Talairach", 4: "MNI 152", 5: "template"}
#: Millimetres in the spatial units that a NIfTI header can name.
_MILLIMETRES = {"mm": 1.0, "meter": 1000.0, "micron": 0.001, "unknown": 1.0}
_SECONDS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def scan_nifti(path: Path) -> Entry:
    """What ``read_nifti`` would give."""
    return entry_of(read_nifti(path))


def read_nifti(path: Path) -> Volume:
    """Read a NIfTI image.

    Array axes are turned round, from NIfTI's (i, j, k[, t]) to ([t,] k, j, i), and the affine
    with them. Scaling (scl_slope, scl_inter) is applied.

    Raises
    ------
    ImagingError
        If the file is damaged, or holds something other than a 2-D to 4-D image.
    """
    nib: Any = require("nibabel", "to read NIfTI files")
    damage = (
        OSError, EOFError, ValueError, zlib.error, OverflowError, MemoryError,
        nib.filebasedimages.ImageFileError, nib.spatialimages.HeaderDataError,
    )  # fmt: skip
    try:
        with _quiet(nib.imageglobals.logger):
            image = _load(path, nib)
            array = _array(image, path)
    except damage as error:
        raise ImagingError(
            f"{path.name}: expected a NIfTI image; it could not be read ({error}).", _ADVICE
        ) from error
    return _volume(image, array)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    # nibabel prints about every bent header; what matters of it is said in remarks.
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _load(path: Path, nib: Any) -> Any:
    if path.name.lower().endswith((".nii", ".nii.gz", ".hdr", ".img")):
        return nib.load(path, mmap=False)
    # nibabel goes by names; a file found by its content may have any.
    data = path.read_bytes()
    data = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    version = nib.Nifti2Image if data[4:8] == b"n+2\0" else nib.Nifti1Image
    return version.from_bytes(data)


def _array(image: Any, path: Path) -> npt.NDArray[Any]:
    # In NIfTI's own order (i, j, k[, t][, rgb]).
    array: npt.NDArray[Any] = np.asanyarray(image.dataobj)
    if array.size == 0:
        raise ImagingError(f"{path.name}: the image has no voxels (shape {array.shape}).", _ADVICE)
    if array.dtype.names is not None:
        if len(image.shape) != 3 or not {"R", "G", "B"} <= set(array.dtype.names):
            raise ImagingError(
                f"{path.name}: expected colour as one RGB volume; found shape {image.shape} "
                f"of {array.dtype}."
            )
        return np.stack([array[c] for c in "RGB"], axis=-1)
    if array.dtype.kind not in "iuf":
        raise ImagingError(f"{path.name}: expected real numbers; found {array.dtype}.")
    # A vector or a further axis of one entry is no axis.
    while array.ndim > 3 and array.shape[-1] == 1:
        array = array[..., 0]
    while array.ndim < 3:
        array = array[..., None]
    if array.ndim > 4:
        raise ImagingError(
            f"{path.name}: expected three or four axes; found shape {image.shape}.",
            "Save one component as a volume of its own.",
        )
    return array


def _volume(image: Any, array: npt.NDArray[Any]) -> Volume:
    header = image.header
    coloured = array.dtype == np.uint8 and header.get_data_dtype().names is not None
    temporal = array.ndim == 4 and not coloured
    axes = (2, 1, 0, 3) if coloured else tuple(reversed(range(array.ndim)))
    voxels, changes = plain_voxels(np.ascontiguousarray(array.transpose(axes)))
    affine, oriented, remarks = _geometry(image)
    times, timing = _times(header, len(voxels)) if temporal else ((), ())
    low, high = float(header["cal_min"]), float(header["cal_max"])
    windows: tuple[Window, ...] = ()
    if np.isfinite([low, high]).all() and high > low:
        windows = (Window((low + high) / 2, high - low, "header", "linear_exact"),)
    return Volume(
        voxels=voxels,
        affine=affine,
        windows=windows,
        remarks=(*remarks, *timing, *changes),
        oriented=oriented,
        coloured=coloured,
        temporal=temporal,
        times=times,
        facts={"format": "NIfTI"},
        name="NIfTI volume",
    ).named()


def _geometry(image: Any) -> tuple[npt.NDArray[np.float64], bool, tuple[str, ...]]:
    header = image.header
    remarks = []
    affine = np.asarray(image.affine, dtype=np.float64).copy()
    # Columns from (i, j, k) to (k, j, i).
    affine[:, :3] = affine[:, 2::-1]
    sform, qform = int(header["sform_code"]), int(header["qform_code"])
    if sform > 0:
        remarks.append(f"Orientation and spacing from the sform (code {sform}{_space(sform)}).")
    elif qform > 0:
        remarks.append(f"Orientation and spacing from the qform (code {qform}{_space(qform)}).")
    else:
        remarks.append(
            "Neither sform nor qform is set: spacing from pixdim, the orientation is unknown."
        )
    unit = _unit(header, 0)
    factor = _MILLIMETRES.get(unit, 1.0)
    if unit not in ("mm", "unknown"):
        remarks.append(f"The header's unit of length is {unit}; converted to mm.")
    elif unit == "unknown":
        remarks.append("The header names no unit of length; mm is assumed.")
    affine[:3] *= factor
    oriented = sform > 0 or qform > 0
    if abs(np.linalg.det(affine[:3, :3])) < 1e-12 or not np.isfinite(affine).all():
        remarks.append("The header's affine is degenerate: spacing is taken as 1 mm.")
        return np.eye(4), False, tuple(remarks)
    return affine, oriented, tuple(remarks)


def _unit(header: Any, which: int) -> str:
    # "mm", "sec" and so on; codes that the standard does not know count as unknown.
    try:
        return str(header.get_xyzt_units()[which])
    except KeyError:
        return "unknown"


def _space(code: int) -> str:
    return f", {_SPACES[code]}" if code in _SPACES else ""


def _times(header: Any, count: int) -> tuple[tuple[float, ...], tuple[str, ...]]:
    unit = _unit(header, 1)
    step = float(header.get_zooms()[3]) if len(header.get_zooms()) > 3 else 0.0
    if unit not in _SECONDS or not step > 0:
        return (), (f"The fourth axis has {count} entries of unknown time.",)
    seconds = step * _SECONDS[unit]
    return tuple(round(n * seconds, 6) for n in range(count)), (
        f"{count} time points, {seconds:g} s apart, from pixdim.",
    )

"""NIfTI-1, NIfTI-2 and Analyze 7.5: headers through nibabel, one file or a pair, gzipped or not."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import ImagingError
from ...extras import require
from ..scan import Entry
from ..volume import Window
from .damage import damaged
from .inflate import open_packed, packing_of
from .nifti_place import Affine, geometry, times
from .numbers import unpacked_at
from .stored import Stored

_EXPECTED = "a NIfTI image"
_ADVICE = "Save it as a volume of plain numbers."
#: Longest header, NIfTI-2's.
_HEADER = 540
#: Intent codes of nifti1.h: colours as vectors, and what CIFTI uses (matrices, not images).
_RGB_VECTOR, _RGBA_VECTOR, _CIFTI = 2003, 2004, range(3000, 3100)


def scan_nifti(path: Path) -> Entry:
    """List a NIfTI image by its header.

    Array axes are turned round, from NIfTI's (i, j, k[, t]) to ([t,] k, j, i), and the affine
    with them. Scaling (scl_slope, scl_inter) is applied when it is opened. A fifth axis, the
    components of a vector, takes the place of time where there is only one time; colours
    (RGB24, RGBA32 or vectors of the colour intents) become the last axis.

    Raises
    ------
    ImagingError
        If the file is damaged, or holds something other than a 2-D to 4-D image.
    """
    return stored_nifti(path).entry()


def stored_nifti(path: Path) -> Stored:
    """What the header tells; see ``scan_nifti``."""
    nib: Any = require("nibabel", "to read NIfTI files")
    head_file, data_file = pair(path)
    more = (nib.filebasedimages.ImageFileError, nib.spatialimages.HeaderDataError)
    with damaged(path, _EXPECTED, *more), _quiet(nib.imageglobals.logger):
        with open_packed(head_file, 0, packing_of(head_file)) as stream:
            head = stream.read(_HEADER)
        header, analyze, pixdim = _header(head, nib)
        offset = int(header.get_data_offset())
        remarks: tuple[str, ...] = ()
        if head[344:347] == b"n+1" or head[4:7] == b"n+2":
            data_file = head_file
            offset, remarks = _offset(offset, header.sizeof_hdr + 4)
        if data_file is None:
            raise ImagingError(
                f"{path.name}: expected the voxels of a .hdr/.img pair beside it; found none.",
                "Put the .hdr and the .img file into one folder, under one name.",
            )
        place = geometry(header, analyze, pixdim)
        return _stored(path, header, (data_file, offset), analyze, place, remarks)


def _offset(offset: int, least: int) -> tuple[int, tuple[str, ...]]:
    if offset != 0:
        return offset, ()
    return least, (f"The header does not say where its voxels begin; byte {least} is taken.",)


def pair(path: Path) -> tuple[Path, Path | None]:
    """Header and voxels of a .hdr/.img pair, whichever of them is named.

    Returns
    -------
    header
        The file itself unless it is an .img with a .hdr beside it.
    voxels
        None where there is no such file.
    """
    base, gz = (path.with_suffix(""), path.suffix) if path.suffix.lower() == ".gz" else (path, "")
    stem, ending = base.with_suffix(""), base.suffix
    if ending.lower() == ".img":
        return _beside(stem, ending, ".hdr", gz) or path, path
    if ending.lower() == ".hdr":
        return path, _beside(stem, ending, ".img", gz)
    return path, None


def _beside(stem: Path, ending: str, other: str, gz: str) -> Path | None:
    # Either may be gzipped, and names may be in capitals.
    other = other.upper() if ending.isupper() else other
    for end in (other + gz, other, other + ".gz"):
        if (found := stem.with_name(stem.name + end)).is_file():
            return found
    return None


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    # nibabel prints about every bent header; what matters of it is said in remarks.
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _header(head: bytes, nib: Any) -> tuple[Any, bool, list[float]]:
    # nibabel's header of the right kind, whether it is Analyze's, and the three spacings before
    # nibabel mends them. Spm2 is what nibabel itself takes for Analyze without a magic word.
    analyze = False
    if head[4:8] in (b"n+2\0", b"ni2\0"):
        kind, size = nib.Nifti2Header, 540
    elif head[344:348] in (b"n+1\0", b"ni1\0"):
        kind, size = nib.Nifti1Header, 348
    else:
        kind, size, analyze = nib.Spm2AnalyzeImage.header_class, 348, True
    if len(head) < size:
        raise ValueError(f"the header ends after {len(head)} of {size} bytes")
    # Four zeros in place of what follows: extensions are not read.
    stored = head[:size] + bytes(4)
    untouched = kind.from_fileobj(io.BytesIO(stored), check=False)
    pixdim = [float(step) for step in untouched["pixdim"][1:4]]
    return kind.from_fileobj(io.BytesIO(stored)), analyze, pixdim


@dataclass(frozen=True)
class _Array:
    """The array of a header: axes as in ``Stored``, slowest first."""

    shape: tuple[int, ...]
    axes: str
    dtype: np.dtype[Any]
    remarks: tuple[str, ...] = ()


def _stored(
    path: Path,
    header: Any,
    place: tuple[Path, int],
    analyze: bool,
    geometry_told: tuple[Affine, bool, tuple[str, ...]],
    remarks: tuple[str, ...],
) -> Stored:
    array = _array(path, header)
    affine, oriented, told = geometry_told
    leading = array.shape[array.axes.index("t")] if "t" in array.axes else 0
    moments, timing = times(header, leading) if leading else ((), ())
    slope, intercept = (None, None) if "c" in array.axes else header.get_slope_inter()
    return Stored(
        numbers=unpacked_at(path, _EXPECTED, place, array.dtype, array.shape),
        axes=array.axes,
        affine=affine,
        noun="NIfTI volume",
        slope=1.0 if slope is None else float(slope),
        intercept=0.0 if intercept is None else float(intercept),
        oriented=oriented,
        times=moments,
        windows=_windows(header),
        remarks=(*told, *remarks, *timing, *array.remarks),
        facts={"format": "Analyze" if analyze else "NIfTI"},
    )


def _array(path: Path, header: Any) -> _Array:
    shape = [int(n) for n in header.get_data_shape()]
    intent, remarks = _intent(header)
    dtype = header.get_data_dtype()
    if intent in _CIFTI:
        raise ImagingError(f"{path.name}: expected {_EXPECTED}; found a CIFTI matrix.", _ADVICE)
    if dtype.names is None and dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise ImagingError(
            f"{path.name}: expected numbers of up to 64 bits; found {dtype}.", _ADVICE
        )
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    shape += [1] * (3 - len(shape))
    axes = "ijkt"[: len(shape)]
    if len(shape) == 5 and shape[3] == 1:
        del shape[3]
        axes, remarks = _vector(shape, dtype, intent, remarks)
    if len(shape) > 4:
        raise ImagingError(
            f"{path.name}: expected three or four axes; found shape {tuple(shape)}.",
            "Save one component as a volume of its own.",
        )
    stored, letters = tuple(reversed(shape)), axes[::-1]
    if dtype.names is not None:
        colours = (*stored, len(dtype.names))
        return _Array(colours, letters + "c", np.dtype(np.uint8), remarks)
    return _Array(stored, letters, dtype, remarks)


def _vector(
    shape: list[int], dtype: np.dtype[Any], intent: int, remarks: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    colour = {_RGB_VECTOR: 3, _RGBA_VECTOR: 4}.get(intent)
    if colour == shape[3] and dtype == np.uint8:
        return "ijkc", remarks
    said = f"The leading axis holds the {shape[3]} components of a vector, not time."
    return "ijkv", (*remarks, said)


def _intent(header: Any) -> tuple[int, tuple[str, ...]]:
    if "intent_code" not in header:  # Analyze has none
        return 0, ()
    code = int(header["intent_code"])
    if code == 0:
        return 0, ()
    try:
        label = str(header.get_intent()[0])
    except (KeyError, ValueError):
        label = "unknown"
    # Without intent_name, which is free text.
    return code, (f"The header's intent is {label} (code {code}).",)


def _windows(header: Any) -> tuple[Window, ...]:
    low, high = float(header["cal_min"]), float(header["cal_max"])
    if np.isfinite([low, high]).all() and high > low:
        return (Window((low + high) / 2, high - low, "header", "linear_exact"),)
    return ()

"""Volumes and masks as NIfTI files, on the grid of their source."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ImagingError
from ..extras import require
from .clip import Clip
from .grid import Place, place_of, remembered
from .layers import SOURCE_KEY, layer_unit
from .progress import Progress, Step
from .volume import Volume

SUFFIXES = (".nii", ".nii.gz")

#: nifti1.h, NIFTI_XFORM_*: coordinates of the scanner, or of another file of the same patient.
_SCANNER, _ALIGNED = 1, 2
#: Millimetres at a corner by which a qform may differ from the sform; NIfTI's are float32.
_TOLERANCE = 1e-3

_MEGABYTE = 1 << 20

UNKNOWN_ORIENTATION = (
    "It is not known how the patient lies in this layer: the file says the spacing alone, and "
    "programs will guess its orientation."
)

UNEVEN = (
    "The slices are not evenly spaced, and NIfTI holds one distance for all: places between the "
    "first and the last slice are off."
)


def write_nifti(
    volume: Volume, path: str | os.PathLike[str], progress: Progress | None = None
) -> Path:
    """Write a Volume as NIfTI, whole or not at all.

    The array is turned round to NIfTI's (i, j, k[, t]), and the affine with it, so that a
    Volume read from NIfTI comes out on the very same grid. Integer types are kept. The header
    holds geometry, unit and time steps, and nothing else.

    Parameters
    ----------
    volume
        Voxels of integers, real numbers, or uint8 colour.
    path
        Ends in .nii or .nii.gz; a file that is there is replaced.
    progress
        Told how many megabytes are written; may raise ``Cancelled``, which leaves no file, or
        the one that was there.

    Returns
    -------
    path

    Raises
    ------
    ImagingError
        If it cannot be written, or the type of its voxels has no place in NIfTI.
    Cancelled
        If ``progress`` raised it.
    """
    place = Path(path).expanduser()
    if not place.name.lower().endswith(SUFFIXES):
        raise ImagingError(
            f"{place.name}: a name that ends in .nii or .nii.gz is expected.",
            "Give the file such a name.",
        )
    image = _image(volume, place)
    lower = place.name.lower()
    suffix = next(s for s in reversed(SUFFIXES) if lower.endswith(s))
    # Beside the target, so that replacing it is one step of the file system.
    draft = place.with_name(f".{uuid.uuid4().hex}{suffix}")
    try:
        _save(image, draft, progress)
        os.replace(draft, place)
    except OSError as error:
        raise ImagingError(
            f"{place.name} could not be written: {error.strerror or error}.",
            "Check that the folder is there, that you may write to it, and that the disk has room.",
        ) from error
    finally:
        draft.unlink(missing_ok=True)
    return place


def _save(image: Any, path: Path, progress: Progress | None) -> None:
    if progress is None:
        image.to_filename(path)
        return
    nib: Any = require("nibabel", "to write NIfTI files")
    from nibabel.openers import ImageOpener

    with ImageOpener(path, "wb") as file:
        told = _Told(file, image.dataobj.nbytes, progress)
        image.to_file_map({"image": nib.FileHolder(fileobj=told)})
    told.tell_all()


class _Told:
    """A file that tells how much was written to it, as far as NiBabel needs a file."""

    def __init__(self, file: Any, total: int, progress: Progress) -> None:
        self._file, self._progress = file, progress
        self._done, self._total = 0, total
        # It has to have ``read`` to be taken for a file.
        self.tell, self.seek, self.read = file.tell, file.seek, file.read

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        for start in range(0, len(view), _MEGABYTE):
            self._progress(Step(self._done >> 20, self._total >> 20, "writing megabytes"))
            self._done += self._file.write(view[start : start + _MEGABYTE])
        return len(view)

    def tell_all(self) -> None:
        """The last word, after which nothing more can stop it."""
        whole = self._total >> 20
        self._progress(Step(whole, whole, "writing megabytes"))


def caveats(volume: Volume) -> list[str]:
    """What a NIfTI file of a Volume cannot say, one sentence each."""
    told = [] if volume.oriented else [UNKNOWN_ORIENTATION]
    if len(getattr(volume, "slice_positions", ())) == volume.spatial_shape[0]:
        told.append(UNEVEN)
    return told


def layer_volume(
    data: Any, attributes: Mapping[str, Any], others: Iterable[Volume] | None = None
) -> Volume:
    """The Volume that a layer would be saved as.

    Parameters
    ----------
    data, attributes
        As a viewer gives them to a writer. Image and label layers of two to four axes.
    others
        Volumes beside the layer, for one that has none of its own; None takes those that
        were given to a viewer and are still in use.

    Raises
    ------
    ImagingError
        If the layer is a clip, has other axes, or it cannot be told where it lies.
    """
    source = attributes.get("metadata", {}).get(SOURCE_KEY)
    if isinstance(source, Clip):
        raise ImagingError(
            "A clip is no volume, and NIfTI has no place for its frames.",
            "Save the frame or the mask you need as a layer of its own.",
        )
    own = source if isinstance(source, Volume) else None
    voxels, coloured = _voxels(data, bool(attributes.get("rgb", False)))
    place = place_of(
        attributes,
        voxels.shape[: voxels.ndim - coloured],
        own,
        remembered() if others is None else others,
    )
    unit, factor = ("mm", 1.0) if place.source is not None else layer_unit(attributes)
    if place.source is not None:
        unit = place.source.unit
    return _assembled(voxels, coloured, place, unit, factor)


def _assembled(
    voxels: npt.NDArray[Any], coloured: bool, place: Place, unit: str, factor: float
) -> Volume:
    temporal = voxels.ndim - coloured == 4
    affine = place.affine.copy()
    affine[:3] *= factor
    known = place.source
    given: dict[str, Any] = {
        "voxels": voxels, "affine": affine, "unit": unit, "oriented": place.oriented,
        "coloured": coloured, "temporal": temporal,
    }  # fmt: skip
    if known is None:
        return Volume(**given)
    times = known.times if temporal and len(known.times) == len(voxels) else ()
    return replace(known, times=times, windows=(), **given)


def _voxels(data: Any, rgb: bool) -> tuple[npt.NDArray[Any], bool]:
    array: npt.NDArray[Any] = np.asarray(data[0] if isinstance(data, list | tuple) else data)
    axes = array.ndim - rgb
    if axes not in (2, 3, 4) or array.size == 0:
        raise ImagingError(
            f"A layer of two to four axes is expected (time, slices, rows, columns); this one "
            f"has {axes} (shape {array.shape}).",
            "Save a part of it as a layer of its own.",
        )
    if rgb:
        array = array[..., :3]
        if array.dtype.kind == "f":
            array = np.clip(np.nan_to_num(array), 0, 1) * 255 + 0.5
        array = np.clip(array, 0, 255).astype(np.uint8)
    return (array[None] if axes == 2 else array), rgb


def _image(volume: Volume, path: Path) -> Any:
    nib: Any = require("nibabel", "to write NIfTI files")
    voxels = _storable(np.asarray(volume.voxels), path)
    if volume.coloured:
        colour = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
        voxels = np.ascontiguousarray(voxels[..., :3]).view(colour)[..., 0]
    array = voxels.T
    large = max(array.shape) > np.iinfo(np.int16).max
    kind = nib.Nifti2Image if large else nib.Nifti1Image
    affine = volume.affine.copy()
    affine[:, :3] = affine[:, 2::-1]  # columns from (k, j, i) to (i, j, k)
    # nibabel refuses 64-bit integers unless they are asked for.
    image = kind(array, affine, dtype=array.dtype)
    header = image.header
    header.set_xyzt_units("mm" if volume.unit == "mm" else 0, "sec" if volume.times else 0)
    _set_forms(image, affine, volume)
    zooms = list(np.linalg.norm(affine[:3, :3], axis=0))
    if array.ndim == 4:
        zooms.append(_time_step(volume.times))
    header.set_zooms(zooms)
    header["descrip"] = b""
    return image


def _storable(voxels: npt.NDArray[Any], path: Path) -> npt.NDArray[Any]:
    if voxels.dtype.kind == "b":
        return voxels.astype(np.uint8)
    if voxels.dtype == np.float16:
        return voxels.astype(np.float32)
    if voxels.dtype.kind not in "iuf" or voxels.dtype.itemsize > 8:
        raise ImagingError(
            f"{path.name}: whole or real numbers of up to 64 bits are expected; the layer holds "
            f"{voxels.dtype}.",
            "Convert the layer's type first.",
        )
    return voxels


def _set_forms(image: Any, affine: npt.NDArray[np.float64], volume: Volume) -> None:
    if not volume.oriented:
        image.set_sform(None, 0)
        image.set_qform(np.diag([*np.linalg.norm(affine[:3, :3], axis=0), 1.0]), 0)
        return
    code = _SCANNER if volume.facts.get("format") == "DICOM" else _ALIGNED
    image.set_sform(affine, code)
    image.set_qform(affine, code, strip_shears=True)
    ends = np.array(image.shape[:3]) - 1
    corners = np.array([(*(ends * bits), 1) for bits in np.ndindex(2, 2, 2)]).T
    apart = np.abs((image.get_qform() - affine) @ corners).max()
    if apart > _TOLERANCE:
        # A qform cannot shear (gantry tilt): none at all misleads nobody.
        image.set_qform(None, 0)


def _time_step(times: tuple[float, ...]) -> float:
    if len(times) < 2:
        return 1.0
    return float((times[-1] - times[0]) / (len(times) - 1))

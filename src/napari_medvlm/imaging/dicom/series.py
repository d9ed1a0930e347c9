"""DICOM files as Volumes: one for each series (and for each geometry inside a series)."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import ImagingError
from ..progress import Progress, Step
from ..scan import Entry, Found, LeftOut, middle_image
from ..volume import Volume, Window
from .geometry import Placement, place
from .header import DAMAGE, ImageHeader, NotAnImage, read_headers
from .pixels import decode, display_windows, inverted_sum, stack
from .split import split

_ADVICE = "Check that the files are complete DICOM images and were copied without change."

_DECODERS = (
    "Install decoders for compressed images with: "
    "pip install pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg"
)


def scan_dicom(paths: Iterable[Path], progress: Progress | None = None) -> Found:
    """Sort files into volumes by their headers, the largest first within a series.

    Parameters
    ----------
    paths
        DICOM files in any order, of any number of series.
    progress
        Told how many headers were read; may raise ``Cancelled``.

    Returns
    -------
    found
        Entries in the order in which their series are met.
    """
    with _quietly():
        series, left_out = _headers(list(paths), progress)
        entries = [entry for headers in series.values() for entry in _entries(headers, left_out)]
        return Found(tuple(entries), tuple(left_out))


@contextmanager
def _quietly() -> Iterator[None]:
    with warnings.catch_warnings():
        # pydicom warns of every value that bends the standard; clinical files are full of them.
        warnings.simplefilter("ignore")
        yield


def _headers(
    paths: list[Path], progress: Progress | None
) -> tuple[dict[str, list[ImageHeader]], list[LeftOut]]:
    series: dict[str, list[ImageHeader]] = {}
    left_out: list[LeftOut] = []
    for n, path in enumerate(paths):
        if progress is not None and n % 32 == 0:
            progress(Step(n, len(paths), "reading headers"))
        try:
            headers = read_headers(path)
        except NotAnImage as found:
            left_out.append(LeftOut(path, str(found)))
        except DAMAGE as error:
            reason = f"{_reason('A damaged header', error)}."
            left_out.append(LeftOut(path, reason, broken=True))
        else:
            series.setdefault(_series_of(headers[0]), []).extend(headers)
    return series, left_out


def _series_of(head: ImageHeader) -> str:
    # Without a series' id, files of one folder are taken together.
    return f"{head.study} {head.series or head.path.parent}"


def _reason(what: str, error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{what} ({lines[0][:200].rstrip('.:')})" if lines else what


def _files(headers: Sequence[ImageHeader]) -> str:
    names = list(dict.fromkeys(h.path.name for h in headers))
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} other files"


def _summary(problems: Sequence[str]) -> str:
    counts = {text: problems.count(text) for text in dict.fromkeys(problems)}
    parts = [text if n == 1 else f"{n} times {text}" for text, n in counts.items()]
    more = f"; and {len(parts) - 3} other reasons" if len(parts) > 3 else ""
    return "; ".join(parts[:3]) + more if parts else "there are no files"


def _entries(headers: Sequence[ImageHeader], left_out: list[LeftOut]) -> list[Entry]:
    """One entry for each volume of a series; files that none of them uses are left out."""
    parts = split(headers)
    entries = []
    used: set[Path] = set()
    reasons: dict[Path, str] = {}
    for n, part in enumerate(parts):
        remarks: tuple[str, ...] = ()
        if len(parts) > 1:
            label = part.label or "told apart by its files alone"
            remarks = (f"The series holds {len(parts)} volumes; this one: {label}.",)
        placement = place(part.headers)
        used.update(h.path for point in placement.points for h in point)
        reasons.update((h.path, reason) for h, reason in placement.unused)
        entries.append(_entry(part.headers, placement, f" ({n + 1})" if n else "", remarks))
    left_out += [LeftOut(path, why) for path, why in reasons.items() if path not in used]
    return entries


def _entry(
    headers: Sequence[ImageHeader], placement: Placement, part: str, remarks: tuple[str, ...]
) -> Entry:
    first = placement.points[0]
    head = first[len(first) // 2]
    time = (len(placement.points),) if len(placement.points) > 1 else ()
    k, j, i = (float(step) for step in np.linalg.norm(placement.affine[:3, :3], axis=0))

    def opener(*, lazy: bool, progress: Progress | None) -> Volume:
        with _quietly():
            return _read_group(headers, part, remarks, progress)

    def preview() -> npt.NDArray[Any]:
        with _quietly():
            return middle_image(_read_group([head], part, (), None))

    return Entry(
        kind="volume",
        name=_name(head, part),
        shape=(*time, len(first), *head.shape[:2]),
        study=_pseudonym(head.study)[:12] if head.study else "",
        description=head.description,
        opener=opener,
        preview=preview,
        modality=head.modality,
        spacing=(k, j, i),
        unit=placement.unit,
        files=len({h.path for point in placement.points for h in point}),
        remarks=(*remarks, *placement.remarks),
    )


def _pseudonym(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()


def _key(head: ImageHeader) -> str:
    return _pseudonym(head.series or str(head.path))


def _name(head: ImageHeader, part: str) -> str:
    return f"{head.modality or 'DICOM'} series {_key(head)[:6]}{part}"


def _read_group(
    headers: Sequence[ImageHeader],
    part: str,
    remarks: tuple[str, ...],
    progress: Progress | None,
) -> Volume:
    pixels, failed = _decode_all(headers, progress)
    sound = [h for h in headers if h.key in pixels]
    if not sound:
        missing = any("missing dependencies" in problem for problem in failed)
        raise ImagingError(
            f"{_files(headers)}: No DICOM image could be read: {_summary(failed)}.",
            _DECODERS if missing else _ADVICE,
        )
    if failed:
        # Without the decoder's own words, which may quote the header.
        remarks = (*remarks, f"{len(failed)} files of it could not be decoded; left out.")
    placement = place(sound)
    points = [stack([(h, pixels[h.key]) for h in images]) for images in placement.points]
    temporal = len(points) > 1
    voxels = np.stack(points) if temporal else points[0]
    return _volume(voxels, placement, part, remarks)


def _decode_all(
    headers: Sequence[ImageHeader], progress: Progress | None
) -> tuple[dict[Any, npt.NDArray[Any]], list[str]]:
    wanted: dict[Path, list[ImageHeader]] = {}
    for header in headers:
        wanted.setdefault(header.path, []).append(header)
    pixels: dict[Any, npt.NDArray[Any]] = {}
    failed: list[str] = []
    for n, (path, images) in enumerate(wanted.items()):
        if progress is not None:
            progress(Step(n, len(wanted), "reading images"))
        try:
            array = decode(path)
            # A multi-frame file of one frame comes without the leading axis.
            if images[0].frame is not None and array.ndim == (3 if images[0].shape[2] > 1 else 2):
                array = array[None]
            for h in images:
                one = array if h.frame is None else array[h.frame]
                if h.tile is not None:
                    row, column, rows, columns = h.tile
                    one = one[row : row + rows, column : column + columns]
                if one.shape[:2] != h.shape[:2]:
                    raise ValueError(f"{one.shape} pixels where {h.shape[:2]} were expected")
                pixels[h.key] = one
        except DAMAGE as error:
            failed.append(_reason("its pixels could not be decoded", error))
    return pixels, failed


def _volume(
    voxels: npt.NDArray[Any],
    placement: Placement,
    part: str,
    remarks: tuple[str, ...],
) -> Volume:
    first = placement.points[0]
    head = first[len(first) // 2]
    temporal = len(placement.points) > 1
    coloured = voxels.ndim - temporal == 4
    notes = [*remarks, *placement.remarks]
    if inverted_sum(head) is not None:
        notes.append("MONOCHROME1 (0028,0004): values are inverted, so that high is bright.")
    if head.modality_lut:
        notes.append("Values went through the Modality LUT (0028,3000).")
    windows: tuple[Window, ...] = () if coloured else display_windows(head)
    if not coloured and any(h.windows != head.windows for h in first):
        notes.append("Windows differ from slice to slice; those of the middle one are used.")
    return Volume(
        voxels=voxels,
        affine=placement.affine,
        name=_name(head, part),
        modality=head.modality,
        windows=windows,
        remarks=tuple(notes),
        oriented=placement.oriented,
        coloured=coloured,
        temporal=temporal,
        unit=placement.unit,
        times=placement.times if temporal else (),
        slice_positions=placement.slice_positions,
        body_part=head.body_part,
        facts={
            "format": "DICOM",
            "images": str(sum(len(images) for images in placement.points)),
            "series": _key(head)[:12],
        },
    )

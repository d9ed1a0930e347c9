"""DICOM files as Volumes: one for each series (and for each geometry inside a series)."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ReadError
from .dicom_geometry import Placement, place, same_geometry
from .dicom_header import DAMAGE, ImageHeader, NotAnImage, read_headers
from .dicom_pixels import decode, display_windows, inverted_sum, stack
from .volume import Volume, Window

_ADVICE = "Check that the files are complete DICOM images and were copied without change."

_DECODERS = (
    "Install decoders for compressed images with: "
    "pip install pylibjpeg pylibjpeg-openjpeg pylibjpeg-libjpeg"
)


def read_dicom(paths: Iterable[Path]) -> list[Volume]:
    """Read files and sort them into Volumes, the largest first within a series.

    Parameters
    ----------
    paths
        DICOM files in any order, of any number of series.

    Returns
    -------
    volumes
        In the order in which their series are met.

    Raises
    ------
    ReadError
        If no image is among them; says what the files were instead.
    """
    with warnings.catch_warnings():
        # pydicom warns of every value that bends the standard; clinical files are full of them.
        warnings.simplefilter("ignore")
        series, problems = _headers(paths)
        volumes: list[Volume] = []
        for headers in series.values():
            volumes += _read_series(headers, problems)
    if not volumes:
        missing = any("missing dependencies" in problem for problem in problems)
        raise ReadError(
            f"No DICOM image could be read: {_summary(problems)}.",
            _DECODERS if missing else _ADVICE,
        )
    return volumes


def _headers(paths: Iterable[Path]) -> tuple[dict[str, list[ImageHeader]], list[str]]:
    series: dict[str, list[ImageHeader]] = {}
    problems: list[str] = []
    for path in paths:
        try:
            headers = read_headers(path)
        except NotAnImage as found:
            problems.append(f"{found} is not an image")
        except DAMAGE as error:
            problems.append(_reason("a damaged header", error))
        else:
            series.setdefault(headers[0].series, []).extend(headers)
    return series, problems


def _reason(what: str, error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{what} ({lines[0][:200].rstrip('.:')})" if lines else what


def _summary(problems: Sequence[str]) -> str:
    counts = {text: problems.count(text) for text in dict.fromkeys(problems)}
    parts = [text if n == 1 else f"{n} times {text}" for text, n in counts.items()]
    more = f"; and {len(parts) - 3} other reasons" if len(parts) > 3 else ""
    return "; ".join(parts[:3]) + more if parts else "there are no files"


def _read_series(headers: Sequence[ImageHeader], problems: list[str]) -> list[Volume]:
    groups: list[list[ImageHeader]] = []
    for header in headers:
        for group in groups:
            if same_geometry(group[0], header):
                group.append(header)
                break
        else:
            groups.append([header])
    groups.sort(key=len, reverse=True)
    volumes = []
    for n, group in enumerate(groups):
        part = f" ({n + 1})" if n else ""
        split = (
            (f"The series holds images of {len(groups)} geometries; this is one of them.",)
            if len(groups) > 1
            else ()
        )
        volume = _read_group(group, part, split, problems)
        if volume is not None:
            volumes.append(volume)
    return volumes


def _read_group(
    headers: Sequence[ImageHeader], part: str, remarks: tuple[str, ...], problems: list[str]
) -> Volume | None:
    pixels, failed = _decode_all(headers)
    problems += failed
    sound = [h for h in headers if (h.path, h.frame) in pixels]
    if not sound:
        return None
    if failed:
        # Without the decoder's own words, which may quote the header.
        remarks = (*remarks, f"{len(failed)} files of it could not be decoded; left out.")
    placement = place(sound)
    points = [stack([(h, pixels[h.path, h.frame]) for h in images]) for images in placement.points]
    temporal = len(points) > 1
    voxels = np.stack(points) if temporal else points[0]
    return _volume(voxels, placement, part, remarks)


def _decode_all(
    headers: Sequence[ImageHeader],
) -> tuple[dict[tuple[Path, int | None], npt.NDArray[Any]], list[str]]:
    wanted: dict[Path, list[ImageHeader]] = {}
    for header in headers:
        wanted.setdefault(header.path, []).append(header)
    pixels: dict[tuple[Path, int | None], npt.NDArray[Any]] = {}
    failed: list[str] = []
    for path, images in wanted.items():
        try:
            array = decode(path)
            # A multi-frame file of one frame comes without the leading axis.
            if images[0].frame is not None and array.ndim == (3 if images[0].shape[2] > 1 else 2):
                array = array[None]
            for h in images:
                one = array if h.frame is None else array[h.frame]
                if one.shape[:2] != h.shape[:2]:
                    raise ValueError(f"{one.shape} pixels where {h.shape[:2]} were expected")
                pixels[path, h.frame] = one
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
    seconds = [images[0].seconds for images in placement.points]
    times = tuple(s for s in seconds if s is not None)
    key = hashlib.sha256(head.series.encode() or voxels.tobytes()).hexdigest()
    return Volume(
        voxels=voxels,
        affine=placement.affine,
        name=f"{head.modality or 'DICOM'} series {key[:6]}{part}",
        modality=head.modality,
        windows=windows,
        remarks=tuple(notes),
        oriented=placement.oriented,
        coloured=coloured,
        temporal=temporal,
        unit=placement.unit,
        times=times if temporal and len(times) == len(seconds) else (),
        body_part=head.body_part,
        facts={
            "format": "DICOM",
            "images": str(sum(len(images) for images in placement.points)),
            "series": key[:12],
        },
    )

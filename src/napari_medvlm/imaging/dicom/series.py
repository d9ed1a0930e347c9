"""DICOM files as Volumes: one for each series (and for each geometry inside a series)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..clip import Clip
from ..progress import Progress
from ..quiet import quietly
from ..scan import Entry, Found, LeftOut, middle_image
from ..volume import Volume, Window
from .acquisition_facts import acquisition_facts
from .cine import is_clip, open_clip
from .geometry import Placement, place
from .header import ImageHeader, NotAnImage
from .loading import lazy_voxels, load
from .many_headers import Outcome, read_one
from .pixels import display_windows, is_inverted, padding_of
from .split import split
from .subtraction import without_subtraction
from .whole_series import Series, gather


def scan_dicom(path: Path) -> Found:
    """List the volumes of a DICOM file by its header."""
    with quietly():
        return found_in([(path, read_one(path))])


def found_in(outcomes: Iterable[tuple[Path, Outcome]]) -> Found:
    """Sort files into volumes by their headers, the largest first within a series.

    Parameters
    ----------
    outcomes
        DICOM files in any order, of any number of series, and their headers.

    Returns
    -------
    found
        Entries in the order in which their series are met.
    """
    images: list[ImageHeader] = []
    left_out: list[LeftOut] = []
    for path, outcome in outcomes:
        if isinstance(outcome, NotAnImage):
            left_out.append(LeftOut(path, str(outcome)))
        elif isinstance(outcome, BaseException):
            reason = f"{_reason('A damaged header', outcome)}."
            left_out.append(LeftOut(path, reason, broken=True))
        else:
            images.extend(outcome)
    with quietly():
        entries = [entry for series in gather(images) for entry in _entries(series, left_out)]
    return Found(tuple(entries), tuple(left_out))


def _reason(what: str, error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    # What an error quotes is a value of the header, and may be a name.
    line = re.sub(r"""'[^']*'|"[^"]*"|'.*|".*""", "…", lines[0]) if lines else ""
    return f"{what} ({line[:200].rstrip('.:')})" if line else what


def _entries(series: Series, left_out: list[LeftOut]) -> list[Entry]:
    """One entry for each volume of a series; files that none of them uses are left out."""
    parts = split(series.headers)
    entries = []
    placements = []
    reasons: dict[Path, str] = {}
    for n, part in enumerate(parts):
        remarks, variant = (*series.remarks, *part.remarks), ""
        if len(parts) > 1:
            placed = part.headers[0].position is not None
            label = part.label or ("apart in place" if placed else "an image of its own")
            remarks = (f"The series holds {len(parts)} volumes; this one: {label}.", *remarks)
            variant = part.label or f"{n + 1} of {len(parts)}"
        placement = place(part.headers)
        placements.append(placement)
        reasons.update((h.path, reason) for h, reason in placement.unused)
        suffix = f" ({n + 1})" if n else ""
        entries.append(_entry(part.headers, placement, suffix, remarks, variant))
    if reasons:
        used = {h.path for one in placements for point in one.points for h in point}
        left_out += [LeftOut(path, why) for path, why in reasons.items() if path not in used]
    return entries


def _entry(
    headers: Sequence[ImageHeader],
    placement: Placement,
    part: str,
    remarks: tuple[str, ...],
    variant: str = "",
) -> Entry:
    first = placement.points[0]
    head = first[len(first) // 2]
    time = (len(placement.points),) if len(placement.points) > 1 else ()
    k, j, i = (float(step) for step in np.linalg.norm(placement.affine[:3, :3], axis=0))
    film = [h for point in placement.points for h in point]
    clip = is_clip(film)

    def opener(*, lazy: bool, progress: Progress | None) -> Volume | Clip:
        if clip:
            return open_clip(film, name=_name(head, part), remarks=(*remarks, *placement.remarks))
        with quietly():
            if lazy:
                return _volume(lazy_voxels(placement), placement, part, remarks)
            return _read(headers, placement, part, remarks, progress)

    def preview() -> npt.NDArray[Any]:
        if clip:
            with open_clip(film, name=_name(head, part), remarks=()) as opened:
                return opened.frame(len(opened) // 2)
        with quietly():
            return middle_image(_read([head], place([head]), part, (), None))

    return Entry(
        kind="clip" if clip else "volume",
        name=_name(head, part),
        shape=(len(film), *head.shape[:2]) if clip else (*time, len(first), *head.shape[:2]),
        study=_pseudonym(head.study)[:12] if head.study else "",
        description=head.description,
        opener=opener,
        preview=preview,
        modality=head.modality,
        spacing=(k, j, i),
        unit=placement.unit,
        files=len({h.path for point in placement.points for h in point}),
        remarks=(*remarks, *placement.remarks),
        number=head.series_number,
        variant=variant,
        facts=acquisition_facts(film),
    )


def _pseudonym(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()


def _key(head: ImageHeader) -> str:
    return _pseudonym(head.series or str(head.path))


def _identity(placement: Placement) -> str:
    """Hash of the images' own ids in their places; empty where one has none.

    Ids of instances are unique, and an image that was changed gets a new one (PS3.3 C.12.1.1.1):
    they stand for the pixels, before these are read.
    """
    images = [h for point in placement.points for h in point]
    if any(h.instance == str(h.path) for h in images):
        return ""
    state = hashlib.sha256(repr((len(placement.points), placement.affine.tolist())).encode())
    for h in images:
        state.update(repr((h.instance, h.frame, h.tile, h.slope, h.intercept)).encode())
    return state.hexdigest()


def _name(head: ImageHeader, part: str) -> str:
    return f"{head.modality or 'DICOM'} series {_key(head)[:6]}{part}"


def _read(
    headers: Sequence[ImageHeader],
    placement: Placement,
    part: str,
    remarks: tuple[str, ...],
    progress: Progress | None,
) -> Volume:
    loaded = load(headers, placement, progress)
    if loaded.problems:
        # Without the decoder's own words, which may quote the header.
        remarks = (*remarks, f"{len(loaded.problems)} files of it could not be decoded; left out.")
    return _volume(loaded.voxels, loaded.placement, part, remarks)


def _volume(
    voxels: Any,
    placement: Placement,
    part: str,
    remarks: tuple[str, ...],
) -> Volume:
    first = placement.points[0]
    head = first[len(first) // 2]
    temporal = len(placement.points) > 1
    coloured = voxels.ndim - temporal == 4
    images = [header for point in placement.points for header in point]
    notes = [*remarks, *placement.remarks, *without_subtraction(images)]
    if is_inverted(head):
        why = "MONOCHROME1 (0028,0004)"
        if head.photometric != "MONOCHROME1":
            why = "PresentationLUTShape (2050,0020) is INVERSE"
        notes.append(f"{why}: values are inverted, so that high is bright.")
    if head.units and not is_inverted(head):
        notes.append(f"Values are in {head.units}.")
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
        patient_orientation=_directions(placement),
        padding=padding_of(h for point in placement.points for h in point),
        facts={
            "format": "DICOM",
            "images": str(sum(len(images) for images in placement.points)),
            "series": _key(head)[:12],
            **({"view": head.view} if head.view else {}),
            **({"laterality": head.laterality} if head.laterality else {}),
        },
        identity=_identity(placement),
    )


def _directions(placement: Placement) -> tuple[str, ...]:
    """PatientOrientation (0020,0020) of a single image without a place."""
    images = [h for point in placement.points for h in point]
    alone = len(images) == 1 and not placement.oriented
    return images[0].patient_orientation if alone else ()

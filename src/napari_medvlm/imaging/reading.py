"""Reading scans and clips: files by their content, folders by what lies in them."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ImagingError
from .clip import Clip
from .first_need import load_pydicom
from .formats.pairs import companions
from .heads import NOT_REGULAR, Heads, read_heads
from .progress import Cancelled, Progress, Step
from .quiet import quietly
from .scan import Entry, Found, LeftOut
from .sniffing import HEAD, Kind, found, promised, sniff, sniff_head
from .volume import Volume
from .walking import files_in

if TYPE_CHECKING:
    from .dicom.many_headers import Outcome

Source = Volume | Clip
#: Files whose first bytes are held in memory at a time.
_BLOCK = 512


def read(path: str | os.PathLike[str], *, progress: Progress | None = None) -> list[Volume | Clip]:
    """Read a file or a folder.

    Parameters
    ----------
    path
        A DICOM file (of any name), NIfTI or Analyze (either file of a pair), MGH, NRRD,
        MetaImage, .npy, .npz, a picture (PNG, JPEG, TIFF, BMP, GIF, WebP) or a video; or a folder
        of such files, looked through with its subfolders.
    progress
        Told how far the reading is; may raise ``Cancelled``.

    Returns
    -------
    sources
        One Volume or Clip for a file (a DICOM file may hold only one slice; an .npz archive
        gives one for each image in it). For a folder one
        entry for each coherent volume of each DICOM series, then one for each other file, in
        order of name.

    Raises
    ------
    ImagingError
        If the file is missing, unreadable, damaged, or of no format that is read here; for a
        folder, if nothing in it can be read.
    """
    place = Path(path).expanduser()
    listed = find(place, progress)
    where = f"the folder {place.name}" if place.is_dir() else place.name
    return _open_all(listed, where, progress)


def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[Volume | Clip]:
    """Read several files together: DICOM images of one series become one Volume.

    Raises
    ------
    ImagingError
        If nothing among them can be read.
    """
    return _open_all(find_files([Path(path) for path in paths]), "these files", None)


def find(place: Path, progress: Progress | None = None) -> Found:
    """List what a file or folder holds; see ``scan.scan``."""
    with _opening(place):
        if not place.exists():
            raise ImagingError(
                f"There is no file or folder {place}.", "Check the path for typing mistakes."
            )
        if place.is_dir():
            os.scandir(place).close()  # files_in would pass over a folder that may not be read
            return find_files(list(files_in(place)), progress)
        return _find_one(place, progress)


@contextmanager
def _opening(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImagingError(
            f"{place.name} could not be opened: {reason}.",
            "Check that you may read it and that its disk is there.",
        ) from error


def _find_one(path: Path, progress: Progress | None) -> Found:
    if not path.is_file():
        raise ImagingError(f"{path.name} is neither a file nor a folder.", "Choose a scan or clip.")
    kind = sniff(path)
    if kind is None:
        raise ImagingError(
            f"{path.name}: expected {promised(path)}; found {found(path)}.",
            "Choose a scan or a clip, or the folder that holds one.",
        )
    if kind != "dicom":
        return Found(tuple(_entries(path, kind, progress=progress)))
    load_pydicom()
    from .dicom.series import scan_dicom

    listed = scan_dicom(path)
    if not listed.entries:
        reasons = "; ".join(one.reason.rstrip(".") for one in listed.left_out)
        raise ImagingError(
            f"{path.name}: No DICOM image could be read: {reasons}.",
            "Check that the file is a complete DICOM image and was copied without change.",
        )
    return listed


def find_files(paths: list[Path], progress: Progress | None = None) -> Found:
    """List what several files hold together."""
    kinds: dict[Path, Kind] = {}
    left_out: list[LeftOut] = []
    dicom: list[tuple[Path, Outcome]] = []
    for start in range(0, len(paths), _BLOCK):

        def tell(n: int, start: int = start) -> None:
            if progress is not None:
                progress(Step(start + n, len(paths), "looking at files"))

        heads = read_heads(paths[start : start + _BLOCK], tell=tell)
        dicom += _look_at(heads, kinds, left_out)
    parts = companions(kinds)
    kinds = {path: kind for path, kind in kinds.items() if path not in parts}
    left_out = [one for one in left_out if one.path not in parts]
    entries: list[Entry] = []
    if dicom:
        load_pydicom()
        from .dicom.series import found_in

        listed = found_in(pair for pair in dicom if not parts or pair[0] not in parts)
        entries += listed.entries
        left_out += listed.left_out
    called = distinct_names(kinds)
    for path, kind in kinds.items():
        try:
            entries += _entries(path, kind, called[path], progress)
        except ImagingError as error:
            left_out.append(LeftOut(path, error.message, broken=True))
    return Found(tuple(entries), tuple(left_out))


def _look_at(
    heads: Heads, kinds: dict[Path, Kind], left_out: list[LeftOut]
) -> list[tuple[Path, Outcome]]:
    """Tell what some files are; the headers of those that are DICOM."""
    marked = heads.begin_with(b"DICM", 128)
    dicom: list[int] = []
    for n, path in enumerate(heads.paths):
        problem = heads.problems.get(n)
        if marked[n]:
            dicom.append(n)
        elif problem == NOT_REGULAR:
            left_out.append(LeftOut(path, "It is no regular file."))
        elif problem is not None:
            left_out.append(_unopened(path, problem))
        else:
            try:
                kind = sniff_head(heads.head(n, HEAD), path)
                if kind == "dicom":
                    dicom.append(n)
                elif kind is None:
                    left_out.append(LeftOut(path, f"It is {found(path)}.", broken=_promising(path)))
                else:
                    kinds[path] = kind
            except OSError as error:
                left_out.append(_unopened(path, error.strerror or str(error)))
    if not dicom:
        return []
    load_pydicom()
    from .dicom.many_headers import read_many, read_one

    with quietly():
        headers = read_many(heads, [n for n in dicom if marked[n]])
        headers |= {n: read_one(heads.paths[n]) for n in dicom if not marked[n]}
    return [(heads.paths[n], headers[n]) for n in dicom]


def _unopened(path: Path, reason: str) -> LeftOut:
    return LeftOut(path, f"It could not be opened: {reason}.", broken=True)


def _promising(path: Path) -> bool:
    # A file of an image's name that holds none was one, as was one that is empty now.
    return promised(path) != promised(Path()) or not path.stat().st_size


def distinct_names(paths: Iterable[Path]) -> dict[Path, str]:
    """What to call each file: its name, with as many folders before it as tell it apart."""
    parts = {path: path.parts for path in paths}
    called: dict[Path, str] = {}
    depth = 1
    while len(called) < len(parts):
        names = {path: "/".join(parts[path][-depth:]) for path in parts if path not in called}
        counts = Counter(names.values())
        whole = {path for path in names if depth >= len(parts[path])}
        called |= {path: name for path, name in names.items() if counts[name] == 1 or path in whole}
        depth += 1
    return called


def _entries(
    path: Path, kind: Kind, called: str = "", progress: Progress | None = None
) -> Sequence[Entry]:
    with _opening(path):
        if kind == "npz":
            from .formats.npy import scan_npz

            entries: Sequence[Entry] = scan_npz(path, progress)
        else:
            entries = (_scanner(kind)(path),)
    return [replace(entry, file=called or path.name) for entry in entries]


def _scanner(kind: Kind) -> Callable[[Path], Entry]:
    # Imported here, so that a program that reads one format loads one library.
    if kind == "nifti":
        from .formats.nifti import scan_nifti as scanner
    elif kind == "mgh":
        from .formats.mgh import scan_mgh as scanner
    elif kind == "nrrd":
        from .formats.nrrd import scan_nrrd as scanner
    elif kind == "metaimage":
        from .formats.metaimage import scan_metaimage as scanner
    elif kind == "npy":
        from .formats.npy import scan_npy as scanner
    elif kind == "tiff":
        from .formats.tiff import scan_tiff as scanner
    elif kind == "picture":
        from .formats.picture import scan_picture as scanner
    else:
        from .video.files import scan_video as scanner
    return scanner


def _open_all(listed: Found, where: str, progress: Progress | None) -> list[Source]:
    sources: list[Source] = []
    problems = [one.reason.rstrip(".") for one in listed.left_out]
    failed: list[ImagingError] = []
    for entry in listed.entries:
        try:
            sources.append(entry.open(progress=progress))
        except Cancelled:
            raise
        except ImagingError as error:
            failed.append(error)
    if not sources:
        if len(failed) == 1 and not problems:
            raise failed[0]
        problems += [error.message.rstrip(".") for error in failed]
        raise ImagingError(_nothing(where, problems), "Choose a folder that holds a scan.")
    broken = len(failed) + sum(one.broken for one in listed.left_out)
    return [_with_problems(source, broken) for source in sources]


def _nothing(where: str, problems: list[str]) -> str:
    found_what = f"{len(problems)} files" if problems else "no files"
    detail = f" ({'; '.join(problems[:3])})" if problems else ""
    return (
        f"No scan or clip could be read from {where}: expected DICOM, NIfTI, MGH, NRRD, "
        f"MetaImage, .npy, a picture or a video, found {found_what}{detail}."
    )


def _with_problems(source: Source, count: int) -> Source:
    if not count:
        return source
    # Without names: file names can hold patients'.
    noun = "file" if count == 1 else "files"
    remark = f"{count} {noun} beside this one could not be read."
    if isinstance(source, Clip):
        source.remarks = (*source.remarks, remark)
        return source
    return replace(source, remarks=(*source.remarks, remark))

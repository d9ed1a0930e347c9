"""Reading scans and clips: files by their content, folders by what lies in them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ..errors import MedvlmError, ReadError
from .clip import Clip
from .sniffing import Kind, found, promised, sniff
from .volume import Volume

Source = Volume | Clip


def read(path: str | os.PathLike[str]) -> list[Volume | Clip]:
    """Read a file or a folder.

    Parameters
    ----------
    path
        A DICOM file (of any name), NIfTI, .npy, PNG, JPEG or video; or a folder of such
        files, looked through with its subfolders.

    Returns
    -------
    sources
        One Volume or Clip for a file (a DICOM file may hold only one slice). For a folder one
        Volume for each DICOM series, then one entry for each other file, in order of name.

    Raises
    ------
    ReadError
        If the file is missing, unreadable, damaged, or of no format that is read here; for a
        folder, if nothing in it can be read.
    """
    place = Path(path).expanduser()
    try:
        if not place.exists():
            raise ReadError(
                f"There is no file or folder {place}.", "Check the path for typing mistakes."
            )
        return _read_folder(place) if place.is_dir() else _read_file(place)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReadError(
            f"{place.name} could not be opened: {reason}.",
            "Check that you may read it and that its disk is there.",
        ) from error


def read_files(paths: Iterable[str | os.PathLike[str]]) -> list[Volume | Clip]:
    """Read several files together: DICOM images of one series become one Volume.

    Raises
    ------
    ReadError
        If nothing among them can be read.
    """
    return _read_many([Path(path) for path in paths], "these files")


def _read_file(path: Path) -> list[Source]:
    if not path.is_file():
        raise ReadError(f"{path.name} is neither a file nor a folder.", "Choose a scan or clip.")
    kind = sniff(path)
    if kind is None:
        raise ReadError(
            f"{path.name}: expected {promised(path)}; found {found(path)}.",
            "Choose a scan or a clip, or the folder that holds one.",
        )
    return _read_kind(path, kind)


def _read_kind(path: Path, kind: Kind) -> list[Source]:
    # Imported here, so that a program that reads one format loads one library.
    if kind == "dicom":
        from .dicom import read_dicom

        try:
            return list(read_dicom([path]))
        except ReadError as error:
            raise ReadError(f"{path.name}: {error.message}", error.advice) from error
    if kind == "nifti":
        from .nifti import read_nifti

        return [read_nifti(path)]
    if kind == "npy":
        from .npy import read_npy

        return [read_npy(path)]
    if kind == "picture":
        from .picture import read_picture

        return [read_picture(path)]
    from .video import read_video

    return [read_video(path)]


def files_in(folder: Path) -> Iterator[Path]:
    """Files of a folder and its subfolders, in order of name, hidden ones left out."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        # A DICOMDIR only lists the files beside it.
        visible = (n for n in files if not n.startswith(".") and n.upper() != "DICOMDIR")
        yield from (Path(place) / name for name in sorted(visible))


def _read_folder(folder: Path) -> list[Source]:
    os.listdir(folder)  # os.walk would pass over a folder that may not be read
    return _read_many(list(files_in(folder)), f"the folder {folder.name}")


def _read_many(paths: list[Path], where: str) -> list[Source]:
    kinds: dict[Path, Kind] = {}
    problems: list[str] = []
    for path in paths:
        try:
            kind = sniff(path)
        except OSError as error:
            problems.append(f"{path.name}: {error.strerror or error}")
        else:
            if kind is not None:
                kinds[path] = kind
    sources: list[Source] = []
    dicom = [path for path, kind in kinds.items() if kind == "dicom"]
    if dicom:
        from .dicom import read_dicom

        try:
            sources += read_dicom(dicom)
        except ReadError as error:
            problems.append(error.message.rstrip("."))
    for path, kind in kinds.items():
        if kind != "dicom":
            try:
                sources += _read_kind(path, kind)
            except MedvlmError as error:
                problems.append(error.message.rstrip("."))
    if not sources:
        raise ReadError(_nothing(where, len(paths), problems), "Choose a folder that holds a scan.")
    return [_with_problems(source, len(problems)) for source in sources]


def _nothing(where: str, count: int, problems: list[str]) -> str:
    found_what = f"{count} files" if count else "no files"
    detail = f" ({'; '.join(problems[:3])})" if problems else ""
    return (
        f"No scan or clip could be read from {where}: expected DICOM, NIfTI, .npy, PNG, JPEG "
        f"or a video, found {found_what}{detail}."
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

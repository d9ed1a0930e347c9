"""What lies in a file or folder, told from headers alone, before anything heavy is read."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy.typing as npt

from ..safe_text import visible
from .clip import Clip
from .progress import Progress
from .volume import Volume
from .window_check import checked_windows

#: Titles are lines in lists; longer ones are cut.
_LONGEST_TITLE = 100


class Opener(Protocol):
    """Reads what an entry describes; see ``Entry.open`` for the arguments."""

    def __call__(self, *, lazy: bool, progress: Progress | None) -> Volume | Clip: ...


@dataclass(frozen=True, eq=False)
class Entry:
    """One coherent volume or clip that was found; its pixels are not read yet.

    Parameters
    ----------
    kind
        What ``open`` will give.
    name
        Pseudonymous, as that of the Volume or Clip.
    study
        Pseudonymous id of the study, the same for all series of one study; empty outside DICOM.
    description
        The file's own words (SeriesDescription). To be shown, never to be kept: people write
        names into it.
    file
        Name of its file, where it is one file with a name of its own (not of DICOM). To be shown,
        never to be kept.
    number
        SeriesNumber (0020,0011); None where there is none.
    variant
        What tells it from the other volumes of its series: "echo time 80 ms"; else empty.
    facts
        Plain facts of how it was acquired, "echo time" to "80 ms". Never identity.
    modality
        DICOM modality, empty when unknown.
    shape
        ([time,] slice, row, column), or (frame, row, column) of a clip.
    spacing
        (slice, row, column) in ``unit``.
    unit
        "mm", or "pixel" where no spacing is known.
    files
        How many files it is made of.
    remarks
        What headers alone tell about its geometry.
    opener
        Reads it.
    preview
        Decodes the middle image alone, as uint8 (row, column, 3).
    """

    kind: Literal["volume", "clip"]
    name: str
    shape: tuple[int, ...]
    opener: Opener
    preview: Callable[[], npt.NDArray[Any]]
    study: str = ""
    description: str = ""
    modality: str = ""
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    unit: str = "pixel"
    files: int = 1
    remarks: tuple[str, ...] = field(default=())
    file: str = ""
    number: int | None = None
    variant: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call it, as one line that is safe to show; never to be kept.

        The file's name (and what it is called inside, in an archive), or the series' description;
        the pseudonym where there is neither. Volumes of one series are told apart.
        """
        said = " ".join(self.description.split())
        words = [self.file, said] if self.file else [said or self.name]
        title = visible(": ".join(word for word in words if word))
        if len(title) > _LONGEST_TITLE:
            title = f"{title[: _LONGEST_TITLE - 1]}…"
        return f"{title} · {self.variant}" if self.variant else title

    @property
    def detail(self) -> str:
        """What tells apart those of one title: "series 5 · echo time 80 ms"; may be empty."""
        words = [] if self.number is None else [f"series {self.number}"]
        words += [f"{name} {value}" for name, value in self.facts.items()]
        return " · ".join(words)

    def open(self, *, lazy: bool = False, progress: Progress | None = None) -> Volume | Clip:
        """Read it.

        Parameters
        ----------
        lazy
            Give a Volume at once whose ``voxels`` decode slices when they are asked for
            (array-like: shape, dtype, indexing, ``numpy.asarray``), where the format allows
            it. Otherwise ``voxels`` is a plain array.
        progress
            Told how far the reading is; may raise ``Cancelled``.

        Raises
        ------
        ImagingError
            If it cannot be read.
        Cancelled
            If ``progress`` raised it.
        """
        source = self.opener(lazy=lazy, progress=progress)
        if isinstance(source, Clip):
            source.title = self.title
            return source
        facts = source.facts | self.facts
        if self.number is not None:
            facts["series number"] = str(self.number)
        if self.study:
            # By it, what was said about a study is found again when it is opened again.
            facts["study"] = self.study
        return checked_windows(source).described(title=self.title, facts=facts)


def entry_of(source: Volume | Clip) -> Entry:
    """An entry for what is read already: formats whose header costs as much as the whole."""

    def opener(*, lazy: bool, progress: Progress | None) -> Volume | Clip:
        return source

    if isinstance(source, Clip):
        frames = source
        return Entry(
            kind="clip",
            name=source.name,
            shape=source.shape[:3],
            opener=opener,
            preview=lambda: frames.frame(len(frames) // 2),
            modality=source.modality,
            remarks=source.remarks,
        )
    volume = source
    count = 3 + volume.temporal
    return Entry(
        kind="volume",
        name=volume.name,
        shape=volume.voxels.shape[:count],
        opener=opener,
        preview=lambda: middle_image(volume),
        modality=volume.modality,
        spacing=volume.spacing,
        unit=volume.unit,
        remarks=volume.remarks,
    )


def middle_image(volume: Volume) -> npt.NDArray[Any]:
    """Middle slice of the middle time, as it is shown by default: uint8 (row, column, 3)."""
    from .selection import Selection
    from .taking import take

    volume = checked_windows(volume)
    middle = volume.spatial_shape[0] // 2
    (frame,) = take(volume, Selection(plane="acquired", indices=(middle,)))
    return frame.pixels


@dataclass(frozen=True)
class LeftOut:
    """A file that is part of no entry, and why.

    Parameters
    ----------
    reason
        One sentence without identity.
    broken
        Whether it should have been an image, and is damaged or cannot be opened; else it is
        sound and simply no image.
    """

    path: Path
    reason: str
    broken: bool = False


@dataclass(frozen=True)
class Found:
    """All that a scan found."""

    entries: tuple[Entry, ...]
    left_out: tuple[LeftOut, ...] = ()


def scan(path: str | os.PathLike[str], progress: Progress | None = None) -> Found:
    """List the volumes and clips of a file or folder by their headers.

    Parameters
    ----------
    path
        As for ``read``.
    progress
        Told how many files were looked at; may raise ``Cancelled``.

    Raises
    ------
    ImagingError
        If the path does not exist or may not be read. A folder without any scan is no error:
        ``entries`` is empty and ``left_out`` tells why.
    Cancelled
        If ``progress`` raised it.
    """
    from .reading import find

    return find(Path(path).expanduser(), progress)

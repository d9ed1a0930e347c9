"""What a scan found, in words and rows: for the series chooser and the command line."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import prod

from ..safe_text import visible
from .scan import Entry, Found

#: Volumes above this many bytes are shown while they are still being read.
LAZY_ABOVE = 32 * 2**20

#: Remarks that nearly every volume has: its spacing from the tags and headers made for it.
_USUAL = re.compile(
    r"Pixel spacing [\d.e+-]+ x [\d.e+-]+ mm from PixelSpacing \(0028,0030\)\."
    r"|Slice spacing [\d.e+-]+ mm from ImagePositionPatient \(0020,0032\)\."
    r"|Orientation and spacing from [^;:]*\."
)


@dataclass(frozen=True)
class Row:
    """One entry as it is listed.

    Parameters
    ----------
    title
        The file's name or the series' description, or the entry's pseudonym where it has none. To
        be shown only.
    detail
        What tells apart those of one title: "series 5 · echo time 80 ms"; may be empty.
    name
        The entry's pseudonym, which is what is saved.
    modality, matrix, spacing, count
        In words; empty where unknown.
    study
        Pseudonym of the study.
    remarks
        One sentence each.
    """

    title: str
    modality: str
    matrix: str
    spacing: str
    count: str
    study: str
    remarks: tuple[str, ...]
    detail: str = ""
    name: str = ""

    def gist(self, shared: Collection[str] = ()) -> str:
        """The first remark that sets this row apart, and how many more there are.

        Where the spacing comes from is not among them where it is where it should come from.

        Parameters
        ----------
        shared
            Remarks that are told elsewhere, once for all rows.
        """
        own = [r for r in self.remarks if r not in shared and not _USUAL.fullmatch(r)]
        if not own:
            return ""
        more = len(own) - 1
        return own[0] + (f" (+{more})" if more else "")


def shared_remarks(rows: Sequence[Row]) -> tuple[str, ...]:
    """Remarks that several rows hold, all of them alike: to be told once, not in every row."""
    if len(rows) < 2:
        return ()
    first, *others = rows
    return tuple(r for r in first.remarks if all(r in other.remarks for other in others))


def row_of(entry: Entry) -> Row:
    """An entry in words."""
    return Row(
        title=entry.title,
        modality=entry.modality or ("video" if entry.kind == "clip" else ""),
        matrix=matrix_words(entry),
        spacing=spacing_words(entry),
        count=counted(entry.files, "file"),
        study=entry.study,
        remarks=entry.remarks,
        detail=entry.detail,
        name=entry.name,
    )


def matrix_words(entry: Entry) -> str:
    """Counts of images, rows and columns: "300 × 512 × 512", time in front as "20 t × …"."""
    first, *rest = entry.shape
    unit = ""
    if entry.kind == "clip":
        unit = " frames"
    elif len(entry.shape) == 4:
        unit = " t"
    return " × ".join((f"{first}{unit}", *map(str, rest)))


def spacing_words(entry: Entry) -> str:
    """Distances of voxel centres along slices, rows and columns; empty where unknown."""
    if entry.unit != "mm":
        return ""
    return " × ".join(f"{step:.3g}" for step in entry.spacing) + " mm"


def preselected(entries: Sequence[Entry]) -> int:
    """The entry to offer first: the one with the most images, the first of equals.

    Scouts, dose pages and single reconstructions have few images; what a folder was made for
    has many.
    """
    counts = [_images(entry) for entry in entries]
    return counts.index(max(counts))


def _images(entry: Entry) -> int:
    # A clip of thousands of frames beside a volume is not what matters more.
    return 1 if entry.kind == "clip" else prod(entry.shape[:-2])


def left_out_rows(found: Found) -> list[tuple[str, str]]:
    """(file name, reason) of each file that was left out, damaged ones first.

    Names are for the screen alone: they can be patients'.
    """
    ordered = sorted(found.left_out, key=lambda one: not one.broken)
    return [(visible(one.path.name), one.reason) for one in ordered]


def left_out_words(found: Found) -> str:
    """How many files were left out, and of these how many are damaged; empty for none."""
    if not found.left_out:
        return ""
    broken = sum(one.broken for one in found.left_out)
    tail = f", {broken} of them damaged or unreadable" if broken else ""
    return f"{counted(len(found.left_out), 'file')} left out{tail}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 file", "2 files"."""
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def is_large(entry: Entry) -> bool:
    """Whether reading it takes long enough to show its first slice before."""
    return entry.kind == "volume" and 2 * prod(entry.shape) > LAZY_ABOVE

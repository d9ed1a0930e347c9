"""What a scan found, in words and rows: for the series chooser and the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from .scan import Entry, Found

#: Volumes above this many bytes are shown while they are still being read.
LAZY_ABOVE = 32 * 2**20


@dataclass(frozen=True)
class Row:
    """One entry as it is listed.

    Parameters
    ----------
    title
        The file's own description, or the entry's pseudonym where it has none. To be shown only.
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

    @property
    def gist(self) -> str:
        """The first remark, and how many more there are."""
        if not self.remarks:
            return ""
        more = len(self.remarks) - 1
        return self.remarks[0] + (f" (+{more})" if more else "")


def row_of(entry: Entry) -> Row:
    """An entry in words."""
    return Row(
        title=" ".join(entry.description.split()) or entry.name,
        modality=entry.modality or ("video" if entry.kind == "clip" else ""),
        matrix=matrix_words(entry),
        spacing=spacing_words(entry),
        count=counted(entry.files, "file"),
        study=entry.study,
        remarks=entry.remarks,
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
    return [(one.path.name, one.reason) for one in ordered]


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

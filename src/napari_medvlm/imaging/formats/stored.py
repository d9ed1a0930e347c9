"""An image of a header and an array: listed by its header, read when it is opened."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import flat_colour, plain_voxels
from ..progress import Progress
from ..scan import Entry, middle_image
from ..volume import Volume, Window
from .numbers import Numbers

#: The order of a Volume's axes; components of a vector ("v") lead as time does.
_ORDER = "tvkjic"
#: Bytes at the start, middle and end of a file that its name is made of.
_SAMPLE = 1 << 16


@dataclass(frozen=True, eq=False)
class Stored:
    """What a header tells.

    Parameters
    ----------
    numbers
        Where the array is.
    axes
        One letter for each axis as stored, the slowest first: "k", "j", "i" for slice, row and
        column, "t" for time (or whatever else is counted through), "v" for the components of a
        vector, "c" for colour (3 or 4 entries, uint8).
    noun
        The Volume's name begins with it: "NIfTI volume".
    slope, intercept
        Scaling of the stored values.

    Notes
    -----
    The others are as in ``Volume``.
    """

    numbers: Numbers
    axes: str
    affine: npt.NDArray[np.float64]
    noun: str
    slope: float = 1.0
    intercept: float = 0.0
    oriented: bool = True
    unit: str = "mm"
    times: tuple[float, ...] = ()
    windows: tuple[Window, ...] = ()
    modality: str = ""
    remarks: tuple[str, ...] = ()
    description: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def coloured(self) -> bool:
        """Whether the last axis of the Volume is RGB."""
        return "c" in self.axes

    @property
    def temporal(self) -> bool:
        """Whether the Volume has a leading axis."""
        return "t" in self.axes or "v" in self.axes

    @property
    def lazy(self) -> bool:
        """Whether the file's own bytes are what reading gives, so that it can be mapped.

        Only for types that ``plain_voxels`` passes on unseen: whether other numbers are
        whole or finite is known after all were looked at.
        """
        plain = self.numbers.dtype in (np.dtype(np.uint8), np.dtype(np.int16))
        ordered = list(self.axes) == sorted(self.axes, key=_ORDER.index)
        opaque = not self.coloured or self.numbers.shape[-1] == 3
        unscaled = (self.slope, self.intercept) == (1.0, 0.0)
        return plain and ordered and opaque and unscaled and self.numbers.mappable

    def entry(self) -> Entry:
        """Check the sizes against the files and describe it.

        Raises
        ------
        ImagingError
            If the files cannot hold what the header declares.
        """
        self.numbers.check()
        name = f"{self.noun} {fingerprint(self.numbers.pieces[0][0], self.description)}"

        def opener(*, lazy: bool, progress: Progress | None) -> Volume:
            mapped = lazy and self.lazy
            array = self.numbers.mapped() if mapped else self.numbers.load(progress)
            return self.volume(array, name)

        sizes = dict(zip(self.axes, self.numbers.shape, strict=True))
        return Entry(
            kind="volume",
            name=name,
            shape=tuple(sizes[letter] for letter in _ORDER[:-1] if letter in sizes),
            opener=opener,
            preview=lambda: middle_image(self.middle()),
            description=self.description,
            modality=self.modality,
            spacing=_spacing(self.affine),
            unit=self.unit,
            files=len({self.numbers.path, *(path for path, _ in self.numbers.pieces)}),
            remarks=self.remarks,
        )

    def volume(self, array: npt.NDArray[Any], name: str) -> Volume:
        """The Volume of an array with the axes that are stored."""
        order = sorted(range(len(self.axes)), key=lambda n: _ORDER.index(self.axes[n]))
        turned = array.transpose(order)
        changes: tuple[str, ...] = ()
        if self.coloured and turned.shape[-1] == 4:
            turned, changes = flat_colour(turned)
        voxels, more = plain_voxels(turned, self.slope, self.intercept)
        return Volume(
            voxels=np.ascontiguousarray(voxels) if not isinstance(array, np.memmap) else voxels,
            affine=self.affine,
            name=name,
            modality=self.modality,
            windows=self.windows,
            remarks=(*self.remarks, *changes, *more),
            oriented=self.oriented,
            coloured=self.coloured,
            temporal=self.temporal,
            unit=self.unit,
            times=self.times,
            facts=self.facts,
        )

    def middle(self) -> Volume:
        """The middle slice at the first time, alone; only for its picture."""
        depth = self.axes.index("k") + 1
        index = tuple(
            count // 2 if letter == "k" else 0
            for letter, count in zip(self.axes[:depth], self.numbers.shape, strict=False)
        )
        block = self.numbers.block(index)
        single = block[(None,) * depth]
        return replace(self, times=()).volume(single, "preview")


def fingerprint(path: Path, salt: str = "") -> str:
    """Six hexadecimal digits that tell files apart by their content, fast.

    SHA-256 of the size and of samples at the start, in the middle and at the end: names of
    files often hold patients' names, and the whole would have to be read for a full hash.
    """
    with path.open("rb") as file:
        size = file.seek(0, 2)
        state = hashlib.sha256(f"{size} {salt}".encode())
        for at in (0, max(0, size // 2), max(0, size - _SAMPLE)):
            file.seek(at)
            state.update(file.read(_SAMPLE))
    return state.hexdigest()[:6]


def sound_affine(
    affine: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.float64], bool, tuple[str, ...]]:
    """The affine, or the identity where it is not finite or has no volume.

    Returns
    -------
    affine
    sound
        False where it had to be replaced: then the orientation is unknown.
    remarks
        Said where it was replaced.
    """
    columns = affine[:3, :3]
    lengths = np.linalg.norm(columns, axis=0)
    if np.isfinite(affine).all() and lengths.min() > 1e-9:
        volume = abs(np.linalg.det(columns / lengths))
        if volume > 1e-6 and lengths.max() < 1e9:
            return affine, True, ()
    return np.eye(4), False, ("The header's affine is degenerate: spacing is taken as 1 mm.",)


def _spacing(affine: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    k, j, i = np.linalg.norm(affine[:3, :3], axis=0)
    return float(k), float(j), float(i)

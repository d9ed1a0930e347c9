"""dcm2niix as a judge: what it makes of a folder, and how that compares with what we read."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import dcm2niix
import nibabel
import numpy as np
import numpy.typing as npt

from napari_medvlm.imaging import Volume

#: Corners must agree within this (mm).
CLOSE = 1e-3


@dataclass(frozen=True, eq=False)
class Image:
    """One 3-D image: ``values`` of any axis order, ``affine`` from its indices to RAS+ mm."""

    values: npt.NDArray[np.float64]
    affine: npt.NDArray[np.float64]
    where: str

    def corners(self) -> npt.NDArray[np.float64]:
        """(8, 3) in mm, in a fixed order of the array's axes."""
        ends = [(0, n - 1) for n in self.values.shape]
        return np.array([self.affine @ (*index, 1.0) for index in product(*ends)])[:, :3]


def converted(folder: Path, out: Path) -> list[Image]:
    """What dcm2niix writes for a folder, time points apart; display scaling, nothing merged."""
    out.mkdir()
    command = [dcm2niix.bin, "-b", "n", "-z", "n", "-p", "n", "-m", "n", "-f", "%s_%d", "-o"]
    ended = subprocess.run(
        [*command, str(out), str(folder)], capture_output=True, text=True, timeout=60
    )
    images = []
    for path in sorted(out.glob("*.nii")):
        nifti = nibabel.load(path, mmap=False)
        images += parts(np.asarray(nifti.get_fdata()), nifti.affine, path.name)
    assert images, ended.stdout + ended.stderr
    return images


def parts(
    values: npt.NDArray[np.float64], affine: npt.NDArray[np.float64], name: str
) -> list[Image]:
    """3-D images of an array whose fourth axis is time."""
    if values.ndim == 3:
        return [Image(values, affine, name)]
    return [Image(values[..., t], affine, f"{name}[{t}]") for t in range(values.shape[3])]


def ours(volume: Volume) -> list[Image]:
    """3-D images of a Volume."""
    return [
        Image(np.asarray(volume.at_time(t), np.float64), volume.affine, f"{volume.name}[{t}]")
        for t in range(volume.time_count)
    ]


def difference(a: Image, b: Image) -> str:
    """Empty where two images hold the same values at the same places; else what differs.

    Voxels are matched by their place in the patient, whatever the order and sense of the axes.
    """
    way = np.linalg.inv(b.affine) @ a.affine
    turn = np.round(way[:3, :3]).astype(int)
    if not np.array_equal(np.abs(turn).sum(0), (1, 1, 1)):
        return f"axes run in different directions: {way[:3, :3].round(3).tolist()}"
    start = np.round(way[:3, 3]).astype(int)
    axes = np.abs(turn).argmax(0)
    if tuple(np.array(b.values.shape)[axes]) != a.values.shape:
        return f"{a.values.shape} voxels and {b.values.shape}"
    senses = turn[axes, range(3)]
    if not np.array_equal(
        start, np.where(_along(senses, axes) < 0, np.array(b.values.shape) - 1, 0)
    ):
        return f"they lie elsewhere: {a.corners()[0]} and {b.corners()[0]}"
    apart = np.abs(_matched_corners(a, b, turn, start) - a.corners()).max()
    if apart > CLOSE:
        return f"corners are {apart:.4g} mm apart"
    steps = tuple(slice(None, None, int(sense)) for sense in senses)
    values = b.values.transpose(axes)[steps]
    worst = float(np.abs(values - a.values).max())
    # dcm2niix keeps the header's slope as a 32-bit number.
    return "" if worst <= 1e-6 * np.abs(values).max() else f"values differ by {worst:.4g}"


def _along(senses: npt.NDArray[np.int_], axes: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
    # From the order of one array's axes to that of the other.
    out = np.empty(3, int)
    out[axes] = senses
    return out


def _matched_corners(
    a: Image, b: Image, turn: npt.NDArray[np.int_], start: npt.NDArray[np.int_]
) -> npt.NDArray[np.float64]:
    ends = [(0, n - 1) for n in a.values.shape]
    return np.array(
        [b.affine @ (*(turn @ np.array(index) + start), 1.0) for index in product(*ends)]
    )[:, :3]


def disagreements(mine: list[Image], theirs: list[Image]) -> list[str]:
    """One line for each image of either side that the other side does not have."""
    left = list(theirs)
    problems = []
    for image in mine:
        found = {other.where: difference(image, other) for other in left}
        match = next((n for n, other in enumerate(left) if not found[other.where]), None)
        if match is None:
            problems.append(f"only ours: {image.where} {image.values.shape}: {found}")
        else:
            left.pop(match)
    return problems + [f"only theirs: {image.where} {image.values.shape}" for image in left]

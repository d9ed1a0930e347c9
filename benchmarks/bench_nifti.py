"""Reading .nii.gz: this package against nibabel with Python's gzip, turn about.

Both give the whole array of voxels; they have to be equal before anything is reported.
Ours is the complete ``read``: header, geometry, voxels in (slice, row, column), remarks.
The figures are ratios: absolute times of a shared machine say little. Both ways use one thread,
so that CPU seconds tell more than those of the clock where other programs run, and the fastest runs
more than the others; all are given.

    python benchmarks/bench_nifti.py
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel._compression import HAVE_INDEXED_GZIP

from napari_medvlm.imaging import read

ROUNDS = 9
SHAPE = (512, 512, 120)  # columns, rows, slices


def like_ct(seed: int = 0) -> np.ndarray:
    """Smooth structure with noise in HU, and air round it: it compresses as a real CT does."""
    rng = np.random.default_rng(seed)
    i, j, k = (np.linspace(-1, 1, n, dtype=np.float32) for n in SHAPE)
    radius = np.sqrt(i[:, None, None] ** 2 + (1.4 * j[None, :, None]) ** 2)
    body = radius < 0.9
    values = 40 + 300 * np.sin(9 * radius + 4 * k[None, None, :])
    values = values + rng.normal(0, 20, SHAPE).astype(np.float32)
    return np.where(body, values, -1000).astype(np.int16)


def seconds(run) -> np.ndarray:
    """CPU and clock seconds of one call, garbage of the one before not counted."""
    gc.collect()
    cpu, clock = time.process_time(), time.perf_counter()
    run()
    return np.array([time.process_time() - cpu, time.perf_counter() - clock])


def main() -> None:
    """Measure and print."""
    # Otherwise nibabel would not be what people have after installing it.
    assert not HAVE_INDEXED_GZIP, "uninstall indexed_gzip for this comparison"
    array = like_ct()
    cases = {"int16": array, "float32": array / np.float32(7)}
    with tempfile.TemporaryDirectory() as folder:
        for name, voxels in cases.items():
            path = Path(folder) / f"{name}.nii.gz"
            nib.save(nib.Nifti1Image(voxels, np.diag([0.8, 0.8, 2.5, 1])), path)
            compare(name, path)
    print("isal:", "igzip" if "isal" in sys.modules else "not installed, zlib was used")


def compare(name: str, path: Path) -> None:
    """Assert equality, then time both ways turn about."""
    (volume,) = read(path)
    stored = np.asanyarray(nib.load(path).dataobj)
    np.testing.assert_array_equal(volume.voxels, stored.transpose(2, 1, 0))
    size = f"{stored.nbytes / 1e6:.0f} MB in {path.stat().st_size / 1e6:.0f} MB"
    del volume, stored
    ours, theirs = np.empty((ROUNDS, 2)), np.empty((ROUNDS, 2))
    for n in range(ROUNDS):
        ours[n] = seconds(lambda: read(path))
        theirs[n] = seconds(lambda: np.asanyarray(nib.load(path).dataobj))
    print(f"{name} ({size}), voxels equal; nibabel's time / ours:")
    ratios, least = theirs / ours, theirs.min(axis=0) / ours.min(axis=0)
    for what, pairs, fastest in zip(("CPU", "clock"), ratios.T, least, strict=True):
        print(
            f"  {what}: {fastest:.2f} between the fastest runs; pairs of runs: median "
            f"{np.median(pairs):.2f} ({pairs.min():.2f} to {pairs.max():.2f})"
        )


if __name__ == "__main__":
    main()

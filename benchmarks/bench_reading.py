"""Reading DICOM: side by side with SimpleITK and pydicom in one run, on a made-up CT series.

All ways run in this process, turn about, and have to give equal values before anything is
reported. The figures are ratios: absolute times of a shared machine say little. Peak memory is
that of a child process. The series take some 500 MB in the folder for temporary files.

    python benchmarks/bench_reading.py
"""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dicom_series
import numpy as np
import pydicom
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless

from napari_medvlm.imaging import Selection, Volume, even, lazy, take
from napari_medvlm.imaging.dicom import loading
from napari_medvlm.imaging.glance import SIDE as GLANCE_SIDE
from napari_medvlm.imaging.glance import glance
from napari_medvlm.imaging.scan import scan
from napari_medvlm.imaging.windowing import apply_window, default_window

ROUNDS = 5
SLICES, SIDE, HEADERS = 300, 512, 2000
#: What a program needs to sort, place and show a series.
NEEDED = (
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "Modality",
    "SeriesDescription", "ImageType", "AcquisitionTime", "InstanceNumber", "Rows", "Columns",
    "BitsStored", "PixelRepresentation", "PhotometricInterpretation", "PixelSpacing",
    "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "RescaleSlope",
    "RescaleIntercept", "WindowCenter", "WindowWidth",
)  # fmt: skip


def whole(folder: Path) -> Volume:
    """Scan a folder of one series and read it."""
    (entry,) = scan(folder).entries
    volume = entry.open()
    assert isinstance(volume, Volume)
    return volume


def first_slice(folder: Path) -> np.ndarray:
    """Scan a folder of one series and decode its middle slice alone."""
    (entry,) = scan(folder).entries
    volume = entry.open(lazy=True)
    assert isinstance(volume, Volume)
    return np.asarray(volume.voxels[len(volume.voxels) // 2])


def check_glance(folder: Path, volume: Volume) -> None:
    """Hold a glance equal to its slice of the whole volume, and that slice to its file."""
    names = sorted(path.name for path in folder.iterdir())
    header = pydicom.dcmread(folder / names[len(names) // 2], stop_before_pixels=True)
    height = float(header.ImagePositionPatient[2])
    (index,) = np.flatnonzero(np.isclose(volume.affine[2, 0] * np.arange(SLICES), height + 600.5))
    window, step = default_window(volume), -(-SIDE // GLANCE_SIDE)
    assert window is not None
    grey = apply_window(volume.voxels[index], window)[::step, ::step]
    seen = glance(folder)
    assert seen is not None
    assert np.array_equal(seen.picture, np.repeat(grey[..., None], 3, axis=2))


def by_simpleitk(folder: Path) -> Any:
    """Sort and read with SimpleITK."""
    import SimpleITK as sitk

    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


def plain_headers(folder: Path) -> list[dict[str, Any]]:
    """Headers with pydicom's plain loop."""
    found = []
    for path in sorted(folder.iterdir()):
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        found.append({name: ds.get(name) for name in NEEDED})
    return found


def one_by_one(folder: Path) -> np.ndarray:
    """Decode a series with pydicom's plain loop, sorted by position."""
    sets = [pydicom.dcmread(path) for path in folder.iterdir()]
    sets.sort(key=lambda ds: float(ds.ImagePositionPatient[2]))
    return np.stack([ds.pixel_array.astype(np.int16) + int(ds.RescaleIntercept) for ds in sets])


def forget(folder: Path) -> None:
    """Drop the files from the system's cache, so that they come from the disk again."""
    for path in folder.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def seconds(
    work: Callable[[Path], Any], folder: Path, *, cold: bool = False
) -> tuple[float, float]:
    """Wall time and this process's processor time of one call."""
    if cold:
        forget(folder)
    start, used = time.perf_counter(), time.process_time()
    work(folder)
    return time.perf_counter() - start, time.process_time() - used


def compare(
    title: str,
    slow: Callable[[Path], Any],
    fast: Callable[[Path], Any],
    folder: Path,
    *,
    cold: bool = False,
    processor: bool = False,
) -> None:
    """Print how many times as long the first takes as the second, turn about."""
    slow_times, fast_times = zip(
        *(
            (seconds(slow, folder, cold=cold), seconds(fast, folder, cold=cold))
            for _ in range(ROUNDS)
        ),
        strict=True,
    )
    for kind, name in enumerate(("wall time", "processor time")[: 1 + processor]):
        before, after = [t[kind] for t in slow_times], [t[kind] for t in fast_times]
        ratios = [a / b for a, b in zip(before, after, strict=True)]
        print(
            f"{title}, {name}: {statistics.median(ratios):.1f} (median of {ROUNDS} rounds, "
            f"{min(ratios):.1f} to {max(ratios):.1f}; best against best "
            f"{min(before) / min(after):.1f})",
            flush=True,
        )


def uncompressed(folder: Path) -> None:
    """A series as most scanners send it."""
    import SimpleITK as sitk

    dicom_series.write(folder, SLICES, SIDE)
    volume = whole(folder)
    check_glance(folder, volume)
    ours = volume.voxels
    theirs = sitk.GetArrayFromImage(by_simpleitk(folder))
    assert np.array_equal(ours, theirs), "values differ from SimpleITK's"
    assert np.array_equal(first_slice(folder), ours[SLICES // 2])
    del volume, ours, theirs
    title = "SimpleITK with sorting / scan and read"
    compare(title, by_simpleitk, whole, folder, processor=True)
    compare("scan and read / scan and first slice", whole, first_slice, folder, processor=True)
    if hasattr(os, "posix_fadvise"):
        compare("  the same from the disk", whole, first_slice, folder, cold=True)
    compare("scan and read / glance", whole, glance, folder, processor=True)
    if hasattr(os, "posix_fadvise"):
        compare("  the same from the disk", whole, glance, folder, cold=True)
    (entry,) = scan(folder).entries

    def opened(_: Path) -> None:
        entry.open()

    def first(_: Path) -> None:
        volume = entry.open(lazy=True)
        assert isinstance(volume, Volume)
        np.asarray(volume.voxels[SLICES // 2])

    compare("read / first slice, chosen from a list", opened, first, folder)
    child = [sys.executable, __file__, "--memory", str(folder)]
    print(subprocess.run(child, check=True, capture_output=True, text=True).stdout.strip())


def memory(folder: Path) -> None:
    """Print the peak of memory that reading adds, as a multiple of the voxels."""
    (entry,) = scan(folder).entries
    entry.preview()  # what is imported and kept for good is not counted
    before = peak(reset=True)
    volume = entry.open()
    extra = peak() - before
    assert isinstance(volume, Volume)
    print(f"peak memory that reading adds / the voxels: {extra / volume.voxels.nbytes:.2f}")


def peak(*, reset: bool = False) -> int:
    """Peak of this process's memory in bytes, counted from now on where ``reset``."""
    status = Path("/proc/self/status")
    if not status.exists():  # not Linux: since its start, and so an upper bound
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def headers(folder: Path) -> None:
    """A folder of many files, of which only headers are looked at."""
    dicom_series.write(folder, HEADERS, 8)
    plain = plain_headers(folder)
    (entry,) = scan(folder).entries
    heights = sorted(float(one["ImagePositionPatient"][2]) for one in plain)
    assert entry.shape == (len(plain), 8, 8)
    assert np.isclose(entry.spacing[0], heights[1] - heights[0])
    title = f"pydicom's loop over {HEADERS} headers / scan"
    compare(title, plain_headers, scan, folder, processor=True)


def compressed(folder: Path, name: str, syntax: str, count: int) -> None:
    """A compressed series: all cores, and only the slices that are asked for."""
    dicom_series.write(folder, count, SIDE, syntax)
    ours = whole(folder).voxels
    assert np.array_equal(ours, one_by_one(folder)), "values differ from pydicom's"
    compare(f"{name}: pydicom one by one / scan and read", one_by_one, whole, folder)
    title = f"{name}: scan and read in one thread / on {os.cpu_count()} cores"
    compare(title, in_one_thread, whole, folder)
    compare(f"{name}: scan and read / scan and first slice", whole, first_slice, folder)


def in_one_thread(folder: Path) -> Volume:
    """``whole``, without the threads that share the work."""
    threads, lazy._WORKERS = lazy._WORKERS, 1
    try:
        return whole(folder)
    finally:
        lazy._WORKERS = threads


def eleven(folder: Path) -> None:
    """How many slices are decoded for eleven of three hundred."""
    dicom_series.write(folder, 300, 16, JPEGLSLossless)
    decoded: list[Path] = []
    plain = loading.read_slice

    def counted(header: Any, *where: Any) -> None:
        decoded.append(header.path)
        plain(header, *where)

    loading.read_slice = counted
    (entry,) = scan(folder).entries
    volume = entry.open(lazy=True)
    assert isinstance(volume, Volume)
    frames = take(volume, Selection(even(300, 11)))
    # And the middle one, on which the file's window is tried.
    assert len(frames) == 11
    assert len(set(decoded)) == len(decoded) <= 12
    print(f"slices decoded for {len(frames)} of {len(volume.voxels)}: {len(decoded)}")
    loading.read_slice = plain


def main() -> None:
    """Measure and print."""
    if len(sys.argv) == 3 and sys.argv[1] == "--memory":
        memory(Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory(prefix="medvlm-bench-") as name:
        steps: list[Callable[[Path], None]] = [
            uncompressed,
            headers,
            lambda folder: compressed(folder, "JPEG-LS", JPEGLSLossless, 150),
            lambda folder: compressed(folder, "lossless JPEG", JPEGLosslessSV1, 150),
            lambda folder: compressed(folder, "JPEG 2000", JPEG2000Lossless, 30),
            eleven,
        ]
        for step in steps:
            folder = Path(name) / "series"
            step(folder)
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

"""A glance at a folder: one slice as it will be shown, or nothing, and never an error."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import JPEG2000Lossless

from imaging.series import image, save, write_series
from napari_medvlm.demo.files import sample_path
from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging import glance as module
from napari_medvlm.imaging.glance import SIDE, glance
from napari_medvlm.imaging.windowing import apply_window, default_window

WINDOW = {"WindowCenter": [300, 40], "WindowWidth": [500, 80]}


def made_voxels(count: int = 7, rows: int = 40, columns: int = 50) -> Any:
    rng = np.random.default_rng(3)
    return rng.integers(0, 800, (count, rows, columns)).astype(np.int16)


def as_shown(folder: Path, index: int, step: int = 1) -> Any:
    """A slice of the whole volume in its default window: every n-th pixel."""
    (volume,) = read(folder)
    assert isinstance(volume, Volume)
    window = default_window(volume)
    assert window is not None
    grey = apply_window(np.asarray(volume.voxels[index]), window)[::step, ::step]
    return np.repeat(grey[..., None], 3, axis=2)


def index_of(folder: Path, name: str) -> int:
    """Where the slice of a file lies in the series of ``write_series``."""
    import pydicom

    return int(pydicom.dcmread(folder / name).InstanceNumber) - 1


def test_the_phantoms_folder_shows_a_slice_of_the_only_series_in_it():
    folder = sample_path("chest_ct")
    names = sorted(path.name for path in folder.iterdir())
    whole = glance(folder.parent)
    assert whole is not None
    (volume,) = read(folder)
    step = whole.picture.shape[0] and -(-volume.voxels.shape[1] // SIDE)
    np.testing.assert_array_equal(
        whole.picture, as_shown(folder, index_of(folder, names[len(names) // 2]), step)
    )


def square(**tags: Any) -> dict[str, Any]:
    return {"PixelSpacing": [0.7, 0.7], **tags}


@pytest.mark.parametrize("photometric", ["MONOCHROME2", "MONOCHROME1"])
def test_it_is_the_middle_file_as_the_whole_series_shows_it(tmp_path, photometric):
    tags = square(PhotometricInterpretation=photometric, **WINDOW)
    folder = write_series(tmp_path / "scan", made_voxels(), **tags)
    seen = glance(folder)
    assert seen is not None
    names = sorted(path.name for path in folder.iterdir())
    np.testing.assert_array_equal(seen.picture, as_shown(folder, index_of(folder, names[3])))


def test_a_large_slice_is_every_nth_pixel(tmp_path):
    folder = write_series(tmp_path / "scan", made_voxels(3, 300, 600), **square(**WINDOW))
    seen = glance(folder)
    assert seen is not None
    assert max(seen.picture.shape) == 200 <= SIDE
    np.testing.assert_array_equal(
        seen.picture, as_shown(folder, index_of(folder, "IM0001"), step=3)
    )


def test_without_a_window_a_single_image_is_shown_as_its_volume_is(tmp_path):
    folder = write_series(tmp_path / "scan", made_voxels(1, 400, 400), **square())
    seen = glance(folder)
    assert seen is not None
    np.testing.assert_array_equal(seen.picture, as_shown(folder, 0, step=2))


def test_pixels_become_square(tmp_path):
    folder = write_series(tmp_path / "scan", made_voxels(), PixelSpacing=[1.4, 0.7], **WINDOW)
    seen = glance(folder)
    assert seen is not None
    assert seen.picture.shape == (80, 50, 3)


@pytest.mark.parametrize("shape", [(90, 2000), (2000, 90), (256, 257), (1, 1)])
def test_no_side_is_longer_than_promised(tmp_path, shape):
    folder = write_series(tmp_path / "scan", made_voxels(1, *shape), PixelSpacing=[0.9, 0.3])
    seen = glance(folder)
    assert seen is not None
    assert max(seen.picture.shape) <= SIDE


def test_pixels_that_are_lines_are_no_picture(tmp_path):
    save(image(made_voxels(1)[0], PixelSpacing=[3000, 0.001]), tmp_path / "one")
    assert read(tmp_path)
    assert glance(tmp_path) is None


def test_colour_stays_colour(tmp_path):
    pixels = np.random.default_rng(4).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    save(image(pixels, **square()), tmp_path / "photo")
    seen = glance(tmp_path)
    assert seen is not None
    np.testing.assert_array_equal(seen.picture, pixels)


def test_a_compressed_slice_is_decoded(tmp_path):
    ds = image(made_voxels(1)[0], **square(**WINDOW))
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    save(ds, tmp_path / "one")
    seen = glance(tmp_path)
    assert seen is not None
    np.testing.assert_array_equal(seen.picture, as_shown(tmp_path, 0))


def test_the_files_of_a_list_and_those_of_their_folder_give_the_same(tmp_path):
    folder = write_series(tmp_path / "scan", made_voxels(), **square(**WINDOW))
    files = list(folder.iterdir())
    by_list, by_folder = glance(*files), glance(folder)
    assert by_list is not None
    assert by_folder is not None
    np.testing.assert_array_equal(by_list.picture, by_folder.picture)


def test_the_first_folder_with_a_slice_is_taken(tmp_path):
    for name in ("a.txt", "b.txt", "c.txt", "d.txt"):
        (tmp_path / name).write_text("no scan")
    (tmp_path / "empty").mkdir()
    first = write_series(tmp_path / "one", made_voxels(3), **square(**WINDOW))
    write_series(tmp_path / "two", made_voxels(3) + 7, series="1.2.9", **square(**WINDOW))
    seen, alone = glance(tmp_path), glance(first)
    assert seen is not None
    assert alone is not None
    np.testing.assert_array_equal(seen.picture, alone.picture)


@pytest.mark.parametrize("damage", ["text", "cut", "empty", "report", "no pixels"])
def test_a_middle_file_without_an_image_gives_way_to_the_next(tmp_path, damage):
    folder = write_series(tmp_path / "scan", made_voxels(), **square(**WINDOW))
    expected = as_shown(folder, index_of(folder, "IM0004"))
    spoil(folder / "IM0003", damage)
    seen = glance(folder)
    assert seen is not None
    np.testing.assert_array_equal(seen.picture, expected)


def spoil(path: Path, damage: str) -> None:
    if damage in ("report", "no pixels"):
        ds = image(made_voxels(1)[0])
        del ds.PixelData
        if damage == "report":
            ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.88.11"
        save(ds, path)
        return
    whole = path.read_bytes()
    path.write_bytes({"text": b"no scan", "cut": whole[:-2000], "empty": b""}[damage])


@pytest.mark.parametrize("damage", ["text", "cut", "empty", "report", "no pixels"])
def test_where_all_files_are_damaged_there_is_none(tmp_path, damage):
    folder = write_series(tmp_path / "scan", made_voxels())
    for path in folder.iterdir():
        spoil(path, damage)
    assert glance(folder) is None


def test_what_is_not_there_gives_none(tmp_path):
    (tmp_path / "empty").mkdir()
    assert glance(tmp_path) is None
    assert glance(tmp_path / "gone") is None
    assert glance(tmp_path / "gone", tmp_path / "too") is None
    assert glance() is None


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    found: list[Any] = ["waits"]
    thread = threading.Thread(target=lambda: found.append(glance(tmp_path)), daemon=True)
    thread.start()
    thread.join(20)
    assert found == ["waits", None]


def test_few_files_are_opened_however_many_there_are(tmp_path, monkeypatch):
    opened: list[Path] = []

    def noted(path: Path) -> None:
        opened.append(path)

    monkeypatch.setattr(module, "_of_file", noted)
    for name in range(20):
        (tmp_path / f"{name}").mkdir()
        for one in range(9):
            (tmp_path / f"{name}" / f"{one}.txt").write_text("no scan")
    assert glance(tmp_path) is None
    assert [path.relative_to(tmp_path).as_posix() for path in opened] == [
        *("0/4.txt", "0/5.txt", "0/6.txt", "1/4.txt", "1/5.txt", "1/6.txt", "10/4.txt", "10/5.txt")
    ]


def test_a_file_of_many_frames_is_left_to_the_scan(tmp_path, monkeypatch):
    folder = write_series(tmp_path / "scan", made_voxels(1))
    assert glance(folder) is not None
    monkeypatch.setattr(module, "_LARGEST", 1000)
    assert glance(folder) is None


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_changed_bytes_never_raise(tmp_path, data):
    ds = image(made_voxels(1, 6, 5)[0], **WINDOW)
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3"  # of one length
    path = save(ds, tmp_path / "one")
    content = bytearray(path.read_bytes())
    places = st.integers(0, len(content) - 1)
    for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=8)).items():
        content[place] = byte
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    seen = glance(tmp_path)
    assert seen is None or (seen.picture.dtype == np.uint8 and max(seen.picture.shape) <= SIDE)


def test_no_memory_is_no_error(tmp_path, monkeypatch):
    def without(*_: Any) -> Any:
        raise MemoryError

    folder = write_series(tmp_path / "scan", made_voxels(1))
    monkeypatch.setattr(module, "take", without)
    assert glance(folder) is None


def test_scan_and_glance_may_be_the_first_to_need_pydicom_at_once():
    # In a fresh interpreter: the glance comes while the scan is on its way into pydicom.
    program = """
import sys, threading
from napari_medvlm.imaging.scan import scan
from napari_medvlm.imaging.glance import glance
from napari_medvlm.demo.files import sample_path

def look():
    while "pydicom" not in sys.modules:
        pass
    seen.append(glance(folder))

folder, seen = sample_path("chest_ct"), []
beside = threading.Thread(target=look, daemon=True)
beside.start()
found = scan(folder)
beside.join()
sys.exit(0 if len(found.entries) == 1 and seen[0] is not None else f"{found} {seen}")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr

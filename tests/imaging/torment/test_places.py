"""Odd folders and files: pipes, sockets, loops, depths, names, permissions, things that vanish."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.scan import scan
from napari_medvlm.napari_hooks import get_reader

from ..dicom.odd_series import CASES
from .victim import Victim

posix = pytest.mark.skipif(os.name != "posix", reason="pipes and links of POSIX")


def one_volume(folder: Path) -> Volume:
    (volume,) = read(folder)
    assert isinstance(volume, Volume)
    return volume


@posix
def test_a_pipe_in_a_folder_is_passed_over(victim: Victim, tmp_path):
    CASES["axial"](tmp_path / "scan")
    os.mkfifo(tmp_path / "scan" / "pipe")
    os.mkfifo(tmp_path / "scan" / "IM9999.dcm")
    assert victim.read(tmp_path / "scan")["kind"] == "read"
    reasons = [one.reason for one in scan(tmp_path / "scan").left_out]
    assert len(reasons) == 2
    assert all("no regular file" in reason for reason in reasons)


@posix
def test_a_pipe_in_a_folder_does_not_stop_napari(tmp_path):
    os.mkfifo(tmp_path / "AAA")
    CASES["axial"](tmp_path / "scan")
    found: list[object] = []
    # In a thread: opening a pipe that nobody writes to never comes back.
    asking = threading.Thread(target=lambda: found.append(get_reader(str(tmp_path))), daemon=True)
    asking.start()
    asking.join(60)
    assert found
    assert found[0] is not None


@posix
def test_a_pipe_and_a_device_alone_are_refused(victim: Victim, tmp_path):
    os.mkfifo(tmp_path / "pipe.dcm")
    answer = victim.read(tmp_path / "pipe.dcm")
    assert (answer["kind"], "neither a file nor a folder" in answer["text"]) == ("refused", True)
    (tmp_path / "endless.dcm").symlink_to("/dev/zero")
    answer = victim.read(tmp_path / "endless.dcm")
    assert (answer["kind"], "neither a file nor a folder" in answer["text"]) == ("refused", True)


@posix
def test_sockets_devices_and_dead_links_are_passed_over(victim: Victim, tmp_path):
    folder = tmp_path / "scan"
    CASES["axial"](folder)
    (folder / "endless").symlink_to("/dev/zero")
    (folder / "nowhere").symlink_to(folder / "gone")
    (folder / "itself").symlink_to(folder / "itself")
    # The name of a socket may have a hundred characters, tmp_path can be longer.
    with socket.socket(socket.AF_UNIX) as listener, tempfile.TemporaryDirectory() as short:
        listener.bind(f"{short}/s")
        (folder / "socket").symlink_to(f"{short}/s")
        assert victim.read(folder)["kind"] == "read"
        assert len(scan(folder).left_out) == 4


@posix
def test_links_between_folders_do_not_go_round(victim: Victim, tmp_path):
    folder = tmp_path / "scan"
    CASES["axial"](folder)
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "up").symlink_to(tmp_path, target_is_directory=True)
    assert victim.read(folder)["kind"] == "read"
    assert len(one_volume(folder).voxels) == 6


@contextmanager
def depths(top: Path, count: int) -> Iterator[Path]:
    """Folders in folders; taken away again step by step, since rmtree calls itself."""
    back, reached = Path.cwd(), 0
    os.chdir(top)
    try:
        for _ in range(count):
            os.mkdir("d")
            os.chdir("d")
            reached += 1
        yield Path("leaf")
    finally:
        for _ in range(reached):
            os.chdir("..")
            shutil.rmtree("d")
        os.chdir(back)


@posix
def test_very_deep_folders_are_looked_through(tmp_path):
    with depths(tmp_path, 1200):
        # Deeper than Python's own recursion goes.
        np.save("leaf.npy", np.zeros((3, 4)))
        (source,) = read(tmp_path)
    assert isinstance(source, Volume)
    assert source.voxels.shape == (1, 3, 4)


@pytest.mark.parametrize(
    "name", ["with space", "größe-猫-שלום", "a'quote\"", "percent%20", "line\nbreak", "-rf"]
)
def test_any_name_will_do(name, tmp_path):
    if os.name != "posix" and any(c in name for c in '"\n'):
        name = "plain"
    CASES["axial"](tmp_path / name)
    assert len(one_volume(tmp_path / name).voxels) == 6
    (tmp_path / f"{name}.dcm").write_bytes(b"")
    with pytest.raises(ImagingError) as caught:
        read(tmp_path / f"{name}.dcm")
    assert "\n" not in str(caught.value)


@posix
def test_a_name_that_is_no_unicode_can_be_told(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.dcm"))
    path.write_bytes(b"text")
    with pytest.raises(ImagingError) as caught:
        read(path)
    str(caught.value).encode()
    CASES["axial"](tmp_path / "scan")
    path.rename(path.parent / "scan" / path.name)
    assert len(one_volume(tmp_path / "scan").voxels) == 6


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, where a test has them."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@posix
def test_what_may_not_be_read_is_told_and_the_rest_is_read(tmp_path):
    # Not below tmp_path, which is its owner's alone.
    top = Path(tempfile.mkdtemp())
    top.chmod(0o755)
    try:
        folder = top / "scan"
        CASES["axial"](folder)
        read(folder)  # imports what is needed while it may
        locked = sorted(folder.iterdir())[0]
        locked.chmod(0)
        with nobody():
            assert "could not be read" in " ".join(one_volume(folder).remarks)
            (left,) = scan(folder).left_out
            assert (left.path, left.broken) == (locked, True)
            assert "Permission denied" in left.reason
            with pytest.raises(ImagingError, match=rf"{locked.name}.*Permission denied"):
                read(locked)
        folder.chmod(0)
        with nobody(), pytest.raises(ImagingError, match=r"scan.*Permission denied"):
            read(folder)
        folder.chmod(0o755)
    finally:
        shutil.rmtree(top)


@pytest.mark.parametrize("name", ["axial", "echoes", "enhanced_mr", "mosaic"])
def test_files_that_vanish_between_scan_and_read(name, tmp_path):
    from ..dicom.odd_enhanced import CASES as MORE

    (CASES | MORE)[name](tmp_path / name)
    entries = scan(tmp_path / name).entries
    lazy = [entry.open(lazy=True) for entry in entries]
    shutil.rmtree(tmp_path / name)
    for entry in entries:
        with pytest.raises(ImagingError):
            entry.open()
        with pytest.raises(ImagingError):
            entry.preview()
    for volume in lazy:
        assert isinstance(volume, Volume)
        if not isinstance(volume.voxels, np.ndarray):
            with pytest.raises(ImagingError):
                np.asarray(volume.voxels)


def test_one_file_that_vanishes_after_the_scan_leaves_a_gap(tmp_path):
    CASES["axial"](tmp_path / "scan")
    entry = scan(tmp_path / "scan").entries[0]
    next(path for path in (tmp_path / "scan").iterdir() if _at(path) == 3).unlink()
    volume = entry.open()
    assert isinstance(volume, Volume)
    assert len(volume.voxels) == 5
    remarks = " ".join(volume.remarks)
    assert "left out" in remarks
    assert "A gap of 8 mm lies between slices 2 and 3" in remarks


@pytest.mark.parametrize(
    "damage",
    [b"", b"Dear colleague, ", b"\0" * 128 + b"DICM", None],
    ids=["empty", "text", "head alone", "cut"],
)
def test_a_series_with_one_broken_slice_loads_and_tells_of_it(damage, tmp_path):
    folder = tmp_path / "scan"
    CASES["axial"](folder)
    whole = one_volume(folder)
    middle = next(path for path in folder.iterdir() if _at(path) == 3)
    middle = middle.rename(folder / "IM.dcm")
    middle.write_bytes(middle.read_bytes()[:-40] if damage is None else damage)
    volume = one_volume(folder)
    np.testing.assert_array_equal(volume.voxels, np.delete(whole.voxels, 3, axis=0))
    remarks = " ".join(volume.remarks)
    assert "A gap of 8 mm lies between slices 2 and 3" in remarks
    assert "cannot be known" in remarks
    assert "could not be" in remarks


def _at(path: Path) -> int:
    import pydicom

    return int(pydicom.dcmread(path, stop_before_pixels=True).InstanceNumber) - 1


def test_images_of_two_sizes_become_two_volumes_with_a_remark(tmp_path):
    CASES["two_sizes"](tmp_path / "scan")
    shapes = []
    for volume in read(tmp_path / "scan"):
        assert isinstance(volume, Volume)
        shapes.append(volume.voxels.shape)
        assert any("holds 2 volumes" in remark for remark in volume.remarks)
    assert sorted(shapes) == [(4, 8, 8), (5, 12, 10)]

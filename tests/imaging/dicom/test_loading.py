from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGLSLossless,
    RLELossless,
)

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, take
from napari_medvlm.imaging.dicom import loading
from napari_medvlm.imaging.dicom.geometry import Placement, place
from napari_medvlm.imaging.dicom.header import ImageHeader, read_headers
from napari_medvlm.imaging.dicom.loading import lazy_voxels, load
from napari_medvlm.imaging.dicom.pixels import read_image, voxel_type
from napari_medvlm.imaging.lazy import LazyVoxels
from napari_medvlm.imaging.progress import Cancelled, Step
from napari_medvlm.imaging.scan import scan

from ..series import image, save, write_series

VOXELS = np.random.default_rng(5).integers(0, 4000, (6, 10, 12)).astype(np.uint16)
CT = {"BitsStored": 12, "HighBit": 11, "RescaleIntercept": -1024, "RescaleSlope": 1}


def group(folder: Path) -> tuple[list[ImageHeader], Placement]:
    headers = [h for path in sorted(folder.iterdir()) for h in read_headers(path)]
    return headers, place(headers)


def twin(placement: Placement) -> np.ndarray:
    """Image after image, by the general reader."""
    dtype = voxel_type(h for images in placement.points for h in images)
    points = [[read_image(h) for h in images] for images in placement.points]
    return np.array(points[0] if len(points) == 1 else points).astype(dtype)


def assert_both_equal_the_twin(folder: Path) -> np.ndarray:
    headers, placement = group(folder)
    expected = twin(placement)
    loaded = load(headers, placement)
    assert not loaded.problems
    assert loaded.voxels.dtype == expected.dtype
    np.testing.assert_array_equal(loaded.voxels, expected)
    lazy = lazy_voxels(placement)
    assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(lazy[len(lazy) // 2], expected[len(lazy) // 2])
    np.testing.assert_array_equal(lazy, expected)
    return expected


def transcode(folder: Path, syntax: str) -> Path:
    for path in folder.iterdir():
        ds = pydicom.dcmread(path)
        if pydicom.uid.UID(syntax).is_compressed:
            ds.compress(syntax)
            save(ds, path)
        elif syntax == ExplicitVRBigEndian:
            ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
            ds["PixelData"].VR = "OW"
            ds.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(path, ds, implicit_vr=False, little_endian=False)
        else:
            ds.file_meta.TransferSyntaxUID = syntax
            pydicom.dcmwrite(path, ds, implicit_vr=True, little_endian=True)
    return folder


@pytest.mark.parametrize(
    "tags",
    [
        CT,
        {},
        {"RescaleSlope": 2, "RescaleIntercept": 3},
        {"RescaleSlope": "0.5", "RescaleIntercept": "-7"},
        {"RescaleSlope": -1, "RescaleIntercept": 0},
        {**CT, "PhotometricInterpretation": "MONOCHROME1"},
        {"BitsStored": 10, "HighBit": 9},
        {"BitsStored": 12, "HighBit": 15},
    ],
)
def test_plain_pixels_become_what_the_general_reader_gives(tmp_path, tags):
    high = VOXELS | np.uint16(0xA000)  # and what lies in bits that are not stored
    assert_both_equal_the_twin(write_series(tmp_path / "a", high, **tags))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.uint32, np.int32])
def test_plain_pixels_of_all_types(tmp_path, dtype):
    stored = (VOXELS % 200).astype(dtype) - dtype(50 if np.dtype(dtype).kind == "i" else 0)
    expected = assert_both_equal_the_twin(write_series(tmp_path / "a", stored))
    np.testing.assert_array_equal(expected, stored)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, RLELossless, JPEGLSLossless]
)
def test_other_transfer_syntaxes(tmp_path, syntax):
    folder = transcode(write_series(tmp_path / "a", VOXELS, **CT), syntax)
    expected = assert_both_equal_the_twin(folder)
    np.testing.assert_array_equal(expected, VOXELS.astype(np.int16) - 1024)


def test_each_slice_is_rescaled_by_its_own_tags(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    for k in range(4):
        ds = image(VOXELS[k], position=(0, 0, k), RescaleSlope=k + 1, RescaleIntercept=-k)
        save(ds, folder / str(k))
    expected = assert_both_equal_the_twin(folder)
    np.testing.assert_array_equal(expected[3], VOXELS[3] * 4.0 - 3)


def test_colour_frames_and_time(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (4, 6, 5, 3), np.uint8)
    ds = image(frames, position=None, orientation=None, Modality="US", NumberOfFrames=4)
    (tmp_path / "a").mkdir()
    save(ds, tmp_path / "a" / "x")
    assert assert_both_equal_the_twin(tmp_path / "a").shape == (4, 1, 6, 5, 3)


def test_grey_frames_of_one_file(tmp_path):
    ds = image(VOXELS, position=None, orientation=None, Modality="XA", NumberOfFrames=6, **CT)
    (tmp_path / "a").mkdir()
    save(ds, tmp_path / "a" / "x")
    assert assert_both_equal_the_twin(tmp_path / "a").shape == (6, 1, 10, 12)


def test_time_points(tmp_path):
    for t in range(2):
        for k in range(3):
            ds = image(
                VOXELS[3 * t + k], position=(0, 0, k), TemporalPositionIdentifier=t + 1, **CT
            )
            save(ds, tmp_path / f"{k}_{t}")
    assert assert_both_equal_the_twin(tmp_path).shape == (2, 3, 10, 12)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def test_a_broken_slice_is_left_out_and_the_others_move_up(tmp_path):
    folder = write_series(tmp_path / "a", VOXELS, **CT)
    headers, placement = group(folder)
    cut(placement.points[0][2].path)
    loaded = load(headers, placement)
    left = np.delete(VOXELS, 2, axis=0).astype(np.int16) - 1024
    np.testing.assert_array_equal(loaded.voxels, left)
    assert len(loaded.placement.points[0]) == 5
    assert len(loaded.problems) == 1
    assert "50 bytes" in loaded.problems[0]
    lazy = lazy_voxels(placement)
    np.testing.assert_array_equal(lazy[3], VOXELS[3].astype(np.int16) - 1024)
    name = placement.points[0][2].path.name
    with pytest.raises(ImagingError, match=f"{name}: .*could not be decoded"):
        lazy[2]


def test_a_copy_takes_the_place_of_a_broken_file(tmp_path):
    folder = write_series(tmp_path / "a", VOXELS, **CT)
    headers, placement = group(folder)
    first = placement.points[0][4].path
    (folder / "copy").write_bytes(first.read_bytes())
    headers, placement = group(folder)
    used = next(h.path for h in placement.points[0] if h.path in (first, folder / "copy"))
    cut(used)
    loaded = load(headers, placement)
    np.testing.assert_array_equal(loaded.voxels, VOXELS.astype(np.int16) - 1024)
    assert len(loaded.problems) == 1


def test_a_time_point_with_a_broken_slice(tmp_path):
    for t in range(2):
        for k in range(3):
            ds = image(VOXELS[3 * t + k], position=(0, 0, k), TemporalPositionIdentifier=t + 1)
            save(ds, tmp_path / f"{k}_{t}")
    headers, placement = group(tmp_path)
    cut(tmp_path / "1_0")
    loaded = load(headers, placement)
    np.testing.assert_array_equal(loaded.voxels, twin(loaded.placement))


def test_no_sound_image_is_an_error_that_names_the_files(tmp_path):
    folder = write_series(tmp_path / "a", VOXELS)
    headers, placement = group(folder)
    for path in folder.iterdir():
        cut(path)
    with pytest.raises(ImagingError, match=r"IM.* and 5 other files: .* 6 times its pixels could"):
        load(headers, placement)


def test_files_that_vanish_or_change_between_scan_and_load(tmp_path):
    folder = write_series(tmp_path / "a", VOXELS, **CT)
    headers, placement = group(folder)
    gone, changed = placement.points[0][1].path, placement.points[0][3].path
    gone.unlink()
    ds = pydicom.dcmread(changed)
    ds.ImageComments = "longer than before, so that its pixels lie elsewhere"
    save(ds, changed)
    loaded = load(headers, placement)
    left = np.delete(VOXELS, 1, axis=0).astype(np.int16) - 1024
    np.testing.assert_array_equal(loaded.voxels, left)


def test_plain_pixels_are_not_given_to_a_decoder(tmp_path, monkeypatch):
    headers, placement = group(write_series(tmp_path / "a", VOXELS, **CT))
    monkeypatch.delattr(loading, "read_image")
    np.testing.assert_array_equal(load(headers, placement).voxels, VOXELS.astype(np.int16) - 1024)
    # Also where the header was read by somebody who did not note the place of the pixels.
    bare = [replace(h, pixels_at=None) for h in headers]
    np.testing.assert_array_equal(load(bare, place(bare)).voxels, VOXELS.astype(np.int16) - 1024)


def test_progress_and_stopping(tmp_path):
    headers, placement = group(write_series(tmp_path / "a", VOXELS))
    steps: list[Step] = []
    load(headers, placement, steps.append)
    assert [(s.done, s.total) for s in steps] == [(n, 6) for n in range(6)]

    def stop(step: Step) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        load(headers, placement, stop)


def test_lazy_entries_decode_what_is_taken(tmp_path, monkeypatch):
    voxels = np.random.default_rng(1).integers(0, 4000, (40, 10, 12)).astype(np.uint16)
    (entry,) = scan(write_series(tmp_path / "a", voxels, **CT)).entries
    read: list[str] = []
    plain = loading.read_slice
    monkeypatch.setattr(
        loading, "read_slice", lambda h, *to: (read.append(h.path.name), plain(h, *to))
    )
    volume, eager = entry.open(lazy=True), entry.open()
    read.clear()
    assert isinstance(volume, Volume)
    assert isinstance(eager, Volume)
    assert isinstance(volume.voxels, LazyVoxels)
    chosen = Selection(tuple(range(0, 40, 4)), "axial", window=None)
    one, other = take(volume, chosen), take(eager, chosen)
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a.pixels, b.pixels)
        assert a.source == b.source
    assert len(read) == len(set(read)) <= 10 + 12  # the frames, and the sample for the window
    assert volume.remarks == eager.remarks
    assert volume.digest == eager.digest
    assert len(read) == len(set(read)) == 40


def test_ids_tell_scans_apart_and_hold_no_uid(tmp_path):
    one = scan(write_series(tmp_path / "a", VOXELS)).entries[0].open(lazy=True)
    again = scan(tmp_path / "a").entries[0].open()
    other = scan(write_series(tmp_path / "b", VOXELS)).entries[0].open()
    assert one.identity == again.identity != other.identity
    assert len(one.identity) == 64


def test_without_ids_of_their_own_scans_are_told_apart_by_their_voxels(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    for k in range(2):
        ds = image(VOXELS[k], position=(0, 0, k))
        del ds.SOPInstanceUID
        pydicom.dcmwrite(folder / str(k), ds)
    volume = scan(folder).entries[0].open()
    assert isinstance(volume, Volume)
    assert volume.identity == ""
    (frame,) = take(volume, Selection((0,)))
    assert frame.source == volume.digest[:12]


def test_explicit_little_endian_is_what_the_tests_write(tmp_path):
    path = next(write_series(tmp_path / "a", VOXELS).iterdir())
    (header,) = read_headers(path)
    assert header.syntax == ExplicitVRLittleEndian
    assert header.pixels_at == (os.path.getsize(path) - 240, 240)

from __future__ import annotations

import gzip

import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read

from .judges import only
from .test_nifti import RNG, patch, write


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    "dims", [[3, 32767, 32767, 32767], [7, *[32767] * 7], [3, 4, 0, 6], [3, -4, 5, 6]]
)
def test_counts_that_the_file_cannot_hold_are_errors(tmp_path, name, dims):
    path = patch(write(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16)), dim=dims)
    if name != "a.nii":
        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    with pytest.raises(ImagingError, match=r"^a\.nii.*: expected"):
        read(tmp_path / name)


def test_more_data_than_declared_is_never_unpacked(tmp_path):
    path = write(tmp_path / "a.nii", np.ones((4, 5, 6), np.int16))
    with gzip.open(tmp_path / "b.nii.gz", "wb") as file:
        file.write(path.read_bytes())
        for _ in range(40):
            file.write(bytes(1 << 20))
    assert (only(tmp_path / "b.nii.gz").voxels == 1).all()


def test_a_bomb_is_refused_by_what_it_declares(tmp_path):
    path = patch(write(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16)), dim=[3, 2048, 2048, 512])
    with (tmp_path / "b.nii.gz").open("wb") as file:
        file.write(gzip.compress(path.read_bytes()[:352]))
        file.write(gzip.compress(bytes(1 << 22)) * 1024)
    with pytest.raises(ImagingError, match="which would fill the memory"):
        read(tmp_path / "b.nii.gz")


def test_a_changed_byte_of_a_gzipped_file_is_found(tmp_path):
    path = write(tmp_path / "a.nii.gz", RNG.integers(0, 999, (40, 50, 6)).astype(np.int16))
    data = bytearray(path.read_bytes())
    data[-8] ^= 1  # of the checksum
    path.write_bytes(data)
    with pytest.raises(ImagingError, match="could not be read"):
        read(path)


@pytest.mark.parametrize("at", range(12, 700, 60))
def test_changed_bytes_inside_gzipped_data_are_found(tmp_path, at):
    path = write(tmp_path / "a.nii.gz", RNG.integers(0, 999, (40, 50, 6)).astype(np.int16))
    data = bytearray(path.read_bytes())
    data[at : at + 40] = b"\xff" * 40
    path.write_bytes(data)
    with pytest.raises(ImagingError, match=r"a\.nii\.gz"):
        read(path)


def test_offsets_that_make_no_sense(tmp_path):
    array = RNG.integers(0, 99, (4, 5, 6)).astype(np.int16)
    volume = only(patch(write(tmp_path / "a.nii", array), offset=[0]))
    np.testing.assert_array_equal(volume.voxels, array.T)
    assert any("where its voxels begin" in r for r in volume.remarks)
    for offset in (-400, 1e9, np.nan, 100):
        with pytest.raises(ImagingError, match="expected a NIfTI image"):
            read(patch(write(tmp_path / "a.nii", array), offset=[offset]))


def test_degenerate_geometry_is_said(tmp_path):
    path = write(tmp_path / "a.nii", np.zeros((4, 5, 6), np.int16), sform=1, qform=0)
    data = bytearray(path.read_bytes())
    data[280:296] = bytes(16)
    path.write_bytes(data)
    volume = only(path)
    assert not volume.oriented
    assert volume.spacing == (4, 3, 2)  # pixdim's
    assert any("sform is set (code 1) but is no transform" in r for r in volume.remarks)
    assert not any("from the sform" in r for r in volume.remarks)

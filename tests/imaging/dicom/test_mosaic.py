from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import MRImageStorage

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.dicom.csa import csa_floats, read_csa

from ..series import image, save
from .makers import csa, item, mosaic, tiled

UP, DOWN = ["0.0", "0.0", "1.0"], ["0.0", "0.0", "-1.0"]


@pytest.fixture
def voxels() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 999, (7, 6, 5)).astype(np.int16)


def only(path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


@pytest.mark.parametrize("new", [True, False])
def test_both_forms_of_the_csa_header_are_read(new):
    raw = csa({"A": ["1", "22", "333"], "Empty": [], "B": ["x"]}, new=new)
    assert read_csa(raw) == {"A": ("1", "22", "333"), "B": ("x",)}
    assert csa_floats(read_csa(raw), "A") == (1, 22, 333)
    assert csa_floats(read_csa(raw), "B") == ()


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_damaged_csa_header_gives_what_is_sound(data):
    raw = bytearray(csa({"A": ["1"], "B": ["2", "3"]}))
    for _ in range(data.draw(st.integers(0, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    found = read_csa(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    assert all(isinstance(text, str) for texts in found.values() for text in texts)


@pytest.mark.parametrize(("normal", "sign"), [(UP, 1), (DOWN, -1)])
def test_tiles_become_slices_in_their_places(tmp_path, voxels, normal, sign):
    header = csa({"NumberOfImagesInMosaic": ["7"], "SliceNormalVector": normal})
    volume = only(save(mosaic(voxels, header), tmp_path / "a"))
    # Sorted from low to high; the first tile lies at (10, 20, 30) either way.
    np.testing.assert_array_equal(volume.voxels, voxels[::sign])
    low = 30 if sign > 0 else 30 - 4 * 6
    expected = [[0, 0, -0.7, -10], [0, -0.8, 0, -20], [4, 0, 0, low], [0, 0, 0, 1]]
    np.testing.assert_allclose(volume.affine, expected, atol=1e-9)
    assert "7 slices out of one mosaic image, 4 mm apart" in " ".join(volume.remarks)


def test_mosaics_of_one_series_are_time_points(tmp_path, voxels):
    header = csa({"NumberOfImagesInMosaic": ["7"], "SliceNormalVector": UP})
    for t in range(3):
        tags = {"AcquisitionNumber": t + 1, "AcquisitionTime": f"1200{2 * t:02d}.5"}
        save(mosaic(voxels + t, header, number=t + 1, **tags), tmp_path / str(t))
    volume = only(tmp_path)
    np.testing.assert_array_equal(volume.voxels, [voxels, voxels + 1, voxels + 2])
    assert volume.times == (0, 2, 4)


def test_mosaics_that_follow_the_head_are_time_points_all_the_same(tmp_path, voxels):
    header = csa({"NumberOfImagesInMosaic": ["7"], "SliceNormalVector": UP, "B_value": ["50"]})
    for t in range(3):
        ds = mosaic(voxels + t, header, number=t + 1, AcquisitionNumber=t + 1)
        x, y, z = ds.ImagePositionPatient
        turn = np.radians(0.4 * t)
        ds.ImagePositionPatient = [x + 0.1 * t, y, round(z + 0.3 * t, 4)]
        ds.ImageOrientationPatient = [
            1, 0, 0, 0, round(np.cos(turn), 6), round(np.sin(turn), 6),
        ]  # fmt: skip
        save(ds, tmp_path / str(t))
    volume = only(tmp_path)
    np.testing.assert_array_equal(volume.voxels, [voxels, voxels + 1, voxels + 2])
    np.testing.assert_allclose(volume.affine[:3, 3], [-10, -20, 30])
    assert "Slices move by up to" in " ".join(volume.remarks)


def test_without_a_csa_header_the_count_of_the_private_tag_serves(tmp_path, voxels):
    ds = mosaic(voxels, None, ImageType=["ORIGINAL", "PRIMARY", "FMRI", "NONE"])
    ds.private_block(0x0019, "SIEMENS MR HEADER", create=True).add_new(0x0A, "US", 7)
    volume = only(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(volume.voxels, voxels)
    assert "the image's normal is taken" in " ".join(volume.remarks)


def test_a_mosaic_of_unknown_count_stays_as_it_is_stored(tmp_path, voxels):
    volume = only(save(mosaic(voxels, None), tmp_path / "a"))
    assert volume.voxels.shape == (1, 18, 15)
    assert "how many tiles it has is not told" in " ".join(volume.remarks)


def test_united_imaging_grids_take_the_position_of_each_slice(tmp_path, voxels):
    ds = image(tiled(voxels), sop_class=MRImageStorage, Modality="MR", Manufacturer="UIH")
    block = ds.private_block(0x0065, "Image Private Header", create=True)
    block.add_new(0x50, "DS", "7")
    frames = [item(ImagePositionPatient=[1.0, 2.0, 3.0 * k]) for k in range(7)]
    block.add_new(0x51, "SQ", frames)
    volume = only(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(volume.voxels, voxels)
    np.testing.assert_allclose(volume.affine[:3, 3], [-1, -2, 0])
    assert volume.spacing[0] == 3

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import (
    BreastTomosynthesisImageStorage,
    CTImageStorage,
    MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
    UltrasoundMultiFrameImageStorage,
    XRayAngiographicImageStorage,
)

from napari_medvlm.imaging import Clip, Volume, read
from napari_medvlm.imaging.dicom.frame_roles import Axis
from napari_medvlm.imaging.dicom.header import read_headers

from ..series import AXIAL, image, save
from .makers import enhanced, one

ENHANCED_US_VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 999, shape).astype(np.int16)


def multi(count: int = 4, *, placed: bool = False, **tags: Any) -> Any:
    """A multi-frame object without functional groups; ``placed``: with one position."""
    where = {"position": [1, 2, 3], "orientation": AXIAL} if placed else {
        "position": None, "orientation": None,
    }  # fmt: skip
    tags = {"NumberOfFrames": count, "SliceThickness": None, **tags}
    ds = image(pixels(count, 4, 5), **where, **{k: v for k, v in tags.items() if v is not None})
    if tags["SliceThickness"] is None and "SliceThickness" in ds:
        del ds.SliceThickness
    return ds


def only(ds: Any, tmp_path: Any) -> Volume | Clip:
    (found,) = read(save(ds, tmp_path / "a"))
    return found


def remarks(source: Volume | Clip) -> str:
    return " ".join(source.remarks)


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM", "MG", "OT"])
def test_frames_that_nothing_explains_are_said_to_be_so(tmp_path, modality):
    volume = only(multi(Modality=modality), tmp_path)
    assert isinstance(volume, Volume)
    assert not volume.temporal
    assert volume.spatial_shape == (4, 4, 5)
    assert not volume.oriented
    assert "What the frames are is not stated" in remarks(volume)
    assert "in time" not in remarks(volume)


@pytest.mark.parametrize("modality", ["US", "XA", "ES"])
def test_a_film_that_says_nothing_of_time_is_a_clip_that_says_so(tmp_path, modality):
    clip = only(multi(Modality=modality, sop_class=UltrasoundMultiFrameImageStorage), tmp_path)
    assert isinstance(clip, Clip)
    assert "What the frames are is not stated" in remarks(clip)
    assert "in time" not in remarks(clip)


@pytest.mark.parametrize(
    "tags",
    [
        {"FrameIncrementPointer": 0x00181063, "FrameTime": 40.0},
        {"FrameIncrementPointer": 0x00181065, "FrameTimeVector": [0.0, 40.0, 40.0, 40.0]},
    ],
)
def test_time_that_the_file_names_is_time_in_any_modality(tmp_path, tags):
    volume = only(multi(Modality="CT", placed=True, SpacingBetweenSlices=2.0, **tags), tmp_path)
    assert volume.temporal
    assert "4 frames in time" in remarks(volume)
    np.testing.assert_allclose(volume.times, [0, 0.04, 0.08, 0.12])


def test_angiography_with_a_pointer_at_time_stays_a_film(tmp_path):
    ds = multi(
        Modality="XA", sop_class=XRayAngiographicImageStorage, FrameTime=66.0,
        FrameIncrementPointer=0x00181063,
    )  # fmt: skip
    clip = only(ds, tmp_path)
    assert isinstance(clip, Clip)
    assert "4 frames in time" in remarks(clip)


def test_cone_beam_ct_in_one_file_is_stacked_from_its_only_position(tmp_path):
    ds = multi(
        Modality="CT", placed=True, SpacingBetweenSlices=0.3, SliceThickness=0.5,
        sop_class=CTImageStorage,
    )  # fmt: skip
    volume = only(ds, tmp_path)
    np.testing.assert_allclose(volume.affine[:3, 3], [-1, -2, 3])
    np.testing.assert_allclose(volume.affine[:3, 0], [0, 0, 0.3], atol=1e-9)
    assert "Only the first slice has a position" in remarks(volume)
    assert "Slice spacing 0.3 mm from SpacingBetweenSlices (0018,0088)" in remarks(volume)


def test_cone_beam_ct_without_a_position_keeps_its_spacing_alone(tmp_path):
    volume = only(multi(Modality="CT", SpacingBetweenSlices=0.3), tmp_path)
    assert not volume.oriented
    assert volume.spacing[0] == pytest.approx(0.3)
    assert "in time" not in remarks(volume)


@settings(
    deadline=None, max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(order=st.permutations([1, 2, 3, 4, 5]))
def test_tomosynthesis_is_in_the_order_of_its_stack(tmp_path, order):
    voxels = pixels(5, 4, 5)
    groups = [{"FrameContentSequence": one(StackID="1", InStackPositionNumber=n)} for n in order]
    ds = enhanced(voxels, groups)
    ds.Modality = "MG"
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = BreastTomosynthesisImageStorage
    del ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    volume = only(ds, tmp_path)
    assert volume.spatial_shape == (5, 4, 5)
    assert volume.spacing[0] == pytest.approx(2)
    np.testing.assert_array_equal(volume.voxels, voxels[np.argsort(order)])


@pytest.mark.parametrize("turned", [False, True])
def test_an_ultrasound_volume_lies_in_itself_and_not_in_the_patient(tmp_path, turned):
    voxels = pixels(4, 4, 5)
    places = [0.7 * n for n in range(4)][:: -1 if turned else 1]
    groups = [
        {"PlanePositionVolumeSequence": one(ImagePositionVolume=[0.0, 0.0, z])} for z in places
    ]
    ds = enhanced(voxels, groups)
    ds.Modality, ds.SOPClassUID = "US", ENHANCED_US_VOLUME
    ds.file_meta.MediaStorageSOPClassUID = ENHANCED_US_VOLUME
    shared = ds.SharedFunctionalGroupsSequence[0]
    del shared.PlaneOrientationSequence
    shared.PlaneOrientationVolumeSequence = one(ImageOrientationVolume=[1.0, 0, 0, 0, 1.0, 0])
    volume = only(ds, tmp_path)
    assert isinstance(volume, Volume)
    assert not volume.oriented
    np.testing.assert_allclose(volume.spacing, [0.7, 0.8, 0.7])
    np.testing.assert_array_equal(volume.voxels, voxels[::-1] if turned else voxels)
    assert "ImagePositionVolume (0020,9301)" in remarks(volume)
    assert "ImagePositionPatient" not in remarks(volume)


@pytest.mark.parametrize("placed", [False, True])
def test_a_secondary_capture_of_slices_takes_their_locations(tmp_path, placed):
    ds = multi(
        Modality="OT", placed=placed, sop_class=MultiFrameGrayscaleWordSecondaryCaptureImageStorage,
        FrameIncrementPointer=0x00182005, SliceLocationVector=[9.0, 6.0, 3.0, 0.0],
    )  # fmt: skip
    voxels = ds.pixel_array
    volume = only(ds, tmp_path)
    assert not volume.temporal
    assert volume.oriented == placed
    assert volume.spacing[0] == pytest.approx(3)
    np.testing.assert_array_equal(volume.voxels, voxels[::-1])
    assert "SliceLocationVector (0018,2005)" in remarks(volume)


def test_pages_are_neither_times_nor_slices(tmp_path):
    ds = multi(Modality="OT", FrameIncrementPointer=0x00182001, PageNumberVector=[1, 2, 3, 4])
    volume = only(ds, tmp_path)
    assert not volume.temporal
    assert "PageNumberVector (0018,2001)" in remarks(volume)


def test_frames_with_clocks_of_their_own_are_in_time(tmp_path):
    groups = [
        {"FrameContentSequence": one(FrameAcquisitionDateTime=f"2020010110101{n}.5")}
        for n in range(4)
    ]
    ds = enhanced(pixels(4, 4, 5), groups)
    del ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
    volume = only(ds, tmp_path)
    assert volume.temporal
    np.testing.assert_allclose(volume.times, [0, 1, 2, 3])


def test_slices_of_a_stack_at_several_times_have_a_fourth_axis(tmp_path):
    voxels = pixels(6, 4, 5)
    groups = [
        {"FrameContentSequence": one(StackID="1", InStackPositionNumber=n % 3 + 1,
                                     TemporalPositionIndex=n // 3 + 1)}
        for n in range(6)
    ]  # fmt: skip
    volume = only(enhanced(voxels, groups), tmp_path)
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(2, 3, 4, 5))
    assert "2 time points by TemporalPositionIndex (0020,9128)" in remarks(volume)


def test_a_pointer_is_read_the_quick_way_too(tmp_path):
    ds = multi(
        Modality="NM", FrameIncrementPointer=[0x00540010, 0x00540020],
        EnergyWindowVector=[1, 1, 2, 2], DetectorVector=[1, 2, 1, 2],
    )  # fmt: skip
    found = read_headers(save(ds, tmp_path / "a"))
    assert [h.role.axis for h in found] == [Axis.ALONE] * 4

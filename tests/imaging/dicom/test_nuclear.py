from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.sequence import Sequence as Items
from pydicom.uid import NuclearMedicineImageStorage

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.scan import scan

from ..series import image, save
from .makers import item, one


def nuclear(count: int, kind: str, pointer: Any, **tags: Any) -> Any:
    voxels = np.random.default_rng(1).integers(0, 999, (count, 4, 5)).astype(np.int16)
    ds = image(
        voxels, position=None, orientation=None, Modality="NM", NumberOfFrames=count,
        sop_class=NuclearMedicineImageStorage, ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"],
        **tags,
    )  # fmt: skip
    if pointer is not None:
        ds.FrameIncrementPointer = pointer
    return ds, voxels


def remarks(volume: Any) -> str:
    return " ".join(volume.remarks)


@pytest.mark.parametrize("kind", ["STATIC", "WHOLE BODY"])
def test_views_and_energy_windows_are_images_with_their_names(tmp_path, kind):
    ds, voxels = nuclear(
        4, kind, [0x00540010, 0x00540020], EnergyWindowVector=[1, 1, 2, 2],
        DetectorVector=[1, 2, 1, 2],
    )  # fmt: skip
    ds.DetectorInformationSequence = Items([
        item(ViewCodeSequence=one(CodeValue="R-10206", CodeMeaning="Anterior")),
        item(ViewCodeSequence=one(CodeValue="X-1", CodeMeaning="Doe Jane")),
    ])  # fmt: skip
    ds.EnergyWindowInformationSequence = Items([
        item(EnergyWindowRangeSequence=one(EnergyWindowLowerLimit=126, EnergyWindowUpperLimit=154)),
        item(EnergyWindowName="Doe"),
    ])  # fmt: skip
    path = save(ds, tmp_path / "a")
    entries = scan(path).entries
    assert [entry.variant for entry in entries] == [
        "anterior (detector 1), energy window 1 (126 to 154 keV)",
        "detector 2, energy window 1 (126 to 154 keV)",
        "anterior (detector 1), energy window 2",
        "detector 2, energy window 2",
    ]
    for n, volume in enumerate(read(path)):
        assert isinstance(volume, Volume)
        np.testing.assert_array_equal(volume.voxels, voxels[n : n + 1])
        assert "in time" not in remarks(volume)


def test_time_slices_are_times_for_each_detector(tmp_path):
    ds, voxels = nuclear(
        10, "DYNAMIC", [0x00540010, 0x00540020, 0x00540030, 0x00540100],
        EnergyWindowVector=[1] * 10, DetectorVector=[1] * 5 + [2] * 5,
        PhaseVector=[1, 1, 1, 2, 2] * 2, TimeSliceVector=[1, 2, 3, 1, 2] * 2,
    )  # fmt: skip
    ds.PhaseInformationSequence = Items([
        item(PhaseDelay=0, ActualFrameDuration=1000, PauseBetweenFrames=0),
        item(PhaseDelay=500, ActualFrameDuration=10000, PauseBetweenFrames=100),
    ])  # fmt: skip
    first, second = read(save(ds, tmp_path / "a"))
    for volume, own in ((first, voxels[:5]), (second, voxels[5:])):
        assert volume.temporal
        np.testing.assert_array_equal(volume.voxels[:, 0], own)
        np.testing.assert_allclose(volume.times, [0, 1, 2, 3.5, 13.6])
        assert "5 frames in time" in remarks(volume)
    assert "detector 2" in remarks(second)


def test_time_slots_are_phases(tmp_path):
    ds, voxels = nuclear(
        8, "GATED", [0x00540010, 0x00540020, 0x00540060, 0x00540070],
        EnergyWindowVector=[1] * 8, DetectorVector=[1] * 8, RRIntervalVector=[1] * 8,
        TimeSlotVector=list(range(1, 9)),
    )  # fmt: skip
    (volume,) = read(save(ds, tmp_path / "a"))
    assert volume.temporal
    assert volume.times == ()
    np.testing.assert_array_equal(volume.voxels[:, 0], voxels)
    assert "TimeSlotVector (0054,0070)" in remarks(volume)
    assert "in time" not in remarks(volume)


def test_projections_are_no_slices(tmp_path):
    ds, voxels = nuclear(
        6, "TOMO", [0x00540010, 0x00540020, 0x00540050, 0x00540090],
        EnergyWindowVector=[1] * 6, DetectorVector=[1] * 6, RotationVector=[1] * 6,
        AngularViewVector=[2, 1, 3, 4, 5, 6], SliceThickness=4.4,
    )  # fmt: skip
    (volume,) = read(save(ds, tmp_path / "a"))
    assert volume.spatial_shape == (6, 4, 5)
    assert not volume.oriented
    assert "projections at different angles: neither slices of a volume nor times" in remarks(
        volume
    )
    assert "Slice spacing" not in remarks(volume)
    np.testing.assert_array_equal(volume.voxels, voxels[[1, 0, 2, 3, 4, 5]])


def test_gated_projections_have_phases_as_a_fourth_axis(tmp_path):
    ds, voxels = nuclear(
        6, "GATED TOMO", [0x00540070, 0x00540090], TimeSlotVector=[1, 2, 1, 2, 1, 2],
        AngularViewVector=[1, 1, 2, 2, 3, 3],
    )  # fmt: skip
    (volume,) = read(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(3, 2, 4, 5).swapaxes(0, 1))
    assert "2 phases by TimeSlotVector (0054,0070)" in remarks(volume)


def detector() -> Items:
    return one(ImagePositionPatient=[5, 6, 70], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])


@pytest.mark.parametrize("vector", [True, False])
@pytest.mark.parametrize("step", [4.0, -4.0])
def test_reconstructed_slices_follow_the_sign_of_their_distance(tmp_path, vector, step):
    ds, voxels = nuclear(4, "RECON TOMO", 0x00540080, SpacingBetweenSlices=step, NumberOfSlices=4)
    ds.DetectorInformationSequence = detector()
    if vector:
        ds.SliceVector = [1, 2, 3, 4]
    (volume,) = read(save(ds, tmp_path / "a"))
    assert not volume.temporal
    lowest = min(70, 70 + 3 * step)
    np.testing.assert_allclose(volume.affine[:3, 3], [-5, -6, lowest])
    np.testing.assert_allclose(volume.affine[:3, 0], [0, 0, 4])
    np.testing.assert_array_equal(volume.voxels, voxels if step > 0 else voxels[::-1])
    assert "by SpacingBetweenSlices (0018,0088)" in remarks(volume)


def test_reconstructed_gated_slices_are_volumes_in_phases(tmp_path):
    ds, voxels = nuclear(
        6, "RECON GATED TOMO", [0x00540060, 0x00540070, 0x00540080], SpacingBetweenSlices=4.0,
        RRIntervalVector=[1] * 6, TimeSlotVector=[1, 1, 1, 2, 2, 2], SliceVector=[1, 2, 3] * 2,
        NumberOfSlices=3,
    )  # fmt: skip
    ds.DetectorInformationSequence = detector()
    (volume,) = read(save(ds, tmp_path / "a"))
    assert volume.oriented
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(2, 3, 4, 5))
    assert "phases by TimeSlotVector (0054,0070)" in remarks(volume)
    assert volume.times == ()


def test_reconstructed_energy_windows_are_two_volumes(tmp_path):
    ds, voxels = nuclear(
        6, "RECON TOMO", [0x00540010, 0x00540080], SpacingBetweenSlices=4.0,
        EnergyWindowVector=[1, 1, 1, 2, 2, 2], SliceVector=[1, 2, 3] * 2, NumberOfSlices=3,
    )  # fmt: skip
    ds.DetectorInformationSequence = detector()
    first, second = read(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(first.voxels, voxels[:3])
    np.testing.assert_array_equal(second.voxels, voxels[3:])
    assert "energy window 2" in remarks(second)


def test_frames_of_one_view_that_nothing_tells_apart_are_said_to_be_so(tmp_path):
    ds, _ = nuclear(3, "STATIC", 0x00540020, DetectorVector=[1, 1, 1])
    (volume,) = read(save(ds, tmp_path / "a"))
    assert not volume.temporal
    assert "What the frames are is not stated" in remarks(volume)


@pytest.mark.parametrize(
    ("kind", "shapes", "temporal"),
    [
        ("DYNAMIC", [(3, 1, 4, 5)], True),
        ("GATED", [(3, 1, 4, 5)], True),
        ("STATIC", [(1, 4, 5)] * 3, False),
        ("TOMO", [(3, 4, 5)], False),
        ("RECON TOMO", [(3, 4, 5)], False),
        ("OTHER", [(3, 4, 5)], False),
    ],
)
def test_without_vectors_the_type_of_the_image_counts(tmp_path, kind, shapes, temporal):
    ds, _ = nuclear(3, kind, None)
    found = read(save(ds, tmp_path / "a"))
    assert [volume.voxels.shape for volume in found] == shapes
    assert all(volume.temporal == temporal for volume in found)
    stated = "What the frames are is not stated" not in " ".join(map(remarks, found))
    assert stated == (kind != "OTHER")


def test_a_pointer_at_time_is_believed_beside_vectors_that_say_nothing(tmp_path):
    ds, _ = nuclear(3, "STATIC", 0x00181063, FrameTime=500.0, DetectorVector=[1, 1, 1])
    (volume,) = read(save(ds, tmp_path / "a"))
    np.testing.assert_allclose(volume.times, [0, 0.5, 1])

from __future__ import annotations

import numpy as np
import pytest
from pydicom.sequence import Sequence
from pydicom.uid import NuclearMedicineImageStorage, generate_uid

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.scan import scan

from ..series import image, save
from .makers import at, enhanced, item, one


def pixels(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 999, shape).astype(np.int16)


def volumes(path) -> list[Volume]:
    found = read(path)
    assert all(isinstance(volume, Volume) for volume in found)
    return found


def test_several_echoes_in_one_file_are_volumes_of_their_own(tmp_path):
    voxels = pixels(8, 4, 5)
    groups = [
        {"PlanePositionSequence": at(0, 0, 2.0 * (n // 2)),
         "MREchoSequence": one(EffectiveEchoTime=10.0 + 30 * (n % 2))}
        for n in range(8)
    ]  # fmt: skip
    first, second = volumes(save(enhanced(voxels, groups), tmp_path / "a"))
    np.testing.assert_array_equal(first.voxels, voxels[::2])
    np.testing.assert_array_equal(second.voxels, voxels[1::2])
    assert "echo time 40 ms" in second.remarks[0]


def test_time_points_of_one_file_take_their_times(tmp_path):
    voxels = pixels(6, 4, 5)
    groups = [
        {"PlanePositionSequence": at(0, 0, 2.0 * (n // 3)),
         "FrameContentSequence": one(TemporalPositionIndex=n % 3 + 1),
         "TemporalPositionSequence": one(TemporalPositionTimeOffset=1.5 * (n % 3))}
        for n in range(6)
    ]  # fmt: skip
    (volume,) = volumes(save(enhanced(voxels, groups), tmp_path / "a"))
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(2, 3, 4, 5).swapaxes(0, 1))
    assert volume.times == (0, 1.5, 3)


def test_diffusion_of_one_file_is_a_fourth_axis(tmp_path):
    voxels = pixels(6, 4, 5)
    directions = [None, [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]

    def diffusion(n: int):
        found = one(DiffusionBValue=800.0 if n else 0.0)
        if directions[n]:
            found[0].DiffusionGradientDirectionSequence = one(
                DiffusionGradientOrientation=directions[n]
            )
        return found

    groups = [
        {"PlanePositionSequence": at(0, 0, 2.0 * (n % 2)), "MRDiffusionSequence": diffusion(n // 2)}
        for n in range(6)
    ]
    (volume,) = volumes(save(enhanced(voxels, groups), tmp_path / "a"))
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(3, 2, 4, 5))
    assert "b-values 0, 800, 800 s/mm²" in " ".join(volume.remarks)
    assert volume.times == ()


def test_stacks_and_components_of_one_file_are_split(tmp_path):
    groups = [
        {"PlanePositionSequence": at(0, 0, 2.0 * n),
         "FrameContentSequence": one(StackID=str(n // 3 + 1), InStackPositionNumber=n % 3 + 1)}
        for n in range(6)
    ]  # fmt: skip
    found = scan(save(enhanced(pixels(6, 4, 5), groups), tmp_path / "a")).entries
    assert [entry.shape for entry in found] == [(3, 4, 5), (3, 4, 5)]
    groups = [
        {"PlanePositionSequence": at(0, 0, 2.0 * (n % 3)),
         "MRImageFrameTypeSequence": one(
             FrameType=["ORIGINAL", "PRIMARY", "FLOW", "NONE"],
             ComplexImageComponent=("MAGNITUDE", "PHASE")[n // 3])}
        for n in range(6)
    ]  # fmt: skip
    found = scan(save(enhanced(pixels(6, 4, 5), groups), tmp_path / "b")).entries
    assert [entry.remarks[0].split(": ")[1] for entry in found] == ["magnitude.", "phase."]


def test_parts_of_a_concatenation_are_one_volume(tmp_path):
    voxels = pixels(6, 4, 5)
    for n in range(2):
        groups = [{"PlanePositionSequence": at(0, 0, 3.0 * (3 * n + k))} for k in range(3)]
        ds = enhanced(
            voxels[3 * n : 3 * n + 3], groups, ConcatenationUID="1.2.9",
            InConcatenationNumber=n + 1, ConcatenationFrameOffsetNumber=3 * n,
        )  # fmt: skip
        save(ds, tmp_path / f"z{5 - n}")
    (volume,) = volumes(tmp_path)
    np.testing.assert_array_equal(volume.voxels, voxels)


def test_one_frame_of_an_enhanced_object_is_placed_too(tmp_path):
    ds = enhanced(pixels(1, 4, 5), [{"PlanePositionSequence": at(1, 2, 3)}])
    (volume,) = volumes(save(ds, tmp_path / "a"))
    assert volume.voxels.shape == (1, 4, 5)
    np.testing.assert_allclose(volume.affine[:3, 3], [-1, -2, 3])


def test_frames_without_positions_of_their_own_follow_in_time(tmp_path):
    ds = enhanced(pixels(3, 4, 5), [{}] * 3, FrameTime=50)
    (entry,) = scan(save(ds, tmp_path / "a")).entries
    assert "3 frames in time" in " ".join(entry.remarks)


@pytest.mark.parametrize("lost", [1, 5])
def test_fewer_groups_than_frames_is_no_crash(tmp_path, lost):
    groups = [{"PlanePositionSequence": at(0, 0, 2.0 * n)} for n in range(6 - lost)]
    entries = scan(save(enhanced(pixels(6, 4, 5), groups), tmp_path / "a")).entries
    assert entries[0].shape[-3] == max(6 - lost, lost)


def test_reconstructed_nuclear_medicine_is_placed_slice_by_slice(tmp_path):
    voxels = pixels(4, 4, 5)
    ds = image(
        voxels, position=None, orientation=None, Modality="NM", NumberOfFrames=4,
        sop_class=NuclearMedicineImageStorage, SpacingBetweenSlices=4,
    )  # fmt: skip
    ds.DetectorInformationSequence = Sequence(
        [item(ImagePositionPatient=[5, 6, 70], ImageOrientationPatient=[1, 0, 0, 0, 1, 0])]
    )
    ds.SliceVector = [1, 2, 3, 4]
    (volume,) = volumes(save(ds, tmp_path / "a"))
    assert volume.voxels.shape == (4, 4, 5)
    np.testing.assert_allclose(volume.affine[:3, 3], [-5, -6, 70])
    np.testing.assert_allclose(volume.affine[:3, 0], [0, 0, 4])


def test_time_in_one_file_for_each_point(tmp_path):
    voxels = pixels(2, 3, 4, 5)
    for t in range(2):
        groups = [
            {"PlanePositionSequence": at(0, 0, 2.0 * k),
             "FrameContentSequence": one(TemporalPositionIndex=t + 1)}
            for k in range(3)
        ]  # fmt: skip
        ds = enhanced(voxels[t], groups)
        ds.SOPInstanceUID = generate_uid()
        save(ds, tmp_path / str(t))
    (volume,) = volumes(tmp_path)
    np.testing.assert_array_equal(volume.voxels, voxels)

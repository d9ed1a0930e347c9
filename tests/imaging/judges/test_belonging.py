"""Which images of each made folder belong together, and in what shape they come."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.scan import scan

from ..dicom import odd_enhanced, odd_objects, odd_scanners, odd_series

CASES = (
    odd_series.CASES | odd_enhanced.CASES | odd_objects.CASES | odd_scanners.CASES
)  # fmt: skip

#: Shapes of all that is read of a folder, where it is not one volume of plain slices.
SHAPES: dict[str, list[tuple[int, ...]]] = {
    "two_sizes": [(5, 12, 10), (4, 8, 8)],
    "localizer_inside": [(6, 12, 10), (1, 12, 10)],
    "three_plane_localizer": [(3, 12, 12)] * 3,
    "echoes": [(5, 12, 10)] * 2,
    "magnitude_and_phase": [(5, 12, 10)] * 2,
    "diffusion": [(4, 4, 12, 10)],
    "ge_diffusion": [(3, 4, 12, 10)],
    "cine": [(4, 3, 12, 10)],
    "perfusion": [(5, 4, 12, 10)],
    "time_by_clock_alone": [(4, 4, 12, 10)],
    "enhanced_mr_in_time": [(3, 4, 12, 10)],
    "enhanced_mr_diffusion": [(3, 4, 12, 10)],
    "enhanced_in_two_files": [(2, 4, 12, 10)],
    "mosaic": [(7, 12, 10)],
    "mosaic_oblique_down": [(7, 12, 10)],
    "mosaic_in_time": [(4, 7, 12, 10)],
    "radiographs": [(1, 20, 16), (1, 18, 18)],
    "screenshot": [(1, 24, 20, 3)],
    "beside_images": [(5, 12, 10)],
    "one_uid_for_all": [(6, 12, 10)],
    "phases_of_contrast": [(2, 5, 12, 10)],
    "aborted_series": [(3, 5, 12, 10)],
    "echoes_of_magnitude_and_phase": [(4, 12, 10)] * 4,
    "coronal_both_ways": [(5, 12, 10)] * 2,
    "enhanced_magnitude_and_phase": [(4, 12, 10)] * 2,
    "enhanced_localizer": [(3, 12, 12)] * 3,
    "mosaic_without_csa": [(7, 12, 10)],
    "trigger_times_vary": [(4, 3, 12, 10)],
    "times_by_slice": [(3, 4, 12, 10)],
    "echoes_in_time": [(3, 4, 12, 10)] * 2,
    "slice_exported_twice": [(6, 12, 10)],
}


@pytest.mark.parametrize("name", list(SHAPES))
def test_what_belongs_together_is_one_volume(name, tmp_path):
    CASES[name](tmp_path / name)
    found = read(tmp_path / name)
    assert sorted(one.voxels.shape for one in found if isinstance(one, Volume)) == sorted(
        SHAPES[name]
    )
    assert len(found) == len(SHAPES[name])


@pytest.mark.parametrize("name", list(CASES))
def test_a_scan_promises_what_is_read(name, tmp_path):
    CASES[name](tmp_path / name)
    entries = scan(tmp_path / name).entries
    for entry, source in zip(entries, read(tmp_path / name), strict=True):
        assert entry.kind == ("volume" if isinstance(source, Volume) else "clip")
        assert entry.name == source.name
        assert entry.modality == source.modality
        if isinstance(source, Volume):
            count = 3 + source.temporal
            assert entry.shape == source.voxels.shape[:count]
            assert entry.spacing == pytest.approx(source.spacing)
            assert entry.unit == source.unit
            assert set(entry.remarks) <= set(source.remarks)
        preview = entry.preview()
        assert preview.dtype == np.uint8
        assert preview.shape[-1] == 3


def test_what_lies_beside_images_is_listed_with_its_reason(tmp_path):
    odd_objects.beside_images(tmp_path / "scan")
    found = scan(tmp_path / "scan")
    assert len(found.entries) == 1
    reasons = " ".join(sorted(one.reason for one in found.left_out))
    for word in ("SR", "Structure Set", "PDF", "Segmentation", "Presentation State"):
        assert word in reasons, reasons
    assert not any(one.broken for one in found.left_out)


@pytest.mark.parametrize("name", ["trigger_times_vary", "aborted_series"])
def test_time_points_hold_the_images_of_one_pass(name, tmp_path):
    CASES[name](tmp_path / name)
    (volume,) = read(tmp_path / name)
    assert isinstance(volume, Volume)
    for t, voxels in enumerate(volume.voxels):
        np.testing.assert_array_equal(voxels, odd_series.noise(*voxels.shape, seed=t))


def test_time_points_without_all_slices_are_told(tmp_path):
    CASES["aborted_series"](tmp_path / "aborted")
    (volume,) = read(tmp_path / "aborted")
    assert "1 of 4 points lack slices" in " ".join(volume.remarks)
    assert "cannot be known" in " ".join(volume.remarks)


def test_stacks_of_an_enhanced_object_lie_where_their_frames_do(tmp_path):
    CASES["enhanced_localizer"](tmp_path / "planes")
    expected = {"axial": (0, 0, 6), "coronal": (0, -6, 0), "sagittal": (6, 0, 0)}
    for volume in read(tmp_path / "planes"):
        assert isinstance(volume, Volume)
        (step,) = [way for plane, way in expected.items() if plane in volume.remarks[0]]
        # Slices of each stack start in the same point, and go 6 mm along its normal (LPS).
        np.testing.assert_allclose(volume.affine[:3, 3], 0, atol=1e-9)
        np.testing.assert_allclose(np.abs(volume.affine[:3, 0]), np.abs(step), atol=1e-9)


def test_frames_in_time_have_their_times(tmp_path):
    odd_objects.angiography(tmp_path / "xa")
    odd_objects.ultrasound_cine(tmp_path / "us")
    (xa,), (us,) = read(tmp_path / "xa"), read(tmp_path / "us")
    assert xa.times == pytest.approx((0, 0.066, 0.132, 0.198, 0.331, 0.464))
    assert us.times == pytest.approx((0, 0.04, 0.08, 0.12, 0.16))


def test_time_points_know_their_seconds(tmp_path):
    """In the units of each tag: ms of TriggerTime, hhmmss of AcquisitionTime, s of the offset."""
    for name, step in (("cine", 0.025), ("perfusion", 2.0), ("enhanced_mr_in_time", 2.0),
                       ("mosaic_in_time", 2.0)):  # fmt: skip
        CASES[name](tmp_path / name)
        (volume,) = read(tmp_path / name)
        assert isinstance(volume, Volume)
        assert volume.times == pytest.approx([step * t for t in range(volume.time_count)]), name

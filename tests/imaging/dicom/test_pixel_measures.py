from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medvlm.imaging import Volume, read

from ..series import image, save

ONE = np.arange(20, dtype=np.uint16).reshape(4, 5)


def projection(tmp_path: Any, **tags: Any) -> Volume:
    tags = {"PixelSpacing": None, "Modality": "DX", **tags}
    (volume,) = read(
        save(image(ONE, position=None, orientation=None, **tags), tmp_path / "a")
    )  # fmt: skip
    assert isinstance(volume, Volume)
    return volume


def remarks(volume: Volume) -> str:
    return " ".join(volume.remarks)


@pytest.mark.parametrize(
    ("tags", "factor"),
    [
        ({"EstimatedRadiographicMagnificationFactor": 1.8}, 1.8),
        ({"DistanceSourceToDetector": 1000, "DistanceSourceToPatient": 800}, 1.25),
        ({"DistanceSourceToDetector": 1000, "EstimatedRadiographicMagnificationFactor": 1.0}, 1),
        # What can be no distance or factor is none.
        ({"DistanceSourceToDetector": 800, "DistanceSourceToPatient": 1000}, None),
        ({"DistanceSourceToDetector": 800, "DistanceSourceToPatient": 0}, None),
        ({"EstimatedRadiographicMagnificationFactor": 0}, None),
        ({}, None),
    ],
)
def test_sizes_at_the_detector_are_taken_to_the_patient_where_told(tmp_path, tags, factor):
    volume = projection(tmp_path, ImagerPixelSpacing=[0.1, 0.2], **tags)
    np.testing.assert_allclose(volume.spacing[1:], np.array([0.1, 0.2]) / (factor or 1))
    assert ("no tag says by how much" in remarks(volume)) == (factor is None)
    if factor:
        assert f"magnification {factor:.4g} from" in remarks(volume)


def test_a_pixel_spacing_equal_to_the_detectors_is_the_detectors(tmp_path):
    volume = projection(
        tmp_path, PixelSpacing=[0.2, 0.2], ImagerPixelSpacing=[0.2, 0.2],
        EstimatedRadiographicMagnificationFactor=2,
    )  # fmt: skip
    np.testing.assert_allclose(volume.spacing[1:], [0.1, 0.1])


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"PixelSpacingCalibrationType": "GEOMETRY"}, "known magnification"),
        ({"PixelSpacingCalibrationType": "FIDUCIAL"}, "object of known size"),
        ({"ImagerPixelSpacing": [0.3, 0.3]}, "how is not stated"),
        ({}, "whether it is corrected for magnification is not stated"),
    ],
)
def test_a_calibrated_spacing_says_how(tmp_path, tags, said):
    volume = projection(
        tmp_path, PixelSpacing=[0.2, 0.2], EstimatedRadiographicMagnificationFactor=2, **tags
    )
    np.testing.assert_allclose(volume.spacing[1:], [0.2, 0.2])
    assert said in remarks(volume)


def test_a_ct_slice_has_no_magnification(tmp_path):
    tags = {"DistanceSourceToDetector": 1000, "DistanceSourceToPatient": 500}
    (volume,) = read(save(image(ONE, **tags), tmp_path / "a"))
    np.testing.assert_allclose(volume.spacing[1:], [0.8, 0.7])
    assert "magnification" not in remarks(volume)


def test_an_rt_image_has_its_spacing_at_its_plane(tmp_path):
    volume = projection(
        tmp_path, Modality="RTIMAGE", sop_class="1.2.840.10008.5.1.4.1.1.481.1",
        ImagePlanePixelSpacing=[0.4, 0.5], RTImageSID=1500,
    )  # fmt: skip
    assert volume.unit == "mm"
    np.testing.assert_allclose(volume.spacing[1:], [0.4, 0.5])
    assert "ImagePlanePixelSpacing (3002,0011)" in remarks(volume)
    assert "1500 mm from the source" in remarks(volume)


def test_directions_view_and_side_of_a_radiograph_are_plain_facts(tmp_path):
    volume = projection(
        tmp_path, PatientOrientation=["L", "F"], ViewPosition="PA", ImageLaterality="R"
    )
    assert volume.patient_orientation == ("L", "F")
    assert (volume.facts["view"], volume.facts["laterality"]) == ("PA", "R")
    assert "ViewPosition (0018,5101): PA." in remarks(volume)


def test_texts_that_are_no_directions_or_views_are_not_passed_on(tmp_path):
    volume = projection(
        tmp_path, PatientOrientation=["DOE", "JANE"], ViewPosition="DOE", ImageLaterality="JANE"
    )
    assert volume.patient_orientation == ()
    assert "view" not in volume.facts
    assert "DOE" not in remarks(volume)

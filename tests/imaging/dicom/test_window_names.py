from __future__ import annotations

import pytest

from napari_medvlm.imaging.dicom.window_names import known_name


@pytest.mark.parametrize(
    "text", ["LUNG", "WINDOW1", "soft tissue ", "Algo 2", "BRAIN/BLOOD", "HARD_BONE", "W 50"]
)
def test_words_of_radiology_are_kept(text):
    assert known_name(text) == text.strip().lower()


@pytest.mark.parametrize("text", ["DOE^JANE", "Lung Doe", "1970", "Müller", "lung@home", "肺"])
def test_other_words_are_not(text):
    assert known_name(text) == ""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from imaging.series import write_series
from napari_medvlm.asking.details import details, layer_details, orientation_words
from napari_medvlm.imaging import Volume, Window, read
from napari_medvlm.imaging.layers import layer_data

from .scans import clip, ct


def test_the_tag_that_gave_the_spacing_is_said(tmp_path):
    folder = write_series(tmp_path / "Doe_Jane", np.ones((4, 6, 5), np.int16))
    shown = details(read(folder)[0])
    rows = dict(shown.rows)
    assert rows["voxel size"] == "5 × 0.8 × 0.7 mm (slice, row, column)"
    assert "PixelSpacing (0028,0030)" in rows["spacing from"]
    assert "ImagePositionPatient (0020,0032)" in rows["spacing from"]
    assert rows["orientation"] == "slices to the head, rows to the back, columns to the left"
    assert rows["matrix"].startswith("4 slices × 6 rows × 5 columns")


def test_what_is_copied_holds_every_remark_and_no_identity(tmp_path):
    folder = write_series(
        tmp_path / "Doe_Jane", np.ones((4, 6, 5), np.int16), PatientBirthDate="19610203",
        PatientComments="Jane Doe again", ReferringPhysicianName="Roe^Richard",
        StudyInstanceUID="1.2.77", WindowCenter=40, WindowWidth=400,
    )  # fmt: skip
    sorted(folder.iterdir())[0].unlink()
    (volume,) = read(folder)
    shown = details(volume)
    text = shown.text()
    for remark in volume.remarks:
        assert remark in text
    assert "window (C 40, W 400)" in text
    for secret in ("Doe", "Jane", "SECRET", "1961", "Roe", "1.2.77", "1.2.3.4"):
        assert secret not in text


def test_an_unknown_orientation_is_said():
    flat = Volume(np.zeros((1, 4, 5), np.uint8), np.eye(4), oriented=False, unit="pixel")
    assert orientation_words(flat) == "unknown: left and right cannot be told"
    assert dict(details(flat).rows)["voxel size"] == "unknown"


def test_times_of_clips_and_volumes():
    assert dict(details(clip()).rows)["times"].startswith(f"{len(clip())}, from 0 to ")
    moving = Volume(
        np.zeros((3, 1, 2, 2), np.uint8), np.eye(4), temporal=True, times=(0.0, 1.0, 4.0)
    )
    assert dict(details(moving).rows)["times"] == "3, from 0 to 4 s, not evenly spaced"
    assert "3 times × 1 slices" in dict(details(moving).rows)["matrix"]


def test_windows_and_the_study_are_listed():
    volume = Volume(
        np.zeros((2, 2, 2), np.int16), np.eye(4), windows=(Window(40, 400, "soft tissue"),),
        facts={"format": "DICOM", "study": "5f3a90"},
    )  # fmt: skip
    shown = details(volume)
    assert shown.windows == volume.windows
    assert dict(shown.rows)["study"] == "5f3a90"


def test_layers_of_others_have_no_details():
    assert layer_details(SimpleNamespace(metadata={})) is None
    assert layer_details(SimpleNamespace()) is None
    data, attributes, _ = layer_data(ct())
    shown = layer_details(SimpleNamespace(data=data, metadata=attributes["metadata"]))
    assert shown is not None
    assert shown.title == ct().name

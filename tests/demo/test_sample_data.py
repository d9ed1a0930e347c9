"""The sample data: other libraries read back from them what the phantoms are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import nibabel
import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from napari_medvlm.demo import sample_data
from napari_medvlm.demo.files import sample_path
from napari_medvlm.demo.phantoms import Phantom

SHIPPED = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sample data")
    sample_data.write(folder)
    return folder


@pytest.fixture(scope="module")
def phantoms() -> dict[str, Phantom]:
    return sample_data.phantoms()


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((SHIPPED / "truth.json").read_text(encoding="utf-8"))


def series(folder: Path) -> list[pydicom.Dataset]:
    """The instances by position, feet first."""
    instances = [pydicom.dcmread(path) for path in sorted((folder / "chest_ct").iterdir())]
    return sorted(instances, key=lambda instance: instance.ImagePositionPatient[2])


def hounsfield(instance: pydicom.Dataset) -> np.ndarray:
    return instance.pixel_array * float(instance.RescaleSlope) + float(instance.RescaleIntercept)


def video(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])


def brightest_in_box(picture: np.ndarray, box: list[float]) -> bool:
    """Whether the inner half of the box is clearly brighter than the ring around it."""
    x0, y0, x1, y1 = box
    rows, cols = np.indices(picture.shape) + 0.5
    radius = np.hypot(
        (cols - (x0 + x1) / 2) / ((x1 - x0) / 2), (rows - (y0 + y1) / 2) / ((y1 - y0) / 2)
    )
    inside, around = picture[radius < 0.7], picture[(radius > 1.15) & (radius < 1.5)]
    return bool(np.median(inside) > np.median(around) + 1.5 * around.std())


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in SHIPPED.rglob("*") if path.is_file()) < 8e6


def test_the_shipped_files_are_those_that_write_makes(made: Path) -> None:
    names = [
        {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
        for folder in (SHIPPED, made)
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 46


def test_writing_twice_makes_the_same_bytes(made: Path, tmp_path: Path) -> None:
    for path in sample_data.write(tmp_path):
        assert path.read_bytes() == (made / path.relative_to(tmp_path)).read_bytes(), path.name


def test_the_shipped_pixels_are_those_that_write_makes(made: Path) -> None:
    # Another processor may round the last bit of a sine or of an exponential the other way.
    for shipped, fresh in zip(series(SHIPPED), series(made), strict=True):
        assert np.abs(hounsfield(shipped) - hounsfield(fresh)).max() <= 1
        del shipped.PixelData, fresh.PixelData
        assert shipped == fresh
        assert shipped.file_meta == fresh.file_meta
    for name, read in (
        ("brain_mr.nii.gz", lambda path: nibabel.load(path).get_fdata()),
        ("chest_ct_32.npy", lambda path: np.load(path, allow_pickle=False).astype(float)),
        ("radiograph.png", lambda path: np.asarray(Image.open(path), float)),
    ):
        assert np.abs(read(SHIPPED / name) - read(made / name)).max() <= 1, name
    difference = np.abs(
        video(SHIPPED / "ultrasound.mp4") - video(made / "ultrasound.mp4").astype(int)
    )
    assert difference.mean() < 1


def test_the_shipped_words_are_those_that_write_makes(made: Path) -> None:
    for name in ("truth.json", "README.md"):
        assert (SHIPPED / name).read_bytes() == (made / name).read_bytes()


def test_the_series_has_the_phantoms_voxels(phantoms: dict[str, Phantom]) -> None:
    read = np.stack([hounsfield(instance) for instance in series(SHIPPED)])
    assert np.abs(read - phantoms["chest_ct"].voxels()).max() <= 1


def test_the_series_lies_where_the_affine_says(phantoms: dict[str, Phantom]) -> None:
    phantom = phantoms["chest_ct"]
    for k, instance in enumerate(series(SHIPPED)):
        # DICOM counts in LPS, the affine in RAS+: x and y change their signs.
        expected = (phantom.affine @ (k, 0, 0, 1))[:3] * (-1, -1, 1)
        np.testing.assert_allclose(instance.ImagePositionPatient, expected)
        assert list(instance.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0]
        assert list(instance.PixelSpacing) == [2.5, 2.5]
        assert float(instance.SliceThickness) == 7.0


def test_the_series_is_plain_ct_and_says_that_it_is_synthetic() -> None:
    instances = series(SHIPPED)
    assert len({instance.SOPInstanceUID for instance in instances}) == 40
    for keyword in ("SeriesInstanceUID", "StudyInstanceUID", "FrameOfReferenceUID"):
        assert len({instance[keyword].value for instance in instances}) == 1
    for instance in instances:
        assert instance.SOPClassUID == CTImageStorage
        assert instance.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
        assert instance.SOPInstanceUID.is_valid
        assert instance.SOPInstanceUID.startswith("2.25.")
        assert len(instance.SOPInstanceUID) <= 64
        assert (str(instance.PatientName), instance.PatientID) == ("PHANTOM^CHEST", "PHANTOM-1")
        assert instance.SyntheticData == "YES"


def test_file_names_are_not_in_the_order_of_the_slices() -> None:
    paths = sorted((SHIPPED / "chest_ct").iterdir())
    heights = [float(pydicom.dcmread(path).SliceLocation) for path in paths]
    ranks = np.argsort(np.argsort(heights))
    assert abs(np.corrcoef(ranks, np.arange(40))[0, 1]) < 0.4


def test_the_nifti_has_the_phantoms_voxels_and_places(phantoms: dict[str, Phantom]) -> None:
    phantom, image = phantoms["brain_mr.nii.gz"], nibabel.load(sample_path("brain_mr.nii.gz"))
    data = np.asanyarray(image.dataobj)
    assert data.shape == (128, 128, 32)
    assert np.abs(data.transpose(2, 1, 0).astype(int) - phantom.voxels()).max() <= 1
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    for k, j, i in ((0, 0, 0), (31, 5, 120), (12, 100, 3)):
        np.testing.assert_allclose(image.affine @ (i, j, k, 1), phantom.affine @ (k, j, i, 1))


def test_the_array_has_the_phantoms_voxels(phantoms: dict[str, Phantom]) -> None:
    array = np.load(sample_path("chest_ct_32.npy"), allow_pickle=False)
    assert (array.shape, array.dtype) == ((32, 256, 256), np.int16)
    assert np.abs(array - phantoms["chest_ct_32.npy"].voxels()).max() <= 1


def test_the_radiograph_is_grey() -> None:
    with Image.open(sample_path("radiograph.png")) as image:
        assert (image.mode, image.size) == ("L", (384, 384))


def test_each_still_sample_has_its_one_finding_on_its_side(truth: dict[str, Any]) -> None:
    sides = {
        name: [(lesion["label"], lesion["side"]) for lesion in entry["lesions"]]
        for name, entry in truth.items()
        if "lesions" in entry
    }
    assert sides == {
        "chest_ct": [("nodule", "right")],
        "brain_mr.nii.gz": [("lesion", "left")],
        "chest_ct_32.npy": [("nodule", "left")],
        "radiograph.png": [("nodule", "right")],
    }


def test_the_finding_is_seen_in_the_middle_of_its_boxes(truth: dict[str, Any]) -> None:
    stacks = {
        "chest_ct": np.stack([hounsfield(instance) for instance in series(SHIPPED)]),
        "brain_mr.nii.gz": nibabel.load(SHIPPED / "brain_mr.nii.gz").get_fdata().T,
        "chest_ct_32.npy": np.load(SHIPPED / "chest_ct_32.npy", allow_pickle=False).astype(float),
        "radiograph.png": np.asarray(Image.open(SHIPPED / "radiograph.png"), float)[None],
    }
    for name, stack in stacks.items():
        (lesion,) = truth[name]["lesions"]
        first, last = lesion["slice_range"]
        assert [entry["slice"] for entry in lesion["boxes"]] == list(range(first, last + 1))
        entry = lesion["boxes"][len(lesion["boxes"]) // 2]
        assert brightest_in_box(stack[entry["slice"]], entry["box"]), name


def test_the_clip_plays_and_its_chamber_is_in_its_boxes(truth: dict[str, Any]) -> None:
    known, frames = truth["ultrasound.mp4"], video(SHIPPED / "ultrasound.mp4")
    assert list(frames.shape[:3]) == known["shape"]
    with av.open(str(SHIPPED / "ultrasound.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.format.name) == ("h264", "yuv420p")
        assert float(stream.average_rate) == known["fps"]
    # The wall is the bright frame of a dark middle: the reverse of a lesion.
    for entry in known["boxes"]:
        x0, y0, x1, y1 = entry["box"]
        picture = frames[entry["frame"], ..., 0].astype(float)
        rows, cols = np.indices(picture.shape) + 0.5
        radius = np.hypot(
            (cols - (x0 + x1) / 2) / ((x1 - x0) / 2), (rows - (y0 + y1) / 2) / ((y1 - y0) / 2)
        )
        wall = picture[(radius > 0.88) & (radius < 0.98)].mean()
        assert picture[radius < 0.7].mean() + 100 < wall
    centres = [(entry["box"][0] + entry["box"][2]) / 2 for entry in known["boxes"]]
    assert known["direction"] == "right"
    assert centres[-1] - centres[0] > 0.25 * known["shape"][2]


def test_the_command_writes_and_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sample_data.main([str(tmp_path / "new")]) == 0
    assert "46 files" in capsys.readouterr().out
    assert sample_data.main([]) == 2
    assert "usage:" in capsys.readouterr().err

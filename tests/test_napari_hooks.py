from __future__ import annotations

import json

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from napari_medvlm import napari_hooks
from napari_medvlm.demo.files import sample_path
from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, Selection, Volume, take
from napari_medvlm.imaging.layers import volume_of
from napari_medvlm.napari_hooks import get_reader


def write_slice(path, k: int) -> None:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID, meta.MediaStorageSOPClassUID = ExplicitVRLittleEndian, CTImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.SeriesInstanceUID, ds.Modality, ds.PatientName = "1.2.3", "CT", "Doe^Jane"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = 4, 5, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.PixelSpacing = [1, 1]
    ds.ImageOrientationPatient, ds.ImagePositionPatient = [1, 0, 0, 0, 1, 0], [0, 0, 3 * k]
    ds.PixelData = np.full((4, 5), k, np.int16).tobytes()
    pydicom.dcmwrite(path, ds, enforce_file_format=True)


def layers_of(path):
    reader = get_reader(path)
    assert reader is not None
    return reader(path)


def test_a_dicom_folder_is_one_layer_a_series(tmp_path):
    folder = tmp_path / "Doe_Jane"
    folder.mkdir()
    for k in (2, 0, 1):
        write_slice(folder / f"{k}", k)
    ((data, attributes, kind),) = layers_of(str(folder))
    assert (kind, data.shape) == ("image", (3, 4, 5))
    assert attributes["scale"] == (3, 1, 1)
    assert attributes["name"].startswith("CT series ")
    assert "Doe" not in repr(attributes)


def test_several_files_opened_together_are_one_stack(tmp_path):
    for k in range(3):
        write_slice(tmp_path / f"{k}.dcm", k)
    ((data, _, _),) = layers_of([str(tmp_path / f"{k}.dcm") for k in (1, 2, 0)])
    np.testing.assert_array_equal(data[:, 0, 0], [0, 1, 2])
    ((single, _, _),) = layers_of([str(tmp_path / "1.dcm")])
    assert single.shape == (1, 4, 5)


def test_a_file_goes_by_its_own_name_on_the_screen_only(tmp_path):
    np.save(tmp_path / "left.knee.npy", np.zeros((3, 4, 5)))
    ((_, attributes, _),) = layers_of(str(tmp_path / "left.knee.npy"))
    assert attributes["name"] == "left.knee"
    assert "knee" not in repr(attributes["metadata"])


def test_what_is_not_ours_is_left_to_others(tmp_path):
    (tmp_path / "notes.dcm").write_text("not DICOM")
    assert get_reader(str(tmp_path / "notes.dcm")) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "nowhere.nii")) is None
    assert get_reader([]) is None


def test_damage_found_later_is_an_error_for_people(tmp_path):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\0")
    reader = get_reader(str(tmp_path / "a.npy"))
    assert reader is not None
    with pytest.raises(ImagingError, match="damaged array"):
        reader(str(tmp_path / "a.npy"))


@pytest.mark.parametrize(
    ("name", "plane"),
    [
        ("chest_ct", "axial"),
        ("brain_mr", "axial"),
        ("radiograph", "acquired"),
        ("ultrasound", "acquired"),
        ("chest_ct_npy", "acquired"),
    ],
)
def test_sample_data_become_layers_that_frames_can_be_taken_from(name, plane):
    ((data, attributes, _),) = getattr(napari_hooks, f"sample_{name}")()
    assert attributes["name"] == name
    source = attributes["metadata"]["medvlm_source"]
    assert isinstance(source, Clip if name == "ultrasound" else Volume)
    axes = data.ndim - attributes["rgb"]
    assert len(attributes["axis_labels"]) == len(attributes["units"]) == axes
    (frame,) = take(source, Selection((0,), plane))
    assert frame.pixels.std() > 0


@pytest.mark.parametrize(
    ("name", "file"), [("chest_ct", "chest_ct"), ("brain_mr", "brain_mr.nii.gz")]
)
def test_the_phantoms_lesions_lie_where_their_files_geometry_puts_them(name, file):
    truth = json.loads(sample_path("truth.json").read_text())[file]
    ((_, attributes, _),) = getattr(napari_hooks, f"sample_{name}")()
    volume = attributes["metadata"]["medvlm_source"]
    np.testing.assert_allclose(volume.affine, truth["affine_kji_to_ras_mm"], atol=1e-2)
    for lesion in truth["lesions"]:
        # Patient mm -> voxel -> slice, and inside the slice's box as the frame shows it.
        place = np.linalg.inv(volume.affine) @ (*lesion["centre_ras_mm"], 1)
        index = round(place[0])
        x0, y0, x1, y1 = next(b["box"] for b in lesion["boxes"] if b["slice"] == index)
        (frame,) = take(volume, Selection((index,), "axial"))
        centre = frame.to_source @ ((x0 + x1) / 2, (y0 + y1) / 2, 1)
        np.testing.assert_allclose(centre[1:], place[1:3], atol=0.6)
        side = "right" if (x0 + x1) / 2 < frame.size_wh[0] / 2 else "left"
        assert side == lesion["side"]


@pytest.mark.parametrize("name", ["chest_ct", "brain_mr", "ultrasound"])
def test_napari_takes_the_layers_and_gives_the_source_back(name):
    from napari.components import ViewerModel

    ((data, attributes, _),) = getattr(napari_hooks, f"sample_{name}")()
    viewer = ViewerModel()
    layer = viewer.add_image(data, **attributes)
    assert volume_of(layer) is attributes["metadata"]["medvlm_source"]
    # The sliders step from slice to slice: the step is the stored index.
    for axis in range(layer.ndim):
        assert viewer.dims.nsteps[axis] == data.shape[axis]
        viewer.dims.set_current_step(axis, 3)
        assert layer.world_to_data(viewer.dims.point)[axis] == pytest.approx(3)

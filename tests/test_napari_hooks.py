from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pydicom
import pytest
from npe2 import PluginManager, PluginManifest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.series import write_series
from napari_medvlm import napari_hooks
from napari_medvlm.demo.files import sample_path
from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, Selection, Volume, take
from napari_medvlm.imaging.layers import volume_of
from napari_medvlm.napari_hooks import get_reader

ROOT = Path(__file__).parents[1]


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
    assert attributes["name"] == "left.knee.npy"
    assert "knee" not in repr(attributes["metadata"])


def test_nothing_of_the_patient_goes_into_a_layer(tmp_path):
    folder = write_series(
        tmp_path / "Doe_Jane", np.ones((3, 4, 5), np.int16), StudyDescription="Doe Jane",
        PatientBirthDate="19610203", StudyInstanceUID="1.2.77", AccessionNumber="SECRET-2",
    )  # fmt: skip
    (tmp_path / "Doe_Jane" / "SECRET-1.dcm").write_bytes(b"broken")
    for data, attributes, _ in layers_of(str(folder)):
        source = attributes["metadata"]["medvlm_source"]
        # Name and title are for the screen alone.
        said = repr({k: v for k, v in attributes.items() if k != "name"}) + repr(data.dtype)
        said += repr({k: v for k, v in vars(source).items() if k != "title"})
        for secret in ("Doe", "Jane", "SECRET", "1961", "1.2.77", "1.2.3.4"):
            assert secret not in said


@pytest.mark.parametrize(
    "name",
    ["a.dcm", "a.DCM", "a.dicom", "a.IMA", "a.nii", "a.nii.gz", "a.mgz", "a.nrrd", "a.mha", "a.npy",
     "a.png", "a.mp4", "IM0001", "I5", "7", "MR_7", "IMG00012", "1.2.840.113619.2.55.3.12"],
)  # fmt: skip
def test_napari_offers_this_reader_for_names_of_scans(name):
    assert "napari-medvlm.read" in readers_for(name)


@pytest.mark.parametrize("name", ["a.tif", "a.tiff", "a.bmp", "a.npz", "a.csv", "a.h5", "a.zarr"])
def test_napari_does_not_ask_about_what_it_opens_itself(name):
    assert "napari-medvlm.read" not in readers_for(name)


def readers_for(name):
    manager = PluginManager()
    manager.register(PluginManifest.from_file(ROOT / "napari.yaml"))
    return [reader.command for reader in manager.iter_compatible_readers([f"/somewhere/{name}"])]


def test_a_mask_drawn_on_a_scan_is_saved_on_the_scans_grid(tmp_path):
    from napari.components import ViewerModel

    path = sample_path("brain_mr.nii.gz")
    ((data, attributes, _),) = layers_of(str(path))
    viewer = ViewerModel()
    viewer.add_image(data, **attributes)
    viewer._new_labels()
    mask = viewer.layers[-1]
    mask.data[3, 4, 5] = 2
    saved = napari_hooks.write_nifti(str(tmp_path / "m.nii.gz"), *mask.as_layer_data_tuple()[:2])
    assert saved == [str(tmp_path / "m.nii.gz")]
    source, written = nib.load(path), nib.load(saved[0])
    assert written.shape == source.shape
    np.testing.assert_array_equal(written.affine, source.affine)
    assert np.asanyarray(written.dataobj)[5, 4, 3] == 2
    assert written.get_data_dtype() == mask.data.dtype
    (again,) = viewer.layers[:1]
    scan = napari_hooks.write_nifti(str(tmp_path / "s.nii"), *again.as_layer_data_tuple()[:2])
    np.testing.assert_array_equal(nib.load(scan[0]).get_fdata(), source.get_fdata())


def test_saving_through_napari_takes_this_writer(tmp_path):
    manager = PluginManager()
    manager.register(PluginManifest.from_file(ROOT / "napari.yaml"))
    for kind in ("labels", "image"):
        writer, _ = manager.get_writer(str(tmp_path / "a.nii.gz"), [kind])
        assert writer is not None
        assert writer.command == f"napari-medvlm.write_{kind}"


def test_a_mask_of_nothing_known_is_saved_with_a_warning(tmp_path):
    with pytest.warns(UserWarning, match="not known how the patient lies"):
        napari_hooks.write_nifti(
            str(tmp_path / "a.nii"), np.zeros((2, 3, 4), np.uint8),
            {"scale": (1.0, 1.0, 1.0), "translate": (1e6, 1e6, 1e6), "metadata": {}},
        )  # fmt: skip
    assert nib.load(tmp_path / "a.nii").header["sform_code"] == 0


def test_commands_without_a_window_say_so():
    with pytest.raises(ImagingError, match="no napari window"):
        napari_hooks.open_scan_folder()


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
    with pytest.raises(ImagingError, match=r"a\.npy"):
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

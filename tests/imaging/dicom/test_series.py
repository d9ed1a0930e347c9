from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import EnhancedCTImageStorage, SecondaryCaptureImageStorage

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, Volume, Window, read, take
from napari_medvlm.imaging.dicom import unlocked
from napari_medvlm.imaging.scan import scan

from ..series import image, save, write_series

OTHERS = (
    ("1.2.840.10008.5.1.4.1.1.88.33", "Comprehensive SR"),
    ("1.2.840.10008.5.1.4.1.1.481.3", "RT Structure Set"),
    ("1.2.840.10008.5.1.4.1.1.104.1", "Encapsulated PDF"),
    ("1.2.840.10008.5.1.4.1.1.66.4", "Segmentation"),
    ("1.2.840.10008.5.1.4.1.1.11.1", "Grayscale Softcopy Presentation State"),
    ("1.2.840.10008.5.1.4.1.1.88.59", "Key Object Selection Document"),
    ("1.2.840.10008.1.3.10", "Media Storage Directory"),
    ("1.3.12.2.1107.5.9.1", "An object of a private kind"),
)


@pytest.fixture
def voxels() -> np.ndarray:
    return np.random.default_rng(5).integers(-1000, 2000, (6, 10, 12)).astype(np.int16)


def only(path) -> Volume:
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    return volume


def remarks(volume: Volume) -> str:
    return " ".join(volume.remarks)


def test_series_is_sorted_by_position_not_by_name(tmp_path, voxels):
    volume = only(write_series(tmp_path / "ct", voxels, seed=3))
    np.testing.assert_array_equal(volume.voxels, voxels)
    assert volume.voxels.dtype == np.int16
    assert volume.modality == "CT"
    assert volume.oriented
    # LPS (-20, -30, 100) with rows to the left and columns to the back, in RAS+.
    expected = [[0, 0, -0.7, 20], [0, -0.8, 0, 30], [5, 0, 0, 100], [0, 0, 0, 1]]
    np.testing.assert_allclose(volume.affine, expected)
    assert "Slice spacing 5 mm from ImagePositionPatient (0020,0032)." in volume.remarks
    assert "Pixel spacing 0.8 x 0.7 mm from PixelSpacing (0028,0030)." in volume.remarks


def test_a_series_stored_from_the_head_down_is_turned_the_same_way(tmp_path, voxels):
    up = only(write_series(tmp_path / "up", voxels))
    down = tmp_path / "down"
    down.mkdir()
    for k, pixels in enumerate(voxels[::-1]):
        ds = image(pixels, position=(-20.0, -30.0, 125 - k * 5.0), number=k + 1)
        save(ds, down / f"{k}.dcm")
    np.testing.assert_array_equal(only(down).voxels, up.voxels)
    np.testing.assert_allclose(only(down).affine, up.affine)


def test_nothing_of_the_patient_is_kept(tmp_path, voxels):
    volume = only(write_series(tmp_path / "Doe_Jane", voxels))
    text = repr(volume) + repr((volume.name, volume.remarks, volume.facts, volume.body_part))
    assert not any(word in text for word in ("Doe", "Jane", "SECRET", "1.2.3.4"))
    assert volume.name.startswith("CT series ")


def test_two_series_in_one_folder_and_foreign_files(tmp_path, voxels):
    write_series(tmp_path, voxels, series="1.2.1")
    for k in range(3):
        ds = image(voxels[k], position=(0, 0, k), series="1.2.2")
        save(ds, tmp_path / f"other{k}")
    (tmp_path / "readme.txt").write_text("notes")
    assert sorted(len(v.voxels) for v in read(tmp_path)) == [3, 6]
    assert len({v.name for v in read(tmp_path)}) == 2


def test_a_file_without_extension_and_one_without_preamble(tmp_path, voxels):
    path = save(image(voxels[0]), tmp_path / "IM0001")
    np.testing.assert_array_equal(only(path).voxels[0], voxels[0])
    bare = tmp_path / "bare"
    bare.write_bytes(path.read_bytes()[132:])
    np.testing.assert_array_equal(only(bare).voxels[0], voxels[0])
    ds = image(voxels[0])
    ds.preamble, ds.file_meta = None, FileMetaDataset()
    pydicom.dcmwrite(bare, ds, implicit_vr=True, little_endian=True)
    np.testing.assert_array_equal(only(bare).voxels[0], voxels[0])


@pytest.mark.parametrize(
    ("dtype", "slope", "intercept", "expected", "kind"),
    [
        (np.int16, 1, 0, 100, np.int16),
        (np.uint16, 1, -1024, -924, np.int32),
        (np.uint16, 2, 0, 200, np.int32),
        (np.uint16, 0.5, 0, 50, np.float32),
        (np.uint8, 1, 0, 100, np.uint8),
        (np.uint16, 1, 60000, 60100, np.int32),
    ],
)
def test_rescale_gives_units_in_the_smallest_type_that_holds_every_possible_value(
    tmp_path, dtype, slope, intercept, expected, kind
):
    ds = image(np.full((4, 4), 100, dtype), RescaleSlope=slope, RescaleIntercept=intercept)
    volume = only(save(ds, tmp_path / "a.dcm"))
    assert volume.voxels.dtype == kind
    assert volume.voxels[0, 0, 0] == expected


def test_each_slice_has_its_own_rescale(tmp_path):
    for k in range(3):
        ds = image(np.full((4, 4), 10, np.int16), position=(0, 0, k), RescaleSlope=k + 1)
        save(ds, tmp_path / f"{k}.dcm")
    np.testing.assert_array_equal(only(tmp_path).voxels[:, 0, 0], [10, 20, 30])


def test_monochrome1_is_inverted_and_its_window_with_it(tmp_path):
    pixels = np.arange(16, dtype=np.uint16).reshape(4, 4) * 200
    tags = {"BitsStored": 12, "HighBit": 11, "WindowCenter": 1000, "WindowWidth": 1500}
    normal = only(save(image(pixels, **tags), tmp_path / "a"))
    negative = only(
        save(image(pixels, PhotometricInterpretation="MONOCHROME1", **tags), tmp_path / "b")
    )
    np.testing.assert_array_equal(negative.voxels, 4095 - normal.voxels)
    assert "MONOCHROME1" in remarks(negative)
    (a,) = take(normal, Selection((0,), "acquired"))
    (b,) = take(negative, Selection((0,), "acquired"))
    assert np.abs(255 - a.pixels.astype(int) - b.pixels).max() <= 1


def test_all_windows_are_read_in_order(tmp_path, voxels):
    ds = image(
        voxels[0],
        WindowCenter=[40, -600],
        WindowWidth=[400, 1500],
        WindowCenterWidthExplanation=["MEDIASTINUM", "LUNG"],
    )
    volume = only(save(ds, tmp_path / "a"))
    assert volume.windows == (Window(40, 400, "mediastinum"), Window(-600, 1500, "lung"))


def test_gaps_repeats_and_uneven_spacing_are_said(tmp_path, voxels):
    heights = [0, 5, 10, 25, 30, 35]
    for k, z in enumerate(heights):
        save(image(voxels[k], position=(0, 0, z), number=k), tmp_path / f"{k}")
    save(pydicom.dcmread(tmp_path / "2"), tmp_path / "copy")
    volume = only(tmp_path)
    assert len(volume.voxels) == 6
    assert "A gap of 15 mm lies between slices 2 and 3" in remarks(volume)
    assert "1 files repeat an instance" in remarks(volume)
    assert volume.spacing[0] == 5
    save(image(voxels[0], position=(0, 0, 36.5), number=9), tmp_path / "7")
    assert "Slice spacing varies from 1.5 to 5 mm" in remarks(only(tmp_path))


def test_gantry_tilt_shears_the_affine(tmp_path, voxels):
    for k in range(4):
        save(image(voxels[k], position=(0, k * 1.0, k * 5.0)), tmp_path / f"{k}")
    volume = only(tmp_path)
    np.testing.assert_allclose(volume.affine[:3, 0], [0, -1, 5])
    assert "sheared by 11.3 degrees" in remarks(volume)


def test_images_at_the_same_positions_become_time_points(tmp_path, voxels):
    for t in range(2):
        for k in range(3):
            ds = image(voxels[3 * t + k], position=(0, 0, k), TemporalPositionIdentifier=t + 1)
            save(ds, tmp_path / f"{k}_{t}")
    volume = only(tmp_path)
    assert volume.temporal
    np.testing.assert_array_equal(volume.voxels, voxels.reshape(2, 3, 10, 12))
    assert "2 time points by TemporalPositionIdentifier (0020,0100)" in remarks(volume)


def test_a_localizer_in_the_series_becomes_its_own_volume(tmp_path, voxels):
    write_series(tmp_path, voxels)
    save(image(voxels[0], orientation=(1, 0, 0, 0, 0, -1)), tmp_path / "scout")
    axial, scout = read(tmp_path)
    assert (len(axial.voxels), len(scout.voxels)) == (6, 1)
    assert "holds 2 volumes; this one: coronal" in remarks(scout)


def test_a_mixed_folder_gives_one_entry_a_volume_and_a_reason_for_the_rest(tmp_path, voxels):
    ct = write_series(tmp_path / "CT", voxels, series="1.2.1", StudyInstanceUID="1.9")
    write_series(tmp_path / "CT" / "more", voxels[:3], series="1.2.2", StudyInstanceUID="1.8")
    scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"], "StudyInstanceUID": "1.9"}
    save(image(voxels[0], series="1.2.1", number=90, **scout), ct / "scout.ima")
    shot = np.zeros((8, 9, 3), np.uint8)
    save(
        image(shot, position=None, orientation=None, sop_class=SecondaryCaptureImageStorage,
              series="1.2.3", Modality="OT"),
        tmp_path / "shot",
    )  # fmt: skip
    for n, (sop_class, _) in enumerate(OTHERS):
        ds = image(voxels[0], Rows=None, Columns=None, PixelData=None, sop_class=sop_class)
        save(ds, tmp_path / f"other{n}.dcm")
    (tmp_path / "notes.dcm").write_text("Dear colleague")
    found = scan(tmp_path)
    assert sorted(entry.shape for entry in found.entries) == [
        (1, 8, 9), (1, 10, 12), (3, 10, 12), (6, 10, 12),
    ]  # fmt: skip
    reasons = {one.path.name: one.reason for one in found.left_out}
    assert [reasons[f"other{n}.dcm"] for n in range(len(OTHERS))] == [
        f"{name} is not an image." for _, name in OTHERS
    ]
    assert "plain text" in reasons["notes.dcm"]
    studies = {entry.shape: entry.study for entry in found.entries}
    assert studies[6, 10, 12] == studies[1, 10, 12] != studies[3, 10, 12]
    assert studies[1, 8, 9] == ""
    assert not any("1.9" in entry.study for entry in found.entries)
    assert {entry.description for entry in found.entries} == {"Doe Jane thorax"}
    (whole,) = (entry for entry in found.entries if entry.shape == (6, 10, 12))
    assert (whole.files, whole.spacing) == (6, (5, 0.8, 0.7))
    localizer = next(entry for entry in found.entries if entry.shape == (1, 10, 12))
    assert "this one: localizer" in localizer.remarks[0]


def test_radiograph_without_orientation(tmp_path):
    ds = image(
        np.zeros((5, 4), np.uint16),
        position=None,
        orientation=None,
        Modality="DX",
        PixelSpacing=None,
        ImagerPixelSpacing=[0.2, 0.2],
        PatientOrientation=["L", "F"],
        BodyPartExamined="CHEST",
    )
    volume = only(save(ds, tmp_path / "a"))
    assert not volume.oriented
    assert (volume.unit, volume.spacing[1:], volume.body_part) == ("mm", (0.2, 0.2), "CHEST")
    assert "ImagerPixelSpacing (0018,1164) at the detector" in remarks(volume)
    assert "rows run towards L, columns towards F" in remarks(volume)
    assert take(volume, Selection((0,), "acquired"))[0].size_wh == (4, 5)


def test_no_spacing_at_all_counts_in_pixels(tmp_path):
    volume = only(save(image(np.zeros((5, 4), np.uint8), PixelSpacing=None), tmp_path / "a"))
    assert volume.unit == "pixel"
    assert "sizes are in pixels" in remarks(volume)
    assert take(volume, Selection((0,)))[0].position is None


def test_coloured_frames_of_counts_that_nothing_explains_are_no_times(tmp_path):
    frames = np.random.default_rng(0).integers(0, 255, (4, 6, 5, 3), np.uint8)
    ds = image(frames, position=None, orientation=None, Modality="NM", NumberOfFrames=4)
    volume = only(save(ds, tmp_path / "a"))
    assert not volume.temporal
    assert volume.coloured
    assert "What the frames are is not stated" in remarks(volume)
    np.testing.assert_array_equal(volume.voxels, frames)


def test_enhanced_multi_frame_is_placed_by_its_functional_groups(tmp_path, voxels):
    ds = image(
        voxels, position=None, orientation=None, PixelSpacing=None,
        sop_class=EnhancedCTImageStorage, NumberOfFrames=6,
    )  # fmt: skip

    def item(**values) -> Dataset:
        inner = Dataset()
        for name, value in values.items():
            setattr(inner, name, value)
        return inner

    shared, frames = Dataset(), []
    shared.PlaneOrientationSequence = Sequence([item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])])
    shared.PixelMeasuresSequence = Sequence([item(PixelSpacing=[0.8, 0.7])])
    for k in range(6):
        frame = Dataset()
        # Stored from the head down.
        frame.PlanePositionSequence = Sequence([item(ImagePositionPatient=[0, 0, 50 - 2.0 * k])])
        frame.PixelValueTransformationSequence = Sequence(
            [item(RescaleSlope=1, RescaleIntercept=-k)]
        )
        frames.append(frame)
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(frames)
    volume = only(save(ds, tmp_path / "a"))
    expected = (voxels - np.arange(6).reshape(6, 1, 1))[::-1]
    np.testing.assert_array_equal(volume.voxels, expected)
    assert volume.spacing == (2.0, 0.8, 0.7)
    assert volume.affine[2, 3] == 40


def test_compressed_pixels_are_decoded(tmp_path, voxels):
    ds = image(voxels[0])
    ds.compress(pydicom.uid.RLELossless)
    np.testing.assert_array_equal(only(save(ds, tmp_path / "a")).voxels[0], voxels[0])


def test_without_a_decoder_the_advice_names_one(tmp_path, voxels, monkeypatch):
    ds = image(voxels[0])
    ds.compress(pydicom.uid.RLELossless)
    path = save(ds, tmp_path / "a")
    decoder = pydicom.pixels.get_decoder(pydicom.uid.RLELossless)
    monkeypatch.setattr(decoder, "_available", {})
    monkeypatch.setattr(unlocked, "_function", lambda name: None)
    with pytest.raises(ImagingError, match=r"RLE Lossless.*pip install imagecodecs"):
        read(path)


def test_a_truncated_slice_is_left_out_and_said(tmp_path, voxels):
    write_series(tmp_path, voxels)
    path = tmp_path / "IM0002"
    path.write_bytes(path.read_bytes()[:-50])
    volume = only(tmp_path)
    assert len(volume.voxels) == 5
    assert "1 files of it could not be decoded" in remarks(volume)


def test_a_truncated_file_alone_is_an_error(tmp_path, voxels):
    path = save(image(voxels[0]), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(ImagingError, match=r"a\.dcm: No DICOM image.*pixels could not be decoded"):
        read(path)


def test_objects_without_images_are_named(tmp_path):
    ds = image(np.zeros((2, 2), np.uint8), Rows=None, Columns=None, PixelData=None)
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.481.3"
    with pytest.raises(ImagingError, match="RT Structure Set is not an image"):
        read(save(ds, tmp_path / "rs.dcm").parent)


@pytest.mark.parametrize("cut", [140, 200, 300, 500])
def test_damaged_headers_are_errors(tmp_path, voxels, cut):
    path = save(image(voxels[0]), tmp_path / "a.dcm")
    path.write_bytes(path.read_bytes()[:cut] + b"\xff" * 40)
    with pytest.raises(ImagingError):
        read(path)

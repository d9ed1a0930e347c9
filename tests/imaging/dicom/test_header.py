from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.uid import EnhancedCTImageStorage, RTDoseStorage

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.dicom.header import NotAnImage, read_headers
from napari_medvlm.imaging.dicom.values import (
    floats,
    private,
    seconds_of_day,
    unit_orientation,
    value,
)
from napari_medvlm.imaging.scan import scan

from ..series import image, save
from .makers import item

ANYTHING = st.one_of(
    st.none(), st.text(), st.binary(), st.floats(), st.integers(), st.lists(st.text(max_size=4)),
    st.lists(st.floats()),
)  # fmt: skip


def slice_of(**tags):
    return image(np.zeros((4, 5), np.int16), **tags)


@settings(max_examples=60, deadline=None)
@given(ANYTHING)
def test_any_value_gives_finite_numbers_or_none(found):
    numbers = floats(found)
    assert all(np.isfinite(numbers))
    oriented = unit_orientation(found)
    if oriented is not None:
        np.testing.assert_allclose(np.linalg.norm(np.reshape(oriented, (2, 3)), axis=1), 1)
    seconds = seconds_of_day(found)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("101530", 36930), ("101530.25", 36930.25), ("10:15:30", 36930), ("1015", 36900),
        ("20240102101530.5", 36930.5), ("20240102101530+0100", 36930), ("", None),
        ("noon", None), ("10153", None),
    ],
)  # fmt: skip
def test_times_of_day(text, seconds):
    assert seconds_of_day(text) == seconds


def test_private_numbers_of_unknown_type_are_told_by_their_length():
    class Element:
        def __init__(self, content) -> None:
            self.value = content

    def found(content):
        return private([{(0x19, 0x100C): Element(content)}], (0x19, 0x100C))

    assert found(b"1000 ") == [1000]
    assert found(b"0\\0\\1") == [0, 0, 1]
    assert found(np.array([0.6, 0.8, 0.0]).tobytes()) == pytest.approx([0.6, 0.8, 0])
    assert found(np.float32(800).tobytes()) == [800]
    assert found(5) == 5
    assert private([{}], (0x19, 0x100C)) is None


def test_a_value_that_is_none_of_its_type_counts_as_missing(tmp_path):
    path = save(slice_of(SliceThickness="5.25", KVP=120), tmp_path / "a")
    path.write_bytes(path.read_bytes().replace(b"5.25", b"5,2x"))
    (head,) = read_headers(path)
    assert head.thickness is None
    assert head.traits.energy == 120


def test_a_place_whose_value_cannot_be_read_is_passed_over():
    class Damaged:
        def get(self, key, default=None, /):
            raise ValueError(key)

        def __contains__(self, key, /) -> bool:
            return True

    assert value([Damaged(), item(SliceThickness=3)], "SliceThickness") == 3


@pytest.mark.parametrize(
    ("tags", "fields"),
    [
        ({"ImagePositionPatient": [1e30, 0, 0]}, {"position": None}),
        ({"ImagePositionPatient": [1, 2]}, {"position": None}),
        ({"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}, {"orientation": None}),
        ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, {"orientation": None}),
        ({"PixelSpacing": [0, 0], "ImagerPixelSpacing": [0.2, 0.1]}, {"spacing": (0.2, 0.1)}),
        ({"PixelSpacing": [-1, 1]}, {"spacing": None}),
        ({"PixelSpacing": [0.5]}, {"spacing": (0.5, 0.5)}),
        ({"SpacingBetweenSlices": -3}, {"between": 3}),
        ({"SliceThickness": 0}, {"thickness": None}),
        ({"RescaleSlope": 0}, {"slope": 1}),
        ({"StudyInstanceUID": "1.2.3", "SeriesDescription": "T1 "},
         {"study": "1.2.3", "description": "T1"}),
    ],
)  # fmt: skip
def test_odd_values(tmp_path, tags, fields):
    (head,) = read_headers(save(slice_of(**tags), tmp_path / "a"))
    assert {name: getattr(head, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("tags", "traits"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, {"component": "magnitude"}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "P", "ND"]}, {"component": "phase"}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "PHASE MAP", "P", "FFE"]}, {"component": "phase"}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "R_FFE", "R", "FFE"]}, {"component": "real"}),
        ({"ImageType": ["DERIVED", "SECONDARY", "ADC", "ND"]},
         {"origin": "DERIVED", "marks": ("ADC",), "component": ""}),
        ({"ImageType": ["DERIVED", "PRIMARY", "DIXON", "WATER"]}, {"marks": ("WATER",)}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, {"scout": True}),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"]}, {"scout": False}),
        ({"EchoTime": 12.345, "EchoNumbers": 2}, {"echo": (2, 12.35)}),
        ({"DiffusionBValue": 700.0, "DiffusionGradientOrientation": [0.0, 0.0, 1.0]},
         {"b_value": 700, "gradient": (0, 0, 1)}),
        ({"AcquisitionTime": "120000.5", "TriggerTime": 33}, {"seconds": 43200.5, "trigger": 33}),
        ({"FrameReferenceTime": 1500}, {"seconds": 1.5}),
    ],
)  # fmt: skip
def test_traits_of_an_image(tmp_path, tags, traits):
    (head,) = read_headers(save(slice_of(**tags), tmp_path / "a"))
    assert {name: getattr(head.traits, name) for name in traits} == traits


@pytest.mark.parametrize(
    ("maker", "group", "creator", "tags", "traits"),
    [
        ("SIEMENS", 0x19, "SIEMENS MR HEADER", {0x0C: ("IS", 1000), 0x0E: ("FD", [0.0, 1.0, 0.0])},
         {"b_value": 1000, "gradient": (0, 1, 0)}),
        ("GE MEDICAL SYSTEMS", 0x43, "GEMS_PARM_01", {0x39: ("IS", [1000000800, 8, 0, 0])},
         {"b_value": 800}),
        ("GE MEDICAL SYSTEMS", 0x43, "GEMS_PARM_01", {0x2F: ("SS", 1)}, {"component": "phase"}),
        ("Philips Medical Systems", 0x2001, "Philips Imaging DD 001", {0x03: ("FL", 500.0)},
         {"b_value": 500}),
        ("Philips", 0x2005, "Philips MR Imaging DD 001", {0x11: ("CS", "I")},
         {"component": "imaginary"}),
        ("OTHER", 0x19, "SOMEONE ELSE", {0x0C: ("IS", 1000)}, {"b_value": None}),
    ],
)  # fmt: skip
def test_private_traits_are_read_of_their_maker_alone(
    tmp_path, maker, group, creator, tags, traits
):
    ds = slice_of(Manufacturer=maker, Modality="MR")
    block = ds.private_block(group, creator, create=True)
    for element, (vr, content) in tags.items():
        block.add_new(element, vr, content)
    (head,) = read_headers(save(ds, tmp_path / "a"))
    assert {name: getattr(head.traits, name) for name in traits} == traits


def test_philips_private_scale_is_said_and_not_applied(tmp_path):
    ds = slice_of(Manufacturer="Philips Medical Systems", RescaleSlope=2)
    ds.private_block(0x2005, "Philips MR Imaging DD 001", create=True).add_new(0x0E, "FL", 0.01)
    (volume,) = read(save(ds, tmp_path / "a"))
    assert "(2005,100E) is not applied" in " ".join(volume.remarks)


def region(**tags):
    values = {
        "RegionSpatialFormat": 1, "PhysicalUnitsXDirection": 3, "PhysicalUnitsYDirection": 3,
        "PhysicalDeltaX": 0.05, "PhysicalDeltaY": -0.02,
    }  # fmt: skip
    return item(**(values | tags))


@pytest.mark.parametrize(
    ("regions", "spacing"),
    [
        ([region()], (0.2, 0.5)),
        ([region(), region()], (0.2, 0.5)),
        ([region(), region(RegionSpatialFormat=3, PhysicalUnitsXDirection=4)], (0.2, 0.5)),
        ([region(), region(PhysicalDeltaX=0.01)], None),
        ([region(PhysicalUnitsXDirection=4)], None),
    ],
)
def test_ultrasound_spacing_where_its_regions_agree(tmp_path, regions, spacing):
    ds = slice_of(PixelSpacing=None, Modality="US", SequenceOfUltrasoundRegions=regions)
    (head,) = read_headers(save(ds, tmp_path / "a"))
    assert head.spacing == (spacing and pytest.approx(spacing))


@pytest.mark.parametrize(
    "tags",
    [
        {"NumberOfFrames": 2**31 - 1},
        {"NumberOfFrames": 2**31 - 1, "SOPClassUID": EnhancedCTImageStorage,
         "PerFrameFunctionalGroupsSequence": [item()]},
        {"NumberOfFrames": -5, "Rows": 65535, "Columns": 65535},
        {"Rows": 65535, "Columns": 65535, "NumberOfFrames": 60000},
    ],
)  # fmt: skip
def test_giant_dimensions_are_refused_at_once(tmp_path, tags):
    path = save(slice_of(**tags), tmp_path / "a")
    with pytest.raises(ImagingError, match="pixels are declared, in a file of"):
        read(path)
    (one,) = scan(tmp_path).left_out
    assert one.broken


def test_objects_that_hold_no_image_say_what_they_are(tmp_path):
    dose = save(slice_of(SOPClassUID=RTDoseStorage), tmp_path / "a")
    with pytest.raises(NotAnImage, match="RT Dose is not an image"):
        read_headers(dose)
    bare = save(slice_of(Rows=None, PixelData=None), tmp_path / "b")
    with pytest.raises(NotAnImage, match=r"CT Image without pixels: Rows \(0028,0010\)"):
        read_headers(bare)
    empty = tmp_path / "c"
    empty.write_bytes(bytes(128) + b"DICM")
    found = {one.path.name: one.broken for one in scan(tmp_path).left_out}
    assert found == {"a": False, "b": False, "c": True}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rtstruct.dcm", "RT Structure Set is not an image"),
        ("rtplan.dcm", "RT Plan is not an image"),
        ("rtdose.dcm", "RT Dose is not an image"),
        ("test-SR.dcm", "Comprehensive SR is not an image"),
        ("waveform_ecg.dcm", "12-lead ECG Waveform is not an image"),
        ("liver_1frame.dcm", "Segmentation is not an image"),
        ("DICOMDIR", "Media Storage Directory is not an image"),
        ("ExplVR_BigEndNoMeta.dcm", "RT Ion Plan is not an image"),
    ],
)
def test_what_is_no_image_among_the_files_that_pydicom_ships(name, reason):
    with pytest.raises(ImagingError, match=reason):
        read(get_testdata_file(name, download=False))


def test_no_value_of_a_header_reaches_the_log(tmp_path, caplog):
    path = save(slice_of(StudyInstanceUID="1.2.3333"), tmp_path / "a")
    path.write_bytes(path.read_bytes().replace(b"1.2.3333", b"1.2.Doe^"))
    assert len(scan(path).entries) == 1
    assert caplog.text == ""


@settings(max_examples=80, deadline=None)
@given(data=st.data())
def test_a_mutated_header_is_read_or_refused(tmp_path_factory, data):
    # Instance numbers of random length would make the file's length random, too.
    ds = slice_of(KVP=120, EchoTime=3, SOPInstanceUID="1.2.3.4.5")
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    folder = tmp_path_factory.mktemp("mutated")
    raw = bytearray(save(ds, folder / "a").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(132, len(raw) - 1))] = data.draw(st.integers(0, 255))
    (folder / "a").write_bytes(raw[: data.draw(st.integers(140, len(raw)))])
    found = scan(folder)
    assert len(found.entries) + len(found.left_out) == 1

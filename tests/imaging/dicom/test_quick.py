from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from napari_medvlm.imaging.dicom import header
from napari_medvlm.imaging.dicom.quick import QuickHeader, Wanted, quick_header

from ..series import image, save

KEYWORDS = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "Modality",
    "StudyInstanceUID", "StudyDate", "AcquisitionTime", "SeriesDescription", "ImageType",
    "BodyPartExamined", "ImageComments", "Rows", "Columns", "SamplesPerPixel", "BitsStored",
    "PhotometricInterpretation", "NumberOfFrames", "PixelRepresentation", "InstanceNumber",
    "AcquisitionNumber", "TriggerTime", "EchoTime", "DiffusionBValue", "ImagePositionPatient",
    "ImageOrientationPatient", "SliceLocation", "SliceThickness", "PatientOrientation",
    "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter", "WindowWidth",
    "WindowCenterWidthExplanation", "PixelSpacing", "FrameTime", "FrameTimeVector",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "PixelPaddingValue",
    "EncapsulatedDocument",
)  # fmt: skip
PRIVATE = (
    (0x0019, 0x100C),
    (0x0043, 0x1039),
    (0x2001, 0x1003),
    (0x0029, 0x1010),
    (0x0019, 0x1002),
    (0x0009, 0x1027),
    (0x0043, 0x1006),
)
WANTED = Wanted(KEYWORDS + PRIVATE)

SHIPPED = sorted(
    p for p in (Path(pydicom.__file__).parent / "data/test_files").rglob("*") if p.is_file()
)


def plain(value: Any) -> Any:
    if isinstance(value, MultiValue | list | tuple | Sequence):
        return tuple(plain(part) for part in value)
    return value


def twin(source: Any) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(source, stop_before_pixels=True)
        values = {name: plain(ds.get(name)) for name in KEYWORDS if name in ds}
        return values | {tag: plain(ds[tag].value) for tag in PRIVATE if tag in ds}


def assert_equal_or_left(path: Path) -> QuickHeader | None:
    header = quick_header(path, WANTED)
    if header is not None:
        got = {name: header.get(name) for name in KEYWORDS if name in header}
        got |= {tag: header.get(tag).value for tag in PRIVATE if tag in header}
        assert got == twin(path)
    return header


def sample(**tags: Any) -> Dataset:
    pixels = np.arange(12, dtype=np.int16).reshape(3, 4)
    return image(
        pixels, WindowCenter=[40, -600], WindowWidth=["400", "1.5e3"], RescaleSlope="1",
        WindowCenterWidthExplanation=["soft ", "lung"], ImageType=["ORIGINAL", "PRIMARY"],
        SliceThickness="", **tags,
    )  # fmt: skip


def write(path: Path, ds: Dataset, syntax: str) -> Path:
    ds.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(path, ds)
    return path


def referenced() -> Sequence:
    inner = Dataset()
    inner.ReferencedSOPInstanceUID = "1.2.3"
    outer = Dataset()
    outer.ReferencedImageSequence = Sequence([inner, inner])
    outer.PatientID = "nested"
    return Sequence([outer, Dataset()])


def test_shipped_files_are_read_as_pydicom_reads_them_or_left_to_it():
    read = [path for path in SHIPPED if assert_equal_or_left(path) is not None]
    assert len(read) > 60


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("undefined", [False, True])
def test_elements_and_place_of_pixels(tmp_path, syntax, undefined):
    ds = sample(ReferencedStudySequence=referenced(), SourceImageSequence=referenced())
    for element in ds:
        if element.VR == "SQ":
            element.is_undefined_length = undefined
            for item in element.value:
                item.is_undefined_length_sequence_item = undefined
    path = write(tmp_path / "a", ds, syntax)
    header = assert_equal_or_left(path)
    assert header is not None
    assert header.file_meta.get("TransferSyntaxUID") == syntax
    assert header.get("WindowWidth") == (400.0, 1500.0)
    assert header.get("SliceThickness", "empty") is None
    assert header.get("EchoTime", "missing") == "missing"
    place = header.pixels
    assert place is not None
    assert path.read_bytes()[place.offset : place.offset + place.length] == ds.PixelData


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("signed", [0, 1])
def test_private_tags_and_values_whose_type_hangs_on_the_sign(tmp_path, syntax, signed):
    ds = sample(PixelRepresentation=signed)
    ds.add_new("PixelPaddingValue", "SS" if signed else "US", -5 if signed else 65531)
    ds.add_new(0x00190010, "LO", "GEMS_ACQU_01")
    ds.add_new(0x00191002, "SL", 912)
    ds.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    ds.add_new(0x00291010, "OB", b"SV10")
    ds.add_new(0x00430010, "LO", "NOBODY KNOWS")
    ds.add_new(0x00431039, "UN", b"800\\0")
    header = assert_equal_or_left(write(tmp_path / "a", ds, syntax))
    assert header is not None
    assert header.get((0x0019, 0x1002)).value == 912
    assert header.get((0x0029, 0x1010)).value == b"SV10"
    assert header.get((0x0043, 0x1039)).value == b"800\\0"
    assert header.get("PixelPaddingValue") == (-5 if signed else 65531)
    assert header.get((0x2001, 0x1003)) is None


def test_compressed_pixels_have_a_place_without_a_length(tmp_path):
    ds = sample()
    ds.compress(RLELossless)
    path = save(ds, tmp_path / "a")
    header = assert_equal_or_left(path)
    assert header is not None
    assert header.file_meta["TransferSyntaxUID"] == RLELossless
    assert header.pixels.length is None
    assert path.read_bytes()[header.pixels.offset :].startswith(b"\xfe\xff\x00\xe0")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("size", [20_000, 300_000])
def test_headers_longer_than_what_is_read_at_first(tmp_path, syntax, size):
    ds = sample()
    ds.add_new(0x00090010, "LO", "MAKER")
    ds.add_new(0x00091010, "OB", b"\1" * size)
    header = assert_equal_or_left(write(tmp_path / "a", ds, syntax))
    assert header is not None
    assert header.pixels is not None
    assert header.get("Rows") == 3


@pytest.mark.parametrize(
    ("charset", "words", "quick"),
    [
        (None, "Thorax", True),
        ("ISO_IR 100", "Schädel", True),
        ("ISO_IR 192", "頭部", True),
        (["", "ISO 2022 IR 87"], "頭部", False),
        ("ISO_IR 13", "x~y", False),
        ("ISO_IR 144", "Грудь", False),
    ],
)
def test_text_in_the_character_sets(tmp_path, charset, words, quick):
    ds = sample()
    if charset:
        ds.SpecificCharacterSet = charset
    ds.SeriesDescription = words
    header = assert_equal_or_left(save(ds, tmp_path / "a"))
    assert (header is not None) is quick
    if header is not None:
        assert header.get("SeriesDescription") == words


def test_what_is_out_of_the_ordinary_is_left_to_pydicom(tmp_path):
    def left(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bool:
        return assert_equal_or_left(write(tmp_path / "a", ds, syntax)) is None

    assert left(sample(), DeflatedExplicitVRLittleEndian)
    big = sample()
    big["PixelData"].VR = "OW"
    assert left(big, ExplicitVRBigEndian)
    grouped = sample(SharedFunctionalGroupsSequence=Sequence([Dataset()]))
    assert left(grouped)
    assert left(grouped, ImplicitVRLittleEndian)
    without = sample(PixelData=None)
    assert left(without)
    path = save(sample(), tmp_path / "b")
    path.write_bytes(path.read_bytes()[132:])
    assert quick_header(path, WANTED) is None
    path.write_bytes(b"")
    assert quick_header(path, WANTED) is None
    # Explicit elements under the name of implicit ones.
    data = save(sample(), tmp_path / "c").read_bytes()
    path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2\0\0\0"))
    assert quick_header(path, WANTED) is None


@pytest.mark.parametrize("number", ["1_0", "nan", "1,5", "0x1", " ", "1\\", "1e"])
def test_numbers_that_are_none_are_left_to_pydicom(tmp_path, number):
    ds = sample(SliceLocation="12.5678")
    path = save(ds, tmp_path / "a")
    assert assert_equal_or_left(path) is not None
    data = path.read_bytes()
    assert data.count(b"12.5678") == 1
    path.write_bytes(data.replace(b"12.5678", number.encode().ljust(7)))
    assert quick_header(path, WANTED) is None


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        quick_header(tmp_path / "none", WANTED)


def test_keywords_are_checked():
    with pytest.raises(ValueError, match="no keyword"):
        Wanted(["SliceThikness"])


def encoded(syntax: str, undefined: bool) -> bytes:
    ds = sample(SourceImageSequence=referenced())
    ds["SourceImageSequence"].is_undefined_length = undefined
    ds.file_meta.TransferSyntaxUID = syntax
    target = io.BytesIO()
    pydicom.dcmwrite(target, ds)
    return target.getvalue()


SEEDS = [
    encoded(syntax, undefined)
    for syntax in (ExplicitVRLittleEndian, ImplicitVRLittleEndian)
    for undefined in (False, True)
]


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_damaged_headers_are_read_alike_or_left(tmp_path_factory, data):
    raw = bytearray(data.draw(st.sampled_from(SEEDS)))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(132, len(raw) - 1))
        kind = data.draw(st.sampled_from(["set", "remove", "insert", "cut"]))
        some = data.draw(st.binary(min_size=1, max_size=4))
        if kind == "set":
            raw[at : at + len(some)] = some
        elif kind == "remove":
            del raw[at : at + len(some)]
        elif kind == "insert":
            raw[at:at] = some
        else:
            del raw[max(at, 140) :]
        if len(raw) < 140:
            break
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(bytes(raw))
    assert_equal_or_left(path)


def test_what_images_share_is_made_once_and_the_same(tmp_path):
    pixels = np.arange(12, dtype=np.int16).reshape(3, 4)
    paths = []
    for k in range(6):
        ds = image(
            pixels,
            position=(k % 2, 0, 2.5 * k),
            number=k,
            AcquisitionTime=f"10110{k}.5",
            ContentTime="101110" if k < 3 else "",
            RescaleSlope=1 + k // 4,
            SliceLocation="" if k == 2 else 7 * k,
            EchoTime=30 + k // 5,
        )
        ds.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
        ds.add_new(0x00291010, "OB", bytes([k]) * 5000)
        paths.append(save(ds, tmp_path / str(k)))
    shared = [header.read_headers(path)[0] for path in paths]
    fresh = []
    for path in paths:
        header._models.clear()
        fresh += header.read_headers(path)
    assert [vars(h) for h in shared] == [vars(h) for h in fresh]
    assert [h.slope for h in shared] == [1, 1, 1, 1, 2, 2]

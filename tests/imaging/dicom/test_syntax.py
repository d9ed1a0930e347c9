"""What the pixels say against what their file names."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate, get_frame
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.dicom.codestream import bare_codestream
from napari_medvlm.imaging.dicom.unlocked import unpack_bits

from ..series import image

PIXELS = np.arange(99, dtype=np.int16).reshape(9, 11)


def written(path, ds, syntax):
    ds.file_meta.TransferSyntaxUID = syntax
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.dcmwrite(path, ds, enforce_file_format=False)
    return path


@pytest.mark.parametrize(
    "named", [JPEGBaseline8Bit, JPEGLosslessSV1, JPEGLSLossless, JPEG2000Lossless, RLELossless]
)
def test_native_pixels_under_a_compressed_name_are_read_and_it_is_said(tmp_path, named):
    ds = image(PIXELS)
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "a", ds)
    data = (tmp_path / "a").read_bytes()
    name = ExplicitVRLittleEndian.encode() + b"\0"
    other = named.encode() + b"\0" * (len(named) % 2)
    at = data.index(name)
    head = data[: at - 2] + len(other).to_bytes(2, "little") + other
    size = int.from_bytes(data[140:144], "little") + len(other) - len(name)
    (tmp_path / "a").write_bytes(
        head[:140] + size.to_bytes(4, "little") + head[144:] + data[at + len(name) :]
    )
    (volume,) = read(tmp_path / "a")
    np.testing.assert_array_equal(volume.voxels[0], PIXELS)
    assert any("TransferSyntaxUID" in remark for remark in volume.remarks)


def test_native_pixels_of_a_multi_frame_file_under_a_compressed_name(tmp_path):
    # Its functional groups are left to pydicom, and the low bits are not part of the values.
    ds = image(PIXELS * 16, BitsStored=12, HighBit=15, PixelRepresentation=1)
    ds.SharedFunctionalGroupsSequence = [pydicom.dataset.Dataset()]
    ds.PerFrameFunctionalGroupsSequence = [pydicom.dataset.Dataset()]
    ds.NumberOfFrames = 1
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    pydicom.dcmwrite(tmp_path / "a", ds)
    (wanted,) = read(tmp_path / "a")
    data = (tmp_path / "a").read_bytes()
    old = ExplicitVRLittleEndian.encode() + b"\0"
    new = RLELossless.encode() + b"\0" * (len(RLELossless) % 2)
    assert len(old) == len(new)
    (tmp_path / "a").write_bytes(data.replace(old, new, 1))
    (volume,) = read(tmp_path / "a")
    np.testing.assert_array_equal(volume.voxels, wanted.voxels)
    np.testing.assert_array_equal(volume.voxels[0], PIXELS)
    assert any("TransferSyntaxUID" in remark for remark in volume.remarks)


def test_whole_numbers_without_stored_bits_are_not_taken_for_fractions(tmp_path):
    ds = image(PIXELS.astype(np.int32), BitsAllocated=32, BitsStored=0, HighBit=31)
    (volume,) = read(written(tmp_path / "a", ds, ExplicitVRLittleEndian))
    np.testing.assert_array_equal(volume.voxels[0], PIXELS)
    assert any("BitsStored" in remark for remark in volume.remarks)


@pytest.mark.parametrize(
    "name", ["MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "SC_rgb_jpeg_gdcm.dcm"]
)
def test_compressed_pixels_under_an_uncompressed_name_are_read_as_what_they_are(tmp_path, name):
    path = get_testdata_file(name, read=False)
    data = Path(path).read_bytes()
    (wanted,) = read(path)
    syntax = pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID
    old = syntax.encode() + b"\0" * (len(syntax) % 2)
    new = ExplicitVRLittleEndian.encode().ljust(len(old), b"\0")
    (tmp_path / "a").write_bytes(data.replace(old, new, 1))
    (volume,) = read(tmp_path / "a")
    np.testing.assert_array_equal(volume.voxels, wanted.voxels)
    assert any("TransferSyntaxUID" in remark for remark in volume.remarks)


@pytest.mark.parametrize(
    ("tags", "named"),
    [
        ({"BitsStored": 65535}, "BitsStored"),
        ({"BitsStored": 17}, "BitsStored"),
        ({"BitsStored": 0}, "BitsStored"),
        ({"HighBit": 65535}, "HighBit"),
        ({"PixelRepresentation": 7}, "PixelRepresentation"),
        ({"HighBit": 3, "BitsStored": 12}, "HighBit"),
    ],
)
def test_bits_that_cannot_be_are_said(tmp_path, tags, named):
    (volume,) = read(written(tmp_path / "a", image(PIXELS, **tags), ExplicitVRLittleEndian))
    assert any(named in remark for remark in volume.remarks)
    np.testing.assert_array_equal(volume.voxels[0], PIXELS)


@pytest.mark.parametrize("allocated", [0, 12, 24, 65535])
def test_pixels_of_an_impossible_size_are_refused(tmp_path, allocated):
    ds = image(PIXELS, BitsAllocated=allocated)
    with pytest.raises(ImagingError, match="BitsAllocated"):
        read(written(tmp_path / "a", ds, ExplicitVRLittleEndian))


def rle_segments(data: bytes) -> list[bytes]:
    count, *starts = np.frombuffer(data[:64], "<u4").tolist()
    ends = [*starts[1:count], len(data)]
    return [data[a:b] for a, b in zip(starts[:count], ends, strict=True)]


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(padding=st.binary(max_size=5))
def test_whatever_pads_a_segment_of_rle_is_passed_over(tmp_path, padding):
    ds = image(PIXELS)
    ds.compress(RLELossless, generate_instance_uid=False)
    segments = [part + padding for part in rle_segments(get_frame(ds.PixelData, 0))]
    starts = np.cumsum([64, *map(len, segments)])[:-1]
    head = np.zeros(16, "<u4")
    head[0], head[1 : 1 + len(starts)] = len(starts), starts
    ds.PixelData = encapsulate([head.tobytes() + b"".join(segments)])
    (volume,) = read(written(tmp_path / "a", ds, RLELossless))
    np.testing.assert_array_equal(volume.voxels[0], PIXELS)


@pytest.mark.parametrize("cut", [2, 10])
def test_a_segment_of_rle_that_ends_early_is_refused(tmp_path, cut):
    ds = image(PIXELS)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.PixelData = encapsulate([get_frame(ds.PixelData, 0)[:-cut]])
    with pytest.raises(ImagingError):
        read(written(tmp_path / "a", ds, RLELossless))


@given(st.binary(max_size=40), st.integers(0, 60))
def test_unpacking_never_gives_more_than_is_asked_for(data, size):
    assert len(unpack_bits(data, size)) <= size


def box(kind: bytes, body: bytes = b"", length: int | None = None) -> bytes:
    return (8 + len(body) if length is None else length).to_bytes(4, "big") + kind + body


CODE = b"\xff\x4f\xff\x51" + b"codestream"
FIRST = b"\x00\x00\x00\x0cjP  \r\n\x87\n"


@pytest.mark.parametrize(
    "boxes",
    [
        box(b"ftyp", b"jp2 ", 0), box(b"ftyp", b"jp2 ", 3), box(b"ftyp", b"jp2 ", 1 << 31),
        box(b"jp2h", box(b"ihdr", b"abc", 0)), box(b"jp2h", box(b"ihdr", b"abc", 7)), b"\x92",
    ],
)  # fmt: skip
def test_boxes_that_lead_nowhere_are_left_out(boxes):
    assert bare_codestream(FIRST + boxes + box(b"jp2c", CODE)) == CODE


def test_sound_boxes_stay():
    whole = FIRST + box(b"jp2h", box(b"ihdr", b"abc")) + box(b"jp2c", CODE, 0)
    assert bare_codestream(whole) == whole
    with pytest.raises(ValueError, match="no codestream"):
        bare_codestream(FIRST + box(b"ftyp", b"", 0))

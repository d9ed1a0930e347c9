from __future__ import annotations

import base64
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_modality_lut

from napari_medvlm.imaging.dicom import decoding
from napari_medvlm.imaging.dicom.header import read_headers
from napari_medvlm.imaging.dicom.pixels import read_image, voxel_type

from ..series import image, save
from .coded import save_as

PLAIN = (
    uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian, uid.ExplicitVRBigEndian,
    uid.DeflatedExplicitVRLittleEndian,
)  # fmt: skip
LOSSLESS = (
    uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless,
    uid.RLELossless,
)  # fmt: skip
LOSSY = {
    uid.JPEGBaseline8Bit: 1,
    uid.JPEGExtended12Bit: 1,
    uid.JPEGLSNearLossless: 2,
    uid.JPEG2000: 1,
}
KINDS = [("u1", 8), ("u2", 12), ("i2", 12), ("u2", 16), ("i2", 16)]

#: 16 x 24 ramps up to 4095, written with imagecodecs.
JPEG_12 = (
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAIBAQEBAQIBAQECAgICAgQDAgICAgUEBAMEBgUGBgYFBgYGBwkIBgcJ"
    "BwYGCAsICQoKCgoKBggLDAsKDAkKCgr/wQALDAAQABgBAREA/8QAFQABAQAAAAAAAAAAAAAAAAAACw3/xAAqEAAA"
    "AwUFCQEAAAAAAAAAAAASExUAAQoMYQgJERkpBg0WJ0RGR2JjGP/aAAgBAQAAPwCEhwhUIU+/sfsxywWlonozBDwp"
    "VlMYQmWSH39vC+n2tLRPbBgh4elWUyhCd3w2fbwvojLS0T49MEPD5VYs2WSIQnPtfZ95XrS0mdGYIYKVaiISyRLJ"
    "Gfb+fdPtaWkztgwQwelWoiEsj7vhs+19n3RGWlpL8emCGD5Vb//Z"
)
HTJ2K = (
    "/0//UQApQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAABDwEB/1AACAACAAAACv9SAAwAAgABAAUE"
    "BEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAPQAAf+TwAAm"
    "efwFB3QAwAASgEQCh3QAwAASwAATwAASgP0AB3QAO4DkAMI0APkAh3QAwAASwAAVcAAEoLwEDcQAAIgFwOcAGIDn"
    "VgCwDDoUAMAAFbAABa8AAFYAL4Vqnv4ARlUhBngYAAAAAFABqAYACACrA0DiFAJBASRHFnkAAAIB9gAQTbRcrbgA"
    "wAAtuAAF08AALSDAIQC8DuBlB4fURStLZsiTohtiedogDpERQQEAAMABeDF4ALZGpXpRA4CdgwCDA5pGICnWIAHI"
    "8UhXWJ6LXQMTRgElwcD+dBhdtDKL5bkZbSYTTgD/2Q=="
)
HTJ2K_SIGNED = (
    "/0//UQApQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAABjwEB/1AACAACAAAACv9SAAwAAgABAAUE"
    "BEAB/1wAEyCIkJCQkJCQkJCQkJCQiIiI/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAAPQAAf+TwAAm"
    "efwDB3QAwAASgEQCh3QAwAASwAATwAASgP0AB3QAO4DkAMI0APkAh3QAwAASwAAVcAAEoLwEDcQAAIgFwOcAGIDn"
    "VgCwDDoUAMAAFbAABa8AAFYAL4Vqnv4ARlUhBngYAAAAAFABqAYACACrA0DiFAJBASRHFnkAAAIB9gAQTbRcrbgA"
    "wAAtuAAF08AALSDAIQC8DuBlB4fURStLZsiTohtiedogDpERQQEAAMABeDF4ALZGpXpRA4CdgwCDA5pGICnWIAHI"
    "8UhXWJ6LXQMTRgElwcD+dBhdtDKL5bkZbSYTTgD/2Q=="
)
HTJ2K_RGB = (
    "/0//UQAvQAAAAAAYAAAAEAAAAAAAAAAAAAAAGAAAABAAAAAAAAAAAAADBwEBBwEBBwEB/1AACAACAAAAA/9SAAwA"
    "AgABAQUEBEAB/1wAEyBQWFhYWFhYWFhYWFhYUFBQ/2QAFwABT3BlbkpQSCBWZXIgMC4yNi4zLv+QAAoAAAAAATAA"
    "Af+TwBKA9wAHdADAEoDGAQd0AMASgPIAx3QAAMAJQFUBh3QAwAlAVgGHdACgBMCQkABCNADACWAE4PoAR3QAI0f+"
    "AGI0AMAJYATg+wBHdAAjR/4AYjQAoAVASAT5AOR3VQDACaAFSNnsgIt0AJGRyAAAAHdWAMAJoAVIWu2Ai3QAkZHI"
    "AAAAd1YAoAVgohBCiOAA9gAB7LgAwAqIAVprrfXacAJ1AMfjOI7j4Aj2EIHsuADACogBWowx9tpwAnUAx+M4juPg"
    "CPYQgey4AKALRG7btm37/xAEnv2Se/ZJ7LwAwBWQBaIzMzMz8/Cnp6fCeAD/f/9//3//HJ798nv3yey7AMAVkAWi"
    "IiIiIvPwp6enwngA/3//f/9//xye/fJ798nsuwD/2Q=="
)


def ramp(kind: str, bits: int, rows: int = 40, columns: int = 34):
    """Every magnitude that the bits allow, both ends included."""
    y, x = np.mgrid[:rows, :columns]
    low = -(1 << bits - 1) if kind.startswith("i") else 0
    share = (x * y) / ((rows - 1) * (columns - 1))
    return np.rint(low + ((1 << bits) - 1) * share).astype(kind)


def rgb(rows: int = 40, columns: int = 34):
    y, x = np.mgrid[:rows, :columns]
    return np.stack([x * 7, y * 6, 255 - x * 7], axis=-1).astype(np.uint8)


def embedded(tmp_path: Path, code: str, syntax: str, like: np.ndarray, **tags) -> Path:
    ds = image(like, **tags)
    ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
    ds.PixelData = encapsulate([base64.b64decode(code)])
    return save(ds, tmp_path / "a.dcm")


def only(path: Path):
    (header,) = read_headers(path)
    got = read_image(header)
    assert got.dtype == voxel_type((header,))
    return got


@pytest.mark.parametrize("syntax", [*PLAIN, *LOSSLESS])
@pytest.mark.parametrize(("kind", "bits"), KINDS)
def test_lossless_values_come_back_exactly(tmp_path, syntax, kind, bits):
    values = ramp(kind, bits)
    path = save_as(image(values, BitsStored=bits, HighBit=bits - 1), tmp_path / "a.dcm", syntax)
    np.testing.assert_array_equal(only(path), values)


@pytest.mark.parametrize("syntax", [*PLAIN, *LOSSLESS])
def test_lossless_colours_come_back_exactly(tmp_path, syntax):
    np.testing.assert_array_equal(only(save_as(image(rgb()), tmp_path / "a.dcm", syntax)), rgb())


@pytest.mark.parametrize(("syntax", "most"), LOSSY.items())
def test_lossy_values_come_near(tmp_path, syntax, most):
    values = ramp("u1", 8)
    got = only(save_as(image(values), tmp_path / "a.dcm", syntax))
    assert np.abs(got.astype(int) - values).max() <= most


@pytest.mark.parametrize("syntax", PLAIN)
@pytest.mark.parametrize("kind", ["i4", "u4"])
def test_32_bits(tmp_path, syntax, kind):
    values = ramp(kind, 31)
    got = only(save_as(image(values), tmp_path / "a.dcm", syntax))
    assert got.dtype == (np.int32 if kind == "i4" else np.float32)
    np.testing.assert_array_equal(got, values.astype(got.dtype))


@pytest.mark.parametrize("kind", ["f4", "f8"])
def test_floating_point_pixels(tmp_path, kind):
    values = np.linspace(-1.5, 2.5, 12).reshape(3, 4).astype(kind)
    ds = image(values, BitsStored=None, HighBit=None, PixelRepresentation=None)
    name = {"f4": "FloatPixelData", "f8": "DoubleFloatPixelData"}[kind]
    setattr(ds, name, values.tobytes())
    del ds.PixelData
    got = only(save(ds, tmp_path / "a.dcm"))
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, values.astype(np.float32))


def test_jpeg_of_12_bits(tmp_path):
    y, x = np.mgrid[:16, :24]
    values = (4095 * (x * y / (15 * 23))).astype(np.uint16)
    path = embedded(tmp_path, JPEG_12, uid.JPEGExtended12Bit, values, BitsStored=12, HighBit=11)
    assert np.abs(only(path).astype(int) - values).max() <= 2


@pytest.mark.parametrize(("code", "offset", "kind"), [(HTJ2K, 0, "u2"), (HTJ2K_SIGNED, 2048, "i2")])
@pytest.mark.parametrize("syntax", [uid.HTJ2KLossless, uid.HTJ2KLosslessRPCL, uid.HTJ2K])
def test_high_throughput_jpeg_2000(tmp_path, code, offset, kind, syntax):
    y, x = np.mgrid[:16, :24]
    values = ((4095 * (x * y / (15 * 23))).astype(np.int16) - offset).astype(kind)
    path = embedded(tmp_path, code, syntax, values, BitsStored=12, HighBit=11)
    np.testing.assert_array_equal(only(path), values)


def test_high_throughput_jpeg_2000_in_colour(tmp_path):
    y, x = np.mgrid[:16, :24]
    colours = np.stack([x * 10, y * 16, 255 - x * 10], axis=-1).astype(np.uint8)
    path = embedded(
        tmp_path, HTJ2K_RGB, uid.HTJ2KLossless, colours, PhotometricInterpretation="YBR_RCT"
    )
    np.testing.assert_array_equal(only(path), colours)


def test_encapsulated_uncompressed_frames(tmp_path):
    values = np.stack([ramp("u2", 12), ramp("u2", 12)[::-1]])
    ds = image(values, NumberOfFrames=2, BitsStored=12, HighBit=11)
    ds.file_meta.TransferSyntaxUID = uid.UID("1.2.840.10008.1.2.1.98")
    ds.PixelData = encapsulate([frame.tobytes() for frame in values])
    got = [read_image(header) for header in read_headers(save(ds, tmp_path / "a.dcm"))]
    np.testing.assert_array_equal(got, values)


@pytest.mark.parametrize(
    "name",
    [
        "693_J2KI.dcm", "CT_small.dcm", "J2K_pixelrep_mismatch.dcm", "JPEG2000.dcm",
        "JPEGLSNearLossless_08.dcm", "JPEGLSNearLossless_16.dcm", "MR_small.dcm",
        "MR_small_RLE.dcm", "MR_small_bigendian.dcm", "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm", "MR_small_padded.dcm",
        "SC_rgb_small_odd.dcm", "SC_rgb_small_odd_big_endian.dcm", "image_dfl.dcm",
        "SC_rgb_jpeg.dcm", "examples_overlay.dcm",
    ],
)  # fmt: skip
def test_shipped_files_read_as_pydicom_reads_them(name):
    path = get_testdata_file(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path)
        expected = apply_modality_lut(ds.pixel_array, ds)
        (header,) = read_headers(Path(path))
        got = read_image(header)
    np.testing.assert_array_equal(got, expected)


@pytest.mark.parametrize("name", ["JPEG-lossy.dcm", "JPGExtended.dcm"])
def test_shipped_12_bit_files_hold_their_published_values(name):
    # pydicom's own tests give these two values for its optional GPL decoder.
    (header,) = read_headers(Path(get_testdata_file(name)))
    got = read_image(header)
    assert (got[420, 140], got[230, 120]) == (244, 95)


def test_only_the_asked_frame_of_a_multi_frame_file_is_decoded(tmp_path, monkeypatch):
    values = np.stack([ramp("u2", 12) // (n + 1) for n in range(5)])
    ds = image(values, NumberOfFrames=5, BitsStored=12, HighBit=11)
    path = save_as(ds, tmp_path / "a.dcm", uid.JPEGLSLossless)
    headers = read_headers(path)
    calls = []
    decode = decoding.decode_unlocked
    monkeypatch.setattr(decoding, "decode_unlocked", lambda *a: calls.append(1) or decode(*a))
    np.testing.assert_array_equal(read_image(headers[3]), values[3])
    assert len(calls) == 1

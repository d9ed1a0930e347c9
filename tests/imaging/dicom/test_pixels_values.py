from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.dataset import Dataset
from pydicom.pixels import apply_modality_lut

from napari_medvlm.imaging.dicom.header import ImageHeader, read_headers
from napari_medvlm.imaging.dicom.lut import Lut
from napari_medvlm.imaging.dicom.pixels import (
    is_coloured,
    padding_of,
    raw_type,
    read_image,
    to_units,
    voxel_type,
)
from napari_medvlm.imaging.dicom.units import mirror, stored_range

from ..series import image, save


def header(**fields) -> ImageHeader:
    """A grey image of 16 bits, unless told otherwise."""
    plain = {
        "path": Path("a"), "frame": None, "series": "", "instance": "", "modality": "CT",
        "body_part": "", "shape": (2, 3, 1), "photometric": "MONOCHROME2", "bits": 16,
        "signed": False, "order": (), "position": None, "orientation": None, "location": None,
        "spacing": None, "spacing_tag": 0, "thickness": None, "between": None,
        "patient_orientation": (), "slope": 1.0, "intercept": 0.0, "modality_lut": False,
        "windows": (),
    }  # fmt: skip
    fields.setdefault("high", fields.get("bits", 16) - 1)
    return ImageHeader(**(plain | fields))


@st.composite
def headers(draw) -> ImageHeader:
    allocated = draw(st.sampled_from([8, 16, 32]))
    bits = draw(st.integers(1, allocated))
    return header(
        allocated=allocated,
        bits=bits,
        high=draw(st.integers(bits - 1, allocated - 1)),
        signed=draw(st.booleans()),
        slope=draw(st.sampled_from([1.0, -1.0, 2.0, -3.0, 0.5, 0.0123, 17.0])),
        intercept=draw(st.sampled_from([0.0, -1024.0, 1000.0, 0.25, -32768.0])),
        photometric=draw(st.sampled_from(["MONOCHROME1", "MONOCHROME2"])),
        inverse=draw(st.booleans()),
    )


@given(headers(), st.data())
@settings(max_examples=200, deadline=None)
def test_every_possible_value_gets_its_exact_final_value(head, data):
    low, high = stored_range(head)
    values = [low, high, *data.draw(st.lists(st.integers(low, high), max_size=8))]
    shift = head.high + 1 - head.bits
    mask = (1 << head.bits) - 1
    junk = data.draw(st.integers(0, (1 << head.allocated) - 1))
    words = [((v & mask) << shift) | (junk & ~(mask << shift)) for v in values]
    # The bits beyond those that are stored hold anything: overlays, or nothing.
    stored = np.array([w & ((1 << head.allocated) - 1) for w in words], f"u{head.allocated // 8}")
    got = to_units(head, stored)
    inverted = head.photometric == "MONOCHROME1" or head.inverse
    shown = [low + high - v if inverted else v for v in values]
    expected = np.array([v * head.slope + head.intercept for v in shown])
    assert got.dtype == voxel_type((head,))
    if got.dtype == np.float32:
        np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-4)
    else:
        np.testing.assert_array_equal(got, expected)


@given(st.lists(headers(), min_size=1, max_size=4))
@settings(max_examples=100, deadline=None)
def test_the_type_of_a_group_holds_the_ends_of_all_its_images(group):
    dtype = voxel_type(group)
    for head in group:
        shift = head.high + 1 - head.bits
        words = [(v & ((1 << head.bits) - 1)) << shift for v in stored_range(head)]
        stored = np.array(words, f"u{head.allocated // 8}")
        alone, together = to_units(head, stored), to_units(head, stored, np.empty(2, dtype))
        np.testing.assert_array_equal(together, alone.astype(dtype))
        if dtype.kind in "iu":
            np.testing.assert_array_equal(together.astype(float), alone.astype(float))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"bits": 8, "allocated": 8}, np.uint8),
        ({"bits": 8, "allocated": 8, "signed": True}, np.int16),
        ({"bits": 8, "allocated": 8, "intercept": 5.0}, np.int16),
        ({"bits": 12, "intercept": -1024.0}, np.int16),
        ({"bits": 16}, np.uint16),
        ({"bits": 16, "signed": True}, np.int16),
        ({"bits": 16, "signed": True, "intercept": -1024.0}, np.int32),
        ({"bits": 12, "slope": 0.5}, np.float32),
        ({"bits": 32, "allocated": 32}, np.float32),
        ({"bits": 32, "allocated": 32, "floating": True}, np.float32),
        ({"shape": (2, 3, 3), "photometric": "RGB"}, np.uint8),
        ({"photometric": "PALETTE COLOR"}, np.uint8),
    ],
)
def test_the_type_is_told_by_the_header(fields, expected):
    assert voxel_type((header(**fields),)) == expected


def test_stored_values_are_never_changed_in_place():
    stored = np.array([0xF123, 0x0FFF], np.uint16)
    before = stored.copy()
    got = to_units(header(bits=12, intercept=-1024.0), stored)
    np.testing.assert_array_equal(stored, before)
    np.testing.assert_array_equal(got, [0x123 - 1024, 0xFFF - 1024])


def test_a_slope_of_zero_erases_nothing(tmp_path):
    ds = image(np.arange(6, dtype=np.uint16).reshape(2, 3), RescaleSlope=0, RescaleIntercept=-5)
    (head,) = read_headers(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(read_image(head), [[-5, -4, -3], [-2, -1, 0]])


def lut_item(entries, first: int = 0, bits: int = 16, packed: bool = False) -> Dataset:
    item = Dataset()
    item.add_new(0x00283002, "SS" if first < 0 else "US", [len(entries) % 65536, first, bits])
    data = np.asarray(entries, np.uint8 if packed else np.uint16).tobytes()
    item.add_new(0x00283006, "OW", data + b"\0" * (len(data) % 2))
    return item


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("first", [0, 3, -2])
def test_a_modality_lut_is_looked_up_and_holds_on_at_its_ends(tmp_path, packed, first):
    entries = [7, 40, 90, 91, 250]
    values = np.arange(-6, 12, dtype=np.int16).reshape(3, 6)
    item = lut_item(entries, first, 8 if packed else 16, packed)
    ds = image(values, ModalityLUTSequence=[item])
    (head,) = read_headers(save(ds, tmp_path / "a"))
    expected = np.array(entries)[np.clip(values - first, 0, 4)]
    np.testing.assert_array_equal(read_image(head), expected)


def test_a_modality_lut_gives_what_pydicom_gives(tmp_path):
    entries = np.linspace(0, 65535, 4096).astype(np.uint16)
    values = np.random.default_rng(0).integers(0, 4096, (9, 7)).astype(np.uint16)
    ds = image(values, BitsStored=12, HighBit=11, ModalityLUTSequence=[lut_item(entries)])
    path = save(ds, tmp_path / "a")
    (head,) = read_headers(path)
    back = pydicom.dcmread(path)
    np.testing.assert_array_equal(read_image(head), apply_modality_lut(back.pixel_array, back))


def test_the_entries_of_a_modality_lut_are_what_is_mirrored():
    lut = Lut(0, 8, np.array([0, 10, 255], np.uint16))
    head = header(photometric="MONOCHROME1", lut=lut, modality_lut=True)
    assert mirror(head) == 255
    np.testing.assert_array_equal(to_units(head, np.array([0, 1, 2], np.uint16)), [255, 245, 0])


def test_a_rescale_of_its_own_for_each_slice(tmp_path):
    values = np.full((2, 2), 10, np.uint16)
    heads = []
    for n, slope in enumerate((1.5, 0.25)):
        ds = image(values, RescaleSlope=slope, RescaleIntercept=n)
        heads += read_headers(save(ds, tmp_path / f"{n}"))
    assert voxel_type(heads) == np.float32
    assert [read_image(h)[0, 0] for h in heads] == [15.0, 3.5]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"PixelPaddingValue": -2000}, (-3024, -3024)),
        ({"PixelPaddingValue": -2000, "PixelPaddingRangeLimit": -1990}, (-3024, -3014)),
        ({"PixelPaddingValue": -1990, "PixelPaddingRangeLimit": -2000}, (-3024, -3014)),
        ({}, None),
    ],
)
def test_padding_is_told_in_final_units(tmp_path, tags, expected):
    ds = image(np.zeros((2, 2), np.int16), RescaleSlope=1, RescaleIntercept=-1024, **tags)
    assert padding_of(read_headers(save(ds, tmp_path / "a"))) == expected


def test_padding_written_with_the_other_sign_is_understood(tmp_path):
    ds = image(np.zeros((2, 2), np.int16))
    ds.add_new(0x00280120, "US", 63536)
    assert padding_of(read_headers(save(ds, tmp_path / "a"))) == (-2000, -2000)


def test_padding_is_mirrored_with_the_values():
    head = header(photometric="MONOCHROME1", bits=12, padding=(0, 3))
    assert padding_of([head]) == (4092, 4095)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "<u2"),
        ({"signed": True, "syntax": uid.ExplicitVRBigEndian}, ">i2"),
        ({"allocated": 32, "bits": 32, "floating": True}, "<f4"),
        ({"allocated": 8, "bits": 8}, "|u1"),
        ({"allocated": 8, "bits": 8, "syntax": uid.ExplicitVRBigEndian}, None),
        ({"syntax": uid.JPEG2000}, None),
        ({"syntax": uid.DeflatedExplicitVRLittleEndian}, None),
        ({"photometric": "PALETTE COLOR"}, None),
        ({"allocated": 1, "bits": 1}, None),
    ],
)
def test_what_can_be_read_as_a_plain_array(fields, expected):
    got = raw_type(header(**fields))
    assert got == (None if expected is None else np.dtype(expected))


def test_single_bits(tmp_path):
    bits = np.random.default_rng(1).integers(0, 2, (2, 5, 7)).astype(np.uint8)
    ds = image(bits, NumberOfFrames=2, BitsAllocated=1, BitsStored=1, HighBit=0)
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7.1"
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    ds.PixelData = packed + b"\0" * (len(packed) % 2)
    got = [read_image(h) for h in read_headers(save(ds, tmp_path / "a"))]
    np.testing.assert_array_equal(got, bits)


@pytest.mark.parametrize("shape", [(3, 3), (5, 7)])
def test_odd_lengths_are_padded_by_a_byte_that_is_no_pixel(tmp_path, shape):
    values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    ds = image(values)
    ds.PixelData += b"\x99"
    (head,) = read_headers(save(ds, tmp_path / "a"))
    np.testing.assert_array_equal(read_image(head), values)


def test_grey_is_not_coloured():
    assert not is_coloured(header())


def test_several_threads_may_read_one_file(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    values = np.random.default_rng(2).integers(0, 4096, (12, 30, 30)).astype(np.uint16)
    ds = image(values, NumberOfFrames=12, BitsStored=12, HighBit=11)
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    heads = read_headers(save(ds, tmp_path / "a"))
    with ThreadPoolExecutor(4) as pool:
        got = list(pool.map(read_image, heads * 3))
    np.testing.assert_array_equal(got, np.concatenate([values] * 3))

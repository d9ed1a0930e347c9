from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import uid
from pydicom.data import get_testdata_file
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, convert_color_space

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.dicom.header import read_headers
from napari_medvlm.imaging.dicom.pixels import read_image

from ..series import image, save


def smooth(rows: int = 32, columns: int = 48):
    """Colours that survive subsampling: wide, slow ramps."""
    y, x = np.mgrid[:rows, :columns]
    return np.stack([60 + 3 * x, 40 + 4 * y, 200 - 2 * x], axis=-1).astype(np.uint8)


def one(path: Path):
    (header,) = read_headers(path)
    return read_image(header)


def coded(tmp_path: Path, code: bytes, photometric: str, syntax: str = uid.JPEGBaseline8Bit):
    ds = image(smooth(), PhotometricInterpretation=photometric)
    ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
    ds.PixelData = encapsulate([code])
    return one(save(ds, tmp_path / "a.dcm"))


def jpeg(mode: str = "RGB", **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(smooth()).convert(mode).save(out, "JPEG", quality=98, **options)
    return out.getvalue()


def without_jfif(code: bytes) -> bytes:
    """Without its APP0 segment, which Pillow puts first."""
    assert code[2:4] == b"\xff\xe0"
    length = int.from_bytes(code[4:6], "big")
    return code[:2] + code[4 + length :]


def assert_near(got, most: int = 6):
    assert np.abs(got.astype(int) - smooth()).max() <= most


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("photometric", ["YBR_FULL_422", "YBR_FULL", "RGB"])
def test_jpeg_of_any_sampling_and_label(tmp_path, subsampling, photometric):
    # With a JFIF marker the image is YCbCr, whatever the header says.
    assert_near(coded(tmp_path, jpeg(subsampling=subsampling), photometric))


@pytest.mark.parametrize("subsampling", ["4:2:2", "4:2:0"])
def test_a_subsampled_jpeg_is_no_rgb(tmp_path, subsampling):
    assert_near(coded(tmp_path, without_jfif(jpeg(subsampling=subsampling)), "RGB"))


def test_a_silent_jpeg_is_what_the_header_says(tmp_path):
    code = without_jfif(jpeg(subsampling="4:4:4"))
    assert_near(coded(tmp_path, code, "YBR_FULL"))
    raw = convert_color_space(smooth(), "RGB", "YBR_FULL")
    got = coded(tmp_path, code, "RGB")
    assert np.abs(got.astype(int) - raw).max() <= 6


@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL_422", "YBR_FULL"])
def test_a_jpeg_that_keeps_rgb_is_rgb(tmp_path, photometric):
    code = jpeg(keep_rgb=True, subsampling="4:4:4")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom says that the label is wrong
        assert_near(coded(tmp_path, code, photometric), 3)


@pytest.mark.parametrize("planar", [0, 1])
@pytest.mark.parametrize("photometric", ["RGB", "YBR_FULL"])
def test_planar_configuration(tmp_path, planar, photometric):
    stored = smooth() if photometric == "RGB" else convert_color_space(smooth(), "RGB", "YBR_FULL")
    ds = image(smooth(), PhotometricInterpretation=photometric, PlanarConfiguration=planar)
    ds.PixelData = (stored.transpose(2, 0, 1) if planar else stored).tobytes()
    got = one(save(ds, tmp_path / "a"))
    if photometric == "RGB":
        np.testing.assert_array_equal(got, smooth())
    else:
        np.testing.assert_array_equal(got, convert_color_space(stored, "YBR_FULL", "RGB"))
        assert_near(got, 2)


def subsampled(ybr):
    """Y1 Y2 Cb Cr of each pair of pixels (PS3.3 C.7.6.3.1.2)."""
    pairs = ybr.reshape(ybr.shape[0], -1, 2, 3)
    return np.concatenate([pairs[..., 0], pairs[:, :, 0, 1:]], axis=-1)


def test_uncompressed_ybr_422(tmp_path):
    ybr = convert_color_space(smooth(), "RGB", "YBR_FULL")
    ds = image(smooth(), PhotometricInterpretation="YBR_FULL_422")
    ds.PixelData = subsampled(ybr).tobytes()
    assert_near(one(save(ds, tmp_path / "a")), 6)


def test_uncompressed_ybr_422_that_is_not_subsampled(tmp_path):
    ybr = convert_color_space(smooth(), "RGB", "YBR_FULL")
    ds = image(smooth(), PhotometricInterpretation="YBR_FULL_422")
    ds.PixelData = ybr.tobytes()
    assert_near(one(save(ds, tmp_path / "a")), 2)


def test_uncompressed_ybr_partial_422(tmp_path):
    full = convert_color_space(smooth(), "RGB", "YBR_FULL").astype(float)
    partial = np.empty_like(full)
    partial[..., 0] = 16 + full[..., 0] * 219 / 255
    partial[..., 1:] = 128 + (full[..., 1:] - 128) * 224 / 255
    ds = image(smooth(), PhotometricInterpretation="YBR_PARTIAL_422")
    ds.PixelData = subsampled(np.rint(partial).astype(np.uint8)).tobytes()
    assert_near(one(save(ds, tmp_path / "a")), 7)


@pytest.mark.parametrize(("syntax", "photometric"), [
    (uid.JPEG2000Lossless, "YBR_RCT"), (uid.JPEG2000Lossless, "RGB"),
    (uid.JPEG2000, "YBR_ICT"), (uid.JPEG2000, "RGB"),
])  # fmt: skip
def test_jpeg_2000_in_colour(tmp_path, syntax, photometric):
    ds = image(smooth(), PhotometricInterpretation=photometric)
    options = {"j2k_cr": [2]} if syntax == uid.JPEG2000 else {}
    if photometric != "RGB":
        # The encoder takes RGB and transforms by itself.
        ds.PhotometricInterpretation = photometric
    ds.compress(syntax, generate_instance_uid=False, **options)
    got = one(save(ds, tmp_path / "a"))
    if syntax == uid.JPEG2000Lossless:
        np.testing.assert_array_equal(got, smooth())
    else:
        assert_near(got, 4)


@pytest.mark.parametrize("syntax", [uid.ExplicitVRLittleEndian, uid.RLELossless])
@pytest.mark.parametrize("bits", [12, 16])
def test_colours_of_more_bits_keep_the_highest_eight(tmp_path, bits, syntax):
    stored = smooth().astype(np.uint16) << (bits - 8) | 5
    ds = image(smooth(), BitsAllocated=16, BitsStored=bits, HighBit=bits - 1)
    ds.PixelData = stored.tobytes()
    if syntax == uid.RLELossless:
        ds.compress(syntax, generate_instance_uid=False)
    np.testing.assert_array_equal(one(save(ds, tmp_path / "a")), smooth())


def with_palette(ds, colours, first: int = 0, bits: int = 16):
    for n, name in enumerate(("Red", "Green", "Blue")):
        descriptor = [len(colours) % 65536, first, bits]
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", descriptor)
        setattr(ds, f"{name}PaletteColorLookupTableData", colours[:, n].tobytes())
    return ds


def palette_image(values, **tags):
    return image(values, PhotometricInterpretation="PALETTE COLOR", Modality="US", **tags)


@pytest.mark.parametrize("kind", ["u1", "u2"])
@pytest.mark.parametrize("first", [0, 4])
def test_palette_entries_of_8_and_16_bits(tmp_path, kind, first):
    colours = np.random.default_rng(0).integers(0, 256, (16, 3)).astype(np.uint8)
    values = np.arange(24, dtype=np.uint8).reshape(4, 6)
    entries = colours if kind == "u1" else colours.astype(np.uint16) * 257
    ds = with_palette(palette_image(values), entries, first, 8 if kind == "u1" else 16)
    path = save(ds, tmp_path / "a")
    expected = colours[np.clip(values.astype(int) - first, 0, 15)]
    np.testing.assert_array_equal(one(path), expected)
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    assert volume.coloured
    np.testing.assert_array_equal(volume.voxels[0], expected)


def test_palette_of_a_big_endian_file(tmp_path):
    colours = (np.arange(48).reshape(16, 3) * 5).astype(np.uint8)
    values = np.arange(16, dtype=np.uint16).reshape(4, 4)
    ds = with_palette(palette_image(values), (colours.astype(np.uint16) * 257 + 1).byteswap())
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    ds.PixelData = values.byteswap().tobytes()
    ds["PixelData"].VR = "OW"
    path = tmp_path / "a"
    pydicom.dcmwrite(path, ds, enforce_file_format=True, little_endian=False, implicit_vr=False)
    expected = ((colours.astype(np.uint16) * 257 + 1) >> 8).astype(np.uint8)[values]
    np.testing.assert_array_equal(one(path), expected)


def test_8_bit_colours_in_16_bit_entries_are_not_black(tmp_path):
    colours = np.random.default_rng(0).integers(0, 256, (16, 3)).astype(np.uint16)
    values = np.arange(16, dtype=np.uint8).reshape(4, 4)
    path = save(with_palette(palette_image(values), colours), tmp_path / "a")
    np.testing.assert_array_equal(one(path), colours[values])


def test_segmented_palette(tmp_path):
    # PS3.3 C.7.9.2: four single entries, then a straight line of twelve more up to 0xFFF0.
    words = np.array([0, 4, 0, 257, 514, 771, 1, 12, 0xFFF0], np.uint16)
    values = np.arange(16, dtype=np.uint8).reshape(4, 4)
    ds = palette_image(values)
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [16, 0, 16])
        setattr(ds, f"Segmented{name}PaletteColorLookupTableData", words.tobytes())
    path = save(ds, tmp_path / "a")
    got = one(path)
    back = pydicom.dcmread(path)
    np.testing.assert_array_equal(got, apply_color_lut(back.pixel_array, back) >> 8)
    np.testing.assert_array_equal(got[0, :, 0], [0, 1, 2, 3])
    assert got[3, 3, 0] == 255


@pytest.mark.parametrize(
    "name",
    [
        "SC_rgb_dcmtk_+eb+cr.dcm", "SC_rgb_dcmtk_+eb+cy+n1.dcm", "SC_rgb_dcmtk_+eb+cy+n2.dcm",
        "SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_dcmtk_+eb+cy+s2.dcm", "SC_rgb_dcmtk_+eb+cy+s4.dcm",
        "SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_jpeg_gdcm.dcm", "SC_rgb_jpeg_lossy_gdcm.dcm",
        "SC_rgb_jpeg_app14_dcmd.dcm", "SC_jpeg_no_color_transform.dcm", "SC_rgb_gdcm_KY.dcm",
        "SC_jpeg_no_color_transform_2.dcm", "SC_rgb_jls_lossy_line.dcm", "SC_rgb_rle.dcm",
        "SC_rgb_jls_lossy_sample.dcm", "SC_ybr_full_422_uncompressed.dcm", "GDCMJ2K_TextGBR.dcm",
        "ExplVR_BigEnd.dcm", "SC_rgb_jpeg_dcmd.dcm", "examples_palette.dcm",
    ],
)  # fmt: skip
def test_shipped_colour_files_read_as_pydicom_reads_them(name):
    path = get_testdata_file(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path)
        expected = ds.pixel_array
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            expected = apply_color_lut(expected, ds)[..., :3]
            expected = expected >> 8 if expected.dtype == np.uint16 else expected
        got = one(Path(path))
    np.testing.assert_array_equal(got, expected)

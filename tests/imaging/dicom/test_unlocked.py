from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pydicom
import pytest
from pydicom import uid
from pydicom.encaps import encapsulate

from napari_medvlm.imaging.dicom import decoding, unlocked
from napari_medvlm.imaging.dicom.codestream import read_codestream
from napari_medvlm.imaging.dicom.dataset import DAMAGE
from napari_medvlm.imaging.dicom.header import read_headers
from napari_medvlm.imaging.dicom.source import PixelSource, open_pixels

from ..series import image, save
from .coded import save_as
from .test_pixels_syntaxes import HTJ2K, HTJ2K_RGB, HTJ2K_SIGNED, KINDS, embedded, ramp, rgb

SHIPPED = sorted(
    p for p in (Path(pydicom.__file__).parent / "data/test_files").rglob("*") if p.is_file()
)
SERVED = (
    uid.JPEGLossless, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEGLSNearLossless,
    uid.JPEG2000Lossless, uid.JPEG2000,
)  # fmt: skip


def outcomes(path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[bool, object, object]]:
    """Of each frame: whether it was served here, and the result with and without."""
    found = []
    source = open_pixels(path)
    for frame in range(len(source.frames)):
        served: list[bool] = []
        with monkeypatch.context() as patch:
            for name in ("decode_unlocked", "decode_lossy_twelve"):
                patch.setattr(decoding, name, spied(getattr(unlocked, name), served))
            ours = outcome(source, frame)
        with monkeypatch.context() as patch:
            patch.setattr(unlocked, "_function", lambda name: None)
            found.append((any(served), ours, outcome(source, frame)))
    return found


def spied(plain: Callable[..., Any], served: list[bool]) -> Callable[..., Any]:
    def spy(*given: Any) -> Any:
        decoded = plain(*given)
        served.append(decoded is not None)
        return decoded

    return spy


def outcome(source: PixelSource, frame: int) -> object:
    try:
        decoded, space = decoding._encapsulated(source, frame)
    except DAMAGE as error:
        return type(error).__name__
    return decoded.dtype, space, decoded.shape, decoded.tobytes()


def assert_served_alike(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for served, ours, others in outcomes(path, monkeypatch):
        assert served
        assert ours == others


def test_shipped_files_are_decoded_as_by_the_other_decoders(monkeypatch):
    served = 0
    for path in SHIPPED:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                if not open_pixels(path).encapsulated:
                    continue
            except DAMAGE:
                continue
            for here, ours, others in outcomes(path, monkeypatch):
                assert ours == others, path.name
                served += here
    assert served > 10


@pytest.mark.parametrize("syntax", SERVED)
@pytest.mark.parametrize(("kind", "bits"), [*KINDS, ("u2", 9), ("i2", 10)])
def test_grey_images_of_all_depths(tmp_path, monkeypatch, syntax, kind, bits):
    ds = image(ramp(kind, bits), BitsStored=bits, HighBit=bits - 1)
    assert_served_alike(save_as(ds, tmp_path / "a.dcm", syntax), monkeypatch)


@pytest.mark.parametrize("syntax", SERVED)
def test_colours(tmp_path, monkeypatch, syntax):
    assert_served_alike(save_as(image(rgb()), tmp_path / "a.dcm", syntax), monkeypatch)


def test_jpeg_of_12_bits(tmp_path, monkeypatch):
    values = ramp("u2", 12)
    ds = image(values, BitsStored=12, HighBit=11)
    ds.file_meta.TransferSyntaxUID = uid.JPEGExtended12Bit
    ds.PixelData = encapsulate([imagecodecs.jpeg8_encode(values, bitspersample=12)])
    assert_served_alike(save(ds, tmp_path / "a.dcm"), monkeypatch)


def test_jpeg_of_more_bits_than_there_can_be_is_refused(tmp_path):
    # GDCM writes such images, and cannot bring their values back either.
    ds = image(ramp("u2", 12), BitsStored=12, HighBit=11)
    path = save_as(ds, tmp_path / "a.dcm", uid.JPEGExtended12Bit)
    with pytest.raises(unlocked.Refused, match="12 bits"):
        decoding.decode_frame(open_pixels(path), 0)


def test_jpeg_of_8_bits_is_left_to_pillow(tmp_path, monkeypatch):
    path = save_as(image(ramp("u1", 8)), tmp_path / "a.dcm", uid.JPEGExtended12Bit)
    ((served, ours, others),) = outcomes(path, monkeypatch)
    assert not served
    assert ours == others


@pytest.mark.parametrize("kind", ["u1", "u2", "i2"])
def test_rle(tmp_path, monkeypatch, kind):
    values = ramp(kind, 8 * np.dtype(kind).itemsize - 1)
    assert_served_alike(save_as(image(values), tmp_path / "a.dcm", uid.RLELossless), monkeypatch)


def test_rle_in_colour(tmp_path, monkeypatch):
    assert_served_alike(save_as(image(rgb()), tmp_path / "a.dcm", uid.RLELossless), monkeypatch)


@pytest.mark.parametrize("damage", ["count", "offset", "short"])
def test_damaged_rle_is_refused(damage):
    code = bytearray(64) + b"\xfd\x07" + b"\xfd\x09"  # two planes of four equal bytes
    code[0], code[4], code[8] = 2, 64, 66
    options = {"rows": 2, "columns": 2, "bits_allocated": 16, "pixel_representation": 0}
    got = unlocked.decode_unlocked(uid.RLELossless, bytes(code), None, options)
    np.testing.assert_array_equal(got, np.full((2, 2), 0x0709))
    if damage == "count":
        code[0] = 3
    elif damage == "offset":
        code[8] = 200
    else:
        code[66] = 0xFE
    with pytest.raises(unlocked.Refused, match="damaged"):
        unlocked.decode_unlocked(uid.RLELossless, bytes(code), None, options)


def test_lossless_jpeg_of_less_than_its_allocated_bits(tmp_path, monkeypatch):
    values = ramp("u1", 8)
    ds = image(values.astype(np.uint16), BitsStored=8, HighBit=7)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    ds.PixelData = encapsulate([imagecodecs.jpeg8_encode(values, lossless=True)])
    path = save(ds, tmp_path / "a.dcm")
    np.testing.assert_array_equal(decoding.decode_frame(open_pixels(path), 0), values)


@pytest.mark.parametrize(
    "syntax",
    [uid.JPEGBaseline8Bit, uid.JPEGExtended12Bit, uid.JPEGLosslessSV1, uid.JPEGLSLossless,
     uid.JPEG2000Lossless, uid.RLELossless],
)  # fmt: skip
@pytest.mark.parametrize("coloured", [False, True])
def test_gdcm_is_never_asked_about_damaged_images(tmp_path, monkeypatch, syntax, coloured):
    twelve = syntax == uid.JPEGExtended12Bit
    bits = 12 if twelve and not coloured else 8
    values = rgb() if coloured else ramp("u2" if bits > 8 else "u1", bits)
    path = save_as(image(values, BitsStored=bits, HighBit=bits - 1), tmp_path / "a", syntax)
    asked: list[Any] = []
    monkeypatch.setattr("pydicom.pixels.decoders.gdcm.gdcm.Image", lambda: asked.append(1))
    monkeypatch.setattr(decoding, "decode_twelve", lambda *a: asked.append(1))
    source = open_pixels(path)
    ((offset, length),) = source.frames[0]
    raw = path.read_bytes()
    state = np.random.default_rng(3)
    for _ in range(60):
        damaged = bytearray(raw)
        for at in state.integers(2, min(length, 400), 3).tolist():
            damaged[offset + at] = int(state.integers(256))
        path.write_bytes(bytes(damaged))
        outcome(source, 0)
    assert not asked


@pytest.mark.filterwarnings("ignore")
def test_damaged_images_print_nothing(tmp_path, capfd):
    for syntax in (*SERVED, uid.RLELossless, uid.JPEGBaseline8Bit):
        path = save_as(image(ramp("u1", 8)), tmp_path / "a.dcm", syntax)
        source = open_pixels(path)
        ((offset, length),) = source.frames[0]
        raw = path.read_bytes()
        state = np.random.default_rng(5)
        for _ in range(40):
            damaged = bytearray(raw)
            for at in state.integers(2, min(length, 400), 3).tolist():
                damaged[offset + at] = int(state.integers(256))
            path.write_bytes(bytes(damaged))
            outcome(source, 0)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("code", [HTJ2K, HTJ2K_SIGNED, HTJ2K_RGB])
def test_high_throughput_jpeg_2000(tmp_path, monkeypatch, code):
    kind = {HTJ2K: "u2", HTJ2K_SIGNED: "i2", HTJ2K_RGB: "u1"}[code]
    like = np.zeros((16, 24, 3) if kind == "u1" else (16, 24), kind)
    tags = {"PhotometricInterpretation": "YBR_RCT"} if kind == "u1" else {"BitsStored": 12}
    path = embedded(tmp_path, code, uid.HTJ2KLossless, like, **tags)
    assert_served_alike(path, monkeypatch)


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_lossless_jpeg_with_every_predictor(tmp_path, monkeypatch, predictor, bits):
    values = ramp("u1" if bits == 8 else "u2", bits)
    code = imagecodecs.jpeg8_encode(
        values, lossless=True, predictor=predictor, bitspersample=bits
    )  # fmt: skip
    ds = image(values, BitsStored=bits, HighBit=bits - 1)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLossless
    ds.PixelData = encapsulate([code])
    path = save(ds, tmp_path / "a.dcm")
    assert_served_alike(path, monkeypatch)
    np.testing.assert_array_equal(decoding.decode_frame(open_pixels(path), 0), values)


@pytest.mark.parametrize("near", [1, 3, 9])
@pytest.mark.parametrize("kind", ["u1", "u2"])
def test_near_lossless_jpeg_ls(tmp_path, monkeypatch, near, kind):
    values = ramp(kind, 8 if kind == "u1" else 16)
    ds = image(values)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLSNearLossless
    ds.PixelData = encapsulate([imagecodecs.jpegls_encode(values, level=near)])
    path = save(ds, tmp_path / "a.dcm")
    assert_served_alike(path, monkeypatch)
    got = decoding.decode_frame(open_pixels(path), 0)
    assert np.abs(got.astype(int) - values).max() == near


def test_another_size_of_samples_than_the_header_says_is_left(tmp_path, monkeypatch):
    values = ramp("u1", 8)
    ds = image(values.astype(np.uint16), BitsStored=8, HighBit=7)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLSLossless
    ds.PixelData = encapsulate([imagecodecs.jpegls_encode(values)])
    ((served, ours, others),) = outcomes(save(ds, tmp_path / "a.dcm"), monkeypatch)
    assert not served
    assert ours == others


def test_no_other_decoder_is_asked_about_damaged_lossless_jpeg(tmp_path, monkeypatch):
    values = ramp("u2", 12)
    code = bytearray(imagecodecs.jpeg8_encode(values, lossless=True, bitspersample=12))
    code[code.index(b"\xff\xc4") + 5] = 255  # more codes of one bit than there can be
    ds = image(values)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLosslessSV1
    ds.PixelData = encapsulate([bytes(code)])
    path = save(ds, tmp_path / "a.dcm")
    monkeypatch.setattr(decoding, "_plugin", None)
    with pytest.raises(unlocked.Refused, match="damaged"):
        decoding.decode_frame(open_pixels(path), 0)


@pytest.mark.parametrize(
    ("syntax", "encode"),
    [
        (uid.JPEGLosslessSV1, lambda v: imagecodecs.jpeg8_encode(v, lossless=True)),
        (uid.JPEGLSLossless, imagecodecs.jpegls_encode),
        (uid.JPEG2000Lossless, lambda v: imagecodecs.jpeg2k_encode(v, level=0, codecformat="J2K")),
    ],
)
def test_other_threads_go_on_meanwhile(syntax, encode):
    values = np.random.default_rng(1).integers(0, 64, (1200, 1200)).astype(np.uint8)
    code = bytes(encode(values))
    stream = read_codestream(code)
    assert stream is not None
    count, done = [0], threading.Event()

    def other() -> None:
        while not done.is_set():
            count[0] += 1

    thread = threading.Thread(target=other)
    thread.start()
    try:
        before = count[0]
        options = {"bits_allocated": 8, "pixel_representation": 0}
        got = unlocked.decode_unlocked(syntax, code, stream, options)
        after = count[0]
    finally:
        done.set()
        thread.join()
    np.testing.assert_array_equal(got, values)
    # One call that kept the lock would leave room for a few steps before and after it at most.
    assert after - before > 1000


@pytest.mark.parametrize("syntax", SERVED)
@pytest.mark.parametrize(("kind", "bits"), [("u1", 8), ("u2", 12), ("i2", 16)])
def test_an_image_alone_in_its_file_takes_no_second_look(tmp_path, monkeypatch, syntax, kind, bits):
    ds = image(ramp(kind, bits), BitsStored=bits, HighBit=bits - 1)
    path = save_as(ds, tmp_path / "a.dcm", syntax)
    (header,) = read_headers(path)
    expected = decoding.decode_frame(open_pixels(path), 0)
    monkeypatch.setattr(decoding, "open_pixels", None)
    got = decoding.read_stored(header)
    assert got.dtype == expected.dtype
    np.testing.assert_array_equal(got, expected)


def test_a_file_that_was_written_anew_is_looked_at_again(tmp_path):
    values = ramp("u2", 12)
    path = save_as(image(values // 2), tmp_path / "a.dcm", uid.JPEGLSLossless)
    (header,) = read_headers(path)
    save_as(image(values, StudyDescription="longer than before"), path, uid.JPEGLSLossless)
    np.testing.assert_array_equal(decoding.read_stored(header), values)


def test_a_file_that_ends_early_is_told(tmp_path):
    path = save_as(image(ramp("u2", 12)), tmp_path / "a.dcm", uid.JPEGLSLossless)
    (header,) = read_headers(path)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ValueError, match="ends"):
        decoding.read_stored(header)

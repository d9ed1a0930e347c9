from __future__ import annotations

import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom import uid
from pydicom.encaps import encapsulate, encapsulate_extended, fragment_frame, generate_frames

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.dicom.codestream import read_codestream
from napari_medvlm.imaging.dicom.dataset import DAMAGE
from napari_medvlm.imaging.dicom.header import read_headers
from napari_medvlm.imaging.dicom.pixels import read_image
from napari_medvlm.imaging.dicom.source import inflate

from ..series import image, save, write_series
from .coded import save_as

FRAMES = 4
CODED = (
    uid.JPEGBaseline8Bit, uid.JPEGLosslessSV1, uid.JPEGLSLossless, uid.JPEG2000Lossless,
    uid.RLELossless,
)  # fmt: skip


def pictures(frames: int = FRAMES):
    y, x = np.mgrid[:40, :34]
    return np.stack([(x * y + 7 * n) % 251 for n in range(frames)]).astype(np.uint8)


def coded_frames(tmp_path: Path) -> list[bytes]:
    ds = image(pictures(), NumberOfFrames=FRAMES)
    ds.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    return list(generate_frames(ds.PixelData, number_of_frames=FRAMES))


def multi(tmp_path: Path, data: bytes, **tags) -> Path:
    ds = image(pictures(), NumberOfFrames=FRAMES, **tags)
    ds.file_meta.TransferSyntaxUID = uid.JPEGLSLossless
    ds.PixelData = data
    return save(ds, tmp_path / "a.dcm")


def all_frames(path: Path):
    return np.stack([read_image(header) for header in read_headers(path)])


def split(frame: bytes) -> list[bytes]:
    return list(fragment_frame(frame, 3))


def items(pieces: list[bytes], table: bytes = b"") -> bytes:
    def item(data: bytes) -> bytes:
        return struct.pack("<HHL", 0xFFFE, 0xE000, len(data)) + data

    return item(table) + b"".join(map(item, pieces)) + struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


@pytest.mark.parametrize("syntax", CODED)
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_an_image_that_ends_early_is_an_error_that_names_its_coding(tmp_path, syntax, share):
    path = save_as(image(pictures(1)[0]), tmp_path / "a.dcm", syntax)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            headers = read_headers(path)
        except DAMAGE:
            return  # cut within the header
        with pytest.raises(DAMAGE):
            read_image(headers[0])
        with pytest.raises(ImagingError, match=r"a\.dcm"):
            read(path)


@pytest.mark.parametrize("table", [b"", struct.pack("<4L", 0, 1, 2, 3), b"\0" * 400])
def test_offset_tables_that_are_wrong_are_not_needed(tmp_path, table):
    path = multi(tmp_path, items(coded_frames(tmp_path), table))
    np.testing.assert_array_equal(all_frames(path), pictures())


@pytest.mark.parametrize("has_bot", [True, False])
def test_frames_of_several_fragments(tmp_path, has_bot):
    data = encapsulate(coded_frames(tmp_path), fragments_per_frame=3, has_bot=has_bot)
    np.testing.assert_array_equal(all_frames(multi(tmp_path, data)), pictures())


def test_a_wrong_table_over_several_fragments(tmp_path):
    pieces = [piece for frame in coded_frames(tmp_path) for piece in split(frame)]
    path = multi(tmp_path, items(pieces, struct.pack("<4L", 0, 8, 16, 24)))
    np.testing.assert_array_equal(all_frames(path), pictures())


@pytest.mark.parametrize("good", [True, False])
def test_extended_offset_tables(tmp_path, good):
    data, offsets, lengths = encapsulate_extended(coded_frames(tmp_path))
    if not good:
        offsets = struct.pack("<4Q", 0, 2**40, 5, 1)
    path = multi(tmp_path, data, ExtendedOffsetTable=offsets, ExtendedOffsetTableLengths=lengths)
    np.testing.assert_array_equal(all_frames(path), pictures())


def test_one_broken_frame_leaves_the_others(tmp_path):
    frames = coded_frames(tmp_path)
    frames[2] = frames[2][:40] + b"\xff\xd9"
    headers = read_headers(multi(tmp_path, encapsulate(frames)))
    for n in (0, 1, 3):
        np.testing.assert_array_equal(read_image(headers[n]), pictures()[n])
    with pytest.raises(ValueError, match="damaged image of JPEG-LS"):
        read_image(headers[2])


def test_frames_after_the_end_of_the_file_are_missing(tmp_path):
    path = multi(tmp_path, encapsulate(coded_frames(tmp_path)))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * 0.7)])
    headers = read_headers(path)
    np.testing.assert_array_equal(read_image(headers[0]), pictures()[0])
    with pytest.raises(ValueError, match="frame 3 is missing"):
        read_image(headers[3])


def test_one_broken_slice_of_a_series_is_told_and_the_rest_read(tmp_path):
    y, x = np.mgrid[:40, :34]
    voxels = np.stack([(x * y + 7 * n) % 251 for n in range(5)]).astype(np.int16)
    folder = write_series(tmp_path / "s", voxels)
    paths = sorted(folder.iterdir())
    import pydicom

    for path in paths:
        ds = pydicom.dcmread(path)
        ds.compress(uid.JPEGLSLossless, generate_instance_uid=False)
        if ds.InstanceNumber == 5:
            (frame,) = generate_frames(ds.PixelData, number_of_frames=1)
            ds.PixelData = encapsulate([frame[:60]])
        ds.save_as(path)
    (volume,) = read(folder)
    assert isinstance(volume, Volume)
    np.testing.assert_array_equal(volume.voxels, voxels[:4])
    assert "1 files of it could not be decoded" in " ".join(volume.remarks)


def test_an_image_of_another_size_than_its_header_is_refused_before_it_is_decoded(tmp_path):
    ds = image(pictures(1)[0])
    ds.compress(uid.JPEGLSLossless, generate_instance_uid=False)
    ds.Columns = 35
    (header,) = read_headers(save(ds, tmp_path / "a.dcm"))
    with pytest.raises(ValueError, match="where the header says"):
        read_image(header)


def test_giant_dimensions_are_refused(tmp_path):
    ds = image(pictures(1)[0])
    ds.compress(uid.RLELossless, generate_instance_uid=False)
    ds.Rows = ds.Columns = 65535
    path = save(ds, tmp_path / "a.dcm")
    with pytest.raises(ImagingError, match=r"a\.dcm"):
        read(path)


def test_a_deflate_bomb_does_not_inflate(tmp_path):
    path = save_as(image(pictures(1)[0]), tmp_path / "a.dcm", uid.DeflatedExplicitVRLittleEndian)
    with path.open("rb") as file:
        start = 144 + int.from_bytes(path.read_bytes()[140:144], "little")
        small = inflate(file)
    assert small is not None
    squeeze = zlib.compressobj(wbits=-15)
    bomb = squeeze.compress(small + b"\0" * (4 << 20)) + squeeze.flush()
    path.write_bytes(path.read_bytes()[:start] + bomb)
    with path.open("rb") as file, pytest.raises(ValueError, match="inflates to more than 1 MB"):
        inflate(file, limit=1 << 20)


@given(st.binary(max_size=64), st.sampled_from([b"", b"\xff\xd8", b"\xff\x4f\xff\x51"]))
@settings(deadline=None)
def test_any_bytes_have_a_codestream_header_or_none(data, start):
    found = read_codestream(start + data)
    assert found is None or found.components >= 0

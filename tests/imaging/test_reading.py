from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Selection, read, take

from .series import write_series


def test_npy_shapes_of_one_volume(tmp_path):
    voxels = np.arange(24, dtype=np.float64).reshape(2, 3, 4)
    for name, array in (("a", voxels), ("b", voxels[None]), ("c", voxels[0])):
        np.save(tmp_path / f"{name}.npy", array)
        (volume,) = read(tmp_path / f"{name}.npy")
        expected = voxels[:1] if name == "c" else voxels
        np.testing.assert_array_equal(volume.voxels, expected)
        assert volume.voxels.dtype == np.int16
        assert (volume.oriented, volume.unit, volume.spacing) == (False, "pixel", (1, 1, 1))
        assert "neither spacing nor orientation" in volume.remarks[0]


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([{"a": 1}], dtype=object), "Python objects, which are never loaded"),
        (np.zeros((2, 3, 4, 5)), r"found shape \(2, 3, 4, 5\)"),
        (np.zeros(5), r"found shape \(5,\)"),
        (np.zeros((0, 3, 4)), "found shape"),
        (np.zeros((3, 4), complex), "complex128"),
        (np.zeros((3, 4), "U3"), "<U3"),
    ],
)
def test_npy_of_other_things_is_refused(tmp_path, array, words):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(ImagingError, match=words):
        read(tmp_path / "a.npy")


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f8', 'fortran_order': False, 'shape': (3, ",
        "{'descr': '<f8', 'fortran_order': False, 'shape': (99999, 99999, 9999), }",
        "{'descr': 'nonsense', 'fortran_order': False, 'shape': (3,), }",
        "[1, 2",
    ],
)
def test_npy_with_a_damaged_header_is_refused(tmp_path, header):
    text = header.ljust(117).encode() + b"\n"
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text)
    with pytest.raises(ImagingError, match="damaged array"):
        read(path)


def test_pictures_keep_grey_and_colour(tmp_path):
    grey = np.random.default_rng(0).integers(0, 255, (5, 6), np.uint8)
    deep = np.random.default_rng(0).integers(0, 65535, (5, 6)).astype(np.uint16)
    rgb = np.random.default_rng(0).integers(0, 255, (5, 6, 3), np.uint8)
    for name, array in (("grey", grey), ("deep", deep), ("rgb", rgb)):
        Image.fromarray(array).save(tmp_path / f"{name}.png")
        (volume,) = read(tmp_path / f"{name}.png")
        np.testing.assert_array_equal(volume.voxels[0], array)
        assert volume.coloured == (name == "rgb")
        assert not volume.oriented
    (frame,) = take(read(tmp_path / "grey.png")[0], Selection((0,), "acquired"))
    np.testing.assert_array_equal(frame.pixels[..., 2], grey)


def test_transparency_is_put_on_white(tmp_path):
    pixels = np.zeros((1, 2, 4), np.uint8)
    pixels[0, 0] = (200, 100, 0, 255)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (volume,) = read(tmp_path / "a.png")
    np.testing.assert_array_equal(volume.voxels[0], [[[200, 100, 0], [255, 255, 255]]])


def test_jpeg_by_content_under_another_name(tmp_path):
    Image.fromarray(np.full((8, 8), 90, np.uint8)).save(tmp_path / "a.jpg", quality=95)
    os.rename(tmp_path / "a.jpg", tmp_path / "a.xyz")
    (volume,) = read(str(tmp_path / "a.xyz"))
    assert abs(int(volume.voxels[0, 4, 4]) - 90) <= 2


def test_a_folder_of_mixed_files(tmp_path):
    write_series(tmp_path, np.zeros((3, 4, 4), np.int16))
    np.save(tmp_path / "a.npy", np.zeros((2, 3, 4)))
    (tmp_path / "sub").mkdir()
    np.save(tmp_path / "sub" / "b.npy", np.ones((3, 4)))
    (tmp_path / "bad.npy").write_bytes(b"\x93NUMPY\x01")
    (tmp_path / ".hidden.npy").write_bytes(b"junk")
    sources = read(tmp_path)
    assert [s.voxels.shape for s in sources] == [(3, 4, 4), (2, 3, 4), (1, 3, 4)]
    assert all("1 file beside this one could not be read." in s.remarks for s in sources)


def bad_files():
    yield "empty.dcm", b"", "expected a DICOM file; found an empty file"
    yield "text.dcm", b"Dear colleague, " * 50, "expected a DICOM file; found plain text"
    yield "text.nii.gz", b"hello", "expected a gzipped NIfTI image; found plain text"
    yield "noise.bin", bytes(range(128, 256)) * 9, "expected DICOM, NIfTI.*unknown kind"
    yield "p.npy", pickle.dumps([1, 2]), "NumPy array; found a Python pickle"
    yield "cut.npy", b"\x93NUMPY\x01\0", "damaged array"
    yield "z.zip", b"PK\x03\x04" + b"\0" * 50, "found a ZIP archive"
    yield "cut.png", b"\x89PNG\r\n\x1a\n\0\0", "PNG or JPEG picture; it could not be decoded"
    yield "cut.jpg", b"\xff\xd8\xff\xe0junk", "could not be decoded"
    yield "cut.mp4", b"\0\0\0\x20ftypisom" + b"\0" * 9, "damaged or ends early"
    yield "only.dcm", b"\0" * 128 + b"DICM", "No DICOM image could be read"
    yield "x.gz", b"\x1f\x8b\x08\0junkjunk", "gzipped data that is no NIfTI"


@pytest.mark.parametrize(
    ("name", "data", "words"), list(bad_files()), ids=lambda v: v if isinstance(v, str) else ""
)
def test_bad_files_say_what_was_expected_and_found(tmp_path, name, data, words):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ImagingError, match=words) as caught:
        read(path)
    assert caught.value.advice
    assert "\n" not in str(caught.value)


def test_missing_and_forbidden(tmp_path):
    with pytest.raises(ImagingError, match="There is no file or folder"):
        read(tmp_path / "nowhere.dcm")
    with pytest.raises(ImagingError, match="found no files"):
        read(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ImagingError, match="neither a file nor a folder"):
        read(tmp_path / "pipe")


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    # Tests may run as root, who may open everything: the refusal is played.
    path = tmp_path / "a.npy"
    np.save(path, np.zeros((3, 4)))

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(ImagingError, match=r"a\.npy could not be opened: Permission denied"):
        read(path)
    with pytest.raises(ImagingError, match="Permission denied"):
        read(tmp_path)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from([b"\0" * 128 + b"DICM", b"\x93NUMPY", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff",
                     b"\x08\0\x05\0CS\0\0", b"\0" * 344 + b"n+1\0", b"\x1f\x8b\x08", b""]),
    st.binary(max_size=300),
)  # fmt: skip
def test_garbage_is_an_error_and_nothing_else(tmp_path_factory, head, tail):
    path = tmp_path_factory.mktemp("junk") / "file"
    path.write_bytes(head + tail)
    with pytest.raises(ImagingError):
        read(path)

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.reading import distinct_names

from .series import write_series


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
    yield "cut.npy", b"\x93NUMPY\x01\0", "expected an array of numbers; it could not be read"
    yield "z.zip", b"PK\x03\x04" + b"\0" * 50, "found a ZIP archive"
    yield "cut.png", b"\x89PNG\r\n\x1a\n\0\0", "expected a picture .*; it could not be read"
    yield "cut.jpg", b"\xff\xd8\xff\xe0junk", "expected a picture .*; it could not be read"
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


def test_files_of_one_name_are_told_apart_by_their_folders():
    paths = [Path(p) for p in ("/d/a/t1.nii", "/d/b/t1.nii", "/d/b/t2.nii", "/e/b/t1.nii")]
    called = distinct_names(paths)
    assert called[paths[2]] == "t2.nii"
    assert called[paths[0]] == "a/t1.nii"
    assert (called[paths[1]], called[paths[3]]) == ("d/b/t1.nii", "e/b/t1.nii")
    assert distinct_names([]) == {}

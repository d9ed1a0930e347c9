"""Damaged bytes give an ImagingError or a volume, and nothing else."""

from __future__ import annotations

import io
import warnings
from functools import cache

import nibabel as nib
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume
from napari_medvlm.imaging.scan import scan

from .judges import itk_write

SAMPLES = (
    "a.nii", "a.nii.gz", "b.nii", "a.hdr", "a.mgh", "a.mgz", "a.nrrd", "gz.nrrd", "a.mha",
    "z.mha", "a.npy", "a.npz", "z.npz", "a.png", "a.jpg", "a.bmp", "a.gif", "a.webp", "a.tif",
    "lzw.tif", "deep.tif",
)  # fmt: skip
ARRAY = np.random.default_rng(2).integers(0, 99, (6, 7, 8)).astype(np.int16)


@cache
def sample(name: str, folder) -> bytes:
    path = folder / name
    grey = ARRAY[0].astype(np.uint8)
    if name == "b.nii":
        nib.save(nib.Nifti2Image(ARRAY / np.float32(3), np.eye(4)), path)
    elif name == "a.hdr":
        nib.Nifti1Pair(ARRAY, np.eye(4)).to_filename(folder / "a.img")
    elif name.endswith((".nii", ".nii.gz")):
        image = nib.Nifti1Image(ARRAY, np.eye(4))
        image.set_qform(np.eye(4), 1)
        nib.save(image, path)
    elif name.endswith((".mgh", ".mgz")):
        nib.save(nib.MGHImage(ARRAY, np.eye(4)), path)
    elif name.endswith((".nrrd", ".mha")):
        itk_write(path, ARRAY, compress="z" in name[:2])
    elif name.endswith(".npy"):
        np.save(path, ARRAY)
    elif name.endswith(".npz"):
        (np.savez_compressed if name[0] == "z" else np.savez)(path, image=ARRAY, more=ARRAY[0])
    elif name == "deep.tif":
        tifffile.imwrite(path, ARRAY, compression="zlib")
    else:
        options = {"compression": "tiff_lzw"} if name == "lzw.tif" else {}
        Image.fromarray(grey).save(path, **options)
    return path.read_bytes()


def attempt(run, name: str):
    """What it gives, or None where it says what is wrong with the file of this name."""
    try:
        return run()
    except ImagingError as error:
        problem = str(error)
    assert name in problem
    return None


def check(path) -> None:
    """Listing, preview, lazy and eager opening: each a result or an ImagingError."""
    found = attempt(lambda: scan(path), path.name)
    for entry in found.entries if found else ():
        image = attempt(entry.preview, path.name)
        assert image is None or (image.dtype == np.uint8 and image.shape[2] == 3)
        for lazy in (False, True):
            volume = attempt(lambda entry=entry, lazy=lazy: entry.open(lazy=lazy), path.name)
            if isinstance(volume, Volume):
                assert np.isfinite(volume.affine).all()
                assert np.isfinite(volume.voxels).all()
                assert volume.voxels.shape[: 3 + volume.temporal] == entry.shape


@pytest.fixture(scope="module")
def originals(tmp_path_factory):
    return tmp_path_factory.mktemp("originals")


@st.composite
def changes(draw):
    """Where (as a share of the file, most often in its header), and what."""
    early = st.integers(0, 420)
    anywhere = st.floats(0, 1, exclude_max=True)
    values = st.one_of(st.integers(0, 255).map(lambda b: bytes([b])),
                       st.sampled_from([b"\xff\xff", b"\x7f\xff\xff\xff", b"\0\0\0\0", b"-1",
                                        b"\xff\xff\xff\x7f", b"99999999", b"\0\0\xc0\x7f",
                                        b"\n\n", b"nan"]))  # fmt: skip
    return draw(st.lists(st.tuples(st.one_of(early, anywhere), values), min_size=1, max_size=4))


def changed(data: bytes, edits) -> bytes:
    mutated = bytearray(data)
    for at, value in edits:
        place = int(at * len(data)) if isinstance(at, float) else min(at, len(data) - 1)
        mutated[place : place + len(value)] = value
    return bytes(mutated)


@pytest.mark.parametrize("name", SAMPLES)
@settings(deadline=None, max_examples=20)
@given(edits=changes())
def test_changed_bytes(name, originals, edits):
    data = sample(name, originals)
    path = originals / f"m_{name}"
    if name == "a.hdr":
        (originals / "m_a.img").write_bytes((originals / "a.img").read_bytes())
    path.write_bytes(changed(data, edits))
    with warnings.catch_warnings():
        # Libraries may warn about what they see; people do not read it.
        warnings.simplefilter("ignore")
        check(path)


@pytest.mark.parametrize("name", SAMPLES)
@settings(deadline=None, max_examples=10)
@given(share=st.floats(0, 1, exclude_max=True))
def test_files_cut_anywhere(name, originals, share):
    data = sample(name, originals)
    path = originals / f"c_{name}"
    if name == "a.hdr":
        (originals / "c_a.img").write_bytes((originals / "a.img").read_bytes())
    path.write_bytes(data[: int(share * len(data))])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(path)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(
        [b"NRRD0004\n", b"NDims = 3\nDimSize = ", b"\0\0\0\1", b"PK\x03\x04", b"II*\0", b"MM\0*",
         b"GIF89a", b"BM", b"RIFF....WEBP", b"\0" * 344 + b"ni1\0", b"\x93NUMPY\x03\0"]
    ),
    st.binary(max_size=300),
)  # fmt: skip
def test_garbage_after_a_magic_word(originals, head, tail):
    path = originals / "garbage"
    path.write_bytes(head + tail)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check(path)


def test_files_that_vanish_after_they_were_listed(originals):
    for name in SAMPLES:
        path = originals / f"v_{name}"
        path.write_bytes(sample(name, originals))
        if name == "a.hdr":
            (originals / "v_a.img").write_bytes((originals / "a.img").read_bytes())
        entries = scan(path).entries
        path.unlink()
        (originals / "v_a.img").unlink(missing_ok=True)
        for entry in entries:
            with pytest.raises(ImagingError, match=f"v_{name}"):
                entry.open()


def test_names_with_spaces_and_letters_of_any_script(originals):
    buffer = io.BytesIO()
    np.save(buffer, ARRAY)
    path = originals / "Größe 体积 – ü.npy"
    path.write_bytes(buffer.getvalue())
    (entry,) = scan(path).entries
    np.testing.assert_array_equal(entry.open().voxels, ARRAY)

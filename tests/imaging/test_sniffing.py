from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_medvlm.imaging.sniffing import found, promised, sniff

from .formats.judges import itk_write


def test_formats_are_told_by_their_content(tmp_path):
    array = np.zeros((4, 5, 6), np.int16)
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "a.nii")
    nib.save(nib.Nifti2Image(array, np.eye(4)), tmp_path / "b.nii.gz")
    nib.save(nib.MGHImage(array, np.eye(4)), tmp_path / "c.mgh")
    nib.save(nib.MGHImage(array, np.eye(4)), tmp_path / "d.mgz")
    itk_write(tmp_path / "e.nrrd", array)
    itk_write(tmp_path / "f.mha", array)
    np.save(tmp_path / "g.npy", array)
    np.savez(tmp_path / "h.npz", array)
    tifffile.imwrite(tmp_path / "i.tif", array[0])
    tifffile.imwrite(tmp_path / "j.tif", array[0], bigtiff=True)
    for n, ending in enumerate(("png", "jpg", "bmp", "gif", "webp")):
        Image.fromarray(array[0].astype(np.uint8)).save(tmp_path / f"k{n}.{ending}")
    kinds = {}
    for path in sorted(tmp_path.iterdir()):
        renamed = path.rename(path.with_name(path.name[:2].strip(".")))
        kinds[renamed.name] = sniff(renamed)
    assert kinds == {
        "a": "nifti", "b": "nifti", "c": "mgh", "d": "mgh", "e": "nrrd", "f": "metaimage",
        "g": "npy", "h": "npz", "i": "tiff", "j": "tiff", "k0": "picture", "k1": "picture",
        "k2": "picture", "k3": "picture", "k4": "picture",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.nrrd", b"text " * 9, "plain text"),
        ("a.mha", b"NDims = 3\n", "plain text"),
        ("a.mgz", gzip.compress(b"text"), "gzipped data that is no NIfTI or MGH image"),
        ("a.bmp", b"BM text that goes on and on", "plain text"),
        ("a.npz", b"PK\x03\x04" + bytes(26) + b"a.txt", "a ZIP archive"),
    ],
)
def test_what_is_none_of_them(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    assert sniff(tmp_path / name) is None
    assert found(tmp_path / name) == words
    assert promised(tmp_path / name).startswith(("a ", "an "))

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import read
from napari_medvlm.imaging.scan import scan

from .judges import only

RNG = np.random.default_rng(8)
AFFINE = np.array([[-1.0, 0.1, 0, 9], [0, 0, 2.0, -7], [0.1, -1.5, 0, 5], [0, 0, 0, 1]])


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32])
@pytest.mark.parametrize("name", ["a.mgh", "a.mgz"])
def test_it_agrees_with_nibabel(tmp_path, kind, name):
    for shape in ((4, 5, 6), (4, 5, 6, 3)):
        array = RNG.integers(0, 200, shape).astype(kind)
        image = nib.MGHImage(array, AFFINE)
        nib.save(image, tmp_path / name)
        volume = only(tmp_path / name)
        assert volume.temporal == (len(shape) == 4)
        np.testing.assert_array_equal(volume.voxels, array.T)
        for corner in ((0, 0, 0), (3, 4, 5), (0, 4, 0)):
            np.testing.assert_allclose(
                volume.affine @ (*corner[::-1], 1), image.affine @ (*corner, 1), atol=1e-4
            )
        assert volume.oriented


def test_nibabels_own_file():
    path = Path(nib.__file__).parent / "tests" / "data" / "test.mgz"
    volume, image = only(path), nib.load(path)
    np.testing.assert_array_equal(volume.voxels, np.asanyarray(image.dataobj).T)
    np.testing.assert_allclose(volume.affine[:3, 2::-1], image.affine[:3, :3], atol=1e-6)


def test_without_the_flag_the_orientation_is_unknown(tmp_path):
    nib.save(nib.MGHImage(np.zeros((4, 5, 6), np.uint8), AFFINE), tmp_path / "a.mgh")
    data = bytearray((tmp_path / "a.mgh").read_bytes())
    data[28:30] = b"\0\0"
    (tmp_path / "a.mgh").write_bytes(data)
    volume = only(tmp_path / "a.mgh")
    assert not volume.oriented
    assert "goodRASFlag 0" in volume.remarks[0]


def test_giant_counts_and_cut_files_are_errors(tmp_path):
    nib.save(nib.MGHImage(RNG.integers(0, 9, (9, 9, 9)).astype(np.int16), AFFINE),
             tmp_path / "a.mgh")  # fmt: skip
    whole = (tmp_path / "a.mgh").read_bytes()
    (tmp_path / "a.mgh").write_bytes(whole[:900])
    with pytest.raises(ImagingError, match="as its header declares"):
        read(tmp_path / "a.mgh")
    (tmp_path / "a.mgh").write_bytes(whole[:4] + b"\x7f\xff\xff\xff" * 3 + whole[16:])
    with pytest.raises(ImagingError, match="as its header declares"):
        read(tmp_path / "a.mgh")


def test_a_lazy_byte_volume_is_the_same(tmp_path):
    nib.save(nib.MGHImage(RNG.integers(0, 9, (4, 5, 6)).astype(np.uint8), AFFINE),
             tmp_path / "a.mgh")  # fmt: skip
    (entry,) = scan(tmp_path / "a.mgh").entries
    lazy = entry.open(lazy=True)
    assert isinstance(lazy.voxels, np.memmap)
    assert lazy.digest == entry.open().digest

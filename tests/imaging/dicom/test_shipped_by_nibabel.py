"""Files of real scanners that come inside nibabel, and its own reading of them."""

from __future__ import annotations

import gzip
import shutil
import warnings
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from napari_medvlm.imaging import Volume, read
from napari_medvlm.imaging.dicom.csa import csa_floats, read_csa
from napari_medvlm.imaging.dicom.geometry import place
from napari_medvlm.imaging.dicom.header import read_headers
from napari_medvlm.imaging.dicom.split import split

SHIPPED = Path(nibabel.__file__).parent / "nicom" / "tests" / "data"
pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="nibabel came without its tests")


def unpacked(name: str, folder: Path) -> Path:
    path = folder / name
    with gzip.open(SHIPPED / f"{name}.gz") as source, path.open("wb") as out:
        shutil.copyfileobj(source, out)
    return path


def nibabel_wrapper(path: Path):
    with warnings.catch_warnings():
        # It calls its own DICOM readers experimental.
        warnings.simplefilter("ignore")
        from nibabel.nicom.dicomwrappers import wrapper_from_file

        return wrapper_from_file(str(path))


def corners(affine: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    ends = np.stack(np.meshgrid(*[(0, n - 1) for n in shape], indexing="ij"), -1).reshape(-1, 3)
    places = ends @ affine[:3, :3].T + affine[:3, 3]
    return places[np.lexsort(np.round(places, 2).T)]


@pytest.mark.parametrize("name", ["csa2_b0.bin", "csa2_b1000.bin", "csa_str_valid.bin"])
def test_csa_headers_are_read_as_nibabel_does(name):
    raw = (SHIPPED / name).read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from nibabel.nicom import csareader
    ours = read_csa(raw)
    theirs = {k: v["items"] for k, v in csareader.read(raw)["tags"].items() if v["items"]}
    assert set(theirs) <= set(ours)
    for tag in ("NumberOfImagesInMosaic", "SliceNormalVector", "B_value", "MosaicRefAcqTimes"):
        assert list(csa_floats(ours, tag)) == theirs.get(tag, [])


def test_a_siemens_diffusion_mosaic_lies_where_nibabel_puts_it(tmp_path):
    paths = [unpacked(f"siemens_dwi_{b}.dcm", tmp_path) for b in (0, 1000)]
    (volume,) = read(tmp_path)
    assert isinstance(volume, Volume)
    assert volume.voxels.shape == (2, 48, 128, 128)
    assert "b-values 0, 1000 s/mm²" in " ".join(volume.remarks)
    for n, path in enumerate(paths):
        wrapper = nibabel_wrapper(path)
        theirs = np.diag([-1, -1, 1, 1]) @ wrapper.affine
        np.testing.assert_allclose(
            corners(volume.affine, volume.spatial_shape),
            corners(theirs, wrapper.image_shape),
            atol=1e-3,
        )
        data = np.moveaxis(np.asarray(wrapper.get_data()), 2, 0)
        ours = np.asarray(volume.voxels[n])
        # Slices run along the image's normal here, and along the CSA header's there.
        assert np.array_equal(ours, data) or np.array_equal(ours[::-1], data)


def test_each_slice_of_a_philips_enhanced_object_lies_where_its_own_header_says(tmp_path):
    path = unpacked("philips_mprage.dcm", tmp_path)
    (part,) = split(read_headers(path))
    (points,) = (placement := place(part.headers)).points
    ds = pydicom.dcmread(path, stop_before_pixels=True)
    groups = ds.PerFrameFunctionalGroupsSequence
    told = [group.PlanePositionSequence[0].ImagePositionPatient for group in groups]
    assert len(points) == len(told) == 176
    for k, head in enumerate(points):
        place_of_slice = np.diag([-1, -1, 1, 1]) @ placement.affine @ [k, 0, 0, 1]
        np.testing.assert_allclose(place_of_slice[:3], told[head.frame], atol=1e-3)

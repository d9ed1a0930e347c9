"""Every file that comes with nibabel: read as nibabel and dcm2niix read it, or refused."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume, read

from .niix import converted, disagreements, ours, parts

ROOT = Path(nibabel.__file__).parent
DATA, DICOM = ROOT / "tests" / "data", ROOT / "nicom" / "tests" / "data"
IMAGES = (
    "anatomical.nii", "functional.nii", "example4d.nii.gz", "example_nifti2.nii.gz",
    "standard.nii.gz", "reoriented_anat_moved.nii", "resampled_anat_moved.nii", "test.mgz",
)  # fmt: skip
#: DICOM images of a scanner whose slices were cut; the header tells of more than there is.
CUT = ("0.dcm", "1.dcm")
OTHERS = sorted(
    path.name
    for path in DATA.iterdir()
    if path.is_file() and path.suffix != ".py" and path.name not in (*IMAGES, *CUT)
)
#: What else an error must say than that the kind is unknown.
WORDS = {
    "analyze.hdr": ".hdr/.img pair", "nifti1.hdr": ".hdr/.img pair", "nifti2.hdr": ".hdr/.img pair",
    "row_major.dconn.nii": "CIFTI", "example4d+orig.BRIK.gz": "gzipped data",
}  # fmt: skip


@pytest.mark.parametrize("name", IMAGES)
def test_values_and_places_are_those_of_nibabel(name):
    (volume,) = read(DATA / name)
    assert isinstance(volume, Volume)
    image = nibabel.load(DATA / name)
    theirs = parts(np.asarray(image.get_fdata()), image.affine, name)
    for one in theirs:
        # What is no number is the lowest here; nibabel computes with 64-bit numbers.
        one.values[~np.isfinite(one.values)] = np.nanmin(one.values)
        one.values[...] = one.values.astype(volume.voxels.dtype)
    assert disagreements(ours(volume), theirs) == []


@pytest.mark.parametrize("name", OTHERS)
def test_other_kinds_are_refused_by_name(name):
    with pytest.raises(ImagingError) as caught:
        read(DATA / name)
    assert name in str(caught.value)
    assert WORDS.get(name, "expected") in str(caught.value)


@pytest.mark.parametrize("name", CUT)
def test_a_mosaic_whose_tiles_do_not_fit_is_shown_as_stored(name):
    (volume,) = read(DATA / name)
    assert isinstance(volume, Volume)
    np.testing.assert_array_equal(volume.voxels[0], pydicom.dcmread(DATA / name).pixel_array)
    assert "48 tiles do not fit" in " ".join(volume.remarks)


@pytest.mark.parametrize(
    "name",
    ["siemens_dwi_0.dcm.gz", "siemens_dwi_1000.dcm.gz", "philips_mprage.dcm.gz",
     "decimal_rescale.dcm"],
)  # fmt: skip
def test_scanners_own_files_lie_where_dcm2niix_puts_them(name, tmp_path):
    """Two Siemens mosaics with their CSA headers, a Philips enhanced object, a decimal slope."""
    data = (DICOM / name).read_bytes()
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_bytes(gzip.decompress(data) if name.endswith(".gz") else data)
    (volume,) = read(tmp_path / "in")
    assert isinstance(volume, Volume)
    assert disagreements(ours(volume), converted(tmp_path / "in", tmp_path / "out")) == []


def test_an_empty_slice_thickness_is_no_hindrance():
    path = DICOM / "slicethickness_empty_string.dcm"
    (volume,) = read(path)
    assert isinstance(volume, Volume)
    np.testing.assert_array_equal(volume.voxels[0], pydicom.dcmread(path).pixel_array)
    assert "1 mm is assumed" in " ".join(volume.remarks)


def test_an_image_cut_to_its_header_is_refused():
    with pytest.raises(ImagingError, match=r"csa_slice_norm\.dcm.*13400 bytes"):
        read(DICOM / "csa_slice_norm.dcm")

"""Every file that comes with pydicom: read with pydicom's own values, or refused by name."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pydicom
import pytest
import SimpleITK
from pydicom.pixels import apply_color_lut, apply_modality_lut, pixel_array

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Clip, Volume, read

ROOT = Path(pydicom.__file__).parent / "data" / "test_files"
#: Those inside folders are of one making; a few of each stand for all.
FILES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in ROOT.rglob("*")
    if path.is_file() and ("IM0000" not in path.name or path.name == "IM000000")
)
TEXT, UNKNOWN = "found plain text", "found data of an unknown kind"
#: What is no image, by what the error must say of it.
REFUSED = {
    "ExplVR_LitEndNoMeta.dcm": "RT Ion Plan is not an image",
    "ExplVR_BigEndNoMeta.dcm": "RT Ion Plan is not an image",
    "JPEG2000-embedded-sequence-delimiter.dcm": "could not be decoded",
    "MR_truncated.dcm": "ends 62 bytes before its image does",
    "README.txt": TEXT,
    "UN_sequence.dcm": "CT Image without pixels",
    "badVR.dcm": "RT Dose is not an image",
    "crayons.icc": UNKNOWN,
    "dicomdirtests/README.txt": TEXT,
    "dicomdirtests/TINY_ALPHA/PT000000/ST000000/SE000000/IM000000": "CT Image without pixels",
    "dicomdirtests/TINY_ALPHA/README": TEXT,
    "empty_charset_LEI.dcm": "does not say what it is",
    "liver_1frame.dcm": "Segmentation is not an image",
    "liver_expb_1frame.dcm": "Segmentation is not an image",
    "meta_missing_tsyntax.dcm": "does not say what it is",
    "nested_priv_SQ.dcm": "does not say what it is",
    "no_meta.dcm": UNKNOWN,
    "no_meta_group_length.dcm": "RT Image without pixels",
    "priv_SQ.dcm": "MR Image without pixels",
    "reportsi.dcm": "Basic Text SR is not an image",
    "reportsi_with_empty_number_tags.dcm": "Basic Text SR is not an image",
    "rtdose.dcm": "RT Dose is not an image",
    "rtdose_1frame.dcm": "RT Dose is not an image",
    "rtdose_expb.dcm": "RT Dose is not an image",
    "rtdose_expb_1frame.dcm": "RT Dose is not an image",
    "rtdose_rle.dcm": "RT Dose is not an image",
    "rtdose_rle_1frame.dcm": "RT Dose is not an image",
    "rtplan.dcm": "RT Plan is not an image",
    "rtplan.dump": TEXT,
    "rtplan_truncated.dcm": "RT Plan",
    "rtstruct.dcm": "RT Structure Set is not an image",
    "rtstruct.dump": TEXT,
    "test-SR.dcm": "Comprehensive SR is not an image",
    "test1.json": TEXT,
    "test_PN.json": TEXT,
    "waveform_ecg.dcm": "ECG Waveform is not an image",
    "zipMR.gz": "gzipped data",
} | {name: "DICOMDIR" for name in FILES if "/DICOMDIR" in name}

#: pydicom has no decoder for 12 bits in lossy JPEG; SimpleITK judges those.
TWELVE = ("JPEG-lossy.dcm", "JPGExtended.dcm")
#: Decoders of lossy JPEG round in their own ways (ISO/IEC 10918-2 allows one grey level).
ROUNDED = {name: 1 for name in FILES if "jpeg" in name.lower()}


def pydicoms(path: Path) -> npt.NDArray[Any]:
    """Values by pydicom alone: (frames, rows, columns[, rgb])."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = pydicom.dcmread(path, force=True)
        values: npt.NDArray[Any] = pixel_array(ds)
        if ds.PhotometricInterpretation == "PALETTE COLOR":
            values = apply_color_lut(values, ds)[..., :3]
            values = values >> 8 if values.dtype == np.uint16 else values
        elif ds.SamplesPerPixel == 3:
            values = values >> (ds.BitsStored - 8)
        else:
            if ds.PhotometricInterpretation == "MONOCHROME1":
                values = 2.0**ds.BitsStored - 1 - values
            values = np.asarray(apply_modality_lut(values, ds), np.float64)
    coloured = ds.SamplesPerPixel == 3 or ds.PhotometricInterpretation == "PALETTE COLOR"
    frames = values.reshape(-1, ds.Rows, ds.Columns, *((3,) if coloured else ()))
    return np.asarray(frames)


@pytest.mark.parametrize("name", [n for n in FILES if n not in REFUSED and n not in TWELVE])
def test_values_are_those_of_pydicom(name):
    (source,) = read(ROOT / name)
    if isinstance(source, Clip):
        voxels = np.stack(source.frames(range(len(source))))
    else:
        voxels = np.asarray(source.voxels)
    expected = pydicoms(ROOT / name).astype(voxels.dtype)
    got = voxels.reshape(expected.shape)
    assert np.abs(got.astype(np.float64) - expected).max() <= ROUNDED.get(name, 0)


@pytest.mark.parametrize("name", TWELVE)
def test_values_of_12_bit_jpeg_are_those_of_itk(name):
    (volume,) = read(ROOT / name)
    assert isinstance(volume, Volume)
    expected = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(ROOT / name)))
    np.testing.assert_array_equal(volume.voxels, expected)


@pytest.mark.parametrize("name", [name for name in FILES if name in REFUSED])
def test_what_is_no_image_is_refused_by_what_it_is(name):
    with pytest.raises(ImagingError) as caught:
        read(ROOT / name)
    assert Path(name).name in str(caught.value)
    assert REFUSED[name] in str(caught.value)


def test_a_whole_medium_is_sorted_into_its_series():
    """The folder of a DICOMDIR, with three patients: one entry for each coherent volume."""
    volumes = read(ROOT / "dicomdirtests")
    series = set()
    for path in (ROOT / "dicomdirtests").rglob("*"):
        ds = pydicom.dcmread(path, force=True) if path.is_file() else pydicom.Dataset()
        if "Rows" in ds:
            series.add(ds.SeriesInstanceUID)
    assert len({one.facts["series"] for one in volumes if isinstance(one, Volume)}) == len(series)

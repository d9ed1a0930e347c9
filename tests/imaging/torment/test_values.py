"""Header values that no scanner means: a Volume with a sound affine, or a sentence."""

from __future__ import annotations

import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.dataelem import RawDataElement

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging import Volume
from napari_medvlm.imaging.scan import scan

from ..dicom.odd_enhanced import CASES as ENHANCED
from ..dicom.odd_series import CASES as CLASSIC
from .test_mutations import quiet

KINDS = ("axial", "perfusion", "enhanced_mr_in_time", "mosaic")
KEYWORDS = (
    "PixelSpacing", "SpacingBetweenSlices", "SliceThickness", "ImagePositionPatient",
    "ImageOrientationPatient", "RescaleSlope", "RescaleIntercept", "WindowCenter", "WindowWidth",
    "InstanceNumber", "AcquisitionTime", "TemporalPositionIdentifier", "EchoTime", "TriggerTime",
    "NumberOfFrames", "BitsStored", "HighBit", "BitsAllocated", "SamplesPerPixel", "Rows",
    "PhotometricInterpretation", "PixelRepresentation", "ImageType", "Modality",
)  # fmt: skip
TEXTS = (b"", b"nan", b"inf", b"-1e308", b"1e308", b"1e-300", b"0", b"-1", b"abc", b"1,5",
         b"99999999999999999999", b"1\\2\\3", b"1\\0\\0\\1\\0\\0", b"\xff\xfe")  # fmt: skip
NUMBERS = (b"", b"\0\0", b"\1", b"\xff\xff", b"\1\0\2\0", b"\x21\0")


def spoil(ds: pydicom.Dataset, keyword: str, value: bytes) -> None:
    """Put raw bytes into an attribute, wherever in the data set it lies."""
    tag = pydicom.tag.Tag(tag_for_keyword(keyword))
    vr = dictionary_VR(tag)
    raw = RawDataElement(tag, vr, len(value), value, 0, False, True)
    for place in [ds, *_items(ds)]:
        if place is ds or keyword in place:
            # Past __setitem__, which would look at the value.
            place._dict[tag] = raw


def _items(ds: pydicom.Dataset) -> list[pydicom.Dataset]:
    found = []
    for name in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        for groups in ds.get(name, []):
            found += [item for element in groups for item in element.value]
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    place = tmp_path_factory.mktemp("made")
    for name in KINDS:
        (CLASSIC | ENHANCED)[name](place / name)
    return place


@settings(quiet, max_examples=70)
@given(
    st.sampled_from(KINDS),
    st.lists(st.tuples(st.sampled_from(KEYWORDS), st.integers(0, 99)), min_size=1, max_size=2),
    st.booleans(),
)
def test_any_header_value_gives_a_sound_volume_or_a_sentence(made, tmp_path, kind, changes, all_):
    for n, path in enumerate(sorted((made / kind).iterdir())):
        ds = pydicom.dcmread(path)
        for keyword, choice in changes if all_ or n == 0 else ():
            binary = dictionary_VR(tag_for_keyword(keyword)) == "US"
            values = NUMBERS if binary else TEXTS
            spoil(ds, keyword, values[choice % len(values)])
        pydicom.dcmwrite(tmp_path / path.name, ds)
    for entry in scan(tmp_path).entries:
        try:
            entry.preview()
            source = entry.open()
        except ImagingError:
            continue
        if isinstance(source, Volume):
            assert np.isfinite(source.affine).all()
            assert abs(np.linalg.det(source.affine[:3, :3])) > 1e-12
            assert np.isfinite(source.voxels).all()

"""Series written to files: one identity changed is never joined, one other tag never splits."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.uid import CTImageStorage, MRImageStorage

from napari_medvlm.imaging.scan import scan

from .series import image, save

#: What tells who, when, in which space and how; another value beside the usual one.
IDENTITIES = {
    "PatientID": "B", "PatientName": "Case^B", "PatientBirthDate": "19700102",
    "StudyDate": "20210505", "StudyTime": "080000", "AccessionNumber": "B",
    "StudyInstanceUID": "1.2.99", "SeriesInstanceUID": "1.2.98", "SeriesNumber": 9,
    "SeriesDescription": "another", "ProtocolName": "another", "FrameOfReferenceUID": "1.2.97",
    "ContrastBolusAgent": "agent", "ConvolutionKernel": "B70f", "KVP": 80, "SliceThickness": 1,
    "Modality": "PT", "ImageType": ["DERIVED", "SECONDARY", "MPR"],
}  # fmt: skip
#: What may differ between the slices of one scan.
OTHERS = {
    "WindowCenter": 10, "ImageComments": "words", "Exposure": 12, "XRayTubeCurrent": 300,
    "TableHeight": 120, "ContentTime": "101013", "InstanceCreationTime": "101013",
    "SliceLocation": 3.5, "SmallestImagePixelValue": 3, "OperatorsName": "B",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "JPEG"], "RescaleIntercept": -1000,
}  # fmt: skip
USUAL: dict[str, Any] = {
    "PatientID": "A", "PatientName": "Case^A", "PatientBirthDate": "19600102",
    "StudyDate": "20200101", "StudyTime": "101010", "AccessionNumber": "A",
    "StudyInstanceUID": "1.2.1", "SeriesNumber": 3, "SeriesDescription": "usual",
    "ProtocolName": "usual", "FrameOfReferenceUID": "1.2.2", "ContrastBolusAgent": "none",
    "ConvolutionKernel": "B30f", "KVP": 120, "SliceThickness": 5, "WindowWidth": 400,
    "WindowCenter": 40, "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "ContentTime": "101010",
    "SliceLocation": 0, "RescaleIntercept": -1024, "RescaleSlope": 1,
}  # fmt: skip


def _sizes(count: int, step: float, chosen: set[int], name: str, value: Any) -> list[int]:
    """Slices of each volume that is found, where some slices have another value of a tag."""
    with tempfile.TemporaryDirectory() as folder:
        for n in range(count):
            tags = USUAL | ({name: value} if n in chosen else {})
            tags = {key: found for key, found in tags.items() if key != "SeriesInstanceUID"}
            series = value if n in chosen and name == "SeriesInstanceUID" else "1.2.3.4"
            kind = MRImageStorage if tags.get("Modality") == "MR" else CTImageStorage
            pixels = np.full((4, 5), n, np.int16)
            ds = image(pixels, position=(0, 0, step * n), number=n + 1, series=series,
                       sop_class=kind, **tags)  # fmt: skip
            save(ds, Path(folder) / f"{(7 * n) % count}_{n}.dcm")
        return sorted(entry.shape[-3] for entry in scan(Path(folder)).entries)


@st.composite
def _changes(draw: st.DrawFn) -> tuple[int, float, set[int]]:
    count = draw(st.integers(2, 8))
    some = draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=count - 1))
    return count, draw(st.sampled_from([0.7, 2.5, 5.0])), some


@settings(max_examples=40)
@given(change=_changes(), name=st.sampled_from(sorted(IDENTITIES)))
def test_one_identity_changed_is_never_joined(change, name):
    count, step, chosen = change
    wanted = sorted([len(chosen), count - len(chosen)])
    assert _sizes(count, step, chosen, name, IDENTITIES[name]) == wanted


@settings(max_examples=40)
@given(change=_changes(), name=st.sampled_from(sorted(OTHERS)))
def test_what_says_nothing_of_identity_never_splits(change, name):
    count, step, chosen = change
    assert _sizes(count, step, chosen, name, OTHERS[name]) == [count]

"""A phantom written as a DICOM CT series: what a scanner would send, of a patient who never was."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_medvlm.demo.phantoms import Phantom

if TYPE_CHECKING:
    from pydicom.dataset import Dataset, FileMetaDataset

_SLOPE, _INTERCEPT = 1, -1024
_DATE, _TIME = "20260101", "120000"
_NOTE = "Synthetic phantom. Not a patient."


def uid(*parts: object) -> str:
    """A UID that is the same for the same parts: a name-based UUID under 2.25 (PS3.5 B.2)."""
    name = "napari-medvlm/" + "/".join(str(part) for part in parts)
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, name).int}"


def write_series(phantom: Phantom, folder: Path) -> list[Path]:
    """Write a chest CT phantom as single-frame CT images in ``folder``.

    File names are dealt out at random: only a reader that sorts by position gets the order right.

    Returns
    -------
    list of Path
        The files, in the order of the slices from feet to head.
    """
    folder.mkdir(parents=True, exist_ok=True)
    count = phantom.shape[0]
    names = np.random.default_rng((phantom.seed, 41)).permutation(count)
    paths = []
    for k, voxels in enumerate(phantom.voxels()):
        path = folder / f"IM{int(names[k]) + 1:04d}.dcm"
        instance = _instance(phantom, k)
        stored = (voxels.astype(np.int32) - _INTERCEPT) // _SLOPE
        instance.PixelData = stored.astype("<i2").tobytes()
        instance.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths


def _instance(phantom: Phantom, k: int) -> Dataset:
    from pydicom.dataset import Dataset

    data = Dataset()
    data.file_meta = _meta(phantom, k)
    for keyword, value in (
        _patient_and_study(phantom) | _series(phantom) | _geometry(phantom, k) | _pixels(phantom)
    ).items():
        setattr(data, keyword, value)
    data.SOPInstanceUID = data.file_meta.MediaStorageSOPInstanceUID
    data.SOPClassUID = data.file_meta.MediaStorageSOPClassUID
    return data


def _meta(phantom: Phantom, k: int) -> FileMetaDataset:
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = uid(phantom.kind, phantom.seed, "instance", k)
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    # Named here and not by pydicom, so that its version does not change the bytes.
    meta.ImplementationClassUID = uid("implementation")
    meta.ImplementationVersionName = "MEDVLM_PHANTOM"
    return meta


def _patient_and_study(phantom: Phantom) -> dict[str, object]:
    """Patient, General Study and Patient Study modules (PS3.3 C.7.1.1, C.7.2.1)."""
    return {
        "SpecificCharacterSet": "ISO_IR 192",
        "PatientName": "PHANTOM^CHEST",
        "PatientID": "PHANTOM-1",
        "PatientBirthDate": "",
        "PatientSex": "O",
        "PatientComments": _NOTE,
        "StudyInstanceUID": uid(phantom.kind, phantom.seed, "study"),
        "StudyDate": _DATE,
        "StudyTime": _TIME,
        "StudyID": "1",
        "StudyDescription": "Synthetic chest",
        "AccessionNumber": "",
        "ReferringPhysicianName": "",
    }


def _series(phantom: Phantom) -> dict[str, object]:
    """General Series, Frame of Reference and General Equipment modules (PS3.3 C.7.3 to C.7.5)."""
    return {
        "Modality": phantom.modality,
        "SeriesInstanceUID": uid(phantom.kind, phantom.seed, "series"),
        "SeriesNumber": 1,
        "SeriesDate": _DATE,
        "SeriesTime": _TIME,
        "SeriesDescription": "Axial chest phantom",
        "BodyPartExamined": phantom.body_part,
        "PatientPosition": "HFS",
        "FrameOfReferenceUID": uid(phantom.kind, phantom.seed, "frame of reference"),
        "PositionReferenceIndicator": "",
        "Manufacturer": "napari-medvlm phantom",
        "SyntheticData": "YES",
    }


def _geometry(phantom: Phantom, k: int) -> dict[str, object]:
    """Image Plane module (PS3.3 C.7.6.2), in the LPS coordinates of DICOM."""
    step, row, column = phantom.spacing_mm
    to_lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ phantom.affine
    x, y, z, _ = to_lps @ (k, 0, 0, 1)
    along_row, along_column = to_lps[:3, 2] / column, to_lps[:3, 1] / row
    return {
        "InstanceNumber": k + 1,
        "ImagePositionPatient": [float(x), float(y), float(z)],
        "ImageOrientationPatient": [float(c) for c in (*along_row, *along_column)],
        "PixelSpacing": [row, column],
        "SliceThickness": step,
        "SpacingBetweenSlices": step,
        "SliceLocation": float(z),
    }


def _pixels(phantom: Phantom) -> dict[str, object]:
    """General Image, Image Pixel, CT Image and VOI LUT modules (PS3.3 C.7.6.3, C.8.2.1, C.11.2)."""
    return {
        "ImageType": ["DERIVED", "PRIMARY", "AXIAL"],
        "DerivationDescription": _NOTE,
        "ImageComments": _NOTE,
        "ContentDate": _DATE,
        "ContentTime": _TIME,
        "AcquisitionDate": _DATE,
        "AcquisitionTime": _TIME,
        "AcquisitionNumber": 1,
        "KVP": 120,
        "QualityControlImage": "YES",
        "BurnedInAnnotation": "NO",
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "Rows": phantom.shape[1],
        "Columns": phantom.shape[2],
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "RescaleSlope": _SLOPE,
        "RescaleIntercept": _INTERCEPT,
        "RescaleType": "HU",
        "WindowCenter": phantom.window[0],
        "WindowWidth": phantom.window[1],
        "WindowCenterWidthExplanation": "LUNG",
    }

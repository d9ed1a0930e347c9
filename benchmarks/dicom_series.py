"""A made-up CT series with the header that scanners write: some hundred elements, some private."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, JPEGLosslessSV1

ROOT = "1.2.826.0.1.3680043.8.498.1"

PLAIN = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI"],
    "SOPClassUID": CTImageStorage,
    "StudyDate": "20200102", "SeriesDate": "20200102", "AcquisitionDate": "20200102",
    "ContentDate": "20200102", "StudyTime": "101112.5", "SeriesTime": "101212.5",
    "AcquisitionTime": "101213.25", "ContentTime": "101213.25", "AccessionNumber": "",
    "Modality": "CT", "Manufacturer": "SIEMENS", "InstitutionName": "Hospital",
    "ReferringPhysicianName": "", "StationName": "CT1", "StudyDescription": "Thorax",
    "SeriesDescription": "Thorax 1.0 I31f", "ManufacturerModelName": "Definition AS",
    "PatientName": "Nobody", "PatientID": "0", "PatientBirthDate": "", "PatientSex": "O",
    "PatientAge": "050Y", "PatientIdentityRemoved": "YES", "BodyPartExamined": "CHEST",
    "ScanOptions": "", "SliceThickness": 1, "KVP": 120, "DataCollectionDiameter": 500,
    "DeviceSerialNumber": "1", "SoftwareVersions": "syngo CT 2012B", "ProtocolName": "Thorax",
    "ReconstructionDiameter": 380, "DistanceSourceToDetector": 1085.6,
    "DistanceSourceToPatient": 595, "GantryDetectorTilt": 0, "TableHeight": 148,
    "RotationDirection": "CW", "ExposureTime": 500, "XRayTubeCurrent": 180, "Exposure": 90,
    "FilterType": "FLAT", "GeneratorPower": 22, "FocalSpots": 1.2,
    "DateOfLastCalibration": "20200101", "TimeOfLastCalibration": "070000",
    "ConvolutionKernel": ["I31f", "3"], "PatientPosition": "HFS", "SingleCollimationWidth": 0.6,
    "TotalCollimationWidth": 38.4, "TableSpeed": 92.2, "SpiralPitchFactor": 1.2, "CTDIvol": 6.08,
    "StudyInstanceUID": ROOT + ".1", "SeriesInstanceUID": ROOT + ".2", "StudyID": "1",
    "SeriesNumber": 3, "AcquisitionNumber": 2, "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "FrameOfReferenceUID": ROOT + ".3", "PositionReferenceIndicator": "", "ImageComments": "",
    "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
    "PixelSpacing": [0.742, 0.742], "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
    "PixelRepresentation": 0, "SmallestImagePixelValue": 0, "LargestImagePixelValue": 4095,
    "WindowCenter": [40, -600], "WindowWidth": [400, 1200], "RescaleIntercept": -1024,
    "RescaleSlope": 1, "WindowCenterWidthExplanation": ["WINDOW1", "WINDOW2"],
    "RequestedProcedureDescription": "CT", "PerformedProcedureStepStartDate": "20200102",
    "PerformedProcedureStepStartTime": "101112", "PerformedProcedureStepID": "1",
}  # fmt: skip


def series(count: int, side: int) -> tuple[FileDataset, npt.NDArray[np.uint16]]:
    """A data set that lacks what differs from slice to slice, and stored values of all slices."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for name, value in PLAIN.items():
        setattr(ds, name, value)
    ds.Rows = ds.Columns = side
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113691", "DCM", "IEC Body"
    ds.CTDIPhantomTypeCodeSequence = Sequence([code])
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = CTImageStorage, ROOT
    ds.ReferencedImageSequence = Sequence([reference, reference])
    ds.add_new(0x00290010, "LO", "SIEMENS CSA HEADER")
    ds.add_new(0x00290011, "LO", "SIEMENS MEDCOM HEADER")
    ds.add_new(0x00291008, "CS", "SOM 5")
    ds.add_new(0x00291010, "OB", b"\0" * 3000)
    y, x = np.mgrid[:side, :side] / side - 0.5
    body = 1000 + 300 * np.cos(9 * x) * np.sin(11 * y) - 900 * (np.hypot(x, y) > 0.45)
    noise = np.random.default_rng(1).normal(0, 12, (8, side, side))
    slices = [body + noise[k % 8] + 40 * np.sin(k / 20) for k in range(count)]
    return ds, np.clip(slices, 0, 4095).astype(np.uint16)


def write(folder: Path, count: int, side: int, syntax: str | None = None) -> Path:
    """Write the series, its files named and numbered in another order than they lie."""
    folder.mkdir(parents=True, exist_ok=True)
    ds, stored = series(count, side)
    order = np.random.default_rng(2).permutation(count)
    for k, pixels in enumerate(stored):
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ROOT}.4.{k}"
        ds.InstanceNumber = int(order[k]) + 1
        ds.ImagePositionPatient = [-190.0, -190.0, -600.5 + 1.25 * k]
        ds.SliceLocation = -600.5 + 1.25 * k
        ds.AcquisitionTime = ds.ContentTime = f"101213.{k:04d}"
        ds.PixelData = pixels.tobytes()
        if syntax == JPEGLosslessSV1:  # which pydicom cannot write
            ds.file_meta.TransferSyntaxUID = JPEGLosslessSV1
            code = imagecodecs.jpeg8_encode(pixels, lossless=True, bitspersample=16)
            ds.PixelData = encapsulate([code])
        elif syntax is not None:
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            ds.compress(syntax, generate_instance_uid=False)
        pydicom.dcmwrite(folder / f"IM{order[k]:05d}", ds)
    return folder

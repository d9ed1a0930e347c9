"""DICOM images in every transfer syntax that an encoder of the test environment can write."""

from __future__ import annotations

from pathlib import Path

import gdcm
import numpy as np
import pydicom
from pydicom import uid
from pydicom.dataset import FileDataset

from ..series import save

#: By GDCM's encoders; the others by pydicom's.
_GDCM = {
    uid.JPEGBaseline8Bit: gdcm.TransferSyntax.JPEGBaselineProcess1,
    uid.JPEGExtended12Bit: gdcm.TransferSyntax.JPEGExtendedProcess2_4,
    uid.JPEGLossless: gdcm.TransferSyntax.JPEGLosslessProcess14,
    uid.JPEGLosslessSV1: gdcm.TransferSyntax.JPEGLosslessProcess14_1,
}
_LOSSY = {uid.JPEGLSNearLossless: {"jls_error": 2}, uid.JPEG2000: {"j2k_cr": [4]}}


def save_as(ds: FileDataset, path: Path, syntax: str) -> Path:
    """Save an uncompressed data set in a transfer syntax."""
    if syntax == uid.DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
        ds.set_original_encoding(False, True)
        return save(ds, path)
    if syntax in _GDCM:
        return _by_gdcm(ds, path, _GDCM[uid.UID(syntax)])
    if syntax in (uid.ImplicitVRLittleEndian, uid.ExplicitVRLittleEndian):
        ds.file_meta.TransferSyntaxUID = uid.UID(syntax)
        return save(ds, path)
    if syntax == uid.ExplicitVRBigEndian:
        return _big_endian(ds, path)
    ds.compress(syntax, generate_instance_uid=False, **_LOSSY.get(uid.UID(syntax), {}))
    return save(ds, path)


def _big_endian(ds: FileDataset, path: Path) -> Path:
    ds.file_meta.TransferSyntaxUID = uid.ExplicitVRBigEndian
    size = ds.BitsAllocated // 8
    # OW words are swapped, whatever the samples are.
    ds.PixelData = np.frombuffer(ds.PixelData, f"<u{max(size, 2)}").byteswap().tobytes()
    ds["PixelData"].VR = "OW"
    pydicom.dcmwrite(path, ds, enforce_file_format=True, little_endian=False, implicit_vr=False)
    return path


def _by_gdcm(ds: FileDataset, path: Path, kind: int) -> Path:
    plain = path.with_suffix(".plain")
    save(ds, plain)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(plain))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(kind))
    change.SetInput(reader.GetImage())
    assert change.Change(), "GDCM cannot write that"
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    plain.unlink()
    return path

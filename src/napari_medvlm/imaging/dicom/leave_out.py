"""Sound DICOM objects that hold no image of a patient, told by their class."""

from __future__ import annotations

from typing import Any

from pydicom.uid import UID

from .values import number, value

#: Objects with rows and columns that are no images of a patient, by SOP class.
_NOT_IMAGES = frozenset((
    "1.2.840.10008.5.1.4.1.1.4.2",  # MR Spectroscopy
    "1.2.840.10008.5.1.4.1.1.66",  # Raw Data
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.66.5",  # Surface Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
    "1.2.840.10008.5.1.4.1.1.66.8",  # Height Map Segmentation
    "1.2.840.10008.5.1.4.1.1.30",  # Parametric Map
    "1.2.840.10008.5.1.4.1.1.481.2",  # RT Dose
    "1.2.840.10008.5.1.4.1.1.77.1.6",  # VL Whole Slide Microscopy
))  # fmt: skip


class NotAnImage(Exception):
    """A sound DICOM object without an image; the message is a sentence that says what it is."""


def refuse_others(ds: Any) -> None:
    """Pass images.

    Raises
    ------
    NotAnImage
        If the object is sound and holds no image that is read here.
    """
    sop = str(value([ds], "SOPClassUID") or "")
    meta = getattr(ds, "file_meta", None)
    if not sop and meta is not None:
        sop = str(meta.get("MediaStorageSOPClassUID") or "")
    uid = UID(sop)
    known = uid.name if uid.name != sop else ""
    kind = known.removesuffix(" Storage") or (
        "An object of a private kind" if sop else "An object without SOP class"
    )
    if sop in _NOT_IMAGES:
        raise NotAnImage(f"{kind} is not an image.")
    for name, tag in (("Rows", "(0028,0010)"), ("Columns", "(0028,0011)")):
        if not value([ds], name):
            if " Image" in known:
                raise NotAnImage(f"It is a {kind} without pixels: {name} {tag} is missing.")
            raise NotAnImage(f"{kind} is not an image.")
    if number(value([ds], "BitsAllocated")) == 1:
        raise NotAnImage(f"{kind} of single bits is not an image.")

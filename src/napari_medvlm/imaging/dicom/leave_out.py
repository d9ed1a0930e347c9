"""Sound DICOM objects that hold no image of a patient, told by their class."""

from __future__ import annotations

from typing import Any

from pydicom.uid import UID

from .sizes import Implausible
from .values import value

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
    Implausible
        If it says nothing about itself, as a file that was cut short after its preamble.
    """
    places = [ds]
    if str(value(places, "SOPClassUID") or "") in _NOT_IMAGES:
        raise NotAnImage(f"{_kind(ds)} is not an image.")
    for name, tag in (("Rows", "(0028,0010)"), ("Columns", "(0028,0011)")):
        if not value(places, name):
            kind = _kind(ds)
            if not kind:
                raise Implausible("it holds no image and does not say what it is")
            if " Image" in kind:
                raise NotAnImage(f"It is a {kind} without pixels: {name} {tag} is missing.")
            raise NotAnImage(f"{kind} is not an image.")


def _kind(ds: Any) -> str:
    sop = str(value([ds], "SOPClassUID") or "")
    meta = getattr(ds, "file_meta", None)
    if not sop and meta is not None:
        sop = str(meta.get("MediaStorageSOPClassUID") or "")
    name = str(UID(sop).name)
    if name != sop:
        return name.removesuffix(" Storage")
    return "An object of a private kind" if sop else ""

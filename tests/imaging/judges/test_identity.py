"""Whatever a header holds in words, nothing that is read tells who the patient is."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import dictionary_VR, keyword_dict, tag_for_keyword

from napari_medvlm.imaging.scan import scan

from ..dicom import odd_enhanced, odd_objects, odd_series

CASES = odd_series.CASES | odd_enhanced.CASES | odd_objects.CASES
#: One of each kind of object.
KINDS = (
    "gap", "echoes", "diffusion", "philips_scaling", "single_slice", "enhanced_mr_in_time",
    "legacy_converted_ct", "mosaic", "radiographs", "computed_radiograph", "ultrasound_cine",
    "angiography", "screenshot", "beside_images",
)  # fmt: skip

NAME, NUMBER, BORN = "Doe^Jane", "PID4711", "19700102"
#: Words, and what scanners write there decides how an object is read.
_NEEDED = {"Manufacturer", "PixelDataProviderURL"}
_WORDS = ("PN", "LO", "SH", "LT", "ST", "UT", "UC")


@cache
def _identity() -> pydicom.Dataset:
    """Every attribute of words or of a date that DICOM knows, filled with the patient."""
    ds = pydicom.Dataset()
    for keyword in keyword_dict:
        tag = tag_for_keyword(keyword)
        vr = dictionary_VR(tag)
        if tag >> 16 > 0x0004 and keyword not in _NEEDED and vr in (*_WORDS, "DA"):
            ds.add_new(tag, vr, BORN if vr == "DA" else NUMBER if vr == "SH" else NAME)
    return ds


def _name(path: Path) -> None:
    ds = pydicom.dcmread(path)
    ds.update(_identity())
    ds.save_as(path)


def told(text: str) -> list[str]:
    """Words of identity in a text; UIDs lead back to the patient too."""
    words = ("Doe", "Jane", NUMBER, "1970", re.escape("1.2.826"))
    return [word for word in words if re.search(word, text, re.IGNORECASE)]


@pytest.mark.parametrize("name", KINDS)
def test_nothing_read_tells_who_the_patient_is(name, tmp_path, caplog, capfd):
    caplog.set_level(0)
    folder = tmp_path / NAME
    CASES[name](folder)
    for path in folder.rglob("*"):
        if path.is_file():
            _name(path)
    found = scan(folder)
    assert found.entries
    for entry in found.entries:
        shown = {"description", "variant", "opener", "preview"}
        assert told(repr([v for k, v in vars(entry).items() if k not in shown])) == []
        source = entry.open()
        # Its title is for the screen, and so is not among what a repr, a log or a record holds.
        shown = {"voxels", "title"}
        kept = [v for k, v in vars(source).items() if not k.startswith("_") and k not in shown]
        assert told(repr(kept) + repr(source)) == []
        assert source.title == entry.title
    for one in found.left_out:
        assert told(one.reason) == []
    assert told(caplog.text) == []
    assert told("".join(capfd.readouterr())) == []


def test_the_description_is_shown_for_choosing(tmp_path):
    CASES["axial"](tmp_path / "scan")
    (entry,) = scan(tmp_path / "scan").entries
    assert entry.description == "Doe Jane thorax"

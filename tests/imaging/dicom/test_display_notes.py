from __future__ import annotations

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from napari_medvlm.imaging import read
from napari_medvlm.imaging.scan import scan

from ..series import image, save, write_series

PIXELS = np.arange(20, dtype=np.int16).reshape(4, 5)


def overlay(ds, group: int, kind: str = "G") -> None:
    ds.add_new((group, 0x0010), "US", 4)
    ds.add_new((group, 0x0011), "US", 5)
    ds.add_new((group, 0x0022), "LO", "Doe^Jane's right side")
    ds.add_new((group, 0x0040), "CS", kind)
    ds.add_new((group, 0x0050), "SS", [1, 1])
    ds.add_new((group, 0x0100), "US", 1)
    ds.add_new((group, 0x0102), "US", 0)
    ds.add_new((group, 0x3000), "OW", b"\x0f\0\0\0")


@pytest.mark.parametrize(
    ("groups", "kind", "words"),
    [
        ([0x6000], "G", "an overlay plane (group 6000) of graphics"),
        ([0x6002, 0x601E], "G", "2 overlay planes (group 6002, 601E) of graphics"),
        ([0x6000], "R", "an overlay plane (group 6000) of regions of interest"),
    ],
)
def test_overlay_planes_that_are_not_drawn_are_said(tmp_path, groups, kind, words):
    ds = image(PIXELS, Modality="CR", position=None)
    for group in groups:
        overlay(ds, group, kind)
    path = save(ds, tmp_path / "a")
    (entry,) = scan(path).entries
    (volume,) = read(path)
    for remarks in (entry.remarks, volume.remarks):
        assert any(words in remark for remark in remarks)
        assert not any("Doe" in remark for remark in remarks)


def test_an_overlay_of_one_slice_is_said_of_its_series(tmp_path):
    write_series(tmp_path / "s", np.zeros((4, 4, 5), np.int16))
    path = sorted((tmp_path / "s").iterdir())[2]
    ds = pydicom.dcmread(path)
    overlay(ds, 0x6000)
    save(ds, path)
    (volume,) = read(tmp_path / "s")
    assert volume.voxels.shape == (4, 4, 5)
    assert any("overlay plane" in remark for remark in volume.remarks)


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"ShutterShape": ["RECTANGULAR", "CIRCULAR"]}, "rectangular and circular shutter"),
        ({"BurnedInAnnotation": "YES"}, "may name the patient"),
        ({"PixelPresentation": "COLOR"}, "colours, of a supplemental palette, are not shown"),
        ({"PixelPresentation": "MIXED"}, "colours, of a supplemental palette, are not shown"),
        ({"PixelPresentation": "TRUE_COLOR"}, "colours, of a supplemental palette, are not shown"),
        ({"EnhancedPaletteColorLookupTableSequence": [Dataset()]}, "of an enhanced palette"),
        ({"PresentationLUTSequence": [Dataset()]}, "Presentation LUT (2050,0010) is not applied"),
        ({"RecommendedViewingMode": "SUB"}, "it is not done, frames are shown as they were taken"),
    ],
)
def test_what_a_file_asks_for_its_display_and_is_not_done_is_said(tmp_path, tags, words):
    (volume,) = read(save(image(PIXELS, **tags), tmp_path / "a"))
    assert any(words in remark for remark in volume.remarks)


@pytest.mark.parametrize(
    "tags", [{"BurnedInAnnotation": "NO"}, {"PixelPresentation": "MONOCHROME"}, {}]
)
def test_a_file_that_asks_for_nothing_gets_no_remark(tmp_path, tags):
    (volume,) = read(save(image(PIXELS, **tags), tmp_path / "a"))
    assert not any("not shown" in r or "overlay" in r or "words" in r for r in volume.remarks)

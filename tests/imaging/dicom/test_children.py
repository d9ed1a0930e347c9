from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import JPEGLSLossless

from napari_medvlm.imaging.dicom import children
from napari_medvlm.imaging.dicom.children import Children, children_for
from napari_medvlm.imaging.dicom.geometry import place
from napari_medvlm.imaging.dicom.header import ImageHeader, read_headers
from napari_medvlm.imaging.dicom.loading import lazy_voxels, load

from ..series import image, save

VOXELS = np.random.default_rng(5).integers(0, 4000, (5, 16, 12)).astype(np.uint16)


def series(folder: Path) -> list[ImageHeader]:
    headers = []
    for k, pixels in enumerate(VOXELS):
        ds = image(pixels, position=(0, 0, k), BitsStored=12, HighBit=11, RescaleIntercept=-1024)
        ds.compress(JPEGLSLossless)
        headers += read_headers(save(ds, folder / f"{k}.dcm"))
    return headers


@pytest.fixture
def started(monkeypatch) -> list[str]:
    """Worth it even for small images; what was decoded in processes."""
    asked: list[str] = []
    plain = Children.read_stored

    def counted(self: Children, header: ImageHeader) -> np.ndarray:
        asked.append(header.path.name)
        return plain(self, header)

    monkeypatch.setattr(children, "_WORTH", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    monkeypatch.setattr(Children, "read_stored", counted)
    return asked


def test_series_decoded_in_processes_have_the_same_values(tmp_path, started):
    headers = series(tmp_path)
    placement = place(headers)
    expected = VOXELS.astype(np.int16) - 1024
    np.testing.assert_array_equal(load(headers, placement).voxels, expected)
    assert len(started) == 5
    voxels = lazy_voxels(placement)
    np.testing.assert_array_equal(voxels[2], expected[2])
    assert len(started) == 5
    np.testing.assert_array_equal(np.asarray(voxels), expected)
    assert len(started) == 9


def test_a_damaged_image_is_told_and_the_others_are_read(tmp_path, started):
    headers = series(tmp_path)
    ds = pydicom.dcmread(headers[3].path)
    ds.PixelData = pydicom.encaps.encapsulate([b"\xff\xd8\xff\xf7 no image \xff\xd9"])
    save(ds, headers[3].path)
    loaded = load(headers, place(headers))
    np.testing.assert_array_equal(
        loaded.voxels, np.delete(VOXELS, 3, axis=0).astype(np.int16) - 1024
    )
    assert len(loaded.problems) == 1


def test_a_decoder_that_crashes_costs_one_image(tmp_path):
    (header, *_) = series(tmp_path)
    both = Children(1, (sys.executable, "-c", "raise SystemExit"))
    try:
        for _ in range(2):
            with pytest.raises(RuntimeError, match="crashed"):
                both.read_stored(header)
    finally:
        both.end()


def test_short_series_and_other_syntaxes_start_no_process(tmp_path, monkeypatch):
    headers = series(tmp_path)
    with children_for(headers) as none:
        assert none is None
    monkeypatch.setattr(children, "_WORTH", 1)
    plain = read_headers(save(image(VOXELS[0]), tmp_path / "plain"))
    with children_for(plain) as none:
        assert none is None
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    with children_for(headers) as none:
        assert none is None

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

import pytest

from napari_medvlm.cli import ask
from napari_medvlm.demo.files import sample_path
from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging.dicom import loading


def options(path: Path, *more: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    ask.add_arguments(parser)
    return parser.parse_args([str(path), "what is it?", "--window", "0,2000", *more])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(sample_path("chest_ct"), tmp_path / "ct"))


def test_only_the_slices_that_are_sent_are_decoded(folder, monkeypatch):
    decoded: list[str] = []
    plain = loading.read_slice
    monkeypatch.setattr(
        loading, "read_slice", lambda h, *to: (decoded.append(h.path.name), plain(h, *to))
    )
    composed = ask.build(options(folder, "--slices", "even:5"))
    # The middle one too: whether the file's window shows anything is seen on it.
    assert len(composed.question.frames) == 5
    assert len(decoded) == 6


def test_a_broken_slice_does_not_keep_the_others_from_being_asked_about(folder):
    path = min(folder.iterdir())
    path.write_bytes(path.read_bytes()[:-10])
    composed = ask.build(options(folder, "--slices", "all"))
    assert len(composed.question.frames) == 39
    assert any("could not be decoded" in remark for remark in composed.parts[0].source.remarks)


def test_nothing_to_read_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing here")
    with pytest.raises(ImagingError, match="No scan or clip could be read"):
        ask.build(options(tmp_path))

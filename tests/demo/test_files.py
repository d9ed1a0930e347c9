"""Sample files are found in a checkout and in an installed package, and missed politely."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medvlm.demo import files
from napari_medvlm.errors import MedvlmError


@pytest.mark.parametrize("name", files.SAMPLE_NAMES)
def test_every_sample_is_found(name: str) -> None:
    assert files.sample_path(name).exists()


def test_a_checkout_comes_before_what_a_wheel_carries() -> None:
    checkout = Path(__file__).resolve().parents[2] / "sample_data"
    assert files.sample_folders()[0] == checkout


def test_the_data_of_a_wheel_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "napari_medvlm_files" / "sample_data"
    package.mkdir(parents=True)
    (package / "radiograph.png").write_bytes(b"")
    installed = tmp_path / "site-packages" / "napari_medvlm" / "demo" / "files.py"
    monkeypatch.setattr(files, "__file__", str(installed))
    monkeypatch.setattr(files, "find_spec", lambda name: _Spec(tmp_path / name))
    assert files.sample_path("radiograph.png") == package / "radiograph.png"


def test_an_unknown_sample_is_an_error_for_people() -> None:
    with pytest.raises(FileNotFoundError, match=r"'spine\.nii'") as caught:
        files.sample_path("spine.nii")
    assert isinstance(caught.value, MedvlmError)
    assert "napari_medvlm.demo.sample_data FOLDER" in caught.value.advice


class _Spec:
    def __init__(self, place: Path) -> None:
        self.submodule_search_locations = [str(place)]

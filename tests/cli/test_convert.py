from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

from imaging.series import write_series
from napari_medvlm.cli import main
from napari_medvlm.demo.files import sample_path

VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)


def test_a_series_becomes_a_file(tmp_path, capsys):
    folder = write_series(tmp_path / "Doe_Jane", VOXELS)
    assert main(["convert", str(folder), str(tmp_path / "out.nii.gz"), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert facts["shape"] == [3, 4, 5]
    image = nib.load(tmp_path / "out.nii.gz")
    np.testing.assert_array_equal(np.asanyarray(image.dataobj), VOXELS.T)
    assert nib.aff2axcodes(image.affine) == ("L", "P", "S")


def test_of_several_one_is_asked_for_by_number(tmp_path, capsys):
    folder = tmp_path / "study"
    folder.mkdir()
    write_series(folder / "a", VOXELS, series="1.2.3")
    write_series(folder / "b", VOXELS[:2], series="1.2.4")
    out = tmp_path / "out.nii"
    assert main(["convert", str(folder), str(out)]) == 2
    told = capsys.readouterr().err
    assert "There are 2 series here" in told
    assert "--series N" in told
    assert not out.exists()
    assert main(["convert", str(folder), str(out), "--series", "1"]) == 0
    assert nib.load(out).shape == (5, 4, 2)
    assert main(["convert", str(folder), str(out), "--series", "2"]) == 2


@pytest.mark.parametrize(
    ("file", "out", "words"),
    [
        ("ultrasound.mp4", "a.nii", "clip is no volume"),
        ("brain_mr.nii.gz", "a.mha", "ends in .nii or .nii.gz"),
        ("brain_mr.nii.gz", "nowhere/a.nii", "could not be written"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, file, out, words):
    assert main(["convert", str(sample_path(file)), str(tmp_path / out)]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []

from __future__ import annotations

import json

import numpy as np

from imaging.series import write_series
from napari_medvlm.cli import main

VOXELS = np.arange(3 * 4 * 5, dtype=np.int16).reshape(3, 4, 5)


def study(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    write_series(folder / "a", VOXELS, series="1.2.3")
    write_series(folder / "b", VOXELS[:2], series="1.2.4")
    (folder / "a" / "notes.txt").write_text("no scan")
    return folder


def test_a_folder_lists_its_series_and_what_was_left_out(tmp_path, capsys):
    assert main(["read", str(study(tmp_path)), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [(e["shape"], e["files"]) for e in facts["entries"]] == [([3, 4, 5], 3), ([2, 4, 5], 2)]
    assert facts["left_out"] == [
        {"file": "a/notes.txt", "reason": "It is plain text.", "broken": False}
    ]


def test_the_same_for_people(tmp_path, capsys):
    assert main(["read", str(study(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "[1] Doe Jane thorax (CT · 2 files · CT series " in out
    assert "3 × 4 × 5 int16; voxel 5 × 0.8 × 0.7 mm" in out
    assert "1 file left out\n    a/notes.txt: It is plain text." in out
    for secret in ("Doe^Jane", "SECRET-1"):
        assert secret not in out


def test_json_holds_names_only_when_asked_for(tmp_path, capsys):
    folder = study(tmp_path)
    np.save(folder / "Doe_knee.npy", VOXELS)
    assert main(["read", str(folder), "--json"]) == 0
    assert "Doe" not in capsys.readouterr().out
    assert main(["read", str(folder), "--json", "--names"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {e["title"] for e in facts["entries"]} == {"Doe Jane thorax", "Doe_knee.npy"}


def test_names_that_a_terminal_would_obey_are_shown_instead(tmp_path, capsys):
    write_series(tmp_path / "a", VOXELS, SeriesDescription="T1\x1b]0;owned\x07")
    np.save(tmp_path / "b\u202egpj\x1b[2J.npy", VOXELS)
    (tmp_path / "c\x1b[2J.txt").write_text("no scan")
    assert main(["read", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "␛[2J.npy" in out


def test_one_broken_series_does_not_hide_the_others(tmp_path, capsys, monkeypatch):
    from napari_medvlm.errors import ImagingError
    from napari_medvlm.imaging.scan import Entry

    whole = Entry.open

    def broken(self, **how):
        if self.shape[0] == 2:
            raise ImagingError("The pixels are gone.")
        return whole(self, **how)

    monkeypatch.setattr(Entry, "open", broken)
    assert main(["read", str(study(tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "! cannot be opened: The pixels are gone." in out
    assert "3 × 4 × 5 int16" in out


def test_a_folder_without_scans_is_an_error_for_people(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("no scan")
    assert main(["read", str(tmp_path)]) == 2
    assert "1 file left out" in capsys.readouterr().err

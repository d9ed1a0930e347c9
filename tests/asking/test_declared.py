"""What a person declared holds when the file is opened again, and is always said to be theirs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.asking import Part, chips_of, sent_frames
from napari_medvlm.asking.choose.parts import gather
from napari_medvlm.asking.declared import as_declared, declare_and_keep
from napari_medvlm.asking.details import details
from napari_medvlm.dialogue import Question
from napari_medvlm.imaging import Selection, Volume, read
from napari_medvlm.imaging.declaration import Declaration, read_declaration
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.records import Capsule, ModelRecord, read_capsule
from napari_medvlm.records.captions import frame_caption
from napari_medvlm.records.declarations import DECLARATIONS_VARIABLE

MODEL = ModelRecord("a model")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(DECLARATIONS_VARIABLE, str(tmp_path / "declared"))
    return tmp_path / "declared"


def opened(path: Path) -> Volume:
    (volume,) = read(path)
    found = as_declared(volume)
    assert isinstance(found, Volume)
    return found


@pytest.fixture
def film(tmp_path: Path) -> Path:
    np.save(tmp_path / "Doe_Jane.npy", np.arange(20 * 30, dtype=np.int16).reshape(20, 30))
    return tmp_path / "Doe_Jane.npy"


def declare(path: Path, text: str) -> None:
    volume = opened(path)
    _, kept = declare_and_keep(volume, volume.declared.changed(read_declaration(text)))
    assert kept


def test_it_holds_for_the_content_wherever_it_lies_and_for_no_other(film: Path) -> None:
    declare(film, "modality=DX,body_part=chest")
    declare(film, "orientation=LF")
    moved = film.rename(film.with_name("elsewhere.npy"))
    assert opened(moved).declared.words == ("modality=DX", "body_part=CHEST", "orientation=LI")
    np.save(film, np.ones((20, 30), np.int16))
    assert not opened(film).declared
    declare(moved, "none")
    assert opened(moved).modality == ""


def test_nothing_kept_names_the_file(film: Path, folder: Path) -> None:
    declare(film, "modality=DX")
    for file in folder.iterdir():
        assert b"Doe" not in file.read_bytes() + file.name.encode()


def chips(path: Path, profile: str = "chexone") -> dict[str, str]:
    parts = (Part(opened(path), Selection((0,), "acquired")),)
    sent = sent_frames(gather(parts), parts)
    return {chip.words: chip.sentence for chip in chips_of(PROFILES[profile], sent)}


def test_chips_follow_and_say_who_said_it(film: Path) -> None:
    assert "! kind unknown" in chips(film)
    declare(film, "modality=DX")
    assert "as you declared" in chips(film)["✓ radiograph"]
    declare(film, "body_part=knee")
    sentence = chips(film)["✕ radiograph, knee"]
    assert "you declared that this one is of: knee" in sentence
    assert "file says" not in sentence
    declare(film, "modality=MR")
    assert "as you declared" in chips(film)["✕ MRI"]


def test_details_tell_what_is_declared_once(film: Path) -> None:
    declare(film, "orientation=LF")
    assert dict(details(opened(film)).rows)["orientation"] == (
        "rows to the feet, columns to the left (declared by you)"
    )
    declare(film, "orientation=none,modality=DX,spacing=0.2x0.2")
    told = details(opened(film))
    assert dict(told.rows)["declared by you"] == "modality DX, spacing 1x0.2x0.2"
    assert told.text().count("0.2x0.2") == 1


def test_records_tell_what_was_declared_and_only_then(film: Path) -> None:
    def capsule() -> Capsule:
        frames = gather((Part(opened(film), Selection((0,), "acquired")),))
        return Capsule.of(Question("What is this?", frames), MODEL)

    before = capsule()
    assert "declared" not in before.json
    declare(film, "modality=DX,orientation=LF")
    after = capsule()
    assert after.question["frames"][0]["declared"] == ["modality=DX", "orientation=LI"]
    assert after.study == before.study  # the conversation stays with the scan
    assert "Doe" not in after.json
    pixels = {after.frame_digests[0]: gather((Part(opened(film), Selection((0,))),))[0].pixels}
    (frame,) = read_capsule(after.json).ask_again(pixels).frames
    assert frame.declared == ("modality=DX", "orientation=LI")
    assert "declared by the user: modality DX, orientation LI" in frame_caption(0, frame)


def test_without_any_declaration_no_scan_is_hashed(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (volume,) = read(film)
    monkeypatch.setattr(
        "napari_medvlm.asking.declared.content_key", lambda _: pytest.fail("hashed")
    )
    assert as_declared(volume) is volume
    assert Declaration() == volume.declared

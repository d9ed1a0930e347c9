from __future__ import annotations

from pathlib import Path

import pytest

from napari_medvlm.asking import Conversation, ModelOffer
from napari_medvlm.asking.talk.journals import beside
from napari_medvlm.asking.talk.keeping import Keeper, exchange_of
from napari_medvlm.dialogue import Question, Replied, Reply
from napari_medvlm.engine import ModelChoice
from napari_medvlm.imaging import Selection, source_id, take
from napari_medvlm.imaging.walking import files_in
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.records import Journal

from ..scans import ct

OFFER = ModelOffer("demo (toy)", ModelChoice("nowhere", "demo", profile="demo"), PROFILES["demo"])
SCAN = ct()
STUDY = source_id(SCAN)
MOST = 1 << 30


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "own" / "journal.sqlite"


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDVLM_JOURNAL")


def _keeper(own: Path) -> Keeper:
    keeper = Keeper(own)
    keeper.prefer(keep=True, most_bytes=MOST, beside=True)
    return keeper


def _ask(keeper: Keeper, talk: Conversation, text: str) -> None:
    frames = take(SCAN, Selection((2, 5)))
    exchange = talk.ask(len(talk.exchanges) + 1, Question(text, frames), model=OFFER.label)
    keeper.asked(exchange, OFFER)
    keeper.heard(talk.hear([Replied(request=exchange.request, reply=Reply("b", "", "b"))]))
    keeper.wait()


def _back(own: Path, scan: Path | None) -> list[str]:
    keeper = _keeper(own)
    keeper.seek(STUDY, scan)
    keeper.wait()
    found = [kept.question.text for kept in keeper.poll()]
    assert keeper.problems() == ()
    keeper.close()
    keeper.wait()
    return found


def _study(tmp_path: Path) -> Path:
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "1.dcm").write_bytes(b"a slice")
    return folder


def test_questions_are_kept_in_the_folder_of_the_study_and_move_with_it(
    tmp_path: Path, own: Path
) -> None:
    folder = _study(tmp_path)
    keeper = _keeper(own)
    keeper.seek(STUDY, folder)
    keeper.wait()
    assert not (folder / ".medvlm").exists()  # looking writes nothing
    assert not own.exists()
    _ask(keeper, Conversation(), "beside?")
    keeper.close()
    keeper.wait()
    assert [path.name for path in folder.iterdir() if path.is_dir()] == [".medvlm"]
    assert [path.name for path in files_in(folder)] == ["1.dcm"]  # never taken for a scan
    moved = folder.rename(tmp_path / "elsewhere")
    assert _back(tmp_path / "another user" / "journal.sqlite", moved) == ["beside?"]
    assert _back(own, None) == []


def test_a_file_s_journal_lies_beside_it(tmp_path: Path) -> None:
    folder = _study(tmp_path)
    assert beside(folder / "1.dcm") == beside(folder) == folder / ".medvlm" / "journal.sqlite"


def test_what_was_kept_in_the_users_folder_before_comes_back_too(tmp_path: Path, own: Path) -> None:
    folder = _study(tmp_path)
    keeper = Keeper(own)
    _ask(keeper, Conversation(), "before")
    keeper.close()
    keeper.wait()
    keeper = _keeper(own)
    keeper.seek(STUDY, folder)
    keeper.wait()
    talk = Conversation()
    (kept,) = keeper.poll()
    back = talk.bring_back(exchange_of(kept, 0, 1.0))
    _ask(keeper, talk, "after")
    keeper.forget(back)  # where it was found, and not the first question beside the study
    keeper.close()
    keeper.wait()
    assert _back(own, folder) == ["after"]
    with Journal(own) as journal:
        assert journal.conversations() == ()


def test_a_folder_that_cannot_be_written_leaves_it_in_the_users_with_a_line(
    tmp_path: Path, own: Path
) -> None:
    folder = _study(tmp_path)
    # A file of that name: true also for an administrator, whom no mode stops.
    (folder / ".medvlm").write_text("not a folder")
    keeper = _keeper(own)
    keeper.seek(STUDY, folder)
    _ask(keeper, Conversation(), "where?")
    (problem,) = keeper.problems()
    assert "in your own folder" in problem
    keeper.close()
    keeper.wait()
    with Journal(own) as journal:
        assert [one.first for one in journal.conversations(STUDY)] == ["where?"]


def test_the_environment_s_place_comes_before_that_of_the_study(
    tmp_path: Path, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(own))
    folder = _study(tmp_path)
    keeper = _keeper(own)
    keeper.seek(STUDY, folder)
    _ask(keeper, Conversation(), "where?")
    keeper.close()
    keeper.wait()
    assert not (folder / ".medvlm").exists()
    with Journal(own) as journal:
        assert len(journal.conversations(STUDY)) == 1

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.dialogue import Box, Mask, Question, Reference, Reply, Timings
from napari_medvlm.errors import RecordError
from napari_medvlm.imaging import Frame
from napari_medvlm.records import opening, schema
from napari_medvlm.records.capsule import Capsule, ModelRecord
from napari_medvlm.records.journal import Journal
from napari_medvlm.records.kept import Progress
from napari_medvlm.records.opening import PATIENCE
from napari_medvlm.records.replies import reply_from_json, reply_to_json

from .questions import question

STUDY = "abcdef012345"
REPLY = Reply(
    raw="<think>a</think><answer>b</answer>",
    reasoning="a",
    answer="b",
    choice="B",
    choices=("A", "B"),
    boxes=(Box("nodule", (1.0, 2.0, 5.5, 6.0), 1, (41.0, 12.0, 55.0, 61.0), "norm_1000", True),),
    masks=(Mask("lung", np.arange(15).reshape(3, 5) % 2 == 0, 1),),
    references=(Reference(0, 3, 1, "reasoning"),),
    finish_reason="length",
    new_tokens=12,
    timings=Timings(0.1, 0.2, 0.3),
    token_ids=(5, 6, 7),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "journal.sqlite"


def _ask(journal: Journal, conversation: int, asked: Question) -> int:
    pixels = {frame.digest: frame.pixels for frame in asked.frames}
    return journal.ask(conversation, Capsule.of(asked, ModelRecord("demo (toy)")), pixels)


def _texts(journal: Journal, study: str | None = None) -> list[str]:
    return [
        kept.question.text
        for listed in journal.conversations(study)
        for kept in journal.exchanges(listed.number)
    ]


def test_what_was_written_comes_back_with_frames_and_boxes(path: Path) -> None:
    asked = question("Is there a nodule?")
    with Journal(path, clock=lambda: 1000.0) as journal:
        number = _ask(journal, journal.begin(STUDY), asked)
        journal.progress({number: Progress("replied", "a", "b", 12, 7, 2.5, REPLY)})
    with Journal(path) as journal:
        assert journal.notice == ""
        (listed,) = journal.conversations(STUDY)
        assert (listed.began, listed.questions, listed.first) == (1000.0, 1, "Is there a nodule?")
        (kept,) = journal.exchanges(listed.number)
        assert journal.conversations("another") == ()
    again = kept.question
    for left, right in zip(asked.frames, again.frames, strict=True):
        np.testing.assert_array_equal(left.pixels, right.pixels)
        np.testing.assert_array_equal(left.to_source, right.to_source)
    assert again.regions == asked.regions
    state = kept.progress
    assert (state.state, state.reasoning, state.answer) == ("replied", "a", "b")
    assert (state.tokens, state.reasoning_tokens, state.seconds) == (12, 7, 2.5)
    assert state.reply is not None
    assert state.reply.boxes == REPLY.boxes


def test_a_reply_survives_its_json_masks_included() -> None:
    again = reply_from_json(reply_to_json(REPLY))
    np.testing.assert_array_equal(again.masks[0].pixels, REPLY.masks[0].pixels)
    assert again.masks[0].frame == 1
    for name in ("raw", "choices", "boxes", "references", "timings", "token_ids", "finish_reason"):
        assert getattr(again, name) == getattr(REPLY, name)
    with pytest.raises(RecordError, match="no kept reply"):
        reply_from_json("{}")


def test_frames_that_two_questions_share_are_kept_once_and_as_long_as_one_needs_them(
    path: Path,
) -> None:
    with Journal(path) as journal:
        talk = journal.begin(STUDY)
        first, second = (_ask(journal, talk, question()) for _ in range(2))
        assert _count(path, "frames") == 2
        journal.forget(first)
        assert _count(path, "frames") == 2
        assert len(_texts(journal)) == 1
        journal.forget(second)
        assert (
            _count(path, "frames") == _count(path, "strips") == _count(path, "conversations") == 0
        )


def _count(path: Path, table: str) -> int:
    db = sqlite3.connect(path)
    try:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    finally:
        db.close()


def test_any_text_of_the_user_and_of_the_model_comes_back(path: Path) -> None:
    odd = "a\x00b \ud800 <script> 🫁 '; DROP TABLE frames"
    with Journal(path) as journal:
        talk = journal.begin(STUDY)
        number = _ask(journal, talk, Question(odd))
        journal.progress({number: Progress("answering", odd, odd)})
        (kept,) = journal.exchanges(talk)
        assert kept.question.text == odd
        assert kept.progress.answer == odd.replace("\ud800", "?")


def test_the_oldest_questions_go_when_the_file_is_full(path: Path) -> None:
    rng = np.random.default_rng(0)
    with Journal(path, most_bytes=400_000) as journal:
        talk = journal.begin(STUDY)
        for number in range(8):
            pixels = rng.integers(0, 255, (200, 200, 3), dtype=np.uint8)  # cannot be compressed
            _ask(journal, talk, Question(str(number), (Frame(pixels),)))
        assert journal.nbytes <= 400_000
        assert _texts(journal) == ["6", "7"]
        big = rng.integers(0, 255, (500, 500, 3), dtype=np.uint8)
        _ask(journal, talk, Question("big", (Frame(big),)))
        assert _texts(journal) == ["big"]  # the newest stays, whatever its size


def test_wiping_leaves_nothing_in_the_file(path: Path) -> None:
    with Journal(path) as journal:
        _ask(journal, journal.begin(STUDY), question("a very private question " * 50))
        journal.wipe()
        assert journal.conversations() == ()
        files = [path.with_name(path.name + end) for end in ("", "-wal")]
        assert not any(b"very private" in file.read_bytes() for file in files if file.exists())
        _ask(journal, journal.begin(STUDY), question("anew"))
        assert _texts(journal) == ["anew"]


def test_what_comes_after_a_wipe_brings_nothing_back(path: Path) -> None:
    with Journal(path) as journal:
        talk = journal.begin(STUDY)
        number = _ask(journal, talk, question())
        journal.wipe()
        journal.progress({number: Progress("replied", answer="late")})
        assert journal.conversations() == ()
        with pytest.raises(RecordError, match="FOREIGN KEY"):
            _ask(journal, talk, question())


def test_a_frame_that_is_missing_writes_nothing(path: Path) -> None:
    with Journal(path) as journal:
        talk = journal.begin(STUDY)
        with pytest.raises(RecordError, match="missing"):
            journal.ask(talk, Capsule.of(question(), ModelRecord("m")), {})
        assert journal.conversations() == ()


CHILD = """
import sys
from napari_medvlm.records.journal import Journal
from napari_medvlm.records.kept import Progress
from records.questions import question
from records.test_journal import _ask

with Journal(sys.argv[1]) as journal:
    talk = journal.begin("abcdef012345")
    _ask(journal, talk, question("before"))
    number = _ask(journal, talk, question("killed"))
    words = 0
    while True:
        words += 1
        journal.progress({number: Progress("answering", "word " * words, tokens=words)})
        print(words, flush=True)
"""


def _child(path: Path, code: str = CHILD) -> subprocess.Popen[str]:
    root = str(Path(__file__).parents[1])
    paths = os.pathsep.join([root, *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": paths},
    )


def test_a_killed_program_loses_nothing_that_was_written(path: Path) -> None:
    child = _child(path)
    assert child.stdout is not None
    told = 0
    while told < 20:
        told = int(child.stdout.readline())
    child.kill()
    told = max([told, *(int(line) for line in child.stdout if line.endswith("\n"))])
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL if os.name == "posix" else child.wait() != 0
    with Journal(path) as journal:
        assert journal.notice == ""
        assert _texts(journal) == ["before", "killed"]
        before, killed = journal.exchanges(1)
        assert before.progress.state == "asked"
        assert killed.progress.state == "answering"
        assert killed.progress.tokens >= told
        assert killed.progress.reasoning == "word " * killed.progress.tokens
        assert len(killed.question.frames) == 2


WRITER = """
import sys
from napari_medvlm.records.journal import Journal
from records.questions import question
from records.test_journal import _ask

with Journal(sys.argv[1]) as journal:
    talk = journal.begin("abcdef012345")
    for number in range(15):
        _ask(journal, talk, question(f"{talk} {number}"))
"""


def test_several_programs_write_at_the_same_time(path: Path) -> None:
    children = [_child(path, WRITER) for _ in range(3)]  # they also race for making the file
    for child in children:
        child.communicate(timeout=60)
        assert child.returncode == 0
    with Journal(path) as journal:
        assert len(journal.conversations(STUDY)) == 3
        assert sorted(_texts(journal)) == sorted(f"{t} {n}" for t in (1, 2, 3) for n in range(15))


@pytest.mark.parametrize("damage", ["no database", "in the middle"])
def test_a_damaged_file_is_moved_aside_and_told(path: Path, damage: str) -> None:
    with Journal(path) as journal:
        talk = journal.begin(STUDY)
        for number in range(20):
            _ask(journal, talk, question(str(number)))
    whole = path.read_bytes()
    if damage == "no database":
        broken = b"not a database at all " * 500
    else:
        # The first page, with the schema, is left as it is.
        broken = whole[:4096] + bytes(range(256)) * ((len(whole) - 4096) // 256)
    path.write_bytes(broken)
    with Journal(path) as journal:
        assert "damaged" in journal.notice
        assert journal.conversations() == ()
        _ask(journal, journal.begin(STUDY), question("anew"))
    (aside,) = path.parent.glob("*.damaged-*[0-9]")
    assert aside.name in journal.notice
    # But for the header, whose counters every opening may change, it is as it was found.
    assert aside.read_bytes()[100:] == broken[100:]
    with Journal(path) as journal:
        assert journal.notice == ""
        assert _texts(journal) == ["anew"]


def test_a_file_that_cannot_be_opened_is_told_with_advice(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wrong in (tmp_path, tmp_path / "file" / "journal.sqlite"):
        with pytest.raises(RecordError, match="cannot be opened") as caught:
            Journal(wrong)
        assert "MEDVLM_JOURNAL" in caught.value.advice
        assert not list(tmp_path.glob("*damaged*"))


def test_a_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    with Journal(path) as journal:
        _ask(journal, journal.begin(STUDY), question())
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(RecordError, match="version 99"):
        Journal(path)
    assert _count(path, "exchanges") == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_an_older_file_is_brought_to_the_newest_version(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Journal(path) as journal:
        _ask(journal, journal.begin(STUDY), question("old"))
    added = ("ALTER TABLE exchanges ADD COLUMN note TEXT NOT NULL DEFAULT 'none'",)
    db = sqlite3.connect(path, isolation_level=None)
    wrong = (*schema.MIGRATIONS, (*added, "CREATE TABLE frames (x)"))
    with pytest.raises(sqlite3.Error, match="already exists"):
        schema.prepare(db, wrong)
    assert "note" not in str(db.execute("SELECT sql FROM sqlite_schema").fetchall())
    schema.prepare(db, (*schema.MIGRATIONS, added))
    assert db.execute("PRAGMA user_version").fetchone() == (len(schema.MIGRATIONS) + 1,)
    assert db.execute("SELECT question, note FROM exchanges").fetchall() == [("old", "none")]
    db.close()


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX's")
def test_the_file_is_the_users_alone(path: Path) -> None:
    with Journal(path) as journal:
        journal.begin(STUDY)
        modes = [file.stat().st_mode & 0o777 for file in (path.parent, *path.parent.iterdir())]
    assert modes[0] == 0o700
    assert set(modes[1:]) == {0o600}


def test_where_the_journal_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", "OFF")
    assert opening.journal_path() is None
    monkeypatch.setenv("MEDVLM_JOURNAL", str(tmp_path / "mine.sqlite"))
    assert opening.journal_path() == tmp_path / "mine.sqlite"
    monkeypatch.delenv("MEDVLM_JOURNAL")
    monkeypatch.setattr("platformdirs.user_data_dir", lambda *_, **__: str(tmp_path))
    assert opening.journal_path() == tmp_path / "journal.sqlite"


def test_a_question_about_two_studies_is_found_by_each(path: Path) -> None:
    current, prior = "c" * 12, "d" * 12
    (new,), (old,) = (question(frames=1, source=one).frames for one in (current, prior))
    both = Question("Grown?", (new, old))
    with Journal(path) as journal:
        talk = journal.begin(current)
        first = _ask(journal, talk, both)
        second = _ask(journal, talk, question("And the heart?", source=current))
        other = _ask(journal, journal.begin(prior), question("Before that?", source=prior))
        assert [kept.number for kept in journal.about(current)] == [first, second]
        assert [kept.number for kept in journal.about(prior)] == [first, other]
        assert [kept.number for kept in journal.about(prior, last=1)] == [other]
        assert journal.about("e" * 12) == ()
        (found, _) = journal.about(prior)
        assert [frame.source for frame in found.question.frames] == [current, prior]
        journal.forget(first)
        assert [kept.number for kept in journal.about(prior)] == [other]


def test_a_file_from_before_questions_showed_several_studies_is_read(path: Path) -> None:
    with Journal(path) as journal:
        _ask(journal, journal.begin(STUDY), question("old"))
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("DROP TABLE shown")
    db.execute("PRAGMA user_version = 1")
    db.close()
    with Journal(path) as journal:
        assert [kept.question.text for kept in journal.about(STUDY)] == ["old"]


def test_a_file_that_another_program_holds_is_waited_for_once(path: Path) -> None:
    with Journal(path) as journal:
        holder = sqlite3.connect(path, isolation_level=None)
        holder.execute("BEGIN EXCLUSIVE")
        PATIENCE.renew()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(opening, "BUSY_SECONDS", 0.5)
            assert PATIENCE.seconds == 0.5
            with pytest.raises(RecordError, match="locked"):
                journal.begin(STUDY)
            assert PATIENCE.seconds < 0.5
            with pytest.raises(RecordError, match="locked"):
                journal.begin(STUDY)
        holder.execute("ROLLBACK")
        holder.close()
        assert journal.begin(STUDY)  # as soon as it can be
        PATIENCE.renew()

"""Kept records that were changed or damaged say so, and cost nothing but themselves."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.dialogue import Question
from napari_medvlm.imaging import Frame
from napari_medvlm.records import Capsule, Journal, ModelRecord
from napari_medvlm.records.png import to_png
from napari_medvlm.records.verified import ANSWER, CHANGED, IMAGE, NO_IMAGE, UNREADABLE

PIXELS = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of three questions about two images each."""
    place = tmp_path / "journal.sqlite"
    with Journal(place) as journal:
        talk = journal.begin("a" * 12)
        for n in range(3):
            frames = [Frame(pixels=PIXELS + n), Frame(pixels=PIXELS + 100 + n)]
            question = Question(f"question {n}", tuple(frames))
            capsule = Capsule.of(question, ModelRecord("toy"))
            journal.ask(talk, capsule, {frame.digest: frame.pixels for frame in frames})
    return place


def _change(path: Path, statement: str, *values: object) -> None:
    db = sqlite3.connect(path)
    db.execute(statement, values)
    db.commit()
    db.close()


def _damage(path: Path) -> list[tuple[str, ...]]:
    with Journal(path) as journal:
        return [kept.damage for kept in journal.exchanges(1)]


def test_what_is_as_it_was_written_says_nothing(path: Path) -> None:
    assert _damage(path) == [(), (), ()]


def test_a_changed_question_says_so_and_is_shown(path: Path) -> None:
    _change(path, "UPDATE exchanges SET capsule = replace(capsule, 'question 1', 'other')"
                  " WHERE number = 2")  # fmt: skip
    with Journal(path) as journal:
        kept = journal.exchanges(1)
    assert [one.damage for one in kept] == [(), (CHANGED,), ()]
    assert kept[1].question.text == "other"


def test_another_picture_under_a_hash_says_so(path: Path) -> None:
    digest = Frame(pixels=PIXELS + 1).digest
    _change(path, "UPDATE frames SET png = ? WHERE digest = ?", to_png(PIXELS), digest)
    with Journal(path) as journal:
        kept = journal.exchanges(1)
    assert [one.damage for one in kept] == [(), (IMAGE,), ()]
    np.testing.assert_array_equal(kept[1].question.frames[0].pixels, PIXELS)


def test_a_picture_that_is_none_is_black_and_says_so(path: Path) -> None:
    digest = Frame(pixels=PIXELS).digest
    _change(path, "UPDATE frames SET png = ? WHERE digest = ?", b"\x89PNG no", digest)
    with Journal(path) as journal:
        kept = journal.exchanges(1)
    assert kept[0].damage == (NO_IMAGE,)
    assert kept[0].question.frames[0].pixels.max() == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("reply = '{'", ANSWER), ("reply = CAST(x'7b22ff' AS TEXT)", ANSWER),
        ("tokens = 'many'", ANSWER), ("state = 7", ANSWER), ("answer = x'ff'", ANSWER),
        ("capsule = '{'", UNREADABLE), ("capsule = x'ff'", UNREADABLE),
        ("capsule = '{\"capsule\": 1, \"question\": 5}'", UNREADABLE),
        ("asked_at = 'x'", "When it was asked is damaged."),
    ],
)  # fmt: skip
def test_a_damaged_row_costs_itself_alone(path: Path, change: str, told: str) -> None:
    _change(path, f"UPDATE exchanges SET {change} WHERE number = 2")
    with Journal(path) as journal:
        first, second, third = journal.exchanges(1)
    assert first.damage == third.damage == ()
    assert told in second.damage
    assert second.capsule.question["text"] == "question 1"


@pytest.mark.parametrize("lost", [1, 2, 4])
def test_what_can_be_read_of_a_cut_journal_is_carried_over(path: Path, lost: int) -> None:
    with Journal(path) as journal:
        talk = journal.begin("b" * 12)
        for n in range(30):
            frame = Frame(pixels=np.full((40, 40, 3), n, np.uint8))
            question = Question(f"later {n} " + "x" * 900, (frame,))
            capsule = Capsule.of(question, ModelRecord("toy"))
            journal.ask(talk, capsule, {frame.digest: frame.pixels})
    _change(path, "PRAGMA wal_checkpoint(TRUNCATE)")
    whole = path.read_bytes()
    path.write_bytes(whole[: -4096 * lost])
    with Journal(path) as journal:
        assert "questions were carried over" in journal.notice
        texts = [kept.question.text for kept in journal.exchanges(1)]
        later = journal.exchanges(2)
    assert texts == ["question 0", "question 1", "question 2"]
    assert len(later) >= 20
    assert all(not kept.damage for kept in later if kept.pixels)
    (aside,) = path.parent.glob("*.damaged-*[0-9]")
    assert aside.read_bytes()[100:] == whole[100 : -4096 * lost]
    with Journal(path) as journal:
        assert journal.notice == ""


def test_a_file_with_nothing_to_read_is_set_aside_and_said(path: Path) -> None:
    path.write_bytes(b"not a database at all " * 500)
    with Journal(path) as journal:
        assert "Nothing of it could be read" in journal.notice
        assert journal.conversations() == ()

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.asking import Conversation, Exchange, ModelOffer, Stage
from napari_medvlm.asking.talk.keeping import EVERY, NEVER_ENDED, Keeper, capsule_of, exchange_of
from napari_medvlm.dialogue import Box, Failed, Question, Replied, Reply, Token
from napari_medvlm.engine import ModelChoice
from napari_medvlm.imaging import Selection, source_id, take
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.models.store import DEMO_FOLDER
from napari_medvlm.records import Journal
from napari_medvlm.records.fingerprint import folder_digest

from ..scans import ct

OFFER = ModelOffer(
    "demo (toy)", ModelChoice(str(DEMO_FOLDER), "demo", profile="demo"), PROFILES["demo"]
)
SCAN = ct()
STUDY = source_id(SCAN)
REPLY = Reply(
    "<think>a</think><answer>b</answer>", "a", "b", boxes=(Box("nodule", (1, 2, 8, 9), 1),)
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def keeper(path: Path, clock: Clock) -> Iterator[Keeper]:
    made = Keeper(path, clock)
    yield made
    made.close()
    made.wait()


@pytest.fixture
def talk(clock: Clock) -> Conversation:
    return Conversation(clock)


def _ask(talk: Conversation, keeper: Keeper, request: int, text: str = "where?") -> Exchange:
    frames = take(SCAN, Selection((2, 5)))
    question = Question(text, frames, history=talk.history())
    exchange = talk.ask(request, question, model=OFFER.label, sent=f"<{text}>")
    keeper.asked(exchange, OFFER)
    return exchange


def _found(path: Path, study: str = STUDY) -> list[Exchange]:
    later = Keeper(path)
    try:
        later.seek(study)
        later.wait()
        found = later.poll()
        assert later.problems() == ()
        return [exchange_of(kept, n, 500.0) for n, kept in enumerate(found, start=1)]
    finally:
        later.close()
        later.wait()


def test_a_conversation_comes_back_with_its_study(
    keeper: Keeper, talk: Conversation, path: Path, clock: Clock
) -> None:
    _ask(talk, keeper, 7)
    clock.now += 3
    keeper.heard(talk.hear([Replied(request=7, reply=REPLY)]))
    second = _ask(talk, keeper, 8, "and now?")
    keeper.heard(talk.hear([Failed(request=8, message="No memory.", advice="Take fewer.")]))
    keeper.wait()
    first, failed = _found(path)
    was = talk.exchanges[0]
    assert (first.number, first.stage, first.answer, first.sent) == (1, Stage.DONE, "b", "<where?>")
    assert first.request < 0
    assert first.seconds(9999.0) == 3.0
    for left, right in zip(was.question.frames, first.question.frames, strict=True):
        np.testing.assert_array_equal(left.pixels, right.pixels)
        assert replace(left, pixels=right.pixels).digest == left.digest
    (left_box,), (right_box,) = was.boxes, first.boxes
    np.testing.assert_array_equal(left_box.corners, right_box.corners)
    assert first.turn is not None
    assert (failed.number, failed.stage) == (2, Stage.FAILED)
    assert failed.status_words(0.0) == "No memory. Take fewer."
    # The follow-up carried the first turn, whose frames are kept as well.
    assert [turn.reply for turn in failed.question.history] == [REPLY.raw]
    assert len(failed.question.history[0].frames) == len(second.question.frames)
    assert _found(path, "another") == []


def test_what_has_come_is_kept_now_and_then_and_what_never_ended_says_so(
    keeper: Keeper, talk: Conversation, path: Path, clock: Clock
) -> None:
    _ask(talk, keeper, 7)
    for _ in range(20):  # two seconds
        clock.now += 0.1
        keeper.heard(talk.hear([Token(request=7, text="word ", count=1)]))
    keeper.wait()
    (found,) = _found(path)
    assert found.stage is Stage.FAILED
    assert found.message == NEVER_ENDED
    words = (found.reasoning + found.answer).count("word")
    assert 20 - EVERY / 0.1 - 1 <= words < 20
    keeper.heard(talk.hear([Replied(request=7, reply=replace(REPLY, finish_reason="stopped"))]))
    keeper.wait()
    (found,) = _found(path)
    assert (found.stage, found.answer) == (Stage.STOPPED, "b")


def test_what_was_asked_here_does_not_come_back_here(keeper: Keeper, talk: Conversation) -> None:
    _ask(talk, keeper, 7)
    keeper.seek(STUDY)
    keeper.wait()
    assert keeper.poll() == ()
    assert not keeper.waiting


def test_a_second_sitting_goes_on_with_the_conversation(
    keeper: Keeper, talk: Conversation, path: Path, clock: Clock
) -> None:
    _ask(talk, keeper, 7, "first")
    keeper.wait()
    other, later = Conversation(clock), Keeper(path, clock)
    _ask(other, later, 1, "second")
    later.close()
    later.wait()
    assert [x.question.text for x in _found(path)] == ["first", "second"]


def test_the_capsule_names_the_model_by_its_content_and_no_path(talk: Conversation) -> None:
    frames = take(SCAN, Selection((2,)))
    exchange = talk.ask(7, Question("where?", frames), model=OFFER.label, sent="<where?>")
    capsule = capsule_of(exchange, OFFER.choice)
    plain = json.loads(capsule.json)
    assert plain["model"] == {
        "label": "demo (toy)",
        "digest": folder_digest(DEMO_FOLDER),
        "profile": "demo",
        "device": "cpu",
        "dtype": "float32",
    }
    assert plain["prompt"] == "<where?>"
    assert plain["question"]["frames"][0]["source"] == STUDY == capsule.study
    assert plain["versions"].keys() == {"napari-medvlm", "torch", "transformers"}
    assert str(DEMO_FOLDER) not in capsule.json


def test_a_folder_is_told_by_its_content(tmp_path: Path) -> None:
    def folder(name: str, weights: bytes, settings: str) -> str:
        made = tmp_path / name
        made.mkdir()
        (made / "model.safetensors").write_bytes(weights)
        (made / "config.json").write_text(settings)
        (made / ".cache").mkdir()
        (made / ".cache" / "x").write_text(name)
        return folder_digest(made)

    first = folder("a", b"1", "{}")
    assert folder("b", b"1", "{}") == first
    assert len({first, folder("c", b"2", "{}"), folder("d", b"1", "{1}")}) == 3
    (tmp_path / "a" / "config.json").write_text("{22}")
    assert folder_digest(tmp_path / "a") != first
    assert folder_digest(tmp_path / "nowhere") == ""


def test_a_large_file_is_told_by_its_size_and_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("napari_medvlm.records.fingerprint.WHOLE", 100)
    monkeypatch.setattr("napari_medvlm.records.fingerprint.ENDS", 10)
    digests = []
    for place in (0, 195, 100):
        made = tmp_path / str(place)
        made.mkdir()
        content = bytearray(200)
        content[place] = 1
        (made / "model.safetensors").write_bytes(content)
        digests.append(folder_digest(made))
    (tmp_path / "0" / "model.safetensors").write_bytes(bytes(201))
    assert len({*digests, folder_digest(tmp_path / "0")}) == 4


def test_a_journal_that_cannot_be_used_is_told_once_and_asking_goes_on(
    tmp_path: Path, talk: Conversation
) -> None:
    keeper = Keeper(tmp_path)  # a folder
    keeper.seek(STUDY)
    _ask(talk, keeper, 7)
    keeper.heard(talk.hear([Replied(request=7, reply=REPLY)]))
    keeper.wait()
    (problem,) = keeper.problems()
    assert "cannot be opened" in problem
    assert keeper.problems() == ()
    assert talk.exchanges[0].stage is Stage.DONE
    keeper.close()


def test_a_damaged_journal_is_told(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)
    keeper = Keeper(path)
    keeper.seek(STUDY)
    keeper.wait()
    (problem,) = keeper.problems()
    assert "damaged" in problem
    keeper.close()
    keeper.wait()


def test_a_question_that_could_not_be_kept_is_told(
    keeper: Keeper, talk: Conversation, path: Path
) -> None:
    _ask(talk, keeper, 7)
    keeper.wait()
    db = sqlite3.connect(path)
    db.execute("DROP TABLE exchanges")
    db.close()
    _ask(talk, keeper, 8)
    keeper.heard(talk.hear([Replied(request=8, reply=REPLY)]))
    keeper.wait()
    (problem,) = keeper.problems()
    assert "cannot be used" in problem


def test_nothing_is_kept_where_the_user_says_so(
    tmp_path: Path, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", "off")
    monkeypatch.chdir(tmp_path)
    keeper = Keeper.of_user()
    keeper.seek(STUDY)
    _ask(talk, keeper, 7)
    keeper.heard(talk.hear([Replied(request=7, reply=REPLY)]))
    assert not keeper.waiting
    assert keeper.poll() == ()
    keeper.close()
    assert list(tmp_path.iterdir()) == []


def test_the_users_journal_lies_where_the_environment_says(
    path: Path, talk: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    keeper = Keeper.of_user()
    _ask(talk, keeper, 7)
    keeper.close()
    keeper.wait()
    with Journal(path) as journal:
        assert len(journal.conversations(STUDY)) == 1


def test_what_came_back_is_a_part_of_the_conversation(
    keeper: Keeper, talk: Conversation, path: Path, clock: Clock
) -> None:
    _ask(talk, keeper, 7)
    keeper.heard(talk.hear([Replied(request=7, reply=REPLY)]))
    keeper.wait()
    other = Conversation(clock)
    (found,) = _found(path)
    back = other.bring_back(found)
    assert other.exchanges == (back,)
    assert (back.number, back.stage, back.answer) == (1, Stage.DONE, "b")
    assert not other.busy
    asked = other.ask(1, Question("and now?"), model="demo (toy)")
    assert asked.number == 2
    assert [turn.reply for turn in other.history()] == [REPLY.raw]
    assert other.hear([Replied(request=back.request, reply=Reply("late"))]) == ()


def test_what_is_deleted_is_deleted_from_the_journal(
    keeper: Keeper, talk: Conversation, path: Path, clock: Clock
) -> None:
    first, second = _ask(talk, keeper, 7, "first"), _ask(talk, keeper, 8, "second")
    keeper.forget(first)
    keeper.wait()
    (found,) = _found(path)
    assert found.question.text == "second"
    assert found.question.frames[0].digest == second.question.frames[0].digest
    keeper.forget(found)  # as another sitting would, to which it came back
    keeper.wait()
    assert _found(path) == []
    with Journal(path) as journal:
        assert journal.conversations() == ()


def test_the_file_is_closed_even_where_the_interpreter_ends_first(path: Path) -> None:
    # What is thrown away last is closed after the worker threads have been ended. napari's
    # window goes like that where nobody runs the event loop after closing it.
    Journal(path).close()
    code = f"""
import atexit
from pathlib import Path
from napari_medvlm.asking import Keeper

keeper = Keeper(Path({str(path)!r}))
keeper.seek("abcdef012345")
atexit.register(keeper.close)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert [file.name for file in path.parent.iterdir()] == [path.name]  # no -wal, no -shm

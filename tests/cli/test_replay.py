from __future__ import annotations

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_medvlm.asking import Session, known_models
from napari_medvlm.asking.talk.keeping import Keeper
from napari_medvlm.asking.talk.replaying import differences, word_diff
from napari_medvlm.cli import main
from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Generation, Question
from napari_medvlm.engine import ModelThread
from napari_medvlm.imaging import Selection, Volume, read, take
from napari_medvlm.models.store import DEMO_FOLDER
from napari_medvlm.records import Journal


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal with two turns that the toy really answered, the second following the first."""
    path = tmp_path_factory.mktemp("kept") / "journal.sqlite"
    (source,) = read(sample_path("chest_ct"))
    assert isinstance(source, Volume)
    toy = next(offer for offer in known_models() if offer.choice.profile == "demo")
    thread = ModelThread()
    session = Session(thread, Keeper(path))
    try:
        frames = take(source, Selection((20,)))
        for words, seed in (("Where is the nodule?", 0), ("Which side is it on?", 7)):
            history = session.conversation.history()
            generation = Generation(max_new_tokens=160, temperature=0.7 if seed else 0.0, seed=seed)
            session.ask(Question(words, frames, history=history, generation=generation), toy)
            while session.busy:
                session.pump()
        assert [x.message for x in session.conversation.exchanges] == ["", ""]
    finally:
        session.keeper.close()
        session.keeper.wait()
        thread.close()
    return path


@pytest.fixture
def journal(asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal.sqlite"
    shutil.copy(asked, path)
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    return path


def _change(path: Path, statement: str, *values: object) -> None:
    db = sqlite3.connect(path)
    db.execute(statement, values)
    db.commit()
    db.close()


def _last_line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


@pytest.mark.parametrize("turn", ["1/1", "1/2"])
def test_the_same_model_gives_the_same_answer_again(
    journal: Path, turn: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", turn, "--json"]) == 0
    facts = _last_line(capsys)
    assert facts["equal"]
    assert facts["differences"] == []
    assert facts["then"] == facts["now"] != ""


def test_what_differs_is_said_before_and_the_words_after(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(journal) as kept:
        capsule = json.loads(kept.exchanges(1)[0].capsule.json)
        raw = kept.exchanges(1)[0].progress.reply.raw
    capsule["versions"]["torch"] = "1.0"
    capsule["model"]["digest"] = "0" * 64
    _change(journal, "UPDATE exchanges SET capsule = ? WHERE number = 1", json.dumps(capsule))
    assert main(["replay", "1/1"]) == 2  # no folder has that content
    assert "--model" in capsys.readouterr().err
    _change(journal, "UPDATE exchanges SET reply = replace(reply, 'shows', 'hides') WHERE number=1")
    assert "shows" in raw
    assert main(["replay", "1/1", "--model", str(DEMO_FOLDER)]) == 1
    said = capsys.readouterr()
    assert "model: 000000000000 then" in said.err
    assert "torch: 1.0 then" in said.err
    assert "[-hides-]{+shows+}" in said.out


def test_of_a_stopped_answer_the_beginning_is_compared(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Journal(journal) as kept:
        reply = json.loads(kept._read("SELECT reply FROM exchanges WHERE number = 1", ())[0][0])
    reply["raw"] = reply["raw"][:20]
    _change(
        journal,
        "UPDATE exchanges SET reply = ?, state = 'stopped' WHERE number = 1",
        json.dumps(reply),
    )
    assert main(["replay", "1/1"]) == 0
    assert "was stopped" in capsys.readouterr().err


def test_turns_are_listed(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "1"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "1/1  replied    Where is the nodule?",
        "1/2  replied    Which side is it on?",
    ]


@pytest.mark.parametrize(
    ("turn", "words"),
    [("1/3", "turns 1 to 2"), ("9/1", "no conversation 9"), ("x", "as in 3/2"), ("1/", "as in")],
)
def test_a_turn_that_is_none_is_told_in_one_line(
    journal: Path, turn: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", turn]) == 2
    assert words in capsys.readouterr().err


def test_an_answer_that_never_came_cannot_be_compared(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _change(journal, "UPDATE exchanges SET reply = NULL, state = 'answering' WHERE number = 1")
    assert main(["replay", "1/1"]) == 2
    assert "never finished" in capsys.readouterr().err


def test_device_precision_and_prompt_are_told_too(journal: Path) -> None:
    with Journal(journal) as kept:
        first = kept.exchanges(1)[0]
    toy = next(offer for offer in known_models() if offer.choice.profile == "demo")
    capsule = first.capsule
    assert differences(capsule, first.question, toy) == ()
    other = replace(toy, choice=replace(toy.choice, device="cuda", dtype="int8"))
    changed = replace(capsule, prompt="<other>")
    told = differences(changed, first.question, other, now=capsule.versions)
    assert told == (
        "device: cpu then, cuda now",
        "precision: float32 then, int8 now",
        "prompt: the words around the question are others now",
    )


WORDS = st.lists(st.sampled_from(["left", "right", " ", "\n", "a"]), max_size=12).map("".join)


@given(WORDS, WORDS)
def test_a_word_diff_holds_both_texts(then: str, now: str) -> None:
    diff = word_diff(then, now)
    assert re.sub(r"\{\+.*?\+\}", "", diff, flags=re.S).replace("[-", "").replace("-]", "") == then
    assert re.sub(r"\[-.*?-\]", "", diff, flags=re.S).replace("{+", "").replace("+}", "") == now
    assert ("[-" in diff or "{+" in diff) == (then != now)

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from napari_medvlm.cli import main
from napari_medvlm.records import Capsule, Journal, ModelRecord, Progress
from records.questions import question


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "journal.sqlite"
    monkeypatch.setenv("MEDVLM_JOURNAL", str(path))
    asked = question("Is there\n a\x1b[2J nodule?")
    with Journal(path, clock=lambda: 0.0) as journal:
        pixels = {frame.digest: frame.pixels for frame in asked.frames}
        capsule = Capsule.of(asked, ModelRecord("demo (toy)"))
        number = journal.ask(journal.begin(capsule.study), capsule, pixels)
        journal.progress({number: Progress("replied", answer="One <b>nodule</b>.")})
    return path


def test_conversations_are_listed(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line == (
        "    1  1970-01-01 00:00 UTC  scan abcdef012345  1 question: Is there a [2J nodule?"
    )


@pytest.mark.parametrize(
    ("name", "start", "said"),
    [
        ("talk.md", "# Conversation 1 about scan abcdef012345\n", "One <b>nodule</b>."),
        ("talk.HTML", "<!DOCTYPE html>\n", "One &lt;b&gt;nodule&lt;/b&gt;."),
    ],
)
def test_a_conversation_is_written(
    path: Path, name: str, start: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = path.parent / name
    out.write_text("what was there before")
    assert main(["export", "1", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert text.startswith(start)
    assert said in text
    assert "data:image/png;base64," in text
    assert capsys.readouterr().out.strip() == str(out)
    assert not list(path.parent.glob("*.partial"))


@pytest.mark.parametrize("number", ["1", "all"])
def test_runs_are_written_as_json_and_as_a_table(path: Path, number: str) -> None:
    out = path.parent / "runs.json"
    assert main(["export", number, str(out)]) == 0
    (run,) = json.loads(out.read_text(encoding="utf-8"))["runs"]
    assert run["question"].startswith("Is there")
    assert run["answer"] == "One <b>nodule</b>."
    table = path.parent / "runs.csv"
    assert main(["export", number, str(table)]) == 0
    (row,) = csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    assert row["answer"] == "One <b>nodule</b>."
    assert "\x1b" not in table.read_text(encoding="utf-8")


def test_a_question_asked_by_task_is_listed_and_written_with_its_words(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = replace(question("", frames=1), task="presence", regions=())
    with Journal(path) as journal:
        pixels = {frame.digest: frame.pixels for frame in asked.frames}
        capsule = Capsule.of(asked, ModelRecord("demo (toy)"))
        journal.ask(journal.begin(capsule.study), capsule, pixels)
    assert main(["export"]) == main(["replay", "2"]) == 0
    listed, replayed = capsys.readouterr().out.splitlines()[1:]
    assert listed.endswith("1 question: Is there a nodule or lesion?")
    assert replayed.endswith("Is there a nodule or lesion?")
    for ending in ("md", "html", "json", "csv"):
        out = path.parent / f"talk.{ending}"
        assert main(["export", "2", str(out)]) == 0
        assert "Is there a nodule or lesion?" in out.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["export", "7", "x.md"], "no conversation 7"),
        (["export", "1"], "got none"),
        (["export", "1", "x.pdf"], ".md, .html, .json or .csv"),
        (["export", "x", "x.md"], "no conversation x"),
        (["export", "1", "no/folder/x.md"], "cannot be written"),
    ],
)
def test_mistakes_are_one_line(
    path: Path,
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(path.parent)
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.splitlines()) == 1
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_the_journal_is_told_and_wiped(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal"]) == 0
    told = capsys.readouterr().out
    assert str(path) in told
    assert "conversations: 1, questions: 1" in told
    assert main(["journal", "wipe"]) == 0
    assert "wiped: conversations: 1" in capsys.readouterr().out
    with Journal(path) as journal:
        assert journal.conversations() == ()


@pytest.mark.parametrize("value", ["off", "nowhere.sqlite"])
def test_where_nothing_is_kept_that_is_said_and_nothing_is_made(
    value: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDVLM_JOURNAL", value)
    assert main(["export"]) == main(["journal", "wipe"]) == 2
    assert "journal" in capsys.readouterr().err.lower()
    assert list(tmp_path.iterdir()) == []

"""``medvlm models`` and its parts, as they are typed."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from hub_server import CHECKPOINT, COMMIT, NEWER, Hub, Repository

from napari_medvlm.asking.model.remembered import remember_folder
from napari_medvlm.cli import main
from napari_medvlm.fetching.progress import Step

PART = "model-00001-of-00002.safetensors"


@pytest.fixture
def get(hub: Hub) -> list[str]:
    return ["models", "get", "chexone", "--endpoint", hub.url]


def _facts(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    facts: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return facts


def test_the_list_says_what_each_model_needs_and_lacks(
    models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (models / "medvlm-r1.partial").mkdir(parents=True)
    (models / "fleming-vl-8b").mkdir()
    (models / "fleming-vl-8b" / "config.json").write_text("{")
    assert main(["models", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)["models"]}
    assert [row["state"] for row in rows.values()] == [
        "ready",
        "absent",
        "partial",
        "broken",
        "absent",
    ]
    assert "config.json" in rows["fleming-vl-8b"]["why"]
    assert "commercial" in rows["chexone"]["licence_warning"]
    assert rows["medvlm-r1"]["licence_warning"] == ""
    assert rows["fleming-vl-38b"]["memory_needed"] > 70e9
    assert rows["demo"]["present"] is True
    assert main(["models"]) == 0
    shown = capsys.readouterr().out
    for words in ("absent", "broken  ", "medvlm models get medvlm-r1", "! No licence is", "free"):
        assert words in shown


def test_get_shows_size_and_licence_and_fetches_nothing_without_a_yes(
    hub: Hub, get: list[str], models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(get) == 2
    said = capsys.readouterr().err
    assert "  licence     apache-2.0" in said
    assert COMMIT in said
    assert "  size        437 kB in 12 files" in said
    assert said.splitlines()[-1].endswith("Add --yes.")
    assert [one.path for one in hub.asked] == ["/api/models/StanfordAIMI/CheXOne/revision/main"]
    assert not models.exists()


def test_the_list_fits_a_terminal_of_80_columns(
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("MEDVLM_CONFIG", str(tmp_path / "config"))
    remember_folder(CHECKPOINT)
    assert main(["models"]) == 0
    shown = capsys.readouterr().out.splitlines()
    paths = [line for line in shown if len(line.split()) == 2 and "/" in line]
    assert max(len(line) for line in shown if line not in paths) <= 80
    assert any(
        line.startswith("Qwen2.5-VL (checkpoint) · ") or " · ready" in line for line in shown
    )
    assert sum("  folder  " in line for line in shown) == 6


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("yes\n", 0), ("n\n", 1), ("", 1)])
def test_get_asks_a_person(
    get: list[str], models: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal(answer))
    assert main(get) == code
    assert (models / "chexone" / "config.json").is_file() == (code == 0)


def test_get_then_everything_that_can_be_done_with_it(
    get: list[str],
    models: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert main([*get, "--yes", "--json"]) == 0
    assert _facts(capsys) == {
        "name": "chexone",
        "folder": str(models / "chexone"),
        "revision": COMMIT,
    }
    assert main([*get, "--yes"]) == 0
    assert "is here already" in capsys.readouterr().out
    stick = tmp_path / "stick"
    assert main(["models", "pack", "chexone", str(stick), "--json"]) == 0
    assert _facts(capsys)["files"] == 12
    assert main(["models", "check", str(stick)]) == 0
    assert main(["models", "check", "chexone"]) == 0
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path / "other machine"))
    assert main(["models", "use", str(stick)]) == 0
    assert "other machine" in capsys.readouterr().out
    (stick / PART).write_bytes(b"")
    assert main(["models", "check", str(stick), "--json"]) == 1
    assert _facts(capsys)["problems"] == [f"{PART} should have {_size():,} bytes, found 0."]


def _size() -> int:
    return (CHECKPOINT / PART).stat().st_size


def test_going_on_keeps_to_the_revision_that_was_begun(
    get: list[str], repository: Repository, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.breaks[PART] = [5000, *[0] * 6]
    assert main([*get, "--yes"]) == 2
    assert "goes on where it broke off" in capsys.readouterr().err
    hub.asked.clear()
    assert main([*get, "--yes"]) == 0
    assert hub.asked[0].path.endswith(f"/revision/{COMMIT}")


def test_a_revision_can_be_chosen(
    get: list[str], repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*get, "--yes", "--revision", NEWER]) == 2
    assert "no such revision" in capsys.readouterr().err
    assert main([*get, "--yes", "--revision", COMMIT]) == 0


def test_ctrl_c_leaves_a_part_to_go_on_with(
    get: list[str],
    models: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from napari_medvlm.cli import progress

    def pressed(_: object, step: Step) -> None:
        if step.done > step.total // 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(progress.Line, "__call__", pressed)
        assert main([*get, "--yes"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert main(["models"]) == 0
    assert "go on with  medvlm models get chexone" in capsys.readouterr().out
    assert main([*get, "--yes"]) == 0


def test_a_missing_licence_is_a_warning(
    get: list[str], repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    repository.licence = None
    assert main(get) == 2
    said = capsys.readouterr().err
    assert "  licence     none on its card" in said
    assert "! No licence is known" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["get", "demo", "--yes"], "Expected the name of a published model"),
        (["get", "StanfordAIMI/CheXOne", "--yes"], "Expected the name of a published model"),
        (["pack", "chexone", "somewhere"], "not on this machine"),
        (["check", "no/such/folder"], "manifest.json"),
        (["use", "no/such/folder", "--as", "chexone"], "no/such/folder"),
        (["use", "no/such/folder", "--as", "nonsense"], "nonsense"),
        (["use", "no/such/folder"], "--as NAME"),
    ],
)
def test_a_mistake_is_one_line(
    models: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", *arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_the_line_of_progress_is_drawn_on_a_terminal_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from napari_medvlm.cli.progress import Line

    for screen, drawn in ((_Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr("sys.stderr", screen)
        with Line() as line:
            for done in (500_000_000, 2_000_000_000):
                line(Step("fetching", "model.safetensors", done, 2 * 10**9, done, 2 * 10**9))
        assert ("25 %  500 MB of 2.0 GB  model.safetensors" in screen.getvalue()) is drawn
        assert ("100 %" in screen.getvalue()) is drawn

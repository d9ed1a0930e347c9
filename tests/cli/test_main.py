"""The command line as a stranger uses it: what it prints, and how it says what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from napari_medvlm.cli import main
from napari_medvlm.demo.files import sample_path

CT = sample_path("chest_ct")


def _one_line(err: str) -> str:
    lines = err.strip().splitlines()
    assert len(lines) == 1, err
    assert "Traceback" not in err
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["read", "no/such/file.dcm"], "no/such/file.dcm"),
        (["ask", "no/such/file.nii", "Where?"], "no/such/file.nii"),
        (["ask", str(CT), "Where?", "--model", "no-such-model"], "no-such-model"),
        (["ask", str(CT), "Where?", "--model", "chexone"], "CheXOne"),
        (["ask", str(CT), "Where?", "--slices", "999"], "999"),
        (["ask", str(CT), "Where?", "--slices", "evenly"], "evenly"),
        (["ask", str(CT), "", "--slices", "current"], "question"),
        (["ask", str(CT), "Where?", "--window", "40"], "--window"),
        (["ask", str(CT), "Where?", "--region", "1:2,3"], "--region"),
        (["ask", str(CT), "Where?", "--entry", "7"], "7"),
    ],
)
def test_a_users_mistake_is_one_line_and_exit_code_2(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("MEDVLM_MODELS", str(tmp_path))
    assert main(arguments) == 2
    assert words in _one_line(capsys.readouterr().err)


def test_an_unknown_option_is_one_line_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["read", str(CT), "--nonsense"])
    assert stopped.value.code == 2
    assert "--nonsense" in _one_line(capsys.readouterr().err)


def test_a_text_file_named_dcm_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake = tmp_path / "scan.dcm"
    fake.write_text("not a scan")
    assert main(["read", str(fake)]) == 2
    assert "scan.dcm" in _one_line(capsys.readouterr().err)


def test_a_checkpoint_folder_without_files_names_what_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "qwen2_5_vl"}')
    assert main(["ask", str(CT), "Where?", "--slices", "20", "--model", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "Traceback" not in err
    assert "tokenizer" in err or "safetensors" in err


def test_read_tells_geometry_and_remarks(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(CT), "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out.splitlines()[-1])["entries"]
    assert entry["modality"] == "CT"
    assert entry["shape"] == [40, 128, 128]
    assert entry["orientation_known"] is True
    assert any("ImagePositionPatient" in remark for remark in entry["remarks"])
    assert "PHANTOM" not in json.dumps(entry).upper().replace("PHANTOM-MEDVLM", "")


def test_ask_streams_reasoning_and_answer(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["ask", str(CT), "Is there a nodule?", "--slices", "even:4", "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    facts = json.loads(out.splitlines()[-1])
    assert facts["answer"] in {"yes", "no"}
    assert "mage" in facts["reasoning"]
    assert len(facts["images"]) == 4
    assert facts["finish_reason"] == "stop"


def test_ask_prints_reasoning_and_answer_under_headings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ask", str(CT), "Where is the nodule?", "--slices", "11,22,33"]) == 0
    out, err = capsys.readouterr()
    reasoning, _, answer = out.partition("\n\n")
    assert reasoning.startswith("Reasoning: ")
    assert answer.startswith("Answer: ")
    assert "<" not in out
    assert "box: nodule on image 2" in err
    assert "not for diagnosis" in err


def test_models_lists_the_toy_as_a_toy(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])["models"]
    by_name = {row["name"]: row for row in rows}
    assert "toy" in by_name["demo"]["label"]
    assert by_name["demo"]["present"] is True
    assert {"chexone", "medvlm-r1"} <= set(by_name)


def test_the_program_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "napari_medvlm.cli", "--version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("medvlm ")

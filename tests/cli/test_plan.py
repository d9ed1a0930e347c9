from __future__ import annotations

import json

import pytest

from napari_medvlm.cli.main import main


def test_plan_of_a_model_that_is_not_here(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["plan", "--model", "medvlm-r1", "--slices", "3", "--size", "280x280",
                 "--device", "cpu", "--json"])  # fmt: skip
    facts = json.loads(capsys.readouterr().out)
    assert code == 0
    assert facts["image_tokens"] == 100
    assert facts["kv_bytes_per_token"] == 28 * 1024
    assert [p["precision"] for p in facts["plans"]] == ["float32", "bfloat16", "int8", "int4"]
    totals = [p["total"] for p in facts["plans"]]
    assert totals == sorted(totals, reverse=True)


def test_plan_in_words_ends_with_what_is_exact(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--model", "demo"]) == 0
    text = capsys.readouterr().out
    assert "11 images · 275 tokens · needs" in text
    assert "upper estimate" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--model", "demo", "--size", "wide"], "ROWSxCOLUMNS"),
        (["--model", "demo", "--slices", "-1"], "no or some images"),
        (["--model", "nothing-such"], "nothing-such"),
    ],
)
def test_mistakes_are_told_in_a_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *arguments]) == 2
    told = capsys.readouterr().err
    assert words in told
    assert told.count("\n") == 1


def test_plan_says_what_the_model_was_trained_on(capsys: pytest.CaptureFixture[str]) -> None:
    ct = ["plan", "--model", "medvlm-r1", "--modality", "us", "--slices", "3"]
    assert main(ct) == 0
    told = capsys.readouterr().out.splitlines()
    assert "✕ ultrasound   ! 3 images" in told
    assert "✕ MedVLM-R1 was trained on MRI; this is ultrasound." in told
    assert main([*ct, "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [chip["tone"] for chip in facts["input"]] == ["against", "unsure"]
    assert main(["plan", "--model", "demo", "--video", "--slices", "8"]) == 0
    assert "✓ 8 frames" in capsys.readouterr().out

"""What is asked on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from napari_medvlm.asking.ask.typed import Typed
from napari_medvlm.cli import wording
from napari_medvlm.dialogue import Generation
from napari_medvlm.errors import QuestionError
from napari_medvlm.models import PROFILES

DEMO, CHEXONE, R1 = (PROFILES[name] for name in ("demo", "chexone", "medvlm-r1"))


def typed(*words: str, profile: str = "demo") -> Typed:
    parser = argparse.ArgumentParser()
    wording.add_arguments(parser)
    return wording.typed_of(parser.parse_args(list(words)), PROFILES[profile])


@pytest.fixture(autouse=True)
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MEDVLM_CONFIG", str(tmp_path))
    return tmp_path / "templates.toml"


def test_without_more_it_is_asked_as_the_authors_run_it() -> None:
    asked = typed("where?")
    assert asked.text == "where?"
    assert asked.terms == {
        "mode": "reasoning",
        "task": "ask",
        "choices": (),
        "generation": Generation(max_new_tokens=512),
        "needs_text": True,
    }
    assert typed("where?", profile="internvl").mode == "instruct"


def test_settings_that_are_said_are_taken_and_no_others() -> None:
    asked = typed("?", "--top-p", "0.9", "--temperature", "0.5", "--repetition-penalty", "1.2")
    assert asked.generation == Generation(512, 0.5, 0.9, 1.2)
    assert typed("?", "--max-new-tokens", "9", "--seed", "3").generation == Generation(9, seed=3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--temperature", "-1"], "a temperature from 0 to 2, got -1"),
        (["--temperature", "nan"], "a temperature"),
        (["--top-p", "0"], "a top-p"),
        (["--repetition-penalty", "0"], "a repetition penalty from 0.5 to 2"),
        (["--max-new-tokens", "0"], "longest answer in tokens from 1 to 32,768"),
        (["--seed", "-3"], "a seed from 0"),
        (["--choice", "left"], "two options at least"),
        (["--choice", "left", "--choice", "LEFT"], "A and B are the same"),
        ([f"--choice={n}" for n in range(11)], "at most 10 options"),
        (["--task", "paint"], "no task named 'paint'"),
    ],
)
def test_what_cannot_be_is_told(words: list[str], told: str) -> None:
    with pytest.raises(QuestionError, match=told):
        typed("?", *words)


def test_trained_tasks_and_templates_are_asked_by_their_keys(own: Path) -> None:
    trained = typed("effusion", "--task", "locate", profile="chexone")
    assert (trained.text, trained.terms["task"]) == ("effusion", "locate")
    general = typed("the nodule", "--task", "where", profile="medvlm-r1")
    assert (general.text, general.terms["task"]) == ("Where is the nodule?", "ask")
    own.write_text(
        '[side]\ntitle = "Side"\ntext = "Which side?"\nchoices = ["left", "right"]\n'
        'mode = "instruct"\n'
    )
    side = typed("", "--task", "side", profile="medvlm-r1")
    assert side.text == "Which side?"
    assert side.terms["choices"] == (("A", "left"), ("B", "right"))
    assert side.mode == "instruct"
    assert typed("", "--task", "my-side", "--mode", "reasoning").mode == "reasoning"
    assert not side.terms["needs_text"]


def test_a_mistake_in_the_file_is_told_where_its_task_is_asked_for(own: Path) -> None:
    own.write_text('[side]\ntitle = "Side"\n')
    with pytest.raises(QuestionError, match="line 1:"):
        typed("", "--task", "side", profile="medvlm-r1")
    asked = typed("the nodule", "--task", "where", profile="medvlm-r1")
    assert asked.text == "Where is the nodule?"

"""What is shown and kept as sent is what the tokenizer got, for every recorded checkpoint."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from napari_medvlm.dialogue import Generation, Prefill, Question, Region, Turn
from napari_medvlm.models import PROFILES, open_model, sent_text, taken_out_words
from napari_medvlm.models.marks import special_tokens
from napari_medvlm.models.store import DEMO_FOLDER

ORACLES = Path(__file__).resolve().parent.parent / "oracles"
#: Folder and profile of every kind of checkpoint that can be opened here.
KINDS = {
    "chexone": (ORACLES / "chexone" / "checkpoint", "chexone"),
    "qwen2.5-vl": (ORACLES / "chexone" / "checkpoint", "qwen2.5-vl"),
    "medvlm-r1": (ORACLES / "medvlm_r1" / "checkpoint", "medvlm-r1"),
    "qwen2-vl": (ORACLES / "medvlm_r1" / "checkpoint", "qwen2-vl"),
    "fleming-vl-8b": (ORACLES / "fleming_vl" / "checkpoint", "fleming-vl-8b"),
    "internvl": (ORACLES / "fleming_vl" / "checkpoint_38b_style", "internvl"),
    "demo": (DEMO_FOLDER, "demo"),
}
TYPED = "Does <|im_end|> or <image> or <IMG_CONTEXT> stand here? a<b |> c"
_opened: dict[str, Any] = {}


def opened(kind: str) -> Any:
    if kind not in _opened:
        folder, profile = KINDS[kind]
        _opened[kind] = open_model(folder, profile=profile)
    _opened[kind].forget()
    return _opened[kind]


def fed_turn(model: Any, question: Question) -> str:
    """The last turn of the user, decoded from the ids that went into the network."""
    ids = model.encode(question).input_ids.tolist()
    text = model.tokens.decode(ids, keep_special=True)
    turn = text[text.rfind("<|im_start|>user\n") :].removeprefix("<|im_start|>user\n")
    return turn[: turn.find("<|im_end|>")]


def as_turns(text: str, model: Any) -> str:
    """Pictures as the family's turns write them: nothing, or one word each."""
    if model.family == "internvl":
        return re.sub("<img>(<IMG_CONTEXT>)+</img>", "<image>", text)
    pictures = r"(?:Picture \d+: )?<\|vision_start\|>(?:<\|image_pad\|>)+<\|vision_end\|>"
    return re.sub(pictures, "", text)


def questions(picture: Callable[..., Any]) -> list[Question]:
    frames = (picture(1, 700, 900), picture(2, 60, 90))
    region = Region(0, (100, 150, 310, 420), "left <|im_start|> <image> spot")
    options = (("A", "a <image> nodule"), ("B", "none <|endoftext|>"))
    return [
        Question("What is seen?", frames),
        Question(TYPED, frames, regions=(region,), choices=options),
        Question(TYPED, frames[:1], mode="instruct", regions=(region,)),
        Question(TYPED, frames[:1], choices=options, mode="instruct"),
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_the_ids_that_were_fed_say_what_is_shown_and_kept(
    kind: str, picture: Callable[..., Any]
) -> None:
    folder, profile = KINDS[kind]
    model = opened(kind)
    for question in questions(picture):
        shown = sent_text(question, PROFILES[profile], folder)
        short = replace(question, generation=Generation(max_new_tokens=1))
        prefill = next(iter(model.stream(short)))
        assert isinstance(prefill, Prefill)
        assert prefill.sent == shown
        assert as_turns(fed_turn(model, question), model) == shown
        assert "<|im_end|>" not in shown
        said = taken_out_words(question, PROFILES[profile], folder)
        assert ("<|im_end|>" in said) == ("<|im_end|>" in question.text)


@pytest.mark.parametrize("kind", KINDS)
def test_a_follow_up_is_fed_as_it_is_shown(kind: str, picture: Callable[..., Any]) -> None:
    folder, profile = KINDS[kind]
    model = opened(kind)
    first = questions(picture)[1]
    before = sent_text(first, PROFILES[profile], folder)
    turn = Turn(before, "<think>a</think><answer>none</answer>", first.frames)
    for frames in (first.frames, first.frames[:1], ()):
        question = Question(TYPED, frames, history=(turn,), mode="instruct")
        shown = sent_text(question, PROFILES[profile], folder)
        assert as_turns(fed_turn(model, question), model) == shown
        text = as_turns(model.encode(question).text, model)
        assert f"<|im_start|>user\n{before}<|im_end|>" in text


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_special_tokens_are_known_with_and_without_the_model(kind: str) -> None:
    assert special_tokens(KINDS[kind][0]) == opened(kind).tokens.special


def test_regions_are_in_the_pixels_that_the_checkpoint_allows(
    copy_of: Callable[[str], Path], picture: Callable[..., Any]
) -> None:
    folder = copy_of("chexone")
    path = folder / "preprocessor_config.json"
    config = json.loads(path.read_text("utf-8")) | {"max_pixels": 256 * 256}
    path.write_text(json.dumps(config), "utf-8")
    profile = PROFILES["qwen2.5-vl"]
    asked = Question("What?", (picture(1, 1400, 1400),), regions=(Region(0, (0, 0, 1400, 700)),))
    shown = sent_text(asked, profile, folder)
    assert "[0, 0, 252, 126]" in shown
    assert shown == opened_anew(folder).user_text(asked)
    assert "[0, 0, 252, 126]" not in sent_text(asked, profile)


def opened_anew(folder: Path) -> Any:
    return open_model(folder, profile="qwen2.5-vl")


@pytest.mark.parametrize("before", ["fleming-vl-8b", "chexone", "medvlm-r1"])
@pytest.mark.parametrize("now", ["fleming-vl-8b", "chexone", "medvlm-r1"])
def test_a_turn_of_another_family_comes_as_the_words_of_its_question(
    before: str, now: str, picture: Callable[..., Any]
) -> None:
    first = Question("Is there a nodule?", (picture(1), picture(2)))
    written = sent_text(first, PROFILES[before])
    turn = Turn(written, "<think>a</think><answer>no</answer>", first.frames)
    model = opened(now)
    text = as_turns(model.encode(Question("How large?", first.frames, history=(turn,))).text, model)
    asked = text[text.index("<|im_start|>user\n") :].removeprefix("<|im_start|>user\n")
    asked = asked[: asked.index("<|im_end|>")]
    if before == now:
        assert asked == written
    else:
        places = "<image>\n" * 2 if now.startswith("fleming") else ""
        assert asked == f"{places}Is there a nodule?"


def test_a_template_that_trims_words_is_followed(
    copy_of: Callable[[str], Path], picture: Callable[..., Any]
) -> None:
    folder = copy_of("medvlm_r1")
    path = folder / "chat_template.json"
    template = json.loads(path.read_text("utf-8"))["chat_template"]
    assert "content['text']" in template or "content.text" in template
    path.unlink()
    trimmed = re.sub(r"\{\{\s*(content(?:\['text'\]|\.text))\s*\}\}", r"{{ \1 | trim }}", template)
    assert trimmed != template
    (folder / "chat_template.jinja").write_text(trimmed, "utf-8")
    model = open_model(folder, profile="medvlm-r1")
    asked = Question("What?", (picture(1),), generation=Generation(max_new_tokens=1))
    prefill = next(iter(model.stream(asked)))
    assert prefill.sent == sent_text(asked, PROFILES["medvlm-r1"], folder).strip()
    assert f"{prefill.sent}<|im_end|>" in model.encode(asked).text


@pytest.mark.parametrize(("tail", "opens"), [("<think>\n", True), ("", False)])
def test_a_template_that_opens_the_thought_is_told(
    copy_of: Callable[[str], Path], picture: Callable[..., Any], tail: str, opens: bool
) -> None:
    folder = copy_of("chexone")
    path = folder / "chat_template.json"
    template = json.loads(path.read_text("utf-8"))["chat_template"]
    path.unlink()
    start = "<|im_start|>assistant\n{% endif %}"
    assert start in template
    end = f"<|im_start|>assistant\n{tail}{{% endif %}}"
    (folder / "chat_template.jinja").write_text(template.replace(start, end), "utf-8")
    model = open_model(folder, profile="chexone")
    generation = Generation(max_new_tokens=3)
    asked = Question("What?", (picture(1),), mode="instruct", generation=generation)
    *events, last = model.stream(asked)
    assert events[0].opens_thought is opens
    assert bool(last.reply.reasoning) is opens
    assert bool(last.reply.answer or last.reply.partial_answer) is not opens

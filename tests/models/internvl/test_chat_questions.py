"""Questions to prompts: templates, places of pictures, follow-ups, tiles, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from fleming_support import CASES

from napari_medvlm.dialogue import Question, Turn
from napari_medvlm.dialogue.question import Region
from napari_medvlm.errors import QuestionError
from napari_medvlm.models import PROFILES, sent_text, taken_out_words
from napari_medvlm.models.internvl import model as family
from napari_medvlm.models.internvl.profiles import REASONING

Picture = Callable[..., Any]
FLEMING = PROFILES["fleming-vl"]


def users(prompt: Any) -> list[str]:
    """Words of the user's turns, visual tokens as they are."""
    parts = prompt.text.split("<|im_start|>user\n")[1:]
    return [part.split("<|im_end|>")[0] for part in parts]


def shown(prompt: Any) -> list[str]:
    """The same, each picture as one mark."""
    import re

    return [re.sub("<img>(<IMG_CONTEXT>)+</img>", "#", words) for words in users(prompt)]


def test_the_reasoning_prompt_stands_before_the_pictures(fleming: Any, picture: Picture) -> None:
    record = json.loads((CASES / "volume_11_slices" / "case.json").read_text("utf-8"))
    frames = tuple(picture(n) for n in range(11))
    question = Question(record["question"], frames)
    assert fleming.user_text(question) == record["full_question"]
    assert sent_text(question, FLEMING) == record["full_question"]
    prompt = fleming.encode(question)
    assert prompt.text == record["prompt"]
    assert len(prompt.image_spans) == 11
    np.testing.assert_array_equal(prompt.positions, np.arange(len(prompt.input_ids))[None])


def test_without_reasoning_the_pictures_come_first(fleming: Any, picture: Picture) -> None:
    asked = Question("What is it?", (picture(1), picture(2)), mode="instruct")
    assert shown(fleming.encode(asked)) == ["#\n#\nWhat is it?"]
    assert shown(fleming.encode(Question("What is it?", mode="instruct"))) == ["What is it?"]
    assert shown(fleming.encode(Question("What is it?"))) == [REASONING + "What is it?"]


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_place_that_a_user_types_is_no_place_of_a_picture(
    fleming: Any, picture: Picture, count: int
) -> None:
    frames = tuple(picture(n) for n in range(count))
    regions = (Region(0, (10, 10, 50, 50)),) if frames else ()
    asked = Question(
        "<image>\nWhat does <image> mean here?",
        frames,
        regions=regions,
        choices=(("A", "a <ima<image>ge> nodule"), ("B", "a vessel")),
    )
    (words,) = shown(fleming.encode(asked))
    assert words.startswith(REASONING + "#\n" * count + "\nWhat does  mean here?")
    assert ("<box>" in words) == bool(regions)
    assert words.endswith("\nA. a  nodule. B. a vessel.")
    assert sent_text(asked, FLEMING).replace("<image>", "#") == words
    assert "<image>" in taken_out_words(asked, FLEMING)
    assert not taken_out_words(replace(asked, text="What?", choices=()), FLEMING)


def test_a_follow_up_sends_new_pictures_only(fleming: Any, picture: Picture) -> None:
    one, two = picture(1), picture(2)
    first = Question("What is it?", (one,), mode="instruct")
    turn = Turn(fleming.user_text(first), " A scan. ", first.frames)
    same = Question("Which organ?", (one,), mode="instruct", history=(turn,))
    assert shown(fleming.encode(same)) == ["#\nWhat is it?", "Which organ?"]
    assert "assistant\nA scan.<|im_end|>" in fleming.encode(same).text
    # The turn of a follow-up names its frames, but they did not go with it.
    again = Turn(fleming.user_text(same), "The liver.", same.frames)
    third = replace(same, text="Is it large?", history=(turn, again))
    prompt = fleming.encode(third)
    assert shown(prompt) == ["#\nWhat is it?", "Which organ?", "Is it large?"]
    other = replace(third, frames=(two,))
    assert shown(fleming.encode(other))[-1] == "#\nIs it large?"
    # Once others came in between, the first are sent again: "it" is what stands there.
    between = Turn(fleming.user_text(other), "Smaller.", other.frames)
    twice = fleming.encode(replace(third, history=(turn, again, between)))
    assert shown(twice) == ["#\nWhat is it?", "Which organ?", "#\nIs it large?", "#\nIs it large?"]
    assert twice.image_spans[0][2] == twice.image_spans[2][2] != twice.image_spans[1][2]
    # Cut into tiles it is another input.
    tiled = fleming.encode(replace(third, tiles=True))
    assert len(tiled.image_spans) == 2


def test_history_of_plain_words_gets_its_pictures_in_front(fleming: Any, picture: Picture) -> None:
    history = (Turn("What is it?", "A scan.", (picture(1), picture(2))),)
    prompt = fleming.encode(Question("Why?", history=history, mode="instruct"))
    assert shown(prompt) == ["#\n#\nWhat is it?", "Why?"]


def test_marks_in_words_and_answers_are_taken_out(fleming: Any, picture: Picture) -> None:
    bad = "a<|im_end|>b<IMG_<IMG_CONTEXT>CONTEXT>c<|im_st<|im_end|>art|>d"
    turn = Turn(
        "Earlier <|im_start|>", f"{bad} <ima<image>ge><IMG_CON<image>TEXT> <ref>x</ref>", ()
    )
    prompt = fleming.encode(Question(bad, (picture(1),), history=(turn,), mode="instruct"))
    assert shown(prompt) == ["Earlier ", "#\nabcd"]
    assert "assistant\nabcd  <ref>x</ref><|im_end|>" in prompt.text
    assert prompt.text.count("<IMG_CONTEXT>") == 16


def test_options_and_regions(fleming: Any, picture: Picture) -> None:
    asked = Question(
        "Which organ?",
        (picture(1, 100, 200), picture(2, 50, 50)),
        mode="instruct",
        choices=(("A", "liver"), ("B", "spleen.")),
        regions=(Region(0, (100, 25, 20, 75), "mass"), Region(1, (-1, 0, 60, 50))),
    )
    assert shown(fleming.encode(asked)) == [
        "#\n#\nWhich organ? Look at this region of image 1: "
        "<ref>mass</ref><box>[[100, 250, 500, 750]]</box>. Look at this region of image 2: "
        "<ref>region</ref><box>[[0, 0, 1000, 1000]]</box>.\nA. liver. B. spleen."
    ]
    with pytest.raises(QuestionError, match="region lies on frame 3"):
        fleming.encode(replace(asked, regions=(Region(2, (0, 0, 1, 1)),)))


def test_tiles_take_a_span_for_each_image(fleming: Any, picture: Picture) -> None:
    frames = (picture(1, 112, 224), picture(2, 112, 112))
    prompt = fleming.encode(Question("What is it?", frames, tiles=True))
    assert [stop - start for start, stop, _ in prompt.image_spans] == [3 * 16, 16]
    assert prompt.extra["tiles"] == [(0, 3), (3, 4)]
    assert prompt.pixels.shape == (4, 3, 112, 112)
    with pytest.raises(QuestionError, match="whole"):
        fleming.encode(Question("What is it?", frames, tiles=True, frame_kind="video"))


def test_too_many_slices_are_refused_before_any_pixel_is_touched(
    fleming: Any, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(family, "whole", lambda *_: pytest.fail("a pixel was touched"))
    frames = (picture(1, 8, 8),) * 2048
    with pytest.raises(QuestionError) as caught:
        fleming.encode(Question("What is it?", frames, mode="instruct"))
    # 16 visual tokens and 3 others for each slice.
    assert "32,768 of them for frames" in caught.value.message
    assert "takes 32,768" in caught.value.message
    assert "fewer slices" in caught.value.advice


def test_an_answer_ends_at_the_last_position(fleming: Any) -> None:
    prompt = fleming.encode(Question("word " * 5000, mode="instruct"))
    room = fleming.max_positions - len(prompt.input_ids)
    settings = fleming.settings(Question("", mode="instruct").generation, prompt)
    assert settings.max_new_tokens == min(room, 1024)


@pytest.mark.parametrize(
    ("question", "named"),
    [
        (Question("  "), "no words"),
        (Question("What?", task="findings"), "no task"),
        (Question("What?", volume=np.zeros((2, 4, 4), np.float32)), "not a volume"),
    ],
)
def test_what_cannot_be_asked_is_refused(fleming: Any, question: Question, named: str) -> None:
    with pytest.raises(QuestionError, match=named):
        fleming.encode(question)


def test_images_and_places_of_a_chat_must_match(fleming: Any, picture: Picture) -> None:
    assert shown(fleming.encode_chat("What?", [picture(1)])) == ["#\nWhat?"]
    with pytest.raises(QuestionError, match="1 places <image> for 2 images"):
        fleming.encode_chat("<image>\nWhat?", [picture(1), picture(2)])
    # With a history nothing is put in front.
    with pytest.raises(QuestionError, match="0 places"):
        fleming.encode_chat("What?", [picture(1)], history=[("Hello", "Yes?")])

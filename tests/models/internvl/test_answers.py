"""Answers: tags that stay, boxes on their images, and reuse that changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Generation, Prefill, Question, Replied, Token, Turn
from napari_medvlm.dialogue.parse import read_reply

Picture = Callable[..., Any]
SHORT = Generation(max_new_tokens=10)


def ask(model: Any, question: Question) -> tuple[Prefill, Any]:
    events = list(model.stream(question))
    assert isinstance(events[0], Prefill)
    assert isinstance(events[-1], Replied)
    text = "".join(event.text for event in events if isinstance(event, Token))
    assert text == events[-1].reply.raw
    return events[0], events[-1].reply


def test_marks_of_boxes_stay_and_marks_of_turns_go(fleming: Any) -> None:
    text = "<ref>mass</ref><box>[[1, 2, 3, 4]]</box><quad></quad><img></img><tool_call>"
    ids = fleming.tokens.encode(f"<|im_start|>{text}<|box_start|><|endoftext|><|im_end|>")
    assert fleming.tokens.visible(ids) == text


def test_only_the_end_of_a_turn_ends_an_answer(fleming: Any) -> None:
    ids = fleming.tokens.encode("<|im_end|>")
    assert list(fleming.stop_ids) == ids


def reply_to(fleming: Any, raw: str, *frames: Any, **more: Any) -> Any:
    question = Question("Where?", frames, mode="instruct", **more)
    return read_reply(raw, fleming.parse_context(question, fleming.encode(question), "stop"))


def test_boxes_are_thousandths_of_the_image_they_name(fleming: Any, picture: Picture) -> None:
    frames = (picture(1, 100, 200), picture(2, 50, 400))
    raw = (
        "On image 2 there is <ref>a mass</ref><box>[[100, 200, 300, 400]]</box> and on image 1 "
        "<ref>nodules</ref><box>[[0, 0, 500, 500], [500, 500, 1000, 1000]]</box>."
    )
    reply = reply_to(fleming, raw, *frames)
    found = [(box.label, box.frame, box.box) for box in reply.boxes]
    assert found == [
        ("a mass", 1, (40.0, 10.0, 120.0, 20.0)),
        ("nodules", 0, (0.0, 0.0, 100.0, 50.0)),
        ("nodules", 0, (100.0, 50.0, 200.0, 100.0)),
    ]
    assert {box.system for box in reply.boxes} == {"norm_1000"}


def test_boxes_of_a_tiled_image_are_of_the_whole_image(fleming: Any, picture: Picture) -> None:
    raw = "<ref>a mass</ref><box>[[500, 0, 1000, 1000]]</box>"
    reply = reply_to(fleming, raw, picture(1, 112, 224), tiles=True)
    assert [box.box for box in reply.boxes] == [(112.0, 0.0, 224.0, 112.0)]


def test_boxes_of_a_follow_up_are_of_the_frames_it_is_about(fleming: Any, picture: Picture) -> None:
    history = (Turn("<image>\nWhat is it?", "A scan.", (picture(1, 100, 200),)),)
    reply = reply_to(fleming, "<box>[[0, 0, 500, 500]]</box>", history=history)
    assert [box.box for box in reply.boxes] == [(0.0, 0.0, 100.0, 50.0)]


def test_a_second_question_prefills_its_own_words_only(fleming: Any, picture: Picture) -> None:
    frames = tuple(picture(n, 64, 64) for n in range(11))
    first = Question("What is it?", frames, generation=SHORT)
    before, reply = ask(fleming, first)
    assert before.reused == 0
    turn = Turn(fleming.user_text(first), reply.raw, first.frames)
    second = replace(first, text="Is it large?", history=(turn,))
    prefill, answer = ask(fleming, second)
    # All slices and the first question come from the cache.
    assert prefill.reused >= before.tokens
    prompt = fleming.encode(second)
    assert len(prompt.image_spans) == 11
    assert list(answer.token_ids) == fleming.generate_ids(prompt, SHORT)
    assert fleming.generate_ids(prompt, SHORT, reuse=True) == fleming.generate_ids(prompt, SHORT)


def test_images_are_encoded_once_and_several_at_a_time(
    fleming: Any, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    tower = fleming._network.module.model.get_image_features

    def counted(pixel_values: Any, **more: Any) -> Any:
        batches.append(len(pixel_values))
        return tower(pixel_values=pixel_values, **more)

    monkeypatch.setattr(fleming._network.module.model, "get_image_features", counted)
    frames = tuple(picture(n, 64, 64) for n in range(11))
    # Frames that are alike are one.
    ask(fleming, Question("What is it?", (*frames, frames[0]), generation=SHORT))
    assert batches == [8, 3]
    ask(fleming, Question("And now?", frames[::-1], generation=SHORT))
    assert batches == [8, 3]
    ask(fleming, Question("In detail?", (picture(1, 112, 1120),), tiles=True, generation=SHORT))
    assert batches == [8, 3, 8, 3]


def test_batches_change_nothing(
    fleming: Any, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    prompt = fleming.encode(Question("What is it?", (picture(1, 112, 224), picture(2)), tiles=True))
    together = [part.numpy() for part in fleming._network.encode_spans(prompt, [0, 1])]
    monkeypatch.setattr(fleming._network, "tiles_at_once", 1)
    apart = [fleming._network.encode_span(prompt, index).numpy() for index in (0, 1)]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one, other, atol=5e-6, rtol=0)


def test_it_stops_between_batches(fleming: Any, picture: Picture) -> None:
    frames = tuple(picture(n, 32, 32) for n in range(10))
    asked = iter([False, True])
    events = list(fleming.stream(Question("What?", frames), lambda: next(asked)))
    assert isinstance(events[-1], Replied)
    assert events[-1].reply.finish_reason == "stopped"
    assert events[-1].reply.raw == ""


def test_logits_of_a_given_answer_are_those_of_the_loop(fleming: Any, picture: Picture) -> None:
    prompt = fleming.encode(Question("What is it?", (picture(1),)))
    ids = fleming.generate_ids(prompt, SHORT)
    logits = fleming.step_logits(prompt, ids)
    assert logits.argmax(axis=-1).tolist() == ids
    np.testing.assert_allclose(logits[0], fleming.next_token_logits(prompt), atol=1e-5)

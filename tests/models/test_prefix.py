"""What is reused from earlier questions never changes an answer: the fast path is the plain one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_medvlm.dialogue import Generation, Prefill, Question, Replied, Turn
from napari_medvlm.models.decode import Decoding
from napari_medvlm.models.prefix import FeatureCache

SHORT = Generation(max_new_tokens=16)


def ask(model: Any, question: Question) -> tuple[Prefill, Any]:
    """Stream an answer; return how much was reused, and the reply."""
    events = list(model.stream(question))
    assert isinstance(events[0], Prefill)
    assert isinstance(events[-1], Replied)
    return events[0], events[-1].reply


def assert_same_as_plain(model: Any, question: Question) -> Prefill:
    """Ask along the fast path and compare ids and first logits with a full recompute."""
    prompt = model.encode(question)
    fast = model._decoding(prompt, model.settings(SHORT, prompt))
    logits = fast.prefill(fast.encode()).numpy()
    np.testing.assert_allclose(logits, model.next_token_logits(prompt), rtol=0, atol=1e-4)
    plain = model.generate_ids(prompt, SHORT)
    prefill, reply = ask(model, question)
    assert list(reply.token_ids) == plain
    assert model.generate_ids(prompt, SHORT, reuse=True) == plain
    return prefill


def follow(model: Any, question: Question, text: str, **changes: Any) -> Question:
    """Ask on after an answer: the conversation keeps the frames."""
    _, reply = ask(model, question)
    turn = Turn(model.user_text(question), reply.raw, question.frames, question.frame_kind)
    return Question(
        text, history=(*question.history, turn), generation=question.generation, **changes
    )


def test_a_second_question_prefills_only_its_own_words(model: Any, picture: Any) -> None:
    first = Question("What is shown?", (picture(1), picture(2)), generation=SHORT)
    second = follow(model, first, "Where is it?")
    length = len(model.encode(first).input_ids)
    prefill, _ = ask(model, second)
    assert prefill.reused >= length
    model.forget()
    ask(model, first)
    assert assert_same_as_plain(model, second).tokens > length
    # Naming the frames again changes nothing: they are in the conversation.
    again = replace(second, frames=first.frames)
    assert model.encode(again).text == model.encode(second).text


def test_the_same_question_again_prefills_one_token(model: Any, picture: Any) -> None:
    question = Question("What is shown?", (picture(1),), generation=SHORT)
    ask(model, question)
    prefill = assert_same_as_plain(model, question)
    assert prefill.reused == prefill.tokens - 1


def test_another_question_about_the_same_frames_keeps_the_frames(model: Any, picture: Any) -> None:
    frames = (picture(1), picture(2))
    ask(model, Question("What is shown?", frames, generation=SHORT))
    prompt = model.encode(Question("How large is it?", frames))
    prefill, _ = ask(model, Question("How large is it?", frames, generation=SHORT))
    assert prefill.reused >= prompt.image_spans[-1][1]
    assert_same_as_plain(model, Question("And which side?", frames, generation=SHORT))


def test_a_changed_image_is_read_again(model: Any, picture: Any) -> None:
    one = Question("What is shown?", (picture(1), picture(2)), generation=SHORT)
    other = Question("What is shown?", (picture(1), picture(3)), generation=SHORT)
    ask(model, one)
    spans = model.encode(other).image_spans
    prefill, _ = ask(model, other)
    # The tokens of both prompts are the same ids; only the second picture differs.
    assert spans[0][1] <= prefill.reused <= spans[1][0]
    ask(model, one)
    assert_same_as_plain(model, other)


def test_a_changed_mode_and_changed_sizes(model: Any, picture: Any) -> None:
    frames = (picture(1), picture(2))
    ask(model, Question("What is shown?", frames, generation=SHORT))
    assert_same_as_plain(
        model, Question("What is shown?", frames, mode="instruct", generation=SHORT)
    )
    assert_same_as_plain(
        model, Question("What is shown?", (picture(1), picture(2, 150, 60)), generation=SHORT)
    )


def test_interleaved_conversations_do_not_touch_each_other(model: Any, picture: Any) -> None:
    a = Question("What is shown?", (picture(1), picture(2)), generation=SHORT)
    b = Question("What is wrong?", (picture(5, 140, 140), picture(6)), generation=SHORT)
    a2 = follow(model, a, "Where is it?")
    b2 = follow(model, b, "Which side is it on?")
    length = len(model.encode(a).input_ids)
    assert ask(model, a2)[0].reused >= length
    for question in (b2, a2, b2, a, b, a2):
        assert_same_as_plain(model, question)


def test_a_clip_and_its_follow_up(model: Any, picture: Any) -> None:
    clip = tuple(picture(n, 112, 112) for n in range(5))
    first = Question(
        "Which way?", clip, frame_kind="video", seconds_per_frame=1.0, generation=SHORT
    )
    second = follow(model, first, "How far?")
    assert_same_as_plain(model, first)
    ask(model, first)
    assert_same_as_plain(model, second)


def test_the_same_frames_at_another_rate_are_other_tokens(chexone: Any, picture: Any) -> None:
    chexone.forget()
    clip = tuple(picture(n, 112, 112) for n in range(4))
    slow, fast = (
        Question("Which way?", clip, frame_kind="video", seconds_per_frame=s, generation=SHORT)
        for s in (2.0, 0.5)
    )
    ask(chexone, slow)
    # Same ids, same pixels: only the positions of the clip differ, and so reuse ends before it.
    assert chexone.encode(fast).input_ids.tolist() == chexone.encode(slow).input_ids.tolist()
    prefill, _ = ask(chexone, fast)
    # The first time step stands at the same place in both.
    first, stop, _ = chexone.encode(fast).image_spans[0]
    assert prefill.reused <= first + (stop - first) // 2
    ask(chexone, slow)
    assert_same_as_plain(chexone, fast)


def test_a_stopped_answer_leaves_a_good_cache(model: Any, picture: Any) -> None:
    question = Question("What is shown?", (picture(1),), generation=SHORT)
    asked = iter([False] * 4 + [True] * 100)
    events = list(model.stream(question, lambda: next(asked)))
    assert events[-1].reply.finish_reason == "stopped"
    assert events[-1].reply.new_tokens < 16
    assert_same_as_plain(model, question)
    # Dropped in the middle, as when a question is superseded.
    running = model.stream(question)
    for _ in range(4):
        next(running)
    running.close()
    assert_same_as_plain(model, question)


def test_a_failed_step_forgets_the_conversation(
    chexone: Any, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chexone.forget()
    question = Question("What is shown?", (picture(1),), generation=SHORT)
    ask(chexone, question)
    forward = chexone._network.forward

    def broken(embeds: Any, positions: Any, cache: Any) -> Any:
        forward(embeds, positions, cache)
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(chexone._network, "forward", broken)
        with pytest.raises(MemoryError):
            list(chexone.stream(question))
    assert ask(chexone, question)[0].reused == 0
    assert_same_as_plain(chexone, question)


def test_pictures_are_encoded_once(
    chexone: Any, picture: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    chexone.forget()
    encoded: list[int] = []
    encode = chexone._network.encode_span
    monkeypatch.setattr(
        chexone._network, "encode_span", lambda p, i: (encoded.append(i), encode(p, i))[1]
    )
    ask(chexone, Question("What is shown?", (picture(1), picture(2)), generation=SHORT))
    ask(chexone, Question("What is it?", (picture(2), picture(1), picture(2)), generation=SHORT))
    assert encoded == [0, 1]


def test_the_feature_cache_is_bounded_and_drops_the_oldest() -> None:
    import torch

    cache = FeatureCache(limit=100)
    for name in "abc":
        cache.put(name, torch.zeros(10))
        cache.get("a")
    assert cache.get("b") is None
    assert cache.get("a") is not None
    cache.put("large", torch.zeros(1000))
    assert cache.get("large") is not None
    assert cache.get("a") is None


def test_reuse_leaves_one_token_to_prefill(chexone: Any, picture: Any) -> None:
    chexone.forget()
    prompt = chexone.encode(Question("What?", (picture(1),)))
    settings = chexone.settings(SHORT, prompt)
    whole = Decoding(chexone._network, prompt, settings, chexone._conversations, chexone._features)
    list(whole.tokens(whole.prefill(whole.encode() or {})))
    again = Decoding(chexone._network, prompt, settings, chexone._conversations, chexone._features)
    assert again.reused == len(prompt.input_ids) - 1
    assert again.encode() == {}

"""Which conversation a question belongs to, and what a follow-up sends along."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medvlm.asking import Exchange, Session
from napari_medvlm.asking.choose.turn_chip import follow_up_chips
from napari_medvlm.asking.talk.belonging import Belonging, follow_up_words
from napari_medvlm.dialogue import Prefill, Question, Reply, Token, Turn
from napari_medvlm.imaging import Frame
from napari_medvlm.models.catalog import PROFILES
from widgets.fakes import FakeThread, reply, toy_offer

OFFER = toy_offer()


def about(*scans: str, text: str = "?", value: int = 0) -> Question:
    pixels = np.full((8, 9), value, np.uint8)
    return Question(text, tuple(Frame.from_pixels(pixels, source=scan) for scan in scans))


def asked(session: Session, question: Question, **more: object) -> Exchange:
    """Ask, and let the answer come."""
    exchange = session.ask(question, more.pop("offer", OFFER), **more)  # type: ignore[arg-type]
    session.thread.finish(exchange.request, reply(answer=question.text))  # type: ignore[attr-defined]
    session.pump()
    return next(x for x in session.conversation.exchanges if x.number == exchange.number)


def answers(session: Session, *scans: str, offer: object = OFFER, **more: object) -> list[str]:
    turns = session.history(frozenset(scans), offer, **more)  # type: ignore[arg-type]
    return [turn.reply.split("<answer>")[1].removesuffix("</answer>") for turn in turns]


def test_turns_of_other_scans_are_not_followed() -> None:
    session = Session(FakeThread())
    asked(session, about("a", text="1"))
    asked(session, about("b", text="2"))
    asked(session, about("a", "b", text="3"))
    asked(session, about("a", text="4"))
    assert answers(session, "a") == ["1", "4"]
    assert answers(session, "b") == ["2"]
    assert answers(session, "b", "a") == ["3"]
    assert answers(session, "c") == []


def test_a_new_conversation_follows_nothing_and_an_earlier_one_goes_on() -> None:
    session, scans = Session(FakeThread()), frozenset({"a"})
    first = asked(session, about("a", text="1"))
    session.belonging.begin(scans)
    assert answers(session, "a") == []
    asked(session, about("a", text="2"))
    assert answers(session, "a") == ["2"]
    session.belonging.choose(scans, first.conversation)
    asked(session, about("a", text="3"))
    assert answers(session, "a") == ["1", "3"]
    _, listing = session.look_at(scans)
    assert [(one.questions, one.first) for one in listing] == [(1, "2"), (2, "1")]
    assert listing[1].words == "2 questions · demo (toy): 1"


def test_answers_of_another_model_are_not_followed_even_of_the_same_name() -> None:
    session = Session(FakeThread())
    named = replace(OFFER, label="CheXOne")
    placed = replace(OFFER, choice=replace(OFFER.choice, path="elsewhere"))
    for text, offer in (("1", OFFER), ("2", named), ("3", placed)):
        asked(session, about("a", text=text), offer=offer)
    for offer, sent in ((OFFER, ["1"]), (named, ["2"]), (placed, ["3"])):
        assert answers(session, "a", offer=offer) == sent
        assert session.others(frozenset({"a"}), offer) == 2


def test_a_question_in_other_words_stays_in_its_branch_and_its_scan() -> None:
    session = Session(FakeThread())
    asked(session, about("a", text="1"))
    second = asked(session, about("a", text="2"))
    assert answers(session, "a", instead_of=second) == ["1"]
    # Of other images it is no other wording of that question.
    assert answers(session, "b", instead_of=second) == []
    elsewhere = asked(session, about("b", text="3"), instead_of=second)
    assert elsewhere.instead_of is None
    assert elsewhere.conversation != second.conversation


def test_a_waiting_question_follows_the_answers_about_its_own_scans() -> None:
    thread = FakeThread()
    session = Session(thread)
    for scan, text in (("a", "1"), ("b", "2"), ("a", "3")):
        session.ask(about(scan, text=text), OFFER, follows=True)
    for number in (1, 2, 3):
        thread.finish(number, reply(answer=str(number)))
        session.pump()
    assert [len(question.history) for question in thread.asked] == [0, 0, 1]


def test_kept_conversations_come_back_apart_and_the_newest_goes_on() -> None:
    belonging, scans = Belonging(), frozenset({"a"})
    shown = belonging.look_at(scans, ())  # before anything came back
    old, new = (belonging.of_earlier(scans, kept) for kept in (3, 7))
    assert len({shown, old, new}) == 3
    assert belonging.of_earlier(scans, 3) == old
    assert belonging.look_at(scans, {old, new}) == new
    assert belonging.current(scans) == new
    assert belonging.kept_as(new) == 7
    assert belonging.kept_as(shown) is None
    # What was begun by hand stays, though it has no question yet.
    begun = belonging.begin(scans)
    assert belonging.look_at(scans, {old, new}) == begun


def test_what_an_older_version_kept_together_comes_apart_by_its_scans() -> None:
    belonging, one, both = Belonging(), frozenset({"a"}), frozenset({"a", "b"})
    numbers = [belonging.of_earlier(scans, 3) for scans in (one, both, one, frozenset({"b"}))]
    assert numbers[0] == numbers[2] != numbers[1] == numbers[3]


def test_a_question_about_one_of_two_scans_belongs_to_the_talk_about_both() -> None:
    session = Session(FakeThread())
    asked(session, about("a", text="1"))
    session.look_at(frozenset({"a", "b"}))  # two scans are picked: nothing was asked of both yet
    assert answers(session, "a", "b") == []
    asked(session, about("a", "b", text="2"))
    number, listing = session.look_at(frozenset({"a"}))
    assert [one.first for one in listing] == ["2", "1"]
    asked(session, about("a", text="3"))
    assert answers(session, "a") == ["2", "3"]
    # Of another scan it is another one; and back at the first it goes on.
    assert session.look_at(frozenset({"c"}))[0] != number
    assert answers(session, "c") == []
    assert session.look_at(frozenset({"b"}))[0] == number
    # One that is about fewer scans is none about both.
    assert session.look_at(frozenset({"a", "c"}))[1] == ()


def test_looking_at_several_scans_without_asking_hides_no_conversation() -> None:
    session = Session(FakeThread())
    first = asked(session, about("a", text="1"))
    assert session.look_at(frozenset({"a", "b"}))[0] != first.conversation
    assert session.look_at(frozenset({"a"}))[0] == first.conversation


@pytest.mark.parametrize(
    ("turns", "others", "tokens", "said"),
    [
        (0, 0, None, ""),
        (1, 0, None, "Follow-up sends 1 earlier turn with 2 images."),
        (2, 1, 1234, "Follow-up sends 2 earlier turns with 2 images, about 1,234 tokens; "
         "1 answer of another model is not sent."),
        (0, 2, None, "2 answers of other models are not sent."),
    ],
)  # fmt: skip
def test_what_is_sent_along_is_counted(
    turns: int, others: int, tokens: int | None, said: str
) -> None:
    frames = about("a", "a").frames
    history = [Turn("?", "x", frames)] * turns  # the second asks about the same images
    assert follow_up_words(history, others, tokens) == said


def test_a_chip_says_whether_a_model_knows_several_turns() -> None:
    assert follow_up_chips(PROFILES["demo"], 0) == ()
    assert follow_up_chips(PROFILES["qwen2-vl"], 2) == ()
    (demo,) = follow_up_chips(PROFILES["demo"], 1)
    assert (demo.tone, demo.label) == ("unsure", "follow-up")
    (unknown,) = follow_up_chips(PROFILES["fleming-vl-8b"], 2)
    assert unknown.sentence == (
        "Nobody here knows that Fleming-VL-8B was trained on several turns; "
        "2 earlier turns are sent along."
    )


def test_a_thought_that_the_prompt_opened_goes_back_with_its_beginning() -> None:
    thread = FakeThread()
    session = Session(thread)
    exchange = session.ask(about("a"), OFFER)
    text = "it is round</think><answer>yes</answer>"
    thread.report(Prefill(request=exchange.request, tokens=3, opens_thought=True))
    thread.report(Token(request=exchange.request, text="it is", count=1))
    (now,) = session.pump()
    assert (now.reasoning, now.answer) == ("it is", "")
    thread.finish(exchange.request, Reply(raw=text, answer="yes", thought_opened=True))
    session.pump()
    (turn,) = session.history(frozenset({"a"}), OFFER)
    assert turn.reply == f"<think>\n{text}"

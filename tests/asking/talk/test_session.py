"""Questions that are asked while an answer is on its way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_medvlm.asking import Exchange, Keeper, Session, Stage
from napari_medvlm.asking.choose.legend import with_legend
from napari_medvlm.dialogue import Failed, Prefill, Question, Queued, Token
from napari_medvlm.errors import EngineError, QuestionError
from napari_medvlm.imaging import Frame
from napari_medvlm.records import Journal
from widgets.fakes import FakeThread, reply, toy_offer

PIXELS = np.zeros((20, 30), np.uint8)
OFFER = toy_offer()
OPEN = [Queued(), Prefill(tokens=9), Token(text="<think>so far", count=3)]


@pytest.fixture
def thread() -> FakeThread:
    return FakeThread(OPEN)


@pytest.fixture
def session(thread: FakeThread) -> Session:
    return Session(thread)


def question(text: str) -> Question:
    return Question(text, (PIXELS,))


def now(session: Session, number: int) -> Exchange:
    return next(one for one in session.conversation.exchanges if one.number == number)


def end(session: Session, thread: FakeThread, answer: str = "yes") -> None:
    """Let what runs come to its end."""
    request = next(one.request for one in session.conversation.active if one.request)
    thread.finish(request, reply(answer=answer))
    session.pump()


def test_questions_wait_for_the_answer_ahead_of_them(session: Session, thread: FakeThread) -> None:
    first, second, third = (session.ask(question(words), OFFER) for words in ("a", "b", "c"))
    assert (first.request, second.request, third.request) == (1, 0, 0)
    assert [one.text for one in thread.asked] == ["a"]
    assert [one.detail for one in session.waiting] == ["1 ahead", "2 ahead"]
    assert now(session, 2).status_words(0).startswith("waiting its turn · 1 ahead")
    assert session.busy
    end(session, thread)
    assert [one.text for one in thread.asked] == ["a", "b"]
    assert now(session, 2).request == 2
    assert [one.detail for one in session.waiting] == ["1 ahead"]
    end(session, thread)
    end(session, thread)
    assert [one.stage for one in session.conversation.exchanges] == [Stage.DONE] * 3
    assert not session.busy


def test_a_question_that_follows_gets_the_answer_ahead_once_it_is_there(
    session: Session, thread: FakeThread
) -> None:
    session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER, follows=True)
    session.ask(question("c"), OFFER, follows=True)
    session.ask(question("alone"), OFFER)
    assert [one.detail for one in session.waiting] == [
        "1 ahead · follows it", "2 ahead · follows them", "3 ahead",
    ]  # fmt: skip
    for answer in ("first", "second", "third"):
        end(session, thread, answer)
    sent = {one.text: [turn.reply for turn in one.history] for one in thread.asked}
    assert [len(turns) for turns in sent.values()] == [0, 1, 2, 0]
    assert "first" in sent["b"][0]
    assert "second" in sent["c"][1]
    assert now(session, 3).question.history == thread.asked[2].history


def test_the_legend_of_a_question_that_follows_counts_on(
    session: Session, thread: FakeThread
) -> None:
    def two_layers(shade: int) -> Question:
        frames = [
            Frame.from_pixels(PIXELS + shade, source=name, label=name) for name in ("prior", "now")
        ]
        bare = Question("what has changed?", tuple(frames))
        return replace(bare, text=with_legend(bare))

    session.ask(two_layers(0), OFFER)
    session.ask(two_layers(1), OFFER, follows=True)
    end(session, thread)
    first, second = (one.text for one in thread.asked)
    assert first.endswith("Image 1: prior; image 2: now.")
    assert second == "what has changed?\nImage 3: prior; image 4: now."


def test_an_answer_that_failed_is_no_part_of_what_follows(
    session: Session, thread: FakeThread
) -> None:
    session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER, follows=True)
    thread.report(Failed(request=1, message="It failed."))
    session.pump()
    assert thread.asked[-1].text == "b"
    assert thread.asked[-1].history == ()


def test_stop_stops_what_runs_and_the_next_follows(session: Session, thread: FakeThread) -> None:
    session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER)
    session.pump()
    session.stop()
    changed = session.pump()
    assert [(one.number, one.stage) for one in changed] == [(1, Stage.STOPPED), (2, Stage.QUEUED)]
    assert [one.text for one in thread.asked] == ["a", "b"]


def test_a_waiting_question_can_be_taken_back(session: Session, thread: FakeThread) -> None:
    session.ask(question("a"), OFFER)
    second = session.ask(question("b"), OFFER)
    session.ask(question("c"), OFFER, follows=True)
    session.withdraw(second)
    assert "stop" not in thread.calls
    session.pump()
    assert [one.detail for one in session.waiting] == ["1 ahead · follows it"]
    end(session, thread)
    assert [one.text for one in thread.asked] == ["a", "c"]
    assert len(thread.asked[1].history) == 1


def test_a_waiting_question_that_is_deleted_comes_back_to_the_end_of_the_line(
    session: Session, thread: FakeThread
) -> None:
    session.ask(question("a"), OFFER)
    second = session.ask(question("b"), OFFER)
    session.ask(question("c"), OFFER)
    session.put_aside(second)
    assert [one.question.text for one in session.waiting] == ["c"]
    assert session.take_back(second) is not None
    session.pump()
    assert [(one.question.text, one.detail) for one in session.waiting] == [
        ("c", "1 ahead"), ("b", "2 ahead"),
    ]  # fmt: skip
    session.put_aside(second)
    session.remove_aside()
    assert session.take_back(second) is None
    end(session, thread)
    end(session, thread)
    assert [one.text for one in thread.asked] == ["a", "c"]


def test_what_runs_can_be_deleted_and_the_next_follows(
    session: Session, thread: FakeThread
) -> None:
    first = session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER)
    session.put_aside(first)
    session.pump()
    assert [one.text for one in thread.asked] == ["a", "b"]


def test_what_cannot_be_asked_is_told_at_once_and_never_waits(session: Session) -> None:
    session.ask(question("a"), OFFER)
    with pytest.raises(QuestionError):
        session.ask(Question("b", (PIXELS,), task="none such"), OFFER)
    assert session.waiting == ()


def test_an_engine_that_is_gone_ends_every_waiting_question(
    session: Session, thread: FakeThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words in "abc":
        session.ask(question(words), OFFER)

    def gone(*_: object) -> int:
        raise EngineError("This engine was closed.", "Make another.")

    monkeypatch.setattr(thread, "ask", gone)
    end(session, thread)
    assert [one.stage for one in session.conversation.exchanges[1:]] == [Stage.FAILED] * 2
    assert now(session, 3).status_words(0) == "This engine was closed. Make another."
    assert not session.busy


def test_releasing_ends_what_waits_and_says_so(session: Session, thread: FakeThread) -> None:
    session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER)
    session.release()
    changed = session.pump()
    assert now(session, 2).stage is Stage.FAILED
    assert "never sent" in now(session, 2).status_words(0)
    assert {one.number for one in changed} >= {2}
    assert len(thread.asked) == 1
    assert thread.calls == ["stop", "unload"]


def test_the_journal_has_what_waits_and_what_it_follows(thread: FakeThread, tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "journal.sqlite")
    session = Session(thread, keeper)
    session.ask(question("a"), OFFER)
    session.ask(question("b"), OFFER, follows=True)
    end(session, thread)
    end(session, thread)
    keeper.wait()
    later = Keeper(tmp_path / "journal.sqlite")
    later.seek_words()
    later.wait()
    assert later.words() == ("a", "b")
    assert later.words() == ()
    with Journal(tmp_path / "journal.sqlite") as journal:
        (talk,) = journal.conversations()
        kept = journal.exchanges(talk.number)
    assert [(one.question.text, len(one.question.history)) for one in kept] == [("a", 0), ("b", 1)]
    assert [one.progress.state for one in kept] == ["replied", "replied"]
    for one in (keeper, later):
        one.close()
        one.wait()


def test_no_journal_is_made_to_look_for_earlier_words(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    keeper = Keeper(path)
    keeper.seek_words()
    keeper.wait()
    assert keeper.words() == ()
    assert not path.exists()
    keeper.close()
    keeper.wait()


def test_earlier_words_come_without_the_line_about_their_images(
    thread: FakeThread, tmp_path: Path
) -> None:
    keeper = Keeper(tmp_path / "journal.sqlite")
    session = Session(thread, keeper)
    frames = [Frame.from_pixels(PIXELS, source=name, label=name) for name in ("prior", "now")]
    bare = Question("what has changed?", tuple(frames))
    session.ask(replace(bare, text=with_legend(bare)), OFFER)
    session.ask(question("Image 1: is it on the left; or is image 2: right?"), OFFER)
    keeper.seek_words()
    keeper.wait()
    assert keeper.words() == (
        "what has changed?", "Image 1: is it on the left; or is image 2: right?",
    )  # fmt: skip
    keeper.close()
    keeper.wait()


def test_what_the_model_was_given_is_what_is_shown_and_kept(
    thread: FakeThread, tmp_path: Path
) -> None:
    session = Session(thread, Keeper(tmp_path / "journal.sqlite"))
    asked = session.ask(question("a <|im_end|> b"), OFFER)
    session.pump()
    assert "<|im_end|>" not in asked.sent
    thread.report(Prefill(request=asked.request, tokens=9, sent="as it was fed"))
    session.pump()
    thread.finish(asked.request, reply(answer="yes"))
    session.pump()
    assert now(session, asked.number).sent == "as it was fed"
    session.keeper.wait()
    session.close()
    with Journal(tmp_path / "journal.sqlite") as journal:
        (kept,) = journal.exchanges(journal.conversations()[-1].number)
    assert kept.capsule.prompt == "as it was fed"
    assert kept.progress.state == "replied"

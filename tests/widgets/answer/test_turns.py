"""Buttons under an answer: copy, ask again, edit, delete; and how it is folded and ended."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtWidgets import QApplication

from napari_medvlm.dialogue import Box, Prefill, Question, Queued, Reply, Token
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.answer.exchange_view import ExchangeView

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000

NODULE = Box("nodule", (16, 8, 32, 24), frame=1, raw=(250, 200, 500, 600))


def _ask(
    qtbot: Any, panel: MedvlmPanel, thread: FakeThread, words: str = "where?", **facts: Any
) -> ExchangeView:
    thread.script = events_of(reply(**facts))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask(words)
    return panel.conversation_view.views[-1]


def _click(qtbot: Any, button: Any) -> None:
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_copy_takes_the_answer_as_plain_text(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, answer="See <b>image 1</b>.")
    _click(qtbot, view.actions.copy)
    assert QApplication.clipboard().text() == "See <b>image 1</b>."


def test_asking_again_keeps_both_answers(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    view = _ask(qtbot, panel, thread, boxes=[NODULE])
    panel.choose_slices("2")  # what is chosen now plays no part
    thread.script = events_of(reply(answer="none"))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        _click(qtbot, view.actions.ask_again)
    assert thread.asked[0] is thread.asked[1]
    old, new = panel.conversation_view.views
    assert (old.answer.text(), new.answer.text()) == (
        "There is one nodule in the right lung.",
        "none",
    )
    assert "instead of question 1" in new.sent.text()


def test_asking_again_while_an_answer_comes_waits_for_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread)
    thread.script = [Queued(), Prefill(tokens=9)]
    panel.ask("and?")
    _click(qtbot, view.actions.ask_again)
    assert [one.question.text for one in panel.session.waiting] == [view.exchange.question.text]
    assert len(thread.asked) == 2


def test_editing_brings_words_and_slices_back_and_branches(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.source_box.choose_plane("coronal")
    panel.choose_slices("12, 30")
    panel.ask_box.instruct.setChecked(True)
    view = _ask(qtbot, panel, thread, "where is it?")
    panel.source_box.choose_plane("axial")
    panel.choose_slices("current")
    panel.ask_box.reasoning.setChecked(True)
    _click(qtbot, view.actions.edit)
    assert panel.ask_box.words == "where is it?"
    assert panel.ask_box.mode == "instruct"
    assert panel.source_box.plane == "coronal"
    qtbot.waitUntil(
        lambda: [frame.index for frame in panel.strip.frames] == [12, 30], timeout=PATIENCE
    )
    assert panel.ask_box.line.text() == "Editing question 1; its answer is kept."
    _ask(qtbot, panel, thread, "where was it?")
    assert len(panel.conversation_view.views) == 2
    assert panel.conversation_view.views[1].exchange.instead_of == 1
    _ask(qtbot, panel, thread, "and now?")
    assert panel.conversation_view.views[2].exchange.instead_of is None


def test_deleting_takes_the_question_and_its_boxes_and_no_others(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    first = _ask(qtbot, panel, thread, boxes=[NODULE, NODULE])
    _ask(qtbot, panel, thread, boxes=[NODULE])
    findings = viewer.layers["findings"]
    assert list(findings.features["question"]) == [1, 1, 2]
    _click(qtbot, first.actions.delete)
    assert list(findings.features["question"]) == [2]
    assert len(findings.data) == 1
    assert [view.exchange.number for view in panel.conversation_view.views] == [2]
    findings.add(findings.data[0] + 1, shape_type="rectangle")  # the user's own stays
    _click(qtbot, panel.conversation_view.views[0].actions.delete)
    assert list(findings.features["question"]) == [0]
    assert panel.conversation_view.views == ()
    assert not panel.ask_box.follow.isEnabled()
    assert _ask(qtbot, panel, thread, boxes=[NODULE]).exchange.number == 3


def _undo(qtbot: Any, panel: MedvlmPanel, number: int) -> None:
    _click(qtbot, panel.conversation_view._undo_lines[number].button)


def test_deleting_is_undone_with_the_boxes_as_they_were_moved(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    panel.choose_slices("even:3")
    first = _ask(qtbot, panel, thread, boxes=[NODULE, NODULE])
    second = _ask(qtbot, panel, thread, "and?")
    findings = viewer.layers["findings"]
    moved = findings.data[1] + [0, 2, 3]
    findings.data = [findings.data[0], moved]
    findings.selected_data = {0}
    findings.remove_selected()
    _click(qtbot, first.actions.delete)
    assert len(findings.data) == 0
    assert panel.conversation_view.views == (second,)
    assert len(panel.conversing.history(panel.model_bar.chosen)) == 1
    _undo(qtbot, panel, 1)
    assert panel.conversation_view.views == (first, second)
    assert first.isVisible()
    assert len(panel.conversing.history(panel.model_bar.chosen)) == 2
    assert list(findings.features["box"]) == [2]
    np.testing.assert_allclose(findings.data[0], moved)


def test_what_was_deleted_is_gone_with_the_next_action(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    first, second = (_ask(qtbot, panel, thread, words) for words in ("one?", "two?"))
    _click(qtbot, first.actions.delete)
    _click(qtbot, second.actions.delete)
    assert list(panel.conversation_view._undo_lines) == [2]
    _ask(qtbot, panel, thread, "three?")
    assert panel.conversation_view._undo_lines == {}
    assert [x.number for x in panel.session.conversation.exchanges] == [3]
    assert panel.session.conversation.aside == ()


def test_a_stopped_answer_comes_back_as_far_as_it_came(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script, thread.pace = [Queued(), Token(text="<think>so far", count=3)], 1
    panel.ask("where?")
    qtbot.waitUntil(
        lambda: panel.session.conversation.exchanges[0].stage == "queued", timeout=PATIENCE
    )
    (view,) = panel.conversation_view.views
    _click(qtbot, view.actions.delete)
    assert not panel.busy
    qtbot.waitUntil(
        lambda: panel.session.conversation.aside[0].stage == "stopped", timeout=PATIENCE
    )
    _undo(qtbot, panel, 1)
    assert view.meta.text().startswith("stopped")


def test_deleting_a_question_that_is_being_answered_stops_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script = [Queued(), Token(text="<think>so far", count=3)]
    panel.ask("where?")
    assert panel.busy
    _click(qtbot, panel.conversation_view.views[0].actions.delete)
    assert thread.calls == ["stop"]
    assert not panel.busy
    qtbot.wait(50)  # what still comes of it is dropped
    assert panel.conversation_view.views == ()


def test_reasoning_that_was_folded_by_hand_stays_so(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    thread.script, thread.pace = events_of(reply()), 1
    panel.ask("where?")
    (view,) = panel.conversation_view.views
    qtbot.waitUntil(lambda: view.head.isVisible(), timeout=PATIENCE)
    _click(qtbot, view.head)  # folded
    _click(qtbot, view.head)  # and opened again: it does not fold when the answer begins
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        pass
    assert view.head.isChecked()
    assert view.reasoning.isVisible()
    assert "tokens" in view.head.text()
    assert view.meta.text().startswith("finished")


def test_folding_can_be_switched_off(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    folded = _ask(qtbot, panel, thread)
    panel.conversation_view.fold_reasoning = False
    open_one = _ask(qtbot, panel, thread)
    assert not folded.reasoning.isVisible()
    assert open_one.reasoning.isVisible()
    assert open_one.head.isChecked()


def test_a_long_folded_reasoning_is_linked_when_it_is_opened(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, reasoning="Image 1 is clear. " * 600)
    assert view.reasoning.links == ()
    _click(qtbot, view.head)
    assert len(view.reasoning.links) == 600


def test_what_is_unusual_about_an_answer_is_said_below_it(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    plain = _ask(qtbot, panel, thread)
    assert not plain.remarks.isVisible()
    cut = reply(answer="", partial_answer="There is one", finish_reason="length", complete=False)
    thread.script = events_of(cut)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where?")
    view = panel.conversation_view.views[-1]
    assert view.answer.text() == "There is one"
    assert view.remarks.isVisible()
    assert "the answer is not whole" in view.remarks.text()


def test_keys_and_wheel_over_an_answer_belong_to_the_panel(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, answer="one line\n\n" * 60)
    area, bar = panel.conversation_view, panel.conversation_view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 300 and bar.value() == bar.maximum(), timeout=PATIENCE)
    before = bar.value()
    at = view.answer.viewport().rect().center()
    event = QWheelEvent(
        QPointF(at),
        QPointF(view.answer.viewport().mapToGlobal(at)),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.answer.viewport(), event)
    if bar.value() == before:  # the event was left to whoever holds the text
        assert not event.isAccepted()
        QApplication.sendEvent(area.viewport(), event)
    assert bar.value() < before
    thread.script = [Queued(), Token(text="<think>so far", count=3)]
    panel.ask("and?")
    assert panel.busy
    qtbot.keyClick(view.answer, Qt.Key.Key_Escape)
    assert thread.calls[-1] == "stop"
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    panel.ask_box.text.setPlainText("once more")
    qtbot.keyClick(view.answer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(thread.asked) == 3


def test_the_whole_text_is_shown_as_it_was_written(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, answer="**yes**, image 1")
    _click(qtbot, view.head)
    _click(qtbot, view.actions.as_written)
    reply_now = view.exchange.reply
    assert reply_now is not None
    assert view.raw.toPlainText() == reply_now.raw
    assert "<answer>**yes**, image 1</answer>" in reply_now.raw
    assert not view.answer.isVisible()
    assert not view.reasoning.isVisible()
    _click(qtbot, view.actions.as_written)
    assert view.answer.isVisible()
    assert view.reasoning.isVisible()
    assert view.answer.text() == "yes, image 1"
    assert not view.raw.isVisible()


def test_reading_above_is_not_disturbed_by_what_streams_below(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = panel.conversation_view
    bar = view.verticalScrollBar()
    thread.script = [Queued(), Token(text="<think>" + "one line\n" * 80, count=3)]
    panel.ask("where?")
    qtbot.waitUntil(lambda: bar.maximum() > 300 and bar.value() == bar.maximum(), timeout=PATIENCE)
    bar.setValue(40)  # the user reads above
    before = bar.maximum()
    thread._waiting = [Token(request=1, text="one line\n" * 40, count=5)]
    qtbot.waitUntil(lambda: bar.maximum() > before, timeout=PATIENCE)
    assert bar.value() == 40
    bar.setValue(bar.maximum())
    before = bar.maximum()
    thread._waiting = [Token(request=1, text="one line\n" * 40, count=7)]
    qtbot.waitUntil(
        lambda: bar.maximum() > before and bar.value() == bar.maximum(), timeout=PATIENCE
    )


def test_the_chosen_option_is_shown_with_its_text(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, answer="B", choice="B", choices=("B",))
    assert not view.choice.isVisible()
    asked = Question(
        "which?", view.exchange.question.frames, choices=(("A", "effusion"), ("B", "mass"))
    )
    answer = Reply(raw="B", reasoning="so", answer="B", choice="B", choices=("B",))
    thread.script = events_of(answer)
    offer = panel.model_bar.chosen
    assert offer is not None
    layer, source = panel.source_box.layer, panel.source_box.source
    assert layer is not None
    assert source is not None
    panel._turns.ask(asked, offer, [(layer, source)] * len(asked.frames))
    panel._pump.hurry()
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        pass
    assert panel.conversation_view.views[-1].choice.text() == "B: mass"
    assert not panel.conversation_view.views[-1].answer.isVisible()  # it says no more than that
    np.testing.assert_array_equal(asked.frames[0].pixels, view.exchange.question.frames[0].pixels)

"""Finding words in the conversation."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.answer.exchange_view import ExchangeView
from napari_medvlm.widgets.answer.find_bar import FindBar

from ..fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window

#: Milliseconds; on a busy machine without a GPU a repaint alone can take seconds.
PATIENCE = 30_000


def _ask(
    qtbot: Any, panel: MedvlmPanel, thread: FakeThread, words: str, **facts: Any
) -> ExchangeView:
    thread.script = events_of(reply(**facts))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask(words)
    return panel.conversation_view.views[-1]


def _open(qtbot: Any, panel: MedvlmPanel) -> FindBar:
    bar = panel.findChild(FindBar)
    assert not bar.isVisible()
    panel.window().activateWindow()
    panel.ask_box.text.setFocus()
    qtbot.waitUntil(panel.ask_box.text.hasFocus, timeout=PATIENCE)
    qtbot.keyClick(panel.ask_box.text, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(bar.isVisible, timeout=PATIENCE)
    return bar


def test_words_are_found_in_all_turns_by_the_keyboard(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    first = _ask(
        qtbot,
        panel,
        thread,
        "where?",
        reasoning="See image 8: a shadow.",  # a mark of ours stands before the word
        answer="A long answer. " * 40,
    )
    second = _ask(qtbot, panel, thread, "is the Shadow real?", answer="No.")
    bar = _open(qtbot, panel)
    assert not first.reasoning.isVisible()
    qtbot.keyClicks(bar.words, "shadow")
    assert bar.count.text() == "1 of 2"
    assert first.reasoning.isVisible()
    assert first.reasoning.textCursor().selectedText() == "shadow"
    qtbot.keyClick(bar.words, Qt.Key.Key_Return)
    assert bar.count.text() == "2 of 2"
    assert second.asked.selectedText() == "Shadow"
    assert first.reasoning.textCursor().selectedText() == ""
    view = panel.conversation_view
    top = second.asked.mapTo(view.viewport(), second.asked.rect().topLeft()).y()
    assert 0 <= top < view.viewport().height()
    qtbot.keyClick(bar.words, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert bar.count.text() == "1 of 2"
    qtbot.keyClick(bar.words, Qt.Key.Key_Escape)
    assert not bar.isVisible()


def test_turns_that_are_deleted_are_not_found_any_more(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    view = _ask(qtbot, panel, thread, "where?", answer="a nodule and a nodule")
    bar = _open(qtbot, panel)
    qtbot.keyClicks(bar.words, "a nodule")
    assert bar.count.text() == "1 of 2"
    qtbot.mouseClick(view.actions.delete, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(bar.after, Qt.MouseButton.LeftButton)
    assert bar.count.text() == "nothing found"
    bar.words.clear()
    assert bar.count.text() == ""

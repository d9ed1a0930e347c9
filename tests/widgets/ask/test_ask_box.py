"""The question box in the real panel: tasks, options, settings, history, by keyboard."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt, QUrl
from qtpy.QtWidgets import QApplication

from napari_medvlm.asking import ModelOffer
from napari_medvlm.dialogue import Generation
from napari_medvlm.models import PROFILES
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.ask import template_file
from napari_medvlm.widgets.ask.task_box import GENERAL

from ..fakes import CHOICE, FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window

PATIENCE = 30_000
CTRL = Qt.KeyboardModifier.ControlModifier


def other(name: str) -> ModelOffer:
    choice = replace(CHOICE, path=f"no {name}")
    return ModelOffer(PROFILES[name].title, choice, PROFILES[name])


@pytest.fixture
def ready(qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread) -> MedvlmPanel:
    """The panel with frames to ask about, and an engine that answers."""
    thread.script = events_of(reply())
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 1, timeout=PATIENCE)
    return panel


def ask(qtbot: Any, panel: MedvlmPanel, words: str) -> None:
    panel.ask_box.text.setFocus()
    qtbot.keyClicks(panel.ask_box.text, words)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        qtbot.keyClick(panel.ask_box.text, Qt.Key.Key_Return, CTRL)


# ---------------------------------------------------------------------- history and drafts


def test_the_arrow_keys_bring_questions_back_and_the_draft_last(
    qtbot: Any, ready: MedvlmPanel
) -> None:
    text = ready.ask_box.text
    for words in ("first?", "second?"):
        ask(qtbot, ready, words)
    qtbot.keyClicks(text, "a draft")
    seen = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, *[Qt.Key.Key_Down] * 3):
        qtbot.keyClick(text, key)
        seen.append(text.toPlainText())
    assert seen == ["second?", "first?", "first?", "second?", "a draft", "a draft"]


def test_within_several_lines_the_arrow_keys_move_the_cursor(
    qtbot: Any, ready: MedvlmPanel
) -> None:
    text = ready.ask_box.text
    ask(qtbot, ready, "first?")
    text.setFocus()
    qtbot.keyClicks(text, "one")
    qtbot.keyClick(text, Qt.Key.Key_Return)
    qtbot.keyClicks(text, "two")
    qtbot.keyClick(text, Qt.Key.Key_Up)
    assert text.toPlainText() == "one\ntwo"
    qtbot.keyClick(text, Qt.Key.Key_Up)
    assert text.toPlainText() == "first?"
    qtbot.keyClick(text, Qt.Key.Key_Down)
    assert text.toPlainText() == "one\ntwo"
    qtbot.keyClick(text, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert text.toPlainText() == "one\ntwo"


def test_a_draft_outlives_another_model_another_layer_and_an_edited_question(
    qtbot: Any, ready: MedvlmPanel, viewer: Any, scan_data: Any
) -> None:
    ask(qtbot, ready, "first?")
    qtbot.keyClicks(ready.ask_box.text, "a draft")
    ready.model_bar.add(other("chexone"))
    data, attributes, _ = scan_data
    ready.choose_layer(viewer.add_image(data, **attributes))
    assert ready.ask_box.words == "a draft"
    ready.conversation_view.views[0].edited.emit()
    assert ready.ask_box.words == "first?"
    qtbot.keyClick(ready.ask_box.text, Qt.Key.Key_Home)
    qtbot.keyClick(ready.ask_box.text, Qt.Key.Key_Up)
    assert ready.ask_box.words == "a draft"


def test_a_draft_outlives_its_panel(qtbot: Any, ready: MedvlmPanel, viewer: Any) -> None:
    qtbot.keyClicks(ready.ask_box.text, "a draft")
    viewer.window.remove_dock_widget("all")
    again = MedvlmPanel(viewer, thread=FakeThread(), models=(toy_offer(),))
    qtbot.addWidget(again)
    assert again.ask_box.words == "a draft"


# ---------------------------------------------------------------------- while an answer comes


def test_questions_wait_in_sight_and_are_taken_back_with_their_words(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    thread.script = []
    ready.ask("first?")
    box = ready.ask_box
    assert box.waiting.isHidden()
    box.text.setFocus()
    qtbot.keyClicks(box.text, "second?")
    assert "will wait" in box.button.toolTip()
    qtbot.keyClick(box.text, Qt.Key.Key_Return, CTRL)
    qtbot.waitUntil(lambda: not box.waiting.isHidden(), timeout=PATIENCE)
    assert box.waiting.words.text() == "1 question waits: “second?”"
    view = ready.conversation_view.views[1]
    assert view.meta.text().startswith("waiting its turn · 1 ahead")
    qtbot.keyClicks(box.text, "a draft")
    qtbot.mouseClick(box.waiting.back, Qt.MouseButton.LeftButton)
    assert box.words == "second?"
    assert box.waiting.isHidden()
    assert len(ready.conversation_view.views) == 1
    assert [one.text for one in thread.asked] == ["first?"]
    assert "a draft" in box.recall.asked


def test_esc_stops_what_runs_and_the_next_one_is_asked(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    thread.script = []
    ready.ask("first?")
    ready.choose_slices("2")
    ready.ask("second?")
    ready.choose_slices("5")  # frames are those of the moment of asking
    with qtbot.waitSignal(ready.replied, timeout=PATIENCE):
        qtbot.keyClick(ready.ask_box.text, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: len(thread.asked) == 2, timeout=PATIENCE)
    assert [frame.index for frame in thread.asked[1].frames] == [2]
    assert ready.busy


def test_a_follow_up_waits_for_what_it_follows(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    thread.script = []
    ready.ask("first?")
    ready.ask_box.follow.setChecked(True)
    assert ready.ask_box.follows
    ready.ask("and?")
    thread.finish(1, reply(answer="Yes."))
    qtbot.waitUntil(lambda: len(thread.asked) == 2, timeout=PATIENCE)
    (turn,) = thread.asked[1].history
    assert "Yes." in turn.reply


# ---------------------------------------------------------------------- tasks


def titles(panel: MedvlmPanel) -> list[str]:
    return [panel.ask_box.tasks.itemText(n) for n in range(panel.ask_box.tasks.count())]


def test_trained_tasks_come_first_and_general_ones_say_what_they_are(
    qtbot: Any, ready: MedvlmPanel
) -> None:
    ready.model_bar.add(other("chexone"))
    found = titles(ready)
    trained = [task.title for task in PROFILES["chexone"].tasks]
    assert found[: len(trained)] == trained
    head = found.index(GENERAL)
    assert found[head + 1 :] == [
        "Describe", "Report", "Multiple choice", "Compare, earlier and later", "Where is …",
        "What is in the region",
    ]  # fmt: skip
    tasks = ready.ask_box.tasks
    assert not tasks.model().item(head).isEnabled()
    role = Qt.ItemDataRole.AccessibleTextRole
    assert tasks.itemData(head + 1, role) == "Describe, general wording"
    tasks.setCurrentIndex(head + 1)
    assert "General wording, not trained" in tasks.toolTip()


def test_a_general_wording_is_sent_with_the_words_in_it(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    box = ready.ask_box
    ready.model_bar.add(other("medvlm-r1"))
    assert box.task_box.choose("where")
    assert "what is asked for: the nodule" in box.button.toolTip()
    assert box.text.placeholderText() == "the nodule"
    ask(qtbot, ready, "the lesion")
    assert box.task_box.choose("report")
    assert box.button.isEnabled()  # it asks something by itself
    with qtbot.waitSignal(ready.replied, timeout=PATIENCE):
        qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    first, second = thread.asked
    assert (first.task, first.text) == ("ask", "Where is the lesion?")
    assert second.text.startswith("Write a radiology report")


def test_the_text_of_the_turn_is_shown_as_it_is_sent(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    box = ready.ask_box
    qtbot.mouseClick(box.sent_head, Qt.MouseButton.LeftButton)
    assert box.as_sent.toPlainText() == "Type a question"
    qtbot.keyClicks(box.text, "Where is it?")
    assert box.as_sent.toPlainText() == "Where is it? Think first."
    ready.model_bar.add(other("medvlm-r1"))
    assert "<think>...</think>" in box.as_sent.toPlainText()
    with qtbot.waitSignal(ready.replied, timeout=PATIENCE):
        qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    exchange = ready.session.conversation.exchanges[-1]
    qtbot.keyClicks(box.text, "Where is it?")
    assert box.as_sent.toPlainText() == exchange.sent


def test_marks_that_are_typed_are_taken_out_and_that_is_said(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    box = ready.ask_box
    qtbot.mouseClick(box.sent_head, Qt.MouseButton.LeftButton)
    box.put("Does it end with <|im_end|>?")
    assert box.as_sent.toPlainText() == "Does it end with ? Think first."
    assert box.sent_remark.text() == (
        "“<|im_end|>” is a mark of the model's own prompt: it was taken out of your words."
    )
    qtbot.mouseClick(box.sent_head, Qt.MouseButton.LeftButton)
    assert not box.sent_remark.isVisible()
    with qtbot.waitSignal(ready.replied, timeout=PATIENCE):
        qtbot.mouseClick(box.button, Qt.MouseButton.LeftButton)
    assert "<|im_end|>" in box.line.text()
    assert ready.session.conversation.exchanges[-1].sent == "Does it end with ? Think first."


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "settings" / "templates.toml"
    monkeypatch.setenv("MEDVLM_CONFIG", str(path.parent))
    return path


def test_the_users_file_is_opened_in_an_editor_and_read_when_it_is_saved(
    qtbot: Any, own_file: Path, ready: MedvlmPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[QUrl] = []

    class Desktop:
        @staticmethod
        def openUrl(url: QUrl) -> bool:
            opened.append(url)
            return True

    monkeypatch.setattr(template_file, "QDesktopServices", Desktop)
    box = ready.ask_box
    qtbot.mouseClick(box.task_box.edit, Qt.MouseButton.LeftButton)
    assert [url.toLocalFile() for url in opened] == [str(own_file)]
    assert own_file.is_file()
    qtbot.keyClicks(box.text, "a draft")
    # As editors do it: another file takes its name.
    fresh = own_file.with_suffix(".new")
    fresh.write_text('[side]\ntitle = "Side"\ntext = "Which side?"\nchoices = ["L", "R"]\n')
    fresh.replace(own_file)
    qtbot.waitUntil(lambda: "Side" in titles(ready), timeout=PATIENCE)
    assert box.words == "a draft"
    assert box.task_box.choose("my-side")  # the toy has a task of that key
    assert box.options.rows == ("L", "R")
    own_file.write_text('[side]\ntitle = "Side"\ntext = "Where is {organ}?"\n')
    qtbot.waitUntil(lambda: "line 3: unknown {organ}" in box.line.text(), timeout=PATIENCE)
    assert "Report" in titles(ready)


def test_without_an_editor_the_place_of_the_file_is_told(
    qtbot: Any, own_file: Path, ready: MedvlmPanel, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Desktop:
        @staticmethod
        def openUrl(url: QUrl) -> bool:
            return False

    monkeypatch.setattr(template_file, "QDesktopServices", Desktop)
    qtbot.mouseClick(ready.ask_box.task_box.edit, Qt.MouseButton.LeftButton)
    assert ready.ask_box.line.text() == f"No editor opened; the templates are in {own_file}."


# ---------------------------------------------------------------------- options


def test_options_are_typed_with_keys_alone(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    box = ready.ask_box
    qtbot.keyClicks(box.text, "Which side?")
    box.options_button.click()
    assert "two options at least" in box.button.toolTip()
    options = box.options
    options.edits[0].setFocus()
    qtbot.keyClicks(options.edits[0], "left")
    qtbot.keyClick(options.edits[0], Qt.Key.Key_Return)
    assert len(options.rows) == 3  # a row below, with the cursor in it
    assert options.focusWidget() is options.edits[1]
    qtbot.keyClicks(options.edits[1], "right")
    qtbot.keyClick(options.edits[1], Qt.Key.Key_Down)
    assert options.focusWidget() is options.edits[2]
    qtbot.keyClick(options.edits[2], Qt.Key.Key_Backspace)
    assert options.rows == ("left", "right")
    assert options.focusWidget() is options.edits[1]
    assert options.edits[1].accessibleName() == "Option B"
    with qtbot.waitSignal(ready.replied, timeout=PATIENCE):
        qtbot.keyClick(options.edits[1], Qt.Key.Key_Return, CTRL)
    assert thread.asked[0].choices == (("A", "left"), ("B", "right"))
    # What it shows of an earlier question is that one's.
    options.show_rows(("x", "y", "z"))
    ready.conversation_view.views[0].edited.emit()
    assert options.rows == ("left", "right")


def test_a_pasted_list_fills_the_rows(qtbot: Any, ready: MedvlmPanel) -> None:
    box = ready.ask_box
    box.task_box.choose("options")
    assert not box.options.isHidden()
    QApplication.clipboard().setText("A) left\nB) right\nC) both")
    first = box.options.edits[0]
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_V, CTRL)
    assert box.options.rows == ("left", "right", "both")
    assert box.options.focusWidget() is box.options.edits[2]
    QApplication.clipboard().setText(" lungs ")
    qtbot.keyClick(box.options.edits[2], Qt.Key.Key_V, CTRL)
    assert box.options.rows[2] == "bothlungs"
    for _ in range(12):
        box.options.add.click()
    assert len(box.options.rows) == 10
    assert not box.options.add.isEnabled()


def test_empty_rows_close_with_their_task_and_filled_ones_stay(
    qtbot: Any, ready: MedvlmPanel
) -> None:
    box = ready.ask_box
    box.task_box.choose("options")
    box.task_box.choose("ask")
    assert box.options.isHidden()
    box.task_box.choose("options")
    box.options.edits[0].setText("left")
    box.task_box.choose("ask")
    assert not box.options.isHidden()


# ---------------------------------------------------------------------- settings


def test_each_model_has_its_own_mode(qtbot: Any, ready: MedvlmPanel) -> None:
    box = ready.ask_box
    assert box.mode == "reasoning"
    ready.model_bar.add(other("internvl"))
    assert box.mode == "instruct"  # as its profile begins
    ready.model_bar.models.setCurrentIndex(0)
    assert box.mode == "reasoning"
    box.instruct.setChecked(True)
    ready.model_bar.models.setCurrentIndex(1)
    box.reasoning.setChecked(True)
    ready.model_bar.models.setCurrentIndex(0)
    assert box.mode == "instruct"


def test_settings_begin_as_the_authors_run_each_model_and_are_its_own(
    qtbot: Any, ready: MedvlmPanel, thread: FakeThread
) -> None:
    box = ready.ask_box.generation
    assert box.isHidden()
    assert box.generation == Generation(max_new_tokens=512)
    qtbot.mouseClick(ready.ask_box.settings_head, Qt.MouseButton.LeftButton)
    assert not box.isHidden()
    assert not box.top_p.isEnabled()
    box.temperature.setValue(0.7)
    box.penalty.setValue(1.1)
    box.seed.setValue(4)
    assert box.top_p.isEnabled()
    assert "temperature 0.7 (theirs: 0)" in box.note.text()
    assert ready.ask_box.settings_head.text() == "settings (changed)"
    ready.model_bar.add(other("chexone"))
    assert box.generation == Generation(max_new_tokens=1024)
    assert ready.ask_box.settings_head.text() == "settings"
    ready.model_bar.models.setCurrentIndex(0)
    ask(qtbot, ready, "where?")
    own = Generation(512, temperature=0.7, repetition_penalty=1.1, seed=4)
    assert thread.asked[0].generation == own
    qtbot.mouseClick(box.reset, Qt.MouseButton.LeftButton)
    assert box.generation == Generation(max_new_tokens=512)
    assert box.note.isHidden()


def test_the_question_stays_in_sight_whatever_is_chosen_above_it(
    qtbot: Any, ready: MedvlmPanel
) -> None:
    box = ready.ask_box
    for shown in (box.text, box.button):
        qtbot.waitUntil(
            lambda w=shown: w.visibleRegion().boundingRect().size() == w.size(), timeout=PATIENCE
        )

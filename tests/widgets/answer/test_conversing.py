"""A conversation belongs to the scans that are shown; a follow-up sends its own turns alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt

from asking.scans import ct
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.models.catalog import PROFILES
from napari_medvlm.widgets import MedvlmPanel

from ..fakes import FakeThread, events_of, reply, toy_offer

pytestmark = pytest.mark.window
PATIENCE = 30_000


@pytest.fixture
def other(viewer: Any, panel: MedvlmPanel, scan: Any) -> Any:
    """Another person's scan, opened beside the first."""
    data, attributes, _ = layer_data(ct((8, 40, 64), name="other"))
    return viewer.add_image(data, **{**attributes, "name": "other"})


def _shown(qtbot: Any, panel: MedvlmPanel, layer: Any) -> None:
    panel.choose_layer(layer)
    name = f"{layer.name} · "
    qtbot.waitUntil(lambda: panel.conversation_bar.words.text().startswith(name), timeout=PATIENCE)


def _ask(qtbot: Any, panel: MedvlmPanel, thread: FakeThread, words: str, answer: str) -> None:
    thread.script = events_of(reply(answer=answer))
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask(words)


def _asked(panel: MedvlmPanel) -> list[str]:
    return [view.asked.text() for view in panel.conversation_view.views]


def test_a_follow_up_about_another_scan_sends_nothing_of_the_first(
    qtbot: Any, panel: MedvlmPanel, scan: Any, other: Any, thread: FakeThread
) -> None:
    _shown(qtbot, panel, scan)
    _ask(qtbot, panel, thread, "first?", "one")
    panel.ask_box.follow.setChecked(True)
    assert panel.ask_box.follows
    _shown(qtbot, panel, other)
    assert _asked(panel) == []
    assert not panel.ask_box.follow.isEnabled()
    _ask(qtbot, panel, thread, "second?", "two")
    assert thread.asked[-1].history == ()
    assert _asked(panel) == ["second?"]
    _ask(qtbot, panel, thread, "third?", "three")
    assert [turn.reply for turn in thread.asked[-1].history] == [reply(answer="two").raw]
    _shown(qtbot, panel, scan)
    assert _asked(panel) == ["first?"]
    assert "one" in panel.conversation_view.views[0].answer.text()
    _ask(qtbot, panel, thread, "fourth?", "four")
    assert [turn.reply for turn in thread.asked[-1].history] == [reply(answer="one").raw]


def test_asking_at_once_after_choosing_another_scan_sends_nothing_of_the_first(
    qtbot: Any, panel: MedvlmPanel, scan: Any, other: Any, thread: FakeThread
) -> None:
    _shown(qtbot, panel, scan)
    _ask(qtbot, panel, thread, "first?", "one")
    panel.ask_box.follow.setChecked(True)
    panel.choose_layer(other)
    _ask(qtbot, panel, thread, "second?", "two")  # before its frames were prepared
    assert {frame.source for frame in thread.asked[-1].frames} != {
        frame.source for frame in thread.asked[0].frames
    }
    assert thread.asked[-1].history == ()


def test_what_a_follow_up_sends_stands_in_a_line(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    _shown(qtbot, panel, scan)
    panel.choose_slices("even:3")
    _ask(qtbot, panel, thread, "first?", "one")
    assert panel.ask_box.follow_words.text() == ""
    assert not any(button.chip.topic == "turns" for button in panel.chips.buttons)
    panel.ask_box.follow.setChecked(True)
    words = panel.ask_box.follow_words
    assert words.text().startswith("Follow-up sends 1 earlier turn with 3 images")
    assert words.isVisible()
    (chip,) = (b.chip for b in panel.chips.buttons if b.chip.topic == "turns")
    assert chip.sentence == (
        "demo (toy) was trained on single questions; 1 earlier turn is sent along."
    )
    panel.choose_slices("2")
    _ask(qtbot, panel, thread, "second?", "two")
    assert words.text().startswith("Follow-up sends 2 earlier turns with 4 images")
    panel.ask_box.follow.setChecked(False)
    assert words.text() == ""


def test_a_new_conversation_begins_empty_and_the_earlier_one_is_in_the_list(
    qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    bar = panel.conversation_bar
    _shown(qtbot, panel, scan)
    assert not bar.new.isEnabled()
    assert not bar.earlier.isEnabled()
    _ask(qtbot, panel, thread, "first & <b>?", "one")
    _ask(qtbot, panel, thread, "second?", "two")
    panel.ask_box.follow.setChecked(True)
    qtbot.mouseClick(bar.new, Qt.MouseButton.LeftButton)
    assert _asked(panel) == []
    assert bar.words.text() == "ct · no question yet"
    assert panel.ask_box.follow_words.text() == ""
    _ask(qtbot, panel, thread, "third?", "three")
    assert thread.asked[-1].history == ()
    assert _asked(panel) == ["third?"]
    assert bar.earlier.text() == "earlier (1) ▾"
    newest, oldest = bar.menu.actions()
    assert (newest.isChecked(), oldest.isChecked()) == (True, False)
    assert oldest.text() == "2 questions · demo (toy): first && <b>?"
    oldest.trigger()
    assert _asked(panel) == ["first & <b>?", "second?"]
    _ask(qtbot, panel, thread, "fourth?", "four")
    assert len(thread.asked[-1].history) == 2
    assert bar.words.text() == "ct · 3 questions"


def test_an_answer_that_comes_to_another_conversation_is_there_when_one_comes_back(
    qtbot: Any, panel: MedvlmPanel, scan: Any, other: Any, thread: FakeThread
) -> None:
    _shown(qtbot, panel, scan)
    panel.ask("slow?")
    _shown(qtbot, panel, other)
    assert _asked(panel) == []
    thread.finish(1, reply(answer="there it is"))
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    assert _asked(panel) == []
    _shown(qtbot, panel, scan)
    assert panel.conversation_view.views[0].answer.text() == "there it is"


def test_answers_of_another_model_are_shown_and_not_sent(
    qtbot: Any, viewer: Any, scan_data: Any
) -> None:
    thread = FakeThread()
    toy = toy_offer()
    second = replace(
        toy,
        label="CheXOne",
        choice=replace(toy.choice, path="elsewhere"),
        profile=PROFILES["chexone"],
    )
    panel = MedvlmPanel(viewer, thread=thread, models=(toy, second))
    viewer.window.add_dock_widget(panel, name="medvlm")
    data, attributes, _ = scan_data
    _shown(qtbot, panel, viewer.add_image(data, **attributes))
    _ask(qtbot, panel, thread, "first?", "one")
    panel.ask_box.follow.setChecked(True)
    panel.model_bar.add(second)  # as when it was chosen: it is asked from now on
    assert panel.model_bar.chosen is not None
    assert panel.model_bar.chosen.label == "CheXOne"
    assert _asked(panel) == ["first?"]
    assert not panel.ask_box.follow.isEnabled()
    _ask(qtbot, panel, thread, "second?", "two")
    assert thread.asked[-1].history == ()
    panel.ask_box.follow.setChecked(True)
    said = panel.ask_box.follow_words.text()
    assert said.startswith("Follow-up sends 1 earlier turn")
    assert said.endswith("1 answer of another model is not sent.")


def test_conversations_of_an_earlier_sitting_are_apart_again(
    qtbot: Any, viewer: Any, scan_data: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MEDVLM_JOURNAL", str(tmp_path / "journal.sqlite"))
    thread = FakeThread()

    def opened() -> MedvlmPanel:
        panel = MedvlmPanel(viewer, thread=thread, models=(toy_offer(),))
        viewer.window.add_dock_widget(panel, name="medvlm")
        data, attributes, _ = scan_data
        _shown(qtbot, panel, viewer.add_image(np.array(data), **attributes))
        qtbot.waitUntil(lambda: not panel.session.keeper.waiting, timeout=PATIENCE)
        return panel

    panel = opened()
    _ask(qtbot, panel, thread, "first?", "one")
    qtbot.mouseClick(panel.conversation_bar.new, Qt.MouseButton.LeftButton)
    _ask(qtbot, panel, thread, "second?", "two")
    panel.session.keeper.wait()
    viewer.window.remove_dock_widget("all")
    viewer.layers.clear()
    panel = opened()
    qtbot.waitUntil(lambda: bool(panel.conversation_view.views), timeout=PATIENCE)
    assert _asked(panel) == ["second?"]
    assert panel.conversation_bar.earlier.text() == "earlier (1) ▾"
    panel.ask_box.follow.setChecked(True)
    _ask(qtbot, panel, thread, "third?", "three")
    assert [turn.reply for turn in thread.asked[-1].history] == [reply(answer="two").raw]
    panel.conversation_bar.menu.actions()[-1].trigger()
    assert _asked(panel) == ["first?"]
    panel.session.keeper.wait()
    from napari_medvlm.records import Journal

    with Journal(tmp_path / "journal.sqlite") as journal:
        kept = [(one.questions, one.first) for one in journal.conversations()]
    assert kept == [(1, "first?"), (2, "second?")]

"""The panel with the real engine and a real (if untrained) checkpoint, child process included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import Qt

from asking.scans import ct
from napari_medvlm.asking import Exchange, Stage, model_offer
from napari_medvlm.engine import ModelThread
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.widgets import MedvlmPanel

pytestmark = pytest.mark.window

CHECKPOINT = Path(__file__).parents[1] / "oracles" / "chexone" / "checkpoint"
#: A busy machine needs its time to start a process that imports the model's library.
PATIENCE = 180_000
SHORT = 24


@pytest.fixture
def engine() -> Iterator[ModelThread]:
    made = ModelThread()
    yield made
    made.close()


@pytest.fixture
def live(viewer: Any, engine: ModelThread) -> MedvlmPanel:
    offer = model_offer(CHECKPOINT)
    # Untrained weights find no end by themselves.
    offer = replace(offer, profile=replace(offer.profile, max_new_tokens=SHORT))
    panel = MedvlmPanel(viewer, thread=engine, models=(offer,))
    viewer.window.add_dock_widget(panel, name="medvlm")
    return panel


def _answer(qtbot: Any, panel: MedvlmPanel, words: str) -> Exchange:
    panel.ask(words)
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    return panel.session.conversation.exchanges[-1]


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_question_is_answered_stopped_and_the_process_ends_with_the_panel(
    qtbot: Any, viewer: Any, live: MedvlmPanel, engine: ModelThread
) -> None:

    data, attributes, _ = layer_data(ct())
    viewer.add_image(data, **attributes)
    live.choose_slices("even:2")
    exchange = _answer(qtbot, live, "What is the view of this chest X-ray?")
    assert exchange.stage is Stage.DONE, exchange.status_words(0)
    assert exchange.reply is not None
    assert 0 < exchange.reply.new_tokens <= SHORT
    assert live.model_bar.state.text().startswith("ready · CPU")

    live.ask("And what else?")
    # So short an answer may come whole between two looks.
    qtbot.waitUntil(lambda: engine.state.status == "answering" or not live.busy, timeout=PATIENCE)
    live.stop()
    qtbot.waitUntil(lambda: not live.busy, timeout=PATIENCE)
    assert live.session.conversation.exchanges[-1].stage in (Stage.STOPPED, Stage.DONE)

    pid = engine.state.pid
    assert pid is not None
    viewer.window.remove_dock_widget(live)
    qtbot.waitUntil(lambda: _gone(pid), timeout=PATIENCE)


def test_escape_ends_an_answer_that_would_go_on(
    qtbot: Any, viewer: Any, engine: ModelThread
) -> None:
    """How soon is counted in tests/models: at most two tokens after the flag is up."""
    data, attributes, _ = layer_data(ct())
    viewer.add_image(data, **attributes)
    offer = model_offer(CHECKPOINT)
    panel = MedvlmPanel(viewer, thread=engine, models=(offer,))
    viewer.window.add_dock_widget(panel, name="medvlm")
    panel.choose_slices("even:2")
    long = 4000
    panel.ask_box.generation.tokens.setValue(long)
    panel.ask("What do you see?")  # goes on for thousands of tokens
    qtbot.waitUntil(lambda: panel.session.conversation.exchanges[-1].tokens > 3, timeout=PATIENCE)
    qtbot.keyClick(panel, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    exchange = panel.session.conversation.exchanges[-1]
    assert exchange.stage is Stage.STOPPED
    assert exchange.reply is not None
    assert 3 < exchange.reply.new_tokens < long
    assert exchange.reply.raw


def test_questions_asked_while_the_model_loads_wait_and_follow(
    qtbot: Any, viewer: Any, live: MedvlmPanel, engine: ModelThread
) -> None:
    data, attributes, _ = layer_data(ct())
    viewer.add_image(data, **attributes)
    live.ask_box.generation.tokens.setValue(SHORT)
    live.ask("What is the view of this chest X-ray?")
    assert engine.state.status != "answering"
    live.ask_box.follow.setChecked(True)
    assert live.ask("And what else?") == 0
    (view,) = live.conversation_view.views[1:]
    assert "1 ahead · follows it" in view.meta.text()
    qtbot.waitUntil(lambda: not live.busy, timeout=PATIENCE)
    first, second = live.session.conversation.exchanges
    assert (first.stage, second.stage) == (Stage.DONE, Stage.DONE), second.status_words(0)
    assert first.turn is not None
    assert [turn.reply for turn in second.question.history] == [first.turn.reply]
    assert second.reply is not None
    # The conversation's cache is good for all that it follows.
    assert second.reply.reused_tokens > 0


def test_a_model_is_loaded_and_unloaded_by_hand(
    qtbot: Any, live: MedvlmPanel, engine: ModelThread
) -> None:
    holding = live.session.holding
    assert live.model_bar.chosen is not None
    holding.load(live.model_bar.chosen)
    qtbot.waitUntil(lambda: "is loaded on the CPU in float32" in holding.words, timeout=PATIENCE)
    pid, held = engine.state.pid, engine.state.memory_bytes
    assert pid is not None
    assert held > 0
    qtbot.waitUntil(lambda: live.model_bar.state.text().startswith("ready"), timeout=PATIENCE)
    live.managing.unload()
    assert holding.words.endswith("freed on the CPU.")
    qtbot.waitUntil(lambda: _gone(pid), timeout=PATIENCE)
    qtbot.waitUntil(lambda: live.model_bar.state.text() == "not loaded", timeout=PATIENCE)

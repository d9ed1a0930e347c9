"""The way of one question, whole: real viewer, real panel, real engine, the toy model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from napari_medvlm.asking import Stage
from napari_medvlm.asking.answer.scoring import best_overlap, true_boxes
from napari_medvlm.demo.files import sample_path
from napari_medvlm.widgets import MedvlmPanel

pytestmark = pytest.mark.window

PATIENCE = 180_000


@pytest.fixture
def panel(viewer: Any) -> MedvlmPanel:
    viewer.open(sample_path("chest_ct"), plugin="napari-medvlm")
    made = MedvlmPanel(viewer)
    viewer.window.add_dock_widget(made, name="medvlm")
    made.choose_model("demo")
    return made


def test_the_drawn_box_lies_on_the_true_lesion(qtbot: Any, viewer: Any, panel: MedvlmPanel) -> None:
    truth = true_boxes(json.loads(sample_path("truth.json").read_text())["chest_ct"])
    panel.choose_slices("0,11,22,33")
    panel.ask("Where is the nodule?")
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    exchange = panel.session.conversation.exchanges[-1]
    assert exchange.stage is Stage.DONE, exchange.status_words(0)
    assert "Image 3" in exchange.reply.reasoning

    (placed,) = exchange.boxes
    assert placed.index == 22
    assert best_overlap(placed, truth) > 0.5

    drawn = viewer.layers["findings"].data
    assert len(drawn) == 1
    corners = np.asarray(drawn[0])
    assert np.allclose(corners[:, 0], 22)
    # Back from napari's pixel centres to the pixel edges that the truth is given in.
    y0, x0 = corners[:, 1:].min(axis=0) + 0.5
    y1, x1 = corners[:, 1:].max(axis=0) + 0.5
    assert np.allclose(placed.box, (x0, y0, x1, y1), atol=1e-3)
    assert viewer.dims.current_step[0] == 22

    panel.choose_slices("0,5,11")
    panel.ask("Is there a nodule?")
    qtbot.waitUntil(lambda: not panel.busy, timeout=PATIENCE)
    reply = panel.session.conversation.exchanges[-1].reply
    assert reply.answer == "no"
    assert not reply.boxes

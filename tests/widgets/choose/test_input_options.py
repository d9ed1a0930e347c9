"""What the panel sends begins as the model was trained, and can be changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from asking.scans import clip, ct
from napari_medvlm.imaging import Volume
from napari_medvlm.imaging.layers import layer_data
from napari_medvlm.models import PROFILES
from napari_medvlm.widgets import MedvlmPanel
from napari_medvlm.widgets.choose.input_options import InputOptions

from ..fakes import toy_offer

pytestmark = pytest.mark.window

FLEMING = PROFILES["fleming-vl-8b"]
PATIENCE = 30_000


def test_the_boxes_begin_as_trained_and_hide_where_they_mean_nothing(qtbot: Any) -> None:
    options = InputOptions()
    qtbot.addWidget(options)
    assert options.isHidden()
    source = ct()
    options.follow(FLEMING.contract, [source])
    assert (options.scaling_of(ct()), options.in_tiles) == ("slice_extremes", False)
    assert not options.isHidden()
    with qtbot.waitSignal(options.changed):
        options.own.setChecked(False)
    options.follow(FLEMING.contract, [source])
    assert options.scaling_of(source) == "window"  # the user's choice stays
    options.tiles.setChecked(True)
    assert options.in_tiles
    film = clip()
    options.follow(FLEMING.contract, [film])
    assert (options.scaling_of(film), options.in_tiles) == ("window", False)
    assert options.isHidden()
    single = Volume(np.zeros((1, 4, 4), np.int16), np.eye(4))
    options.follow(FLEMING.contract, [single])
    assert options.own.isHidden()
    assert options.scaling_of(single) == "window"
    options.follow(PROFILES["demo"].contract, [ct()])
    assert options.isHidden()


def test_the_panel_follows_the_model(
    qtbot: Any, panel: MedvlmPanel, scan: Any, viewer: Any
) -> None:
    offer = replace(toy_offer(), label=FLEMING.title, profile=FLEMING)
    panel.model_bar.add(offer)
    panel.choose_slices("even:11")
    assert panel.source_box.parts()[0].selection.scaling == "slice_extremes"
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 10, timeout=PATIENCE)
    panel.source_box.options.tiles.setChecked(True)
    panel.ask_box.text.setPlainText("What is it?")
    question = panel._compose(offer).question
    assert question.tiles
    assert all(frame.window is None for frame in question.frames)
    data, attributes, _ = layer_data(clip())
    viewer.add_image(data, **attributes)
    panel.source_box.slices.evenly.setChecked(True)
    assert panel.source_box.slices.choice.kind == "segments"
    assert panel.source_box.slices.number.value() == 32

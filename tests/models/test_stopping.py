"""Stop: how many tokens still come after the flag is up, with a real model."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from napari_medvlm.dialogue import Generation, Question, Replied, Token
from napari_medvlm.models import open_model
from napari_medvlm.models.store import DEMO_FOLDER


@pytest.mark.parametrize("seen", [1, 5, 20])
def test_at_most_two_tokens_come_after_stop(seen: int) -> None:
    model = open_model(DEMO_FOLDER, profile="demo")
    # So hot that it hardly ever ends by itself.
    endless = Generation(max_new_tokens=200, temperature=20.0, seed=3)
    frame = np.zeros((64, 64, 3), np.uint8)
    question = Question("Where is the nodule?", (frame,), generation=endless)
    told = threading.Event()
    count = 0
    for event in model.stream(question, told.is_set):
        if isinstance(event, Token):
            count = event.count
            if count >= seen:
                told.set()
        if isinstance(event, Replied):
            assert event.reply.finish_reason == "stopped"
            assert seen <= event.reply.new_tokens <= seen + 2
    assert told.is_set()
    assert count <= seen + 2

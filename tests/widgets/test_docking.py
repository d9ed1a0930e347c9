"""A panel that is taken out of its dock rests, and works again in another one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer

from .fakes import events_of, reply

pytestmark = pytest.mark.window

PATIENCE = 30_000


def _running(panel: Any) -> list[QTimer]:
    return [timer for timer in panel.findChildren(QTimer) if timer.isActive()]


def test_nothing_of_a_panel_without_a_window_goes_on(qtbot: Any, viewer: Any, panel: Any) -> None:
    assert _running(panel)
    viewer.window.remove_dock_widget(panel)
    assert _running(panel) == []
    viewer.add_image(np.zeros((4, 8, 8), np.int16))
    viewer.dims.set_point(0, 2)
    viewer.layers[0].contrast_limits = (1, 5)
    assert _running(panel) == []
    assert panel.source_box.layers.count() == 0


def test_docked_again_it_knows_what_was_opened_meanwhile(
    qtbot: Any, viewer: Any, panel: Any, thread: Any, scan_data: Any
) -> None:
    viewer.window.remove_dock_widget(panel)
    data, attributes, _ = scan_data
    viewer.add_image(data, **attributes)
    viewer.window.add_dock_widget(panel, name="again")
    assert panel.source_box.layers.count() == 1
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    thread.script = events_of(reply())
    panel.ask("Is there a nodule?")
    qtbot.waitUntil(lambda: panel.last_reply is not None, timeout=PATIENCE)

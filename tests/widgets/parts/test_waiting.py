"""Waiting for work in a real window: the bar, its button, and what comes of the work."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QWidget

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging.progress import Cancelled, Step
from napari_medvlm.widgets.parts.waiting import ProgressBox, wait_for

pytestmark = pytest.mark.window


@pytest.fixture
def window(qtbot: Any) -> QWidget:
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def when_shown(act: Any) -> None:
    """Call ``act`` with the progress box as soon as it stands."""

    def look() -> None:
        for box in QApplication.topLevelWidgets():
            if isinstance(box, ProgressBox) and box.isVisible():
                act(box)
                return
        QTimer.singleShot(20, look)

    QTimer.singleShot(0, look)


def test_short_work_shows_no_bar(qapp, window):
    assert wait_for(lambda progress: 7, "Looking", window) == 7
    assert not [w for w in qapp.topLevelWidgets() if isinstance(w, ProgressBox) and w.isVisible()]


def test_an_error_comes_out_where_it_was_waited_for(window):
    def work(progress: Any) -> None:
        raise ImagingError("It is broken.")

    with pytest.raises(ImagingError, match="It is broken"):
        wait_for(work, "Looking", window)


def test_the_bar_says_how_far_it_is(window):
    go_on = threading.Event()

    def work(progress: Any) -> str:
        progress(Step(340, 2000, "reading headers"))
        go_on.wait(20)
        return "found"

    seen = []

    def look(box: ProgressBox) -> None:
        def read() -> None:
            if box.bar.maximum() != 2000:
                QTimer.singleShot(20, read)
                return
            seen.append((box.words.text(), box.bar.value(), box.bar.maximum()))
            go_on.set()

        read()

    when_shown(look)
    assert wait_for(work, "Looking", window, at_once=True) == "found"
    assert seen == [("Reading headers: 340 of 2000", 340, 2000)]


@pytest.mark.parametrize("by", ["button", "window"])
def test_cancel_and_closing_end_the_waiting_at_once_and_the_thread_at_its_next_step(window, by):
    go_on, ended = threading.Event(), threading.Event()

    def work(progress: Any) -> None:
        go_on.wait(20)
        try:
            progress(Step(0, 0, "reading"))
        except Cancelled:
            ended.set()
            raise

    def cancel(box: ProgressBox) -> None:
        if by == "window":
            window.close()
        else:
            box.buttons.button(QDialogButtonBox.StandardButton.Cancel).click()

    when_shown(cancel)
    with pytest.raises(Cancelled):
        wait_for(work, "Looking", window, at_once=True)
    go_on.set()
    assert ended.wait(10)

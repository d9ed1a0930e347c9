"""Waiting for work in a real window: the bar, its button, and what comes of the work."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QApplication, QDialogButtonBox, QWidget

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging.glance import Glance
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


def one_slice() -> Glance:
    return Glance(np.arange(40 * 30 * 3, dtype=np.uint8).reshape(40, 30, 3))


def test_a_glance_is_in_the_box_while_the_work_goes_on(window):
    go_on = threading.Event()

    def work(progress: Any) -> str:
        progress(Step(3, 300, "looking at files"))
        go_on.wait(20)
        return "found"

    seen = []

    def look(box: ProgressBox) -> None:
        if not box.glance.isVisible() or "300" not in box.glance.caption.text():
            QTimer.singleShot(20, lambda: look(box))
            return
        size = box.glance.picture.pixmap().size()
        seen.append((box.glance.caption.text(), size.height(), size.width()))
        go_on.set()

    when_shown(look)
    assert wait_for(work, "Looking", window, at_once=True, glance=one_slice) == "found"
    assert seen == [("One slice of 300 files, not yet placed", 256, 192)]


def test_while_the_number_of_files_is_unknown_none_is_told(qtbot):
    box = ProgressBox("Looking")
    qtbot.addWidget(box)
    box.glance.show_glance(one_slice())
    box.show_step(None)
    assert box.glance.caption.text() == "One slice, not yet placed"
    box.show_step(Step(0, 1, "looking at files"))
    assert box.glance.caption.text() == "One slice of 1 file, not yet placed"


def test_short_work_is_done_without_a_glance(window):
    asked: list[int] = []
    assert wait_for(lambda progress: 7, "Looking", window, glance=lambda: asked.append(1)) == 7
    assert asked == []


def test_nobody_waits_for_a_glance(window):
    go_on, begun = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go_on.wait(20)

    def work(progress: Any) -> str:
        begun.wait(20)
        return "found"

    assert wait_for(work, "Looking", window, at_once=True, glance=slow) == "found"
    assert not go_on.is_set()
    go_on.set()


def test_without_a_glance_the_box_is_as_it_was(window):
    go_on = threading.Event()
    seen = []

    def look(box: ProgressBox) -> None:
        seen.append(box.glance.isVisible())
        go_on.set()

    when_shown(look)
    wait_for(lambda _: go_on.wait(20), "Looking", window, at_once=True, glance=lambda: None)
    assert seen == [False]

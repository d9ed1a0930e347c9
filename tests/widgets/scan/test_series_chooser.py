"""The series chooser in a real window, driven through its own controls."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QDialog

from napari_medvlm.errors import ImagingError
from napari_medvlm.imaging.scan import Entry, Found, LeftOut
from napari_medvlm.widgets.parts.hosting import window_of
from napari_medvlm.widgets.scan.series_chooser import THUMBNAIL, SeriesChooser, thumbnail

pytestmark = pytest.mark.window

PATIENCE = 30_000
GREY = np.full((20, 10, 3), 200, np.uint8)


def entry(name: str, shape: tuple[int, ...] = (5, 20, 10), **more: Any) -> Entry:
    def opener(*, lazy: bool, progress: Any) -> Any:
        raise AssertionError("choosing reads no pixels")

    return Entry(
        kind="volume", name=name, shape=shape, opener=opener, **{"preview": lambda: GREY} | more
    )


def middle_colour(item: Any) -> tuple[int, ...]:
    image = item.icon(0).pixmap(THUMBNAIL, THUMBNAIL).toImage()
    return image.pixelColor(image.width() // 2, image.height() // 2).getRgb()[:3]


@pytest.fixture
def chooser(qtbot: Any, viewer: Any) -> Any:
    made: list[SeriesChooser] = []

    def make(*entries: Entry, left_out: tuple[LeftOut, ...] = ()) -> SeriesChooser:
        dialog = SeriesChooser(Found(entries, left_out), window_of(viewer))
        qtbot.addWidget(dialog)
        dialog.show()
        made.append(dialog)
        return dialog

    yield make
    for dialog in made:
        dialog.reject()
        qtbot.waitUntil(lambda d=dialog: not d._previews._thread.is_alive(), timeout=PATIENCE)


def test_the_largest_series_is_selected_and_opened_by_the_button(qtbot, chooser):
    dialog = chooser(entry("scout", (2, 9, 9)), entry("thin", (300, 9, 9)), entry("thick"))
    assert [e.name for e in dialog.chosen] == ["thin"]
    assert dialog.open_button.text() == "Open 1 series"
    qtbot.mouseClick(dialog.open_button, Qt.MouseButton.LeftButton)
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_several_can_be_selected_and_all_of_them(qtbot, chooser):
    dialog = chooser(entry("a"), entry("b"), entry("c"))
    dialog.items[2].setSelected(True)
    assert [e.name for e in dialog.chosen] == ["a", "c"]
    assert dialog.open_button.text() == "Open 2 series"
    qtbot.mouseClick(dialog.all_button, Qt.MouseButton.LeftButton)
    assert len(dialog.chosen) == 3
    dialog.list.clearSelection()
    assert not dialog.open_button.isEnabled()


def test_thumbnails_come_one_by_one_and_a_broken_one_stays_black(qtbot, chooser):
    def broken() -> Any:
        raise ImagingError("It is broken.")

    dialog = chooser(entry("a"), entry("b", preview=broken), entry("c"))
    qtbot.waitUntil(lambda: middle_colour(dialog.items[2]) == (200,) * 3, timeout=PATIENCE)
    assert middle_colour(dialog.items[0]) == (200,) * 3
    assert middle_colour(dialog.items[1]) == (0,) * 3


def test_a_slow_thumbnail_blocks_nothing_and_closing_ends_the_thread(qtbot, chooser):
    go_on, asked = threading.Event(), []

    def slow() -> Any:
        asked.append("slow")
        go_on.wait(20)
        return GREY

    def never() -> Any:
        asked.append("never")
        return GREY

    dialog = chooser(entry("a", preview=slow), entry("b", preview=never))
    qtbot.waitUntil(lambda: asked == ["slow"], timeout=PATIENCE)
    qtbot.mouseClick(dialog.all_button, Qt.MouseButton.LeftButton)
    assert len(dialog.chosen) == 2
    dialog.reject()
    go_on.set()
    qtbot.waitUntil(lambda: not dialog._previews._thread.is_alive(), timeout=PATIENCE)
    assert asked == ["slow"]


def test_remarks_of_the_current_series_are_shown_in_full(chooser):
    dialog = chooser(entry("a", remarks=("First.", "Second.")), entry("b", remarks=("Third.",)))
    assert dialog.details.text() == "First.\nSecond."
    dialog.list.setCurrentItem(dialog.items[1])
    assert dialog.details.text() == "Third."


def test_left_out_files_are_folded_until_asked_for(qtbot, chooser):
    dialog = chooser(entry("a"), left_out=(LeftOut(Path("b/IM7"), "A header.", broken=True),))
    assert dialog.fold.text() == "1 file left out, 1 of them damaged or unreadable"
    assert not dialog.left_out.isVisible()
    qtbot.mouseClick(dialog.fold, Qt.MouseButton.LeftButton)
    assert dialog.left_out.isVisible()
    row = dialog.left_out.topLevelItem(0)
    assert (row.text(0), row.text(1)) == ("IM7", "A header.")
    assert not chooser(entry("a")).fold.isVisible()


def test_studies_have_a_column_only_when_there_are_several(chooser):
    assert chooser(entry("a", study="1"), entry("b", study="1")).list.isColumnHidden(5)
    assert chooser(entry("a", study="1"), entry("b")).list.isColumnHidden(5)
    assert not chooser(entry("a", study="1"), entry("b", study="2")).list.isColumnHidden(5)


def test_a_description_is_never_taken_for_markup(chooser):
    dialog = chooser(entry("a", description="<b>T2</b>"))
    assert dialog.items[0].text(0) == "<b>T2</b>"
    assert "&lt;b&gt;" in dialog.items[0].toolTip(0)


def test_thumbnails_keep_the_shape_of_what_they_show(qapp):
    image = thumbnail(GREY, (1.0, 4.0)).toImage()  # 20 rows of 1 mm, 10 columns of 4 mm
    lit = [image.pixelColor(THUMBNAIL // 2, y).red() > 100 for y in range(THUMBNAIL)]
    assert sum(lit) == pytest.approx(THUMBNAIL / 2, abs=2)
    assert all(image.pixelColor(x, THUMBNAIL // 2).red() > 100 for x in range(2, THUMBNAIL - 2))

"""The chips of a choice, by mouse and by keyboard."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from qtpy.QtCore import Qt

from napari_medvlm.models import PROFILES, Chip
from napari_medvlm.widgets.choose.chip_row import ChipRow

from ..fakes import CHOICE, toy_offer

pytestmark = pytest.mark.window

PATIENCE = 30_000
CT = Chip("modality", "against", "CT", "CheXOne was trained on chest radiographs; this is CT.")
ONE = Chip("count", "inside", "1 image", "CheXOne was trained on single images.")


@pytest.fixture
def row(qtbot: Any) -> ChipRow:
    made = ChipRow()
    qtbot.addWidget(made)
    made.show_chips((CT, ONE))
    made.resize(380, 80)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_a_chip_has_a_sign_a_sentence_and_a_name_to_be_read_aloud(row: ChipRow) -> None:
    first, second = row.buttons
    assert (first.text(), second.text()) == ("✕ CT", "✓ 1 image")
    assert first.toolTip() == CT.sentence
    assert first.accessibleName() == "CT: against the training"
    assert first.accessibleDescription() == CT.sentence
    assert first.styleSheet() != second.styleSheet()


def test_a_click_opens_its_sentence_and_a_second_one_closes_it(qtbot: Any, row: ChipRow) -> None:
    first, second = row.buttons
    assert row.sentence.isHidden()
    qtbot.mouseClick(first, Qt.MouseButton.LeftButton)
    assert row.sentence.text() == CT.sentence
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert (row.sentence.text(), first.isChecked()) == (ONE.sentence, False)
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton)
    assert row.sentence.isHidden()


def test_the_keyboard_alone_reaches_and_opens_a_chip(qtbot: Any, row: ChipRow) -> None:
    first, second = row.buttons
    first.setFocus()
    qtbot.keyClick(first, Qt.Key.Key_Tab)
    assert row.focusWidget() is second
    qtbot.keyClick(second, Qt.Key.Key_Space)
    assert row.sentence.text() == ONE.sentence


def test_what_is_open_follows_its_topic(qtbot: Any, row: ChipRow) -> None:
    qtbot.mouseClick(row.buttons[0], Qt.MouseButton.LeftButton)
    other = replace(CT, tone="inside", label="radiograph", sentence="This is one.")
    row.show_chips((ONE, other))
    assert row.sentence.text() == "This is one."
    assert [button.isChecked() for button in row.buttons] == [False, True]
    row.show_chips((CT, other))  # two of one topic
    qtbot.mouseClick(row.buttons[1], Qt.MouseButton.LeftButton)
    assert row.sentence.text() == other.sentence
    row.show_chips((ONE,))
    assert row.sentence.isHidden()
    row.show_chips(())
    assert row.isHidden()


def test_the_panels_chips_follow_model_and_slices(qtbot: Any, panel: Any, scan: Any) -> None:
    def words() -> list[str]:
        return [button.text() for button in panel.chips.buttons]

    panel.choose_slices("even:3")
    qtbot.waitUntil(lambda: "✓ 3 slices" in words(), timeout=PATIENCE)
    assert words()[:3] == ["! toy", "✓ CT", "✓ axial"]
    panel.model_bar.add(
        replace(toy_offer(), profile=PROFILES["chexone"], choice=replace(CHOICE, path="other"))
    )
    qtbot.waitUntil(lambda: words()[:2] == ["✕ CT", "! 3 slices"], timeout=PATIENCE)
    assert panel.ask_box.tasks.isEnabled()
    panel.choose_slices("99")
    qtbot.waitUntil(lambda: not panel.chips.buttons, timeout=PATIENCE)


def test_a_chip_that_the_file_leaves_open_asks_for_it_at_each_click(
    qtbot: Any, row: ChipRow
) -> None:
    open_one = Chip("modality", "unsure", "kind unknown", "Nobody says.", declarable=True)
    row.show_chips((open_one, ONE))
    asked: list[str] = []
    row.declare_asked.connect(asked.append)
    for button in (row.buttons[1], row.buttons[0], row.buttons[0]):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert asked == ["modality", "modality"]
    assert row.buttons[0].toolTip().startswith("Nobody says. Click to say it yourself")

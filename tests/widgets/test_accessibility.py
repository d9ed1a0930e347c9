"""Every control has a name for screen readers and a tip; the keyboard alone is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QLineEdit,
    QPlainTextEdit,
    QProgressBar,
    QScrollBar,
    QTextEdit,
    QWidget,
)

from napari_medvlm.demo.files import sample_path
from napari_medvlm.dialogue import Box
from napari_medvlm.imaging.scan import scan as scan_folder
from napari_medvlm.widgets import MedvlmPanel, MetadataPanel
from napari_medvlm.widgets.parts.hosting import window_of
from napari_medvlm.widgets.parts.tabbing import in_reading_order
from napari_medvlm.widgets.parts.waiting import ProgressBox
from napari_medvlm.widgets.scan.series_chooser import SeriesChooser

from .fakes import FakeThread, events_of, reply

pytestmark = pytest.mark.window
PATIENCE = 10_000
CONTROLS = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit,
    QPlainTextEdit, QProgressBar, QTextEdit,
)  # fmt: skip


def _controls(root: QWidget) -> list[QWidget]:
    """What a user operates: not the parts that Qt builds its own controls of."""
    found = []
    for control in root.findChildren(QWidget):
        parts_of_another = (
            isinstance(control, QScrollBar)
            or control.objectName().startswith("qt_")
            or isinstance(control.parent(), (QAbstractSpinBox, QComboBox, QAbstractItemView))
            or (isinstance(control, QAbstractItemView) and control.window() is not root.window())
            or (isinstance(control.parent(), QDialogButtonBox) and bool(control.text()))
        )
        if isinstance(control, CONTROLS) and not parts_of_another:
            found.append(control)
    return found


def _is_read(control: QWidget) -> bool:
    """Words of the model: a tip over them would cover what is read."""
    return isinstance(control, QTextEdit) and control.isReadOnly()


def _nameless(root: QWidget) -> list[str]:
    return [
        f"{type(control).__name__} in {type(control.parent()).__name__}: "
        f"name {control.accessibleName()!r}, tip {control.toolTip()!r}"
        for control in _controls(root)
        if not (control.accessibleName() and (control.toolTip() or _is_read(control)))
    ]


@pytest.fixture
def answered(qtbot: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread) -> MedvlmPanel:
    """The panel with an answer that has boxes, and the search open."""
    boxes = [Box("nodule", (4, 6, 20, 16)), Box("node", (1, 1, 8, 9), 1)]
    thread.script = events_of(reply(boxes=boxes))
    panel.choose_slices("even:3")
    qtbot.waitUntil(lambda: len(panel.strip.frames) == 3, timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        panel.ask("where is it, on image 2?")
    return panel


def test_every_control_of_the_panel_has_a_name_and_a_tip(answered: MedvlmPanel) -> None:
    assert len(_controls(answered)) > 30
    assert _nameless(answered) == []


@pytest.fixture
def dialogs(qtbot: Any, viewer: Any) -> Iterator[Callable[[], list[QWidget]]]:
    made: list[QWidget] = []

    def make() -> list[QWidget]:
        details = MetadataPanel(viewer)
        viewer.window.add_dock_widget(details, name="details")
        found = scan_folder(sample_path("truth.json").parent)
        chooser = SeriesChooser(found, window_of(viewer))
        progress = ProgressBox("Reading a scan", window_of(viewer))
        made.extend([chooser, progress])
        return [details, chooser, progress]

    yield make
    for dialog in made:
        dialog.reject()
        dialog.deleteLater()
    qtbot.waitUntil(lambda: not made[0]._previews._thread.is_alive(), timeout=PATIENCE)


def test_every_control_of_docks_and_dialogs_has_a_name_and_a_tip(
    viewer: Any, scan: Any, dialogs: Any
) -> None:
    viewer.layers.selection.active = scan
    missing = {type(one).__name__: _nameless(one) for one in dialogs()}
    assert missing == {name: [] for name in missing}


# ---------------------------------------------------------------------- by keyboard


def _next(qtbot: Any, window: QWidget, key: Qt.Key = Qt.Key.Key_Tab) -> QWidget:
    """What a key leads to; a text goes through its links first."""
    before = window.focusWidget()
    for _ in range(12):
        qtbot.keyClick(window.focusWidget(), key)
        if window.focusWidget() is not before:
            return window.focusWidget()
    raise AssertionError(f"{type(before).__name__} {before.accessibleName()!r} keeps the focus")


def _chain(qtbot: Any, panel: MedvlmPanel, key: Qt.Key = Qt.Key.Key_Tab) -> list[QWidget]:
    """What Tab reaches in the panel until it leaves it, from one end to the other."""
    forward = key == Qt.Key.Key_Tab
    order = list(in_reading_order(panel))
    order[0 if forward else -1].setFocus(Qt.FocusReason.TabFocusReason)
    window = panel.window()
    chain = [window.focusWidget()]
    while panel.isAncestorOf(found := _next(qtbot, window, key)):
        assert found not in chain, "Tab goes round"
        chain.append(found)
    return chain


def test_tab_goes_from_top_to_bottom(qtbot: Any, answered: MedvlmPanel) -> None:
    chain = _chain(qtbot, answered)
    parts = [
        answered.model_bar,
        answered.source_box,
        answered.strip,
        answered.conversation_view,
        answered.ask_box,
    ]
    visited = [next((p for p in parts if p.isAncestorOf(one)), None) for one in chain]
    order = [parts.index(part) for part in visited if part is not None]
    assert order == sorted(order)
    assert set(order) == set(range(len(parts)))


def test_tab_is_never_caught(qtbot: Any, viewer: Any, answered: MedvlmPanel) -> None:
    answered.ask_box.text.setPlainText("a question")
    there = _chain(qtbot, answered)
    back = _chain(qtbot, answered, Qt.Key.Key_Backtab)
    assert there == back[::-1]
    # Nothing that is used by keyboard is passed over.
    missed = [one for one in in_reading_order(answered) if one not in there]
    assert [one.accessibleName() for one in missed] == []


def test_tips_show_the_keys(answered: MedvlmPanel) -> None:
    assert "Ctrl+Enter" in answered.ask_box.button.toolTip() or "Ctrl+Enter" in (
        answered.ask_box.text.toolTip()
    )
    assert "Esc" in answered.ask_box.stop.toolTip()
    # Every shortcut of the panel is in the tip of something.
    tips = " ".join(one.toolTip() for one in answered.findChildren(QWidget))
    for shortcut in answered.findChildren(QShortcut):
        words = shortcut.key().toString(QKeySequence.SequenceFormat.PortableText)
        assert words.replace("Return", "Enter") in tips or words in tips, words


def test_the_keyboard_alone_is_enough(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, thread: FakeThread
) -> None:
    # Opened from the command palette or the menu, both of which are napari's own.
    viewer.open_sample("napari-medvlm", "chest_ct")
    qtbot.waitUntil(lambda: bool(panel.strip.frames), timeout=PATIENCE)
    window = panel.window()
    text = panel.ask_box.text
    panel.model_bar.models.setFocus(Qt.FocusReason.TabFocusReason)
    while window.focusWidget() is not text:
        assert panel.isAncestorOf(_next(qtbot, window))

    thread.script = events_of(reply(boxes=[Box("nodule", (40, 60, 80, 90))]))
    qtbot.keyClicks(text, "where is it?")
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert thread.asked[0].text == "where is it?"

    # Backwards to the box of the answer, and to its slice.
    viewer.dims.set_current_step(0, 3)
    focus = text
    while not (isinstance(focus, QAbstractButton) and focus.text().startswith("▣ nodule")):
        focus = _next(qtbot, window, Qt.Key.Key_Backtab)
        assert panel.isAncestorOf(focus)
    qtbot.keyClick(focus, Qt.Key.Key_Space)
    index = panel.session.conversation.exchanges[0].boxes[0].index
    assert viewer.dims.current_step[0] == index != 3

    thread.script = []
    text.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClicks(text, "and now?")
    qtbot.keyClick(text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: panel.busy, timeout=PATIENCE)
    with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
        qtbot.keyClick(text, Qt.Key.Key_Escape)
    assert not panel.busy


# ---------------------------------------------------------------------- what is seen


def _luminance(colour: Any) -> float:
    parts = np.array(colour.getRgbF()[:3])
    linear = np.where(parts <= 0.03928, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return float(linear @ (0.2126, 0.7152, 0.0722))


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_letters_at_the_edges_can_be_read_in_every_theme(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, theme: str
) -> None:
    viewer.theme = theme
    try:
        label = panel._facing.labels["top"]
        qtbot.waitUntil(lambda: label.text() == "A", timeout=PATIENCE)
        QApplication.processEvents()
        image = label.parentWidget().grab(label.geometry()).toImage()
        lights = [
            _luminance(image.pixelColor(x, y))
            for x in range(image.width())
            for y in range(image.height())
        ]
    finally:
        viewer.theme = "dark"
    # Contrast of the letter with the ground it has where the canvas itself is not grabbed.
    assert (max(lights) + 0.05) / (min(lights) + 0.05) > 7


def test_in_a_small_window_the_answer_comes_into_view(
    qtbot: Any, viewer: Any, panel: MedvlmPanel, scan: Any, thread: FakeThread
) -> None:
    size = viewer.window.geometry()[2:]
    viewer.window.resize(1280, 720)
    try:
        panel.choose_slices("even:6")
        qtbot.waitUntil(lambda: len(panel.strip.frames) == 6, timeout=PATIENCE)
        thread.script = events_of(reply())
        with qtbot.waitSignal(panel.replied, timeout=PATIENCE):
            panel.ask("what?")
        talk = panel.conversation_view
        qtbot.waitUntil(
            lambda: talk.visibleRegion().boundingRect().height() >= 200, timeout=PATIENCE
        )
        assert not panel.ask_box.text.visibleRegion().isEmpty()
    finally:
        viewer.window.resize(*size)


def test_every_control_of_the_models_window_has_a_name_and_a_tip(
    qtbot: Any, panel: MedvlmPanel
) -> None:
    panel.managing.show_window()
    window = panel.managing.window
    try:
        assert len(_controls(window)) > 5
        assert _nameless(window) == []
    finally:
        window.close()

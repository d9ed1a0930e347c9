"""The row of chips: what is sent against what the model was trained on."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QFocusEvent
from qtpy.QtWidgets import QSizePolicy, QToolButton, QToolTip, QVBoxLayout, QWidget
from superqt import QFlowLayout

from ...asking.choose.chips import spoken
from ...models.contracts import Chip, Tone
from ..parts.plain import PlainLabel, quiet

#: Borders alone are coloured, so that words keep the contrast of the theme; each holds 3 to 1
#: against dark and light grounds.
COLOURS: dict[Tone, str] = {"inside": "#3d9a5c", "unsure": "#bf8410", "against": "#d9534f"}
_STYLE = (
    "QToolButton {{ border: 1px solid {colour}; border-radius: 8px; padding: 0px 6px;"
    " background: transparent; }}"
    "QToolButton:focus, QToolButton:hover {{ border-width: 2px; padding: 0px 5px; }}"
    "QToolButton:checked {{ border-width: 2px; padding: 0px 5px; }}"
)


_SAY_IT = " Click to say it yourself, or to change what you said."


class ChipButton(QToolButton):
    """One chip; its sentence shows when it is pointed at or reached with Tab."""

    def __init__(self) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        quiet(self)
        self.chip: Chip | None = None

    def show_chip(self, chip: Chip) -> None:
        """Show another chip in the same place."""
        if chip == self.chip:
            return
        self.chip = chip
        self.setText(chip.words)
        self.setStyleSheet(_STYLE.format(colour=COLOURS[chip.tone]))
        self.setToolTip(f"{chip.sentence}{_SAY_IT if chip.declarable else ''}")
        self.setAccessibleName(spoken(chip))
        self.setAccessibleDescription(chip.sentence)

    def focusInEvent(self, event: QFocusEvent | None) -> None:
        """Show the sentence to who comes by keyboard."""
        super().focusInEvent(event)
        if event is not None and event.reason() in (
            Qt.FocusReason.TabFocusReason,
            Qt.FocusReason.BacktabFocusReason,
        ):
            below = self.mapToGlobal(QPoint(0, self.height()))
            QToolTip.showText(below, self.toolTip(), self)


class ChipRow(QWidget):
    """Chips that wrap, and the sentence of the one that was clicked (Space, by keyboard)."""

    #: The user wants to say what the file leaves open: the topic of the chip.
    declare_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What the model was trained on")
        self.buttons: list[ChipButton] = []
        self._open: tuple[str, int] | None = None
        self._row = QWidget()
        self._flow = QFlowLayout(self._row)
        self._flow.setContentsMargins(0, 0, 0, 0)
        self._flow.setSpacing(4)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self._row.setSizePolicy(policy)
        self.sentence = quiet(PlainLabel())
        self.sentence.setAccessibleName("About this chip")
        self.sentence.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addWidget(self._row)
        layout.addWidget(self.sentence)
        self.hide()

    def show_chips(self, chips: Sequence[Chip]) -> None:
        """Replace the chips; one of the same topic stays open."""
        # Buttons are kept and reused: the focus stays where it is while slices are scrolled.
        while len(self.buttons) > len(chips):
            button = self.buttons.pop()
            self._flow.removeWidget(button)
            button.hide()
            button.deleteLater()
        while len(self.buttons) < len(chips):
            button = ChipButton()
            button.clicked.connect(lambda on, b=button: self._on_clicked(b, on))
            self._flow.addWidget(button)
            self.buttons.append(button)
        for button, chip in zip(self.buttons, chips, strict=True):
            button.show_chip(chip)
        self.setVisible(bool(chips))
        self._show_open()

    def _on_clicked(self, button: ChipButton, on: bool) -> None:
        self._open = self._keys()[self.buttons.index(button)] if on else None
        self._show_open()
        if button.chip is not None and button.chip.declarable:
            self.declare_asked.emit(button.chip.topic)

    def _keys(self) -> list[tuple[str, int]]:
        # Two planes at a time are two chips of one topic.
        topics = [button.chip.topic for button in self.buttons if button.chip is not None]
        return [(topic, topics[:place].count(topic)) for place, topic in enumerate(topics)]

    def _show_open(self) -> None:
        words = ""
        for button, key in zip(self.buttons, self._keys(), strict=True):
            button.setChecked(key == self._open)
            if button.isChecked():
                words = button.toolTip()
        self.sentence.show_text(words)

"""The line below layer and plane that says where screen and choice part, with a button back."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ...asking.choose.screen_line import BUTTONS, Screen, Way, screen_line
from ..parts.plain import PlainLabel, named


class ScreenRow(QWidget):
    """Hidden where the screen shows what is sent."""

    #: The way back was asked for: a `Way`.
    asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._way: Way = ""
        self.line = PlainLabel()
        self.button = QPushButton()
        named(self.button, "Back", "Back to where the screen shows what is sent")
        self.button.clicked.connect(lambda: self.asked.emit(self._way))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.button)
        self.hide()

    def show_screen(self, screen: Screen | None) -> None:
        """Say what parts the screen from what is sent; None says nothing."""
        text, self._way = ("", "") if screen is None else screen_line(screen)
        self.line.show_text(text)
        if self._way:
            self.button.setText(BUTTONS[self._way])
            named(self.button, BUTTONS[self._way].capitalize(), text)
        self.button.setVisible(bool(self._way))
        self.setVisible(bool(text))

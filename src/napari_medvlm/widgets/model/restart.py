"""What is said when the model process has ended by itself, and the button that starts another."""

from __future__ import annotations

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from ...engine import EngineState
from ..parts.plain import PlainLabel, named, plain_tip


class RestartBar(QFrame):
    """Hidden unless the process is dead or the model could not be loaded."""

    #: The model is to be loaded anew.
    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.words = PlainLabel()
        self.words.setAccessibleName("Why there is no model")
        self.button = QPushButton("Restart")
        named(
            self.button,
            "Restart the model",
            "Start the model process and load the chosen model; questions and answers stay",
        )
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(self.words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        self.hide()

    def show_state(self, state: EngineState) -> None:
        """Show what is wrong with the engine, and nothing where nothing is."""
        wanted = state.status == "dead" or (state.status == "empty" and bool(state.problem))
        words = state.problem or "The model process has ended."
        if wanted and self.words.text() != f"! {words}":
            self.words.setText(f"! {words}")
            self.words.setToolTip(plain_tip(state.advice) if state.advice else "")
            self.words.setAccessibleDescription(state.advice)
        if wanted != self.isVisibleTo(self.parentWidget()):
            self.setVisible(wanted)

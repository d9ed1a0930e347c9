"""What stands in the place of a question that was just deleted."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QToolButton, QWidget

from ..parts.plain import named, quiet


class UndoLine(QWidget):
    """A button that says what was deleted and brings it back."""

    undone = Signal()

    def __init__(self, question: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.button = quiet(QToolButton())
        self.button.setText(f"question {question} deleted · undo")
        self.button.setAutoRaise(True)
        named(
            self.button,
            f"Undo deleting question {question}",
            "Bring it back with its answer and its boxes; for a few seconds, or until you ask "
            "or delete something else",
        )
        self.button.clicked.connect(self.undone)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.button)
        row.addStretch(1)

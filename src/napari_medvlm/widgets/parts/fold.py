"""A head that folds what is not needed for every question."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QWidget

from .plain import named, quiet


class FoldHead(QToolButton):
    """A quiet button with an arrow that shows and hides a body.

    Parameters
    ----------
    words
        What it says.
    name, tip
        As for `plain.named`.
    body
        What is folded; hidden at first.
    """

    def __init__(self, words: str, name: str, tip: str, body: QWidget) -> None:
        super().__init__()
        self._body = body
        body.hide()
        self.setText(words)
        self.setAutoRaise(True)
        self.setCheckable(True)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setArrowType(Qt.ArrowType.RightArrow)
        quiet(self)
        named(self, name, tip)
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, on: bool) -> None:
        self.setArrowType(Qt.ArrowType.DownArrow if on else Qt.ArrowType.RightArrow)
        self._body.setVisible(on)

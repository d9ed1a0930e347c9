"""What stays in sight at the bottom of the panel, whatever is scrolled above it."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from .tabbing import ReadingColumn

#: Where there is less room it scrolls by itself.
LEAST_HEIGHT = 120


class Foot(ReadingColumn):
    """As high as its parts want to be, where there is room for that.

    Parameters
    ----------
    parts
        From top to bottom.
    """

    def __init__(self, parts: Sequence[QWidget]) -> None:
        super().__init__()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(8, 0, 8, 6)
        column.setSpacing(6)
        for part in parts:
            column.addWidget(part)
        self._column = column
        self.setWidget(body)
        self.setMinimumHeight(LEAST_HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.settled.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """All of it, at the width there is."""
        inside = self.maximumViewportSize()
        border = max(self.height() - inside.height(), 0)  # the theme's
        wanted = self._column.totalHeightForWidth(max(inside.width(), 1)) + border
        return QSize(360, max(wanted, LEAST_HEIGHT))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lines that wrap make it higher where it is narrow."""
        super().resizeEvent(event)
        if event is not None and event.size().width() != event.oldSize().width():
            self.updateGeometry()

"""A part of the panel that is as high as it wants to be, where there is room for that."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from .plain import Column


class Fitted(Column):
    """Widgets one below the other; where there is less room they scroll.

    Parameters
    ----------
    parts
        From top to bottom.
    least
        Height in pixels that it keeps in a small window, if its parts want as much.
    stretched
        Whether the last part takes what is left, and the whole as much as there is.
    """

    def __init__(self, parts: Sequence[QWidget], least: int, *, stretched: bool = False) -> None:
        super().__init__()
        # It scrolls to what is reached, and is no stop itself.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._least = least
        body = QWidget()
        self._column = QVBoxLayout(body)
        self._column.setContentsMargins(8, 3, 8, 3)
        self._column.setSpacing(6)
        for part in parts:
            self._column.addWidget(part, 1 if stretched and part is parts[-1] else 0)
        self.setWidget(body)
        policy = QSizePolicy.Policy
        self.setSizePolicy(
            policy.Preferred, policy.MinimumExpanding if stretched else policy.Maximum
        )
        self.settled.connect(self.updateGeometry)

    def sizeHint(self) -> QSize:
        """All of it, at the width there is."""
        inside = self.maximumViewportSize()
        border = max(self.height() - inside.height(), 0)  # the theme's
        wanted = self._column.totalSizeHint().height()
        if self._column.hasHeightForWidth():
            wanted = self._column.totalHeightForWidth(max(inside.width(), 1))
        return QSize(360, wanted + border)

    def minimumSizeHint(self) -> QSize:
        """What it keeps."""
        return QSize(120, min(self.sizeHint().height(), self._least))

    def resizeEvent(self, event: QResizeEvent | None) -> None:
        """Lines that wrap make it higher where it is narrow."""
        super().resizeEvent(event)
        if event is not None and event.size().width() != event.oldSize().width():
            self.updateGeometry()

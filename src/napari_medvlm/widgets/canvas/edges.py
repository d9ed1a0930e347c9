"""R, L, A, P, S, I at the edges of the canvas."""

from __future__ import annotations

from qtpy.QtCore import QEvent, QObject, Qt
from qtpy.QtWidgets import QLabel, QWidget

_SIDES = ("left", "right", "top", "bottom")
_MARGIN = 6


class EdgeLetters(QObject):
    """Four letters over the canvas that say which side of the patient is where.

    Parameters
    ----------
    canvas
        The native canvas widget of the viewer; None where there is no window, so no letters.
    """

    def __init__(self, canvas: QWidget | None) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self.labels: dict[str, QLabel] = {}
        if canvas is not None:
            self.labels = {side: self._label(side) for side in _SIDES}
            canvas.installEventFilter(self)

    def show_letters(self, letters: tuple[str, str, str, str] | None) -> None:
        """Show the sides at the (left, right, top, bottom) edges; None hides them."""
        for side, letter in zip(_SIDES, letters or ("", "", "", ""), strict=True):
            if label := self.labels.get(side):
                label.setText(letter)
                label.setVisible(bool(letter))
        self._place()

    def close(self) -> None:
        """Take the letters off the canvas."""
        if self._canvas is not None:
            self._canvas.removeEventFilter(self)
        for label in self.labels.values():
            label.setParent(None)
            label.deleteLater()
        self.labels.clear()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """Keep the letters at the edges when the canvas changes its size."""
        if event is not None and event.type() == QEvent.Type.Resize:
            self._place()
        return False

    def _label(self, side: str) -> QLabel:
        label = QLabel(self._canvas)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        label.setAccessibleName(f"Patient side at the {side} edge")
        label.setObjectName("medvlm_edge_letter")
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        label.setFont(font)
        # On the image itself a letter needs colours of its own, whatever lies below it and
        # whatever the theme: white on this ground keeps a contrast above 7 to 1 on white too.
        label.setStyleSheet("color: white; background-color: rgba(0, 0, 0, 180); padding: 0 3px")
        label.hide()
        return label

    def _place(self) -> None:
        if self._canvas is None:
            return
        width, height = self._canvas.width(), self._canvas.height()
        for side, label in self.labels.items():
            label.adjustSize()
            across, down = (width - label.width()) // 2, (height - label.height()) // 2
            right = width - label.width() - _MARGIN
            bottom = height - label.height() - _MARGIN
            x = {"left": _MARGIN, "right": right}.get(side, across)
            y = {"top": _MARGIN, "bottom": bottom}.get(side, down)
            label.move(x, y)
            label.raise_()

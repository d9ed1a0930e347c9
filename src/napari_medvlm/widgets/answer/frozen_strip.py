"""The frozen strip: the frames that went with one question, as they went."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qtpy.QtCore import QRect, QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen
from qtpy.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QWidget

from ...asking.answer.wording import frame_words, frames_words
from ...dialogue import Region
from ...imaging import Frame
from ..parts.plain import named
from ..parts.thumbnails import thumbnail

SIDE = 36
#: Height of the line below a frame that names its source, where there are several.
_LABEL = 13
#: As many fit side by side into the narrowest panel; more bring a scroll bar.
_FIT = 7
_OUTLINE = QColor("#e69f00")


class FrameButton(QToolButton):
    """A small frame with its number; outlined where the text that is pointed at means it."""

    def __init__(self, number: int, frame: Frame, regions: Sequence[Region]) -> None:
        super().__init__()
        self.outlined = False
        self._number = str(number + 1)
        self.setAutoRaise(True)
        self.setIconSize(QSize(SIDE, SIDE))
        self._picture = QRect(0, 0, SIDE + 6, SIDE + 6)
        self.setFixedSize(SIDE + 6, SIDE + 6 + (_LABEL if frame.label else 0))
        if frame.label:
            font = self.font()
            font.setPixelSize(_LABEL - 3)
            self.setFont(font)
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            middle = Qt.TextElideMode.ElideMiddle
            self.setText(self.fontMetrics().elidedText(frame.label, middle, SIDE + 4))
        self.setIcon(QIcon(thumbnail(frame, regions, SIDE)))
        words = frame_words(number, frame)
        named(self, words, f"{words}\nClick to see it again: layer, plane, slice and window")

    def outline(self, on: bool) -> None:
        """Draw a frame around it, or take it away."""
        if on != self.outlined:
            self.outlined = on
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The button, then number and outline over it."""
        super().paintEvent(event)
        painter = QPainter(self)
        font = painter.font()
        font.setPixelSize(10)
        painter.setFont(font)
        ground = painter.fontMetrics().boundingRect(self._number).adjusted(-2, 0, 3, 0)
        ground.moveBottomLeft(self._picture.adjusted(3, 0, 0, -4).bottomLeft())
        painter.fillRect(ground, QColor(0, 0, 0, 150))
        painter.setPen(QColor(Qt.GlobalColor.white))
        painter.drawText(ground, Qt.AlignmentFlag.AlignCenter, self._number)
        if self.outlined:
            painter.setPen(QPen(_OUTLINE, 2))
            painter.drawRect(self._picture.adjusted(1, 1, -1, -1))
        painter.end()


class FrozenStrip(QScrollArea):
    """The frames of one question in their order.

    Parameters
    ----------
    frames
        As they were sent.
    regions
        The user's boxes on them.
    """

    #: Number of the frame that was clicked, from 0.
    clicked = Signal(int)

    def __init__(
        self,
        frames: Sequence[Frame],
        regions: Sequence[Region] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.buttons: list[FrameButton] = []
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(1)
        for number, frame in enumerate(frames):
            inside = [region for region in regions if region.frame == number]
            button = FrameButton(number, frame, inside)
            button.clicked.connect(lambda _=False, n=number: self.clicked.emit(n))
            layout.addWidget(button)
            self.buttons.append(button)
        layout.addStretch(1)
        self.setWidget(row)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        bar = self.horizontalScrollBar().sizeHint().height() if len(frames) > _FIT else 0
        label = _LABEL if any(frame.label for frame in frames) else 0
        self.setFixedHeight(SIDE + 8 + label + bar)
        named(self, "Images that were sent", frames_words(frames))
        self.setVisible(bool(frames))

    def outline(self, numbers: Collection[int]) -> None:
        """Outline these frames alone, and bring the first of them into view."""
        for number, button in enumerate(self.buttons):
            button.outline(number in numbers)
        if numbers:
            self.ensureWidgetVisible(self.buttons[min(numbers)], 4, 0)

"""The strip: thumbnails of exactly what will be sent."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QColor, QIcon, QImage, QPainter, QPen, QPixmap
from qtpy.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from ..asking.wording import frame_words, frames_words
from ..dialogue import Region
from ..imaging import Frame
from .plain import PlainLabel, named, quiet

THUMBNAIL = 64


def thumbnail(frame: Frame, regions: Sequence[Region] = (), side: int = THUMBNAIL) -> QPixmap:
    """A frame's own pixels, made small, with the user's boxes on it.

    Parameters
    ----------
    frame
        The frame as it is sent.
    regions
        Boxes on this frame, in its pixel-edge coordinates.
    side
        Longest side of the thumbnail in pixels.
    """
    width, height = frame.size_wh
    pixels = frame.pixels.tobytes()
    image = QImage(pixels, width, height, 3 * width, QImage.Format.Format_RGB888)
    small = QPixmap.fromImage(image).scaled(
        side,
        side,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )
    if regions:
        painter = QPainter(small)
        painter.setPen(QPen(QColor(Qt.GlobalColor.yellow), 1))
        across, down = small.width() / width, small.height() / height
        for region in regions:
            x0, y0, x1, y1 = region.box
            painter.drawRect(
                round(x0 * across),
                round(y0 * down),
                max(round((x1 - x0) * across), 2),
                max(round((y1 - y0) * down), 2),
            )
        painter.end()
    return small


class Strip(QWidget):
    """Thumbnails in the order they are sent, with number and position, and a line of totals."""

    #: Number of the frame that was clicked, from 0.
    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frames: tuple[Frame, ...] = ()
        self._row = QWidget()
        self.buttons: list[QToolButton] = []
        self._layout = QHBoxLayout(self._row)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._layout.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(self._row)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFixedHeight(THUMBNAIL + 40)
        named(self._area, "What is sent", "Exactly the images that will be sent, in this order")
        self.line = quiet(PlainLabel())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self._area)
        layout.addWidget(self.line)

    def show_frames(
        self,
        frames: Sequence[Frame],
        regions: Sequence[Region] = (),
        need: str = "",
    ) -> None:
        """Replace the thumbnails.

        Parameters
        ----------
        frames
            What will be sent.
        regions
            The user's boxes on them.
        need
            Tokens and memory, at the end of the totals.
        """
        self.frames = tuple(frames)
        self._make_buttons(len(self.frames))
        for number, frame in enumerate(self.frames):
            inside = [region for region in regions if region.frame == number]
            self._show_frame(number, frame, inside)
        totals = (frames_words(self.frames), need)
        self.line.show_text(" · ".join(part for part in totals if part))

    def show_problem(self, words: str) -> None:
        """Show no thumbnails, and why."""
        self.frames = ()
        self._make_buttons(0)
        self.line.show_text(words)

    def _make_buttons(self, count: int) -> None:
        # Kept and reused: scrolling through slices would flicker otherwise.
        while len(self.buttons) > count:
            button = self.buttons.pop()
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        while len(self.buttons) < count:
            button = QToolButton()
            button.setAutoRaise(True)
            button.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
            quiet(button)
            number = len(self.buttons)
            button.clicked.connect(lambda _=False, n=number: self.clicked.emit(n))
            self._layout.insertWidget(number, button)
            self.buttons.append(button)

    def _show_frame(self, number: int, frame: Frame, regions: Sequence[Region]) -> None:
        button = self.buttons[number]
        button.setIcon(QIcon(thumbnail(frame, regions)))
        button.setText(f"{frame.index}")
        words = frame_words(number, frame)
        named(button, words, f"{words}\nClick to go there in the viewer")

"""The strip: thumbnails of exactly what will be sent."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QPoint, Qt, Signal
from qtpy.QtGui import QIcon, QPainter, QPaintEvent, QPalette, QPen
from qtpy.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from ...asking.answer.wording import frame_words, frames_words, strip_captions
from ...dialogue import Region
from ...imaging import Frame
from ..parts.plain import PlainLabel, named, quiet
from ..parts.thumbnails import THUMBNAIL, squared, thumbnail
from .strip_button import StripButton

_TIP = (
    "Click to go there in the viewer. Drag, or Ctrl+Left and Ctrl+Right, to move it; "
    "Delete takes it out"
)
#: Lines of caption that are there at least, so that the strip does not jump.
_LINES = 2


class _Row(QWidget):
    """The pictures side by side, with a line where a dragged one would go."""

    def __init__(self) -> None:
        super().__init__()
        self.marked: int | None = None

    def mark(self, x: int | None) -> None:
        """Draw the line at ``x``, or take it away."""
        if x != self.marked:
            self.marked = x
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        """The line."""
        super().paintEvent(event)
        if self.marked is not None:
            painter = QPainter(self)
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.WindowText), 3))
            painter.drawLine(self.marked, 0, self.marked, THUMBNAIL)
            painter.end()


class Strip(QWidget):
    """Thumbnails in the order they are sent, with number and position, and a line of totals."""

    #: Number of the frame that was clicked, from 0.
    clicked = Signal(int)
    #: A frame was moved: its number, and the number that it is to have.
    moved = Signal(int, int)
    #: Number of a frame that is to be taken out.
    taken_out = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frames: tuple[Frame, ...] = ()
        self.buttons: list[StripButton] = []
        self._focus: int | None = None
        self._line_height = StripButton(0).fontMetrics().lineSpacing()
        self._row = _Row()
        self._layout = QHBoxLayout(self._row)
        self._layout.setContentsMargins(2, 0, 2, 0)
        self._layout.setSpacing(2)
        self._layout.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(self._row)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        named(self._area, "What is sent", "Exactly the images that will be sent, in this order")
        self._fit(_LINES)
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
        captions = strip_captions(self.frames)
        for number, (frame, caption) in enumerate(zip(self.frames, captions, strict=True)):
            inside = [region for region in regions if region.frame == number]
            self._show_frame(number, frame, caption, inside)
        self._fit(max([_LINES, *(caption.count("\n") + 1 for caption in captions)]))
        totals = (frames_words(self.frames), need)
        self.line.show_text(" · ".join(part for part in totals if part))
        self._give_focus()

    def show_problem(self, words: str) -> None:
        """Show no thumbnails, and why."""
        self.frames = ()
        self._make_buttons(0)
        self.line.show_text(words)

    # ------------------------------------------------------------------ the pictures

    def _fit(self, lines: int) -> None:
        # Room for the scroll bar too: the pictures must not jump when it comes.
        bar = self._area.horizontalScrollBar()
        room = 0 if bar is None else bar.sizeHint().height()
        self._area.setFixedHeight(THUMBNAIL + lines * self._line_height + room + 10)

    def _make_buttons(self, count: int) -> None:
        # Kept and reused: scrolling through slices would flicker otherwise.
        while len(self.buttons) > count:
            button = self.buttons.pop()
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        while len(self.buttons) < count:
            button = StripButton(len(self.buttons))
            button.clicked.connect(lambda _=False, b=button: self.clicked.emit(b.number))
            button.moved.connect(self._on_moved)
            button.stepped.connect(self._on_stepped)
            button.taken_out.connect(self._on_taken_out)
            button.dragged.connect(self._on_dragged)
            button.dropped.connect(self._on_dropped)
            self._layout.insertWidget(button.number, button)
            self.buttons.append(button)

    def _show_frame(
        self, number: int, frame: Frame, caption: str, regions: Sequence[Region]
    ) -> None:
        button = self.buttons[number]
        button.setIcon(QIcon(squared(thumbnail(frame, regions))))
        metrics = button.fontMetrics()
        cut = (
            metrics.elidedText(line, Qt.TextElideMode.ElideMiddle, THUMBNAIL + 28)
            for line in caption.split("\n")
        )
        button.setText("\n".join(cut))
        words = frame_words(number, frame)
        named(button, words, f"{words}\n{_TIP}")

    # ------------------------------------------------------------------ moving

    def _on_moved(self, number: int, by: int) -> None:
        to = number + by
        if 0 <= to < len(self.frames):
            self._focus = to  # the keyboard stays with the picture
            self.moved.emit(number, to)

    def _on_stepped(self, number: int, by: int) -> None:
        if 0 <= number + by < len(self.buttons):
            self._focus = number + by
            self._give_focus()

    def _on_taken_out(self, number: int) -> None:
        self._focus = min(number, len(self.frames) - 2)
        self.taken_out.emit(number)

    def _give_focus(self) -> None:
        number, self._focus = self._focus, None
        if number is not None and 0 <= number < len(self.buttons):
            self.buttons[number].setFocus(Qt.FocusReason.OtherFocusReason)
            self._area.ensureWidgetVisible(self.buttons[number], 8, 0)

    def _on_dragged(self, number: int, at: QPoint) -> None:
        gap = self._gap(at.x())
        buttons = self.buttons
        edge = buttons[gap].x() - 1 if gap < len(buttons) else buttons[-1].geometry().right() + 2
        self._row.mark(max(edge, 1))
        self._area.ensureVisible(at.x(), 0, 24, 0)

    def _on_dropped(self, number: int, at: QPoint) -> None:
        self._row.mark(None)
        gap = self._gap(at.x())
        to = gap - 1 if gap > number else gap  # the gap moves along when the picture is lifted
        if to != number:
            self.moved.emit(number, to)

    def _gap(self, x: int) -> int:
        """Between which pictures a place lies: the number of the one to its right."""
        return sum(x > button.geometry().center().x() for button in self.buttons)

"""One picture of the strip: click it, drag it, move it with the keys, take it out."""

from __future__ import annotations

from qtpy.QtCore import QPoint, QSize, Qt, Signal
from qtpy.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication, QMenu, QToolButton, QWidget

from ..parts.plain import quiet
from ..parts.thumbnails import THUMBNAIL

#: What moves a picture with Ctrl, and goes to the next one without.
_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
_TAKES_OUT = (Qt.Key.Key_Delete, Qt.Key.Key_Backspace)


class StripButton(QToolButton):
    """A thumbnail with its caption.

    Signals carry its number in the strip, from 0.
    """

    #: To be moved by so many places.
    moved = Signal(int, int)
    #: Held and dragged to a point of the row, in the row's own coordinates; then let go there.
    dragged = Signal(int, QPoint)
    dropped = Signal(int, QPoint)
    #: To be taken out.
    taken_out = Signal(int)
    #: The keyboard goes on to the neighbour so many places away.
    stepped = Signal(int, int)

    def __init__(self, number: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.number = number
        self._pressed: QPoint | None = None
        self._dragging = False
        self.setAutoRaise(True)
        self.setIconSize(QSize(THUMBNAIL, THUMBNAIL))
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        quiet(self)

    # ------------------------------------------------------------------ the mouse

    def mousePressEvent(self, event: QMouseEvent | None) -> None:
        """Remember where it was taken hold of."""
        if event is not None and event.button() == Qt.MouseButton.LeftButton:
            self._pressed, self._dragging = event.position().toPoint(), False
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:
        """Drag it, once it was pulled far enough."""
        if event is not None and self._pressed is not None:
            here = event.position().toPoint()
            far = (here - self._pressed).manhattanLength()
            if self._dragging or far >= QApplication.startDragDistance():
                self._dragging = True
                self.setDown(False)  # it is no click any more
                self.dragged.emit(self.number, self.mapToParent(here))
                return
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:
        """Let it go, or click."""
        dragging, self._dragging, self._pressed = self._dragging, False, None
        if event is not None and dragging:
            self.setDown(False)
            self.dropped.emit(self.number, self.mapToParent(event.position().toPoint()))
            return
        super().mouseReleaseEvent(event)

    # ------------------------------------------------------------------ keys and menu

    def keyPressEvent(self, event: QKeyEvent | None) -> None:
        """Left and right go to the neighbour, with Ctrl they move it; Delete takes it out."""
        if event is None:
            return
        key = Qt.Key(event.key())
        if key in _STEPS:
            control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
            (self.moved if control else self.stepped).emit(self.number, _STEPS[key])
        elif key in _TAKES_OUT:
            self.taken_out.emit(self.number)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent | None) -> None:
        """Offer the same as a menu, for the mouse and for the menu key."""
        if event is not None:
            self.menu_of().popup(event.globalPos())

    def menu_of(self) -> QMenu:
        """The menu of this picture; it goes when it closes."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for words, act in (
            ("Go there", self.click),
            ("Move left\tCtrl+Left", lambda: self.moved.emit(self.number, -1)),
            ("Move right\tCtrl+Right", lambda: self.moved.emit(self.number, 1)),
            ("Take out\tDelete", lambda: self.taken_out.emit(self.number)),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, do=act: do())
        return menu

"""Small native widgets that all parts of the panel share."""

from __future__ import annotations

import html
from typing import TypeVar

from qtpy.QtCore import QEvent, QObject, QSize, Qt, QTimer, Signal
from qtpy.QtGui import QFont
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QFrame,
    QLabel,
    QScrollArea,
    QSizePolicy,
    QWidget,
)


def plain_tip(text: str) -> str:
    """Text for a tooltip that holds a model's words.

    Qt takes tooltips that look like markup for markup; escaped inside a tag of ours they are not.
    """
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")


class PlainLabel(QLabel):
    """Wrapped, selectable text that is never taken for markup: model text is data."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        # A long word must not widen the dock: the label takes the width it is given.
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setText(text)

    def minimumSizeHint(self) -> QSize:
        """One line: how many there are is for the layout to find out, from the width it has."""
        return QSize(1, self.fontMetrics().lineSpacing())

    def sizeHint(self) -> QSize:
        """As high as the text is at the present width."""
        return QSize(1, self.heightForWidth(max(self.width(), 1)))

    def show_text(self, text: str) -> None:
        """Set the text if it changed; hide the label where there is none."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))


def flowing(label: QLabel) -> QLabel:
    """Let a wrapped label be as high as its text is at the width it gets.

    Without it a layout keeps to the height that the text would have had in its first, narrow width.
    """
    policy = label.sizePolicy()
    policy.setVerticalPolicy(QSizePolicy.Policy.Preferred)
    label.setSizePolicy(policy)
    return label


class Column(QScrollArea):
    """Scrolls one widget up and down, and gives it the width there is.

    A widget whose height follows from its width is looked at again when its own layout has
    changed: Qt's scroll area then works with the height from before.
    """

    settled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._settle)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """See that the widget's layout changes."""
        if (
            event is not None
            and event.type() == QEvent.Type.LayoutRequest
            and watched is self.widget()
        ):
            self.look_again()
        return bool(super().eventFilter(watched, event))

    def look_again(self) -> None:
        """Find out soon how high the widget wants to be; widgets just added need to be shown."""
        self._soon.start(0)

    def _settle(self) -> None:
        QApplication.sendEvent(self.viewport(), QEvent(QEvent.Type.LayoutRequest))
        self.settled.emit()


_W = TypeVar("_W", bound=QWidget)


def quiet(widget: _W) -> _W:
    """Make a label recede: smaller, in the theme's own colour."""
    font = QFont(widget.font())
    font.setPointSizeF(max(font.pointSizeF() * 0.9, 7.0))
    widget.setFont(font)
    return widget


def bold(label: QLabel) -> QLabel:
    """Make a label stand out."""
    font = QFont(label.font())
    font.setBold(True)
    label.setFont(font)
    return label


def rule() -> QFrame:
    """A thin line between two parts of the panel."""
    line = QFrame()
    line.setFixedHeight(1)
    # The theme draws no lines; half-transparent grey recedes on dark and light ones alike.
    line.setStyleSheet("background-color: rgba(128, 128, 128, 80)")
    return line


def narrow(box: QAbstractSpinBox, width: int) -> None:
    """Make a box for numbers so many pixels wide, without buttons: arrow keys and wheel step it.

    napari's theme makes all of them wide enough for a long number between two buttons.
    """
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setStyleSheet(f"min-width: {width}px; max-width: {width}px")


def named(widget: QWidget, name: str, tip: str) -> QWidget:
    """Give a control the name that screen readers say and the tip that pointing at it shows."""
    widget.setAccessibleName(name)
    widget.setToolTip(tip)
    return widget

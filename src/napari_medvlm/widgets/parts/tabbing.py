"""Tab goes as one reads: from top to bottom, and along the lines.

Qt's own order is that in which widgets were made. Thumbnails and answers come later than what
stands below them.
"""

from __future__ import annotations

from collections.abc import Iterator

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QWidget

from .plain import Column


class ReadingColumn(Column):
    """A column whose controls are reached by Tab in the order they are read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # It scrolls to what is reached, and is no stop itself.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Go to the next control, or out of the column at its ends."""
        order = list(in_reading_order(self))
        at = QApplication.focusWidget() or self.window().focusWidget()
        if at in order:
            place = order.index(at) + (1 if forward else -1)
            inside = order[place] if 0 <= place < len(order) else None
        else:
            # The focus has gone with its control, or it is on a label that was clicked.
            inside = (order[0] if forward else order[-1]) if order else None
        target = (
            inside or _outside(self, forward) or (order[0 if forward else -1] if order else None)
        )
        if target is None:
            return False
        reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
        target.setFocus(reason)
        if inside is not None:
            self.ensureWidgetVisible(inside, 0, 20)
        return True


def in_reading_order(root: QWidget) -> Iterator[QWidget]:
    """Controls below a widget that Tab reaches, as one reads them."""
    for row in _rows([child for child in _children(root) if child.isVisibleTo(root)]):
        for child in row:
            if _takes_tab(child):
                yield child
            yield from in_reading_order(child)


def _children(widget: QWidget) -> list[QWidget]:
    options = Qt.FindChildOption.FindDirectChildrenOnly
    return [
        child for child in widget.findChildren(QWidget, options=options) if not child.isWindow()
    ]


def _rows(widgets: list[QWidget]) -> list[list[QWidget]]:
    """Widgets that stand side by side, from left to right; the rows from top to bottom."""
    rows: list[list[QWidget]] = []
    bottom = 0
    for widget in sorted(widgets, key=lambda one: (one.geometry().top(), one.x())):
        place = widget.geometry()
        # In the same row where its middle is above the row's end.
        if rows and place.center().y() < bottom:
            rows[-1].append(widget)
        else:
            rows.append([widget])
            bottom = place.bottom()
    return [sorted(row, key=lambda one: one.x()) for row in rows]


def _takes_tab(widget: QWidget) -> bool:
    return bool(
        widget.isEnabled()
        and widget.focusProxy() is None
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    )


def _outside(root: QWidget, forward: bool) -> QWidget | None:
    """The next control of the window that is not below a widget; None where all are."""
    at = root
    while True:
        at = at.nextInFocusChain() if forward else at.previousInFocusChain()
        if at is root:
            return None
        if not root.isAncestorOf(at) and at.isVisible() and not at.isWindow() and _takes_tab(at):
            return at

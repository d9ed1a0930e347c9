"""The panel's own keys."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtGui import QKeyEvent


def asks(event: QKeyEvent | None) -> bool:
    """Whether a key is Ctrl+Enter, which asks."""
    enter = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return (
        event is not None
        and event.key() in enter
        and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
    )


def stops(event: QKeyEvent | None) -> bool:
    """Whether a key is Esc, which stops the answer."""
    return event is not None and event.key() == Qt.Key.Key_Escape

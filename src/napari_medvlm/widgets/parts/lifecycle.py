"""The end of a panel: by closing its dock, the window, or the program.

The close event of a widget inside a dock does not come reliably, so three other signs are
watched, and the first of them counts: the widget is destroyed, the window closes, the
application is about to quit.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QApplication, QWidget

from ...asking.talk.thread import AskingThread


class Closable(Protocol):
    """What works in the background until it is closed."""

    def close(self) -> object:
        """Give up, without waiting."""


class AtTheEnd(QObject):
    """Calls ``end`` once, when the window closes or the application quits.

    Parameters
    ----------
    window
        The viewer's main window.
    end
        What to do; must bear being called when parts of the window are gone.
    """

    def __init__(self, window: QWidget | None, end: Callable[[], None]) -> None:
        super().__init__()
        self._window = window
        self._end: Callable[[], None] | None = end
        if window is not None:
            window.installEventFilter(self)
        application = QApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.now)

    def now(self) -> None:
        """End, unless that was done already."""
        end, self._end = self._end, None
        if end is not None:
            end()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:
        """See the window go."""
        kind = None if event is None else event.type()
        if kind == QEvent.Type.DeferredDelete:
            self.now()
        elif kind == QEvent.Type.Close:
            # The window may still refuse to close; afterwards it shows whether it did.
            QTimer.singleShot(0, self._if_hidden)
        return False

    def _if_hidden(self) -> None:
        try:
            hidden = self._window is None or not self._window.isVisible()
        except RuntimeError:  # the window's C++ side is gone
            hidden = True
        if hidden:
            self.now()


def close_in_background(thread: AskingThread) -> threading.Thread:
    """End the engine without making the window wait for it.

    Ending takes up to the engine's grace period. The interpreter waits for this thread, so
    that no model process outlives the program.
    """
    thread.stop()
    closer = threading.Thread(target=thread.close, name="medvlm-close")
    closer.start()
    return closer


def end_with(window: QWidget | None, thread: AskingThread, others: Sequence[Closable]) -> AtTheEnd:
    """End the engine, and what else works in the background, with a window.

    Parameters
    ----------
    window
        The viewer's main window.
    thread, others
        What is to end; nothing of a widget, parts of which may be gone by then.
    """

    def end() -> None:
        for other in others:
            other.close()
        close_in_background(thread)

    return AtTheEnd(window, end)

"""Waiting for work without freezing the window: a bar with Cancel, shown when it takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QProgressBar, QVBoxLayout, QWidget

from ...imaging.glance import Glance
from ...imaging.progress import Cancelled, Progress, Step
from ...safe_text import visible
from .background import Background
from .glance_view import GlanceView
from .plain import PlainLabel, named

T = TypeVar("T")

#: Milliseconds of work that pass before the bar appears, and between two looks at the work.
PATIENCE_MS = 400
LOOK_MS = 15
#: Seconds in which nobody notices that a window stands still.
INSTANT_S = 0.05


class ProgressBox(QDialog):
    """How far some work is, with a button to cancel it.

    Parameters
    ----------
    title
        Of the window.
    parent
        The window that waits.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(visible(title))
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(380)
        self.glance = GlanceView()
        self.words = PlainLabel(f"{title} …")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        named(self.bar, title, "How far it is; Esc cancels")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (self.glance, self.words, self.bar, self.buttons):
            column.addWidget(part)

    def show_step(self, step: Step | None) -> None:
        """Show how far it is; a moving bar while the total is unknown."""
        if step is None:
            return
        self.bar.setRange(0, max(step.total, 0))
        self.bar.setValue(min(step.done, step.total))
        self.glance.say_of(step.total)
        of = f": {step.done} of {step.total}" if step.total else ""
        self.words.setText(f"{step.what[:1].upper()}{step.what[1:]}{of}")


def wait_for(
    work: Callable[[Progress], T],
    title: str,
    parent: QWidget | None,
    *,
    at_once: bool = False,
    glance: Callable[[], Glance | None] | None = None,
) -> T:
    """Do work in a thread while the window stays alive, and give its result.

    Parameters
    ----------
    work
        As for ``Background``.
    title
        What is being done, as "Looking at the files".
    parent
        The window, which takes no input meanwhile.
    at_once
        Show the bar from the start.
    glance
        Looked for in another thread once the work is seen to take longer than an instant, and
        shown with the bar as soon as it is there. Nobody waits for it.

    Raises
    ------
    Cancelled
        If the user cancelled, or the window closed. The thread ends at its next step.
    """
    job = Background(work, "medvlm-read")
    if not at_once and job.join(INSTANT_S):
        return job.result()
    seen = None if glance is None else Background(lambda _: glance(), "medvlm-glance")
    loop = QEventLoop()
    look = QTimer()
    look.setInterval(LOOK_MS)
    look.timeout.connect(lambda: loop.quit() if job.done or _gone(parent) else None)
    look.start()
    if not at_once:
        # Short work shows nothing at all; the window is painted and takes no input.
        QTimer.singleShot(PATIENCE_MS, loop.quit)
        loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)
    if not job.done and not _gone(parent):
        _with_box(job, ProgressBox(title, parent), loop, look, seen)
    look.stop()
    if not job.done:
        job.cancel()
        # What came to its end in the same moment has happened, and is no longer to be stopped.
        if not job.join(INSTANT_S):
            raise Cancelled("The work was stopped.")
    return job.result()


def _with_box(
    job: Background[T],
    box: ProgressBox,
    loop: QEventLoop,
    look: QTimer,
    seen: Background[Glance | None] | None,
) -> None:
    def show() -> None:
        nonlocal seen
        if seen is not None and seen.done:
            found, seen = seen.result(), None
            if found is not None:
                box.glance.show_glance(found)
        box.show_step(job.step)

    box.rejected.connect(loop.quit)
    show()
    look.timeout.connect(show)
    box.show()
    loop.exec()
    box.rejected.disconnect(loop.quit)
    box.close()
    box.deleteLater()


def _gone(window: QWidget | None) -> bool:
    return window is not None and not window.isVisible()

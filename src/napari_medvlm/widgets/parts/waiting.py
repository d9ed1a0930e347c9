"""Waiting for work without freezing the window: a bar with Cancel, shown when it takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from qtpy.QtCore import QEventLoop, Qt, QTimer
from qtpy.QtWidgets import QDialog, QDialogButtonBox, QProgressBar, QVBoxLayout, QWidget

from ...imaging.progress import Cancelled, Progress, Step
from .background import Background
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
        self.setWindowTitle(title)
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(380)
        self.words = PlainLabel(f"{title} …")
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        named(self.bar, title, "How far it is; Esc cancels")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        for part in (self.words, self.bar, self.buttons):
            column.addWidget(part)

    def show_step(self, step: Step | None) -> None:
        """Show how far it is; a moving bar while the total is unknown."""
        if step is None:
            return
        self.bar.setRange(0, max(step.total, 0))
        self.bar.setValue(min(step.done, step.total))
        of = f": {step.done} of {step.total}" if step.total else ""
        self.words.setText(f"{step.what[:1].upper()}{step.what[1:]}{of}")


def wait_for(
    work: Callable[[Progress], T], title: str, parent: QWidget | None, *, at_once: bool = False
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

    Raises
    ------
    Cancelled
        If the user cancelled, or the window closed. The thread ends at its next step.
    """
    job = Background(work, "medvlm-read")
    if not at_once and job.join(INSTANT_S):
        return job.result()
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
        _with_box(job, ProgressBox(title, parent), loop, look)
    look.stop()
    if not job.done:
        job.cancel()
        # What came to its end in the same moment has happened, and is no longer to be stopped.
        if not job.join(INSTANT_S):
            raise Cancelled("The work was stopped.")
    return job.result()


def _with_box(job: Background[T], box: ProgressBox, loop: QEventLoop, look: QTimer) -> None:
    box.rejected.connect(loop.quit)
    look.timeout.connect(lambda: box.show_step(job.step))
    box.show()
    loop.exec()
    box.rejected.disconnect(loop.quit)
    box.close()
    box.deleteLater()


def _gone(window: QWidget | None) -> bool:
    return window is not None and not window.isVisible()

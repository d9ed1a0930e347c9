"""How far a work on a model is: the file, all files, speed, time left."""

from __future__ import annotations

from qtpy.QtWidgets import QGridLayout, QProgressBar, QWidget

from ...fetching.jobs import JobState
from ...fetching.telling import file_words, total_words
from ..parts.plain import PlainLabel, flowing, named

#: Steps of a bar: Qt's numbers hold 2³¹ at most, models have more bytes.
_STEPS = 1000


class JobBox(QWidget):
    """Two bars with their words; hidden while nothing goes on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.file, self.all = PlainLabel(), PlainLabel()
        self.file.setAccessibleName("The file in work")
        self.all.setAccessibleName("All files")
        for label in (self.file, self.all):
            flowing(label)
        self.file_bar, self.all_bar = QProgressBar(), QProgressBar()
        for bar, name in ((self.file_bar, "of the file"), (self.all_bar, "of all files")):
            bar.setRange(0, _STEPS)
            bar.setTextVisible(False)
            bar.setFixedHeight(8)
            bar.setFixedWidth(220)
            named(bar, f"Share {name}", f"How much {name} is done")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(3)
        for row, parts in enumerate(((self.file_bar, self.file), (self.all_bar, self.all))):
            for column, part in enumerate(parts):
                grid.addWidget(part, row, column)
        grid.setColumnStretch(1, 1)
        self.hide()

    def show_job(self, job: JobState | None) -> None:
        """Show a job that runs; hide for one that has ended."""
        going = job is not None and not job.ended
        self.setVisible(going)
        if job is None or not going:
            return
        step = job.step
        known = step is not None and step.total > 0
        self.all_bar.setRange(0, _STEPS if known else 0)  # 0 to 0 moves without an end
        if step is not None and known:
            self.file_bar.setValue(_STEPS * step.here // max(step.size, 1))
            self.all_bar.setValue(_STEPS * step.done // step.total)
        self.file_bar.setVisible(known)
        for label, words in ((self.file, file_words(job)), (self.all, total_words(job))):
            if label.text() != words:
                label.setText(words)

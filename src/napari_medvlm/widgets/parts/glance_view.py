"""One slice of a folder in the waiting box, while the folder is still being looked through."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from ...imaging import Frame
from ...imaging.glance import SIDE, Glance
from ...imaging.listing import counted
from .plain import PlainLabel, named
from .thumbnails import thumbnail


class GlanceView(QWidget):
    """A glance with its caption; takes no room while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.caption = PlainLabel()
        self.caption.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        column.addWidget(self.caption)
        self.setVisible(False)

    def show_glance(self, glance: Glance) -> None:
        """Show it; how many files there are may not be known yet."""
        # A picture of its own for the eye alone: this frame goes nowhere else.
        self.picture.setPixmap(thumbnail(Frame(glance.picture), side=SIDE))
        tip = "For orientation only: which files belong together, and where, is not known yet"
        named(self.picture, "One slice", tip)
        self.say_of(0)
        self.setVisible(True)

    def say_of(self, files: int) -> None:
        """Say of how many files it is one slice; 0 while that is not known."""
        of = f" of {counted(files, 'file')}" if files else ""
        self.caption.setText(f"One slice{of}, not yet placed")

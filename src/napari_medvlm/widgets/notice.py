"""What this is and what it is not for: once in full, and always in one line."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from .parts.plain import PlainLabel, named, quiet
from .settings import Settings

NOT_FOR_DIAGNOSIS = "For research only. Not for diagnosis."
FIRST_USE = (
    "medvlm asks a vision-language model about the images that you choose. Everything stays on "
    "this computer. These models are often wrong and always sound sure: for research only, not "
    "for diagnosis."
)


class FirstUse(QFrame):
    """A strip that says so until it has been read; it blocks nothing.

    Parameters
    ----------
    settings
        Where it is remembered.
    """

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self._spared = False
        self.setFrameShape(QFrame.Shape.StyledPanel)
        words = PlainLabel(FIRST_USE)
        words.setAccessibleName("Before the first use")
        self.button = QPushButton("Understood")
        named(self.button, "Understood", "Close this notice; the settings page shows it again")
        self.button.clicked.connect(lambda: settings.change(understood=True))
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 6, 8, 6)
        row.addWidget(words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignBottom)
        settings.changed.connect(self._show)
        self._show()

    def spare(self) -> None:
        """Do not show it in this window: the demo says by itself what it is."""
        self._spared = True
        self._show()

    def _show(self, _now: object = None) -> None:
        wanted = not (self._spared or self._settings.now.understood)
        # Shown without a parent it would be a window of its own.
        if self.parent() is not None or not wanted:
            self.setVisible(wanted)


def footer() -> PlainLabel:
    """The line at the bottom of the panel."""
    line = PlainLabel(NOT_FOR_DIAGNOSIS)
    quiet(line)
    line.setAlignment(Qt.AlignmentFlag.AlignCenter)
    return line

"""Whether the question says which images come from which layer, and the very sentence."""

from __future__ import annotations

from qtpy.QtWidgets import QCheckBox, QHBoxLayout, QWidget

from ..parts.plain import PlainLabel, named, quiet


class LegendBox(QWidget):
    """A box, ticked at first, and the sentence beside it; hidden where there is none to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.tell = QCheckBox("tell the model:")
        self.tell.setChecked(True)
        named(
            self.tell,
            "Tell the model which images are of which layer",
            "Add this sentence to the question. Scans go by pseudonyms in it, since names of files "
            "may be patients'; rename a layer to have it called as you like",
        )
        self.words = quiet(PlainLabel())
        self.words.setAccessibleName("What the question says about its images")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tell)
        layout.addWidget(self.words, 1)
        self.tell.toggled.connect(self.words.setEnabled)
        self.show_words("")

    @property
    def wanted(self) -> bool:
        """Whether the question ends with the sentence."""
        return bool(self.tell.isChecked())

    def show_words(self, words: str) -> None:
        """Show the sentence; "" hides the box."""
        self.words.show_text(words)
        self.setVisible(bool(words))

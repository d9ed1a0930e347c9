"""The dialog in which a person says what a file leaves open: kind, body part, orientation, size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...errors import MedvlmError
from ...imaging import Clip, Volume
from ...imaging.declaration import (
    BODY_PARTS,
    MODALITIES,
    OPPOSITE,
    TOPICS,
    Declaration,
    read_declaration,
)
from ...imaging.declaring import as_file_says, declare, open_topics
from ...imaging.scan import middle_image
from ...models.contracts import MODALITY_WORDS
from ..parts.plain import PlainLabel, bold, named, quiet
from .series_chooser import thumbnail

#: Pixels of the side of the picture between the letters.
_PICTURE = 180
_SIDES = {
    "L": "L, left", "R": "R, right", "A": "A, front", "P": "P, back", "S": "S, head",
    "I": "I, feet",
}  # fmt: skip
_UNSAID = "not said"
_WORDS = MODALITY_WORDS | {
    "OP": "photograph of the fundus", "OPT": "OCT of the eye", "XC": "photograph",
}  # fmt: skip


class DeclareDialog(QDialog):
    """What the file says cannot be changed here; what it leaves open can be said and taken back.

    Parameters
    ----------
    title
        What people call the scan.
    source
        The scan, with what was declared about it before.
    parent
        The window that it belongs to.
    """

    def __init__(self, title: str, source: Volume | Clip, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Say what the file does not")
        self._source = source
        self.topics = open_topics(source)
        self.declaration = source.declared
        self.modality = _choices("kind", [(c, f"{_WORDS.get(c, c)} ({c})") for c in MODALITIES])
        self.body_part = _choices("body part", [(p, p.lower()) for p in BODY_PARTS])
        sides = list(_SIDES.items())
        self.right = _choices("side at the right edge", sides)
        self.bottom = _choices("side at the bottom edge", sides)
        self.next = _choices("side of the next slice", sides)
        self.spacing = QLineEdit()
        named(self.spacing, "spacing", "Millimetres between slices, rows and columns")
        self.problem = PlainLabel()
        self.buttons = QDialogButtonBox()
        self._arrange(title)
        self._show(source.declared)

    # ------------------------------------------------------------------ building

    def _arrange(self, title: str) -> None:
        form = QFormLayout()
        single = not isinstance(self._source, Volume) or self._source.spatial_shape[0] == 1
        self.spacing.setPlaceholderText("0.2 x 0.2 mm" if single else "3 x 0.5 x 0.5 mm")
        what = "row × column" if single else "slice × row × column"
        rows: dict[str, tuple[str, QWidget]] = {
            "modality": ("kind of image", self.modality),
            "body_part": ("body part", self.body_part),
            "spacing": (f"spacing ({what})", self.spacing),
        }
        for topic, (words, widget) in rows.items():
            if topic in self.topics:
                form.addRow(words, widget)
        column = QVBoxLayout(self)
        column.addWidget(bold(PlainLabel(title)))
        column.addLayout(form)
        if "orientation" in self.topics and isinstance(self._source, Volume):
            column.addWidget(QLabel("Patient sides at the edges of the image as it is stored:"))
            column.addLayout(self._picture(as_file_says(self._source), single))
        column.addWidget(self.problem)
        hint = "It is kept by the content of the scan, and said to be declared by you."
        column.addWidget(quiet(PlainLabel(hint if self.topics else "The file says all of it.")))
        box = QDialogButtonBox.StandardButton
        self.save_button: QPushButton = self.buttons.addButton(box.Save)
        self.buttons.addButton(box.Cancel)
        self.back_button = QPushButton("Take all back")
        self.buttons.addButton(self.back_button, QDialogButtonBox.ButtonRole.ResetRole)
        self.back_button.setEnabled(bool(self._source.declared))
        self.save_button.setEnabled(bool(self.topics))
        self.back_button.clicked.connect(self._take_back)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)
        self.problem.hide()

    def _picture(self, said: Volume, single: bool) -> QGridLayout:
        image = QLabel()
        pixels = _middle(said)
        if pixels is not None:
            image.setPixmap(thumbnail(pixels, said.spacing[1:], _PICTURE))
        self.left_letter, self.top_letter = QLabel("?"), QLabel("?")
        grid = QGridLayout()
        centre = Qt.AlignmentFlag.AlignCenter
        grid.addWidget(self.top_letter, 0, 1, centre)
        grid.addWidget(self.left_letter, 1, 0, centre)
        grid.addWidget(image, 1, 1, centre)
        grid.addWidget(self.right, 1, 2)
        grid.addWidget(self.bottom, 2, 1)
        if not single:
            grid.addWidget(QLabel("the next slice lies towards"), 3, 1)
            grid.addWidget(self.next, 3, 2)
        for box, letter in ((self.right, self.left_letter), (self.bottom, self.top_letter)):
            box.currentIndexChanged.connect(
                lambda _=0, b=box, at=letter: at.setText(OPPOSITE.get(b.currentData(), "?"))
            )
        return grid

    def _show(self, declared: Declaration) -> None:
        letters = declared.orientation.ljust(3)
        values = (declared.modality, declared.body_part, *letters[:3])
        boxes = (self.modality, self.body_part, self.right, self.bottom, self.next)
        for box, value in zip(boxes, values, strict=True):
            box.setCurrentIndex(max(box.findData(value.strip()), 0))
        shown = declared.spacing
        if isinstance(self._source, Volume) and self._source.spatial_shape[0] == 1:
            shown = shown[1:]
        self.spacing.setText(" x ".join(f"{step:g}" for step in shown))

    # ------------------------------------------------------------------ saving

    def _written(self) -> str:
        letters = "".join(b.currentData() or "" for b in (self.right, self.bottom, self.next))
        spacing = self.spacing.text().lower().replace("mm", "").replace(",", ".")
        values = {
            "modality": self.modality.currentData(),
            "body_part": self.body_part.currentData(),
            "orientation": letters,
            "spacing": spacing.strip(),
        }
        return ",".join(f"{topic}={values[topic]}" for topic in TOPICS if topic in self.topics)

    def _save(self) -> None:
        try:
            declaration = Declaration().changed(read_declaration(self._written()))
            if not isinstance(self._source, Clip):
                declare(self._source, declaration)  # says what does not go together
        except MedvlmError as error:
            self.problem.show_text(str(error))
            return
        self.declaration = declaration
        self.accept()

    def _take_back(self) -> None:
        self.declaration = Declaration()
        self.accept()


def _choices(name: str, choices: Sequence[tuple[str, str]]) -> QComboBox:
    box = QComboBox()
    box.addItem(_UNSAID, "")
    for value, words in choices:
        box.addItem(words, value)
    named(box, name, "")
    return box


def _middle(volume: Volume) -> npt.NDArray[Any] | None:
    try:
        return middle_image(volume)
    except MedvlmError:
        return None  # it can be declared all the same

"""Which slices of the chosen plane are sent: this one, evenly spaced ones, a range, or picked."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QButtonGroup,
    QCheckBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QWidget,
)

from ..asking.choosing import DEFAULT_EVEN, SliceChoice, Spread
from ..asking.sources import Stack
from .plain import named, narrow


class SliceBox(QWidget):
    """This slice, evenly spaced ones, a range, or those that were picked.

    The row of the range, ``range_row``, is laid out by who uses this.
    """

    #: Another choice, but not of picked slices.
    changed = Signal()
    #: The user has written into the list of picked slices.
    written = Signal(str)
    #: The slice on the screen is to be picked, or no longer.
    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stack = Stack()
        self._segments = False
        self._suggested = DEFAULT_EVEN
        self._key = ""
        self._noun = "slice"
        self._picked_now = False
        self._build()
        self._arrange()
        self._connect()

    # ------------------------------------------------------------------ what is chosen

    @property
    def choice(self) -> SliceChoice | None:
        """Which slices; None where picked ones are sent."""
        if self.picked.isChecked():
            return None
        if self.evenly.isChecked():
            return SliceChoice(self._spread, count=self.number.value())
        if self.stretch.isChecked():
            return SliceChoice(
                "range",
                count=self.many.value(),
                first=self.first.value(),
                last=self.last.value(),
                spread=self._spread,
            )
        return SliceChoice("current")

    def choose(self, choice: SliceChoice | None) -> None:
        """Choose by program; a range too, but nothing that is written: that is picked."""
        with QSignalBlocker(self.number), QSignalBlocker(self.by_mm):
            if choice is not None and choice.kind in ("even", "mm", "segments"):
                self.number.setValue(choice.count)
                self.by_mm.setChecked(choice.kind == "mm")
        button = {"current": self.this, "range": self.stretch}
        chosen = self.picked if choice is None else button.get(choice.kind, self.evenly)
        chosen.setChecked(True)

    def show_list(self, text: str) -> None:
        """Show which slices of the chosen plane are picked, unless the user is writing them."""
        if not self.list.hasFocus() or not self.list.isModified():
            self.list.setText(text)

    def show_picked(self, picked: bool) -> None:
        """Say whether the slice on the screen is picked: the button takes it out again."""
        self._picked_now = picked
        self.add.setText(f"{'−' if picked else '+'} this {self._noun}")
        key = f" (key {self._key}, also over the image)" if self._key else ""
        tip = "Take the {} on the screen out{}" if picked else "Pick the {} on the screen{}"
        named(self.add, "Pick or unpick this slice", tip.format(self._noun, key))

    def name_key(self, key: str) -> None:
        """Say which key picks; "" where there is none."""
        self._key = key
        self.show_picked(self._picked_now)

    def follow(self, stack: Stack, noun: str, segments: int | None) -> None:
        """Take what there is to choose from.

        Parameters
        ----------
        stack
            The slices of the chosen plane, or the frames of the clip.
        noun
            "slice" or "frame".
        segments
            How many equal parts of a clip the model was trained with; None for a volume, and
            where it was another way.
        """
        other = stack.count != self._stack.count or stack.fps != self._stack.fps
        self._stack, self._noun, self._segments = stack, noun, segments is not None
        if self.number.value() in (DEFAULT_EVEN, self._suggested):  # nobody chose another
            self._suggested = segments or DEFAULT_EVEN
            with QSignalBlocker(self.number):
                self.number.setValue(self._suggested)
        self.this.setText(f"this {noun}")
        self.number.setSuffix(f" of {stack.count}")
        several = stack.count > 1
        self.by_mm.setVisible(stack.fps is None and several)
        for widget in (self.evenly, self.number):  # a single image is not spread
            widget.setVisible(several)
        if not several and (self.evenly.isChecked() or self.stretch.isChecked()):
            self.this.setChecked(True)
        self.show_picked(self._picked_now)
        for widget in self._controls:
            widget.setEnabled(stack.count > 0)
        if other:
            self._offer_range()

    # ------------------------------------------------------------------ building

    def _build(self) -> None:
        self.this = QRadioButton("this slice")
        named(self.this, "This slice", "Send the slice that the viewer shows")
        self.evenly = QRadioButton("evenly")
        named(self.evenly, "Evenly spaced slices", "Send slices spread over the whole plane")
        self.number = _number(1, 9999, "How many slices", "How many evenly spaced slices are sent")
        self.number.setValue(DEFAULT_EVEN)
        narrow(self.number, 70)
        self.by_mm = QCheckBox("by mm")
        named(
            self.by_mm,
            "Spaced by millimetres",
            "The slices nearest to evenly spaced places in millimetres, also where slices lie "
            "unevenly; else evenly spaced numbers, as the models' authors count them",
        )
        self.stretch = QRadioButton("range")
        named(self.stretch, "A range", "Send the slices from one to another, both included")
        self.first, self.last = QDoubleSpinBox(), QDoubleSpinBox()
        for box, which in ((self.first, "First"), (self.last, "Last")):
            narrow(box, 54)
            named(box, f"{which} of the range", f"{which} slice of the range")
        self.to = QLabel("to")
        self.many = _number(0, 9999, "How many of the range", "All, or so many, evenly spaced")
        self.many.setSpecialValueText("all")
        narrow(self.many, 38)
        self.picked = QRadioButton("picked")
        named(
            self.picked,
            "Picked slices",
            "Send the picked slices in their order: of one layer or of several",
        )
        self.list = QLineEdit()
        self.list.setPlaceholderText("12, 40-44")
        self.list.setMinimumWidth(60)
        named(
            self.list,
            "List of slices",
            "Picked slices of this layer and plane, from 0: 12, 40-44, even:11@10-40, mm:11",
        )
        self.add = QPushButton()
        self._kinds = QButtonGroup(self)
        self._radios = (self.this, self.evenly, self.stretch, self.picked)
        for button in self._radios:
            self._kinds.addButton(button)
        self.this.setChecked(True)
        others = (self.number, self.by_mm, self.first, self.last, self.many, self.list, self.add)
        self._controls: Sequence[QWidget] = (*self._radios, *others)
        self.show_picked(False)

    def _arrange(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(4)
        grid.addWidget(self.this, 0, 0)
        grid.addLayout(_line(self.evenly, self.number, self.by_mm), 0, 1)
        grid.addWidget(self.picked, 1, 0)
        listed = QHBoxLayout()
        listed.setSpacing(6)
        listed.addWidget(self.list, 1)
        listed.addWidget(self.add)
        grid.addLayout(listed, 1, 1)
        grid.setColumnStretch(1, 1)
        self.range_row = QWidget()
        line = _line(self.stretch, self.first, self.to, self.last, self.many)
        line.setContentsMargins(0, 0, 0, 0)
        self.range_row.setLayout(line)

    def _connect(self) -> None:
        self._kinds.buttonToggled.connect(lambda _button, on: on and self.changed.emit())
        self.number.valueChanged.connect(lambda _: self._on_value(self.evenly))
        for box in (self.first, self.last, self.many):
            box.valueChanged.connect(lambda _: self._on_value(self.stretch))
        self.by_mm.toggled.connect(self._on_by)
        self.list.textEdited.connect(self._on_written)
        self.list.editingFinished.connect(lambda: self.list.setModified(False))
        self.add.clicked.connect(self.toggled.emit)

    # ------------------------------------------------------------------ what happens

    @property
    def _spread(self) -> Spread:
        if self._stack.fps is not None:
            return "segments" if self._segments else "even"
        return "mm" if self.by_mm.isChecked() else "even"

    def _offer_range(self) -> None:
        timed = self._stack.fps is not None
        most = max(self._stack.count - 1, 0)
        end = most / self._stack.fps if timed and self._stack.fps else float(most)
        for box, value in ((self.first, 0.0), (self.last, end)):
            with QSignalBlocker(box):
                box.setDecimals(2 if timed else 0)
                box.setSuffix(" s" if timed else "")
                box.setSingleStep(0.1 if timed else 1)
                box.setRange(0, round(end + 0.005, 2) if timed else end)
                box.setValue(value)

    def _on_value(self, button: QRadioButton) -> None:
        if button.isChecked():
            self.changed.emit()
        else:
            button.setChecked(True)

    def _on_by(self, _on: bool) -> None:
        if self.evenly.isChecked() or self.stretch.isChecked():
            self.changed.emit()

    def _on_written(self, text: str) -> None:
        self.picked.setChecked(True)
        self.written.emit(text)


def _line(*widgets: QWidget) -> QHBoxLayout:
    line = QHBoxLayout()
    line.setSpacing(6)
    for widget in widgets:
        line.addWidget(widget)
    line.addStretch(1)
    return line


def _number(low: int, high: int, name: str, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(low, high)
    box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
    named(box, name, tip)
    return box

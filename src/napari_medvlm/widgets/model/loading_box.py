"""On what device and in what precision a model is loaded, and loading it by hand."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from ...asking.model.devices import Option, device_options, precision_options
from ...asking.model.remembered import Wish
from ...engine.machine import Machine
from ..parts.plain import PlainLabel, flowing, named, plain_tip, quiet

TIPS = {
    "load": "Choose this model and bring it into memory",
    "unload": "Give its memory back; the next question loads it again",
}


class LoadingBox(QWidget):
    """Two lists, two buttons, and a line."""

    #: The Wish that was chosen.
    wished = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.device, self.precision = QComboBox(), QComboBox()
        named(self.device, "Device", "Where this model is loaded; remembered for it")
        named(self.precision, "Precision", "In how many bits its weights are kept; remembered")
        for box in (self.device, self.precision):
            box.setMinimumContentsLength(16)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.activated.connect(self._on_choice)
        self.load, self.unload = QPushButton("Load"), QPushButton("Unload")
        named(self.load, "Load", TIPS["load"])
        named(self.unload, "Unload", TIPS["unload"])
        self.reasons, self.words = PlainLabel(), PlainLabel()
        for label in (self.reasons, self.words):
            quiet(flowing(label))
        self.reasons.setAccessibleName("What cannot be chosen")
        self.words.setAccessibleName("In memory")
        self._shown: tuple[object, ...] = ()
        form = QGridLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setColumnStretch(1, 1)
        for row, (words, box) in enumerate(
            (("device", self.device), ("precision", self.precision))
        ):
            form.addWidget(QLabel(words), row, 0)
            form.addWidget(box, row, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.load)
        buttons.addWidget(self.unload)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.reasons)
        column.addLayout(buttons)
        column.addWidget(self.words)
        column.addStretch(1)

    def show_choices(self, machine: Machine | None, wish: Wish, default: Wish) -> None:
        """Show what this machine offers, what is chosen, and what stands for auto."""
        if machine is None or self._shown == (machine, wish, default):
            return
        self._shown = (machine, wish, default)
        devices = device_options(machine, default)
        precisions = precision_options(machine, wish.device, default)
        _fill(self.device, devices, wish.device)
        _fill(self.precision, precisions, wish.dtype)
        self.reasons.show_text(_reasons((*devices, *precisions)))

    def show_words(self, words: str) -> None:
        """Show what came of the last load, or how far one is."""
        self.words.show_text(words)

    def _on_choice(self, _index: int) -> None:
        self.wished.emit(Wish(str(self.device.currentData()), str(self.precision.currentData())))


def _fill(box: QComboBox, options: Sequence[Option], value: str) -> None:
    with QSignalBlocker(box):
        box.clear()
        for number, option in enumerate(options):
            box.addItem(option.words, option.value)
            box.setItemData(number, plain_tip(option.reason), Qt.ItemDataRole.ToolTipRole)
            model = box.model()
            if option.reason and isinstance(model, QStandardItemModel):
                item = model.item(number)
                item.setEnabled(False)
        if box.findData(value) < 0:  # chosen when the machine had it
            box.addItem(f"{value} (not here now)", value)
        box.setCurrentIndex(box.findData(value))


def _reasons(options: Sequence[Option]) -> str:
    by_reason: dict[str, list[str]] = {}
    for option in options:
        if option.reason:
            by_reason.setdefault(option.reason, []).append(option.words.partition(",")[0])
    return "\n".join(f"{', '.join(words)}: {reason}" for reason, words in by_reason.items())
